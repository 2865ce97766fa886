"""Values that pages show and that are no entries: the breaking news of a place, and the state of a live blog."""

from __future__ import annotations

from cms_ssg.kinds.row_kind import Fact

# Where time changes a value, it holds from the last moment that did to the next one that will. Who is not shown yet, or no more, counts too.
BREAKING = Fact(
    "breaking",
    """
SELECT s.subject,
  coalesce(jsonb_agg(jsonb_build_object('number', b.number, 'headline', b.headline, 'summary', coalesce(b.summary, ''), 'post', b.post_id,
    'style', b.display_style, 'starts_at', to_char(b.starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
    ORDER BY b.priority DESC, b.starts_at DESC, b.number DESC)
    FILTER (WHERE b.starts_at <= %(now)s AND (b.expires_at IS NULL OR b.expires_at > %(now)s)), '[]'),
  greatest(max(b.starts_at) FILTER (WHERE b.starts_at <= %(now)s), max(b.expires_at) FILTER (WHERE b.expires_at <= %(now)s)),
  least(min(b.starts_at) FILTER (WHERE b.starts_at > %(now)s), min(b.expires_at) FILTER (WHERE b.expires_at > %(now)s))
FROM unnest(%(subjects)s::text[]) AS s(subject)
JOIN cms.breaking_news b ON b.site = %(site)s AND b.is_active AND b.display_style <> 'push' AND CASE
  WHEN s.subject = 'all' THEN true
  WHEN s.subject = 'home' THEN b.show_on_homepage
  WHEN s.subject = 'sections' THEN b.show_on_sections IS NULL
  ELSE substr(s.subject, 9) = ANY(b.show_on_sections) END
GROUP BY s.subject""",
)

LIVE = Fact(
    "live",
    """
SELECT b.post_id::text, jsonb_build_object('status', b.status, 'refresh_s', b.auto_refresh_interval, 'comments', b.allow_comments,
    'started_at', to_char(b.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'ended_at', to_char(b.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')),
  NULL::timestamptz, NULL::timestamptz
FROM cms.live_blogs b WHERE b.site = %(site)s AND b.post_id::text = ANY(%(subjects)s)""",
)

# Of the last two days that were counted, so that a site whose logs come late shows something too.
MOST_READ = Fact(
    "most-read",
    """
SELECT s.subject, (
  SELECT jsonb_agg(x.entry ORDER BY x.hits DESC, x.path) FROM (
    SELECT c.entry, c.path, sum(h.hits) AS hits FROM cms.hits h JOIN cms.cards c ON c.site = h.site AND c.path = h.path AND c.live
    WHERE h.site = %(site)s AND h.day > (SELECT max(day) - 2 FROM cms.hits WHERE site = %(site)s)
    GROUP BY c.entry, c.path ORDER BY hits DESC, c.path LIMIT 60) x), NULL::timestamptz, NULL::timestamptz
FROM unnest(%(subjects)s::text[]) s(subject)""",
)
