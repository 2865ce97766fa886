"""Whether a listing is claimed, what tier it has now, and where a directory keeps what people said of themselves."""

from __future__ import annotations

from typing import Final

from cms_ssg.kinds.row_kind import Fact
from cms_ssg.kinds.vertical import Personal

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
SELECT s, (SELECT jsonb_agg(jsonb_build_array(n.number, round(n.distance::numeric, 3)) ORDER BY n.place)
    FROM cms.list_nearby(l.number, {NEAREST}, {WITHIN_KM}) WITH ORDINALITY n(number, distance, place)), NULL::timestamptz, NULL::timestamptz
FROM unnest(%(subjects)s::text[]) s JOIN cms.listings l ON l.number = CASE WHEN s ~ '^\d{{1,18}}$' THEN s::bigint END
WHERE l.site = %(site)s AND l.location IS NOT NULL""",
)
"""The listings within WITHIN_KM, the nearest first: [number, km]."""

PERSONAL: Final = (
    Personal(
        "SELECT 'listing_claims', to_jsonb(k) - 'token' - 'visitor' FROM cms.listing_claims k WHERE site = %(site)s AND lower(email) = lower(%(email)s)",
        ("DELETE FROM cms.listing_claims WHERE site = %(site)s AND lower(email) = lower(%(email)s)",),
    ),
    Personal(
        "SELECT 'pending_changes', p.fields FROM cms.pending_changes p WHERE site = %(site)s AND strpos(lower(fields::text), lower(%(email)s)) > 0",
        ("DELETE FROM cms.pending_changes WHERE site = %(site)s AND strpos(lower(fields::text), lower(%(email)s)) > 0",),
    ),
    Personal(
        "SELECT 'listing_links', jsonb_build_object('email', email, 'expires_at', expires_at) FROM cms.listing_links WHERE site = %(site)s AND lower(email) = lower(%(email)s)",
        ("DELETE FROM cms.listing_links WHERE site = %(site)s AND lower(email) = lower(%(email)s)",),
    ),
    Personal(
        """SELECT 'listings', jsonb_build_object('listing_id', listing_id, 'title', title, 'email', email, 'owner_email', owner_email, 'submitter_email', submitter_email)
FROM cms.listings WHERE site = %(site)s AND lower(%(email)s) IN (lower(email), lower(owner_email), lower(submitter_email))""",
        (
            "UPDATE cms.entries SET fields = fields - 'email' WHERE site = %(site)s AND type = 'listing' AND source <> 'file' AND lower(fields ->> 'email') = lower(%(email)s)",
            "UPDATE cms.listings SET submitter_email = NULL WHERE site = %(site)s AND lower(submitter_email) = lower(%(email)s)",
            "UPDATE cms.listings SET owner_email = NULL, owner_id = NULL, claim_status = 'unclaimed' WHERE site = %(site)s AND lower(owner_email) = lower(%(email)s)",
        ),
    ),
)
