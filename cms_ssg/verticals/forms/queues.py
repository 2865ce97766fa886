"""What visitors sent, on the desk."""

from __future__ import annotations

from typing import Final

from cms_ssg.desk.queue import Action, Queue

SENT: Final = Queue(
    "forms", "Forms",
    """SELECT s.number::text, s.form || coalesce(': ' || s.email, ''), '', s.status,
      (SELECT json_object_agg(x.label, x.text ORDER BY x.place, x.label) FROM (
        SELECT y.place, y.label || CASE WHEN count(*) OVER (PARTITION BY y.label) > 1 THEN ' (' || y.name || ')' ELSE '' END, y.text FROM (
          SELECT coalesce(q.place, 1000), f.key, coalesce(q.one ->> 'label', f.key), f.value FROM jsonb_each_text(s.fields) f
          LEFT JOIN jsonb_array_elements(e.questions) WITH ORDINALITY q(one, place) ON q.one ->> 'name' = f.key
          UNION ALL VALUES (1001, 'at', 'Sent', to_char(s.submitted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'))
        ) y(place, name, label, text)) x(place, label, text))
    FROM cms.form_submissions s LEFT JOIN LATERAL (SELECT fields -> 'fields' FROM cms.entries WHERE site = s.site AND type = 'form'
      AND fields ->> 'slug' = s.form ORDER BY removed_at IS NOT NULL, locale <> s.locale, locale, source_key LIMIT 1) e(questions) ON true
    WHERE s.site = %(site)s AND s.status <> 'pending' ORDER BY s.number DESC LIMIT %(limit)s""",
    (Action("delete", "Delete", "DELETE FROM cms.form_submissions WHERE site = %(site)s AND number::text = %(key)s"),),
)  # fmt: skip

QUEUES: Final = (SENT,)
