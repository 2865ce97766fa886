"""Whether a listing is claimed, what tier it has now, and which are near it."""

from __future__ import annotations

from typing import Final

from cms_ssg.kinds.row_kind import Fact

CLAIM: Final = Fact(
    "claim",
    r"""
SELECT s, to_jsonb(l.claim_status), NULL::timestamptz, NULL::timestamptz
FROM unnest(%(subjects)s::text[]) s JOIN cms.listings l ON l.number = CASE WHEN s ~ '^\d{1,18}$' THEN s::bigint END
WHERE l.site = %(site)s AND l.claim_status <> 'unclaimed'""",
)

TIER: Final = Fact(
    "tier",
    r"""
SELECT s, to_jsonb(CASE WHEN l.featured_until <= %(now)s THEN 'basic' ELSE l.listing_tier END), CASE WHEN l.featured_until <= %(now)s THEN l.featured_until END,
  CASE WHEN l.featured_until > %(now)s THEN l.featured_until END
FROM unnest(%(subjects)s::text[]) s JOIN cms.listings l ON l.number = CASE WHEN s ~ '^\d{1,18}$' THEN s::bigint END
WHERE l.site = %(site)s AND l.listing_tier <> 'basic'""",
)

NEAREST: Final = 6
WITHIN_KM: Final = 10
"""As the API's radius where none is given."""

NEARBY: Final = Fact(
    "nearby",
    rf"""
SELECT s, (SELECT jsonb_agg(jsonb_build_array(n.number, round(n.distance::numeric, 3)))
    FROM cms.list_nearby(l.number, {NEAREST}, {WITHIN_KM}) n), NULL::timestamptz, NULL::timestamptz
FROM unnest(%(subjects)s::text[]) s JOIN cms.listings l ON l.number = CASE WHEN s ~ '^\d{{1,18}}$' THEN s::bigint END
WHERE l.site = %(site)s AND l.location IS NOT NULL""",
)
"""The listings within WITHIN_KM, the nearest first: [number, km].

The function is made part of this query, and is so planned once and not for each listing, only where nothing but its rows is asked for: numbering
them by WITH ORDINALITY takes about ten times as long. They come in its order.
"""
