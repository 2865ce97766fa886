"""What visitors sent, on the desk."""

from __future__ import annotations

from typing import Final

from cms_ssg.desk.queue import Action, Queue

SENT: Final = Queue(
    "forms", "Forms",
    """SELECT number::text, form || coalesce(': ' || email, ''), '', status,
      fields || jsonb_build_object('sent', to_char(submitted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'))
    FROM cms.form_submissions WHERE site = %(site)s AND status <> 'pending' ORDER BY number DESC LIMIT %(limit)s""",
    (Action("delete", "Delete", "DELETE FROM cms.form_submissions WHERE site = %(site)s AND number::text = %(key)s"),),
)  # fmt: skip

QUEUES: Final = (SENT,)
