"""Where a directory keeps what people said of themselves."""

from __future__ import annotations

from typing import Final, LiteralString

from cms_ssg.kinds.vertical import Personal, mentions

OWNER: Final = "the owner"
"""The author of changes that an owner asks for."""

_PROPOSED: Final[LiteralString] = """(SELECT l.number FROM cms.listings l JOIN cms.entries e ON e.id = l.number
  WHERE l.site = %(site)s AND l.status IN ('pending', 'rejected') AND e.status = 'draft' AND e.source NOT IN ('file', 'shared')
    AND lower(l.submitter_email) = lower(%(email)s))"""
"""What they proposed and nobody took: it never was a page."""
_OWN_EDITS: Final[LiteralString] = f"""site = %(site)s AND author = '{OWNER}'
  AND entry IN (SELECT number FROM cms.listings WHERE site = %(site)s AND lower(owner_email) = lower(%(email)s))"""
_NOTED: Final[LiteralString] = "site = %(site)s AND " + mentions("moderation_notes")

PERSONAL: Final = (
    Personal(
        "SELECT 'listing_claims', to_jsonb(k) - 'token' - 'visitor' FROM cms.listing_claims k WHERE site = %(site)s AND lower(email) = lower(%(email)s)",
        (
            "DELETE FROM cms.listing_claims WHERE site = %(site)s AND lower(email) = lower(%(email)s)",
            "UPDATE cms.listing_claims SET decided_by = 'erased' WHERE site = %(site)s AND " + mentions("decided_by"),
        ),
    ),
    Personal(
        "SELECT 'listings_apart', to_jsonb(a) FROM cms.listings_apart a WHERE site = %(site)s AND " + mentions("decided_by"),
        ("UPDATE cms.listings_apart SET decided_by = 'erased' WHERE site = %(site)s AND " + mentions("decided_by"),),
    ),
    Personal(
        f"SELECT 'pending_changes', p.fields FROM cms.pending_changes p WHERE {_OWN_EDITS}",
        (f"DELETE FROM cms.pending_changes WHERE {_OWN_EDITS}",),
    ),
    Personal(
        "SELECT 'listing_links', jsonb_build_object('email', email, 'expires_at', expires_at) FROM cms.listing_links WHERE site = %(site)s AND lower(email) = lower(%(email)s)",
        ("DELETE FROM cms.listing_links WHERE site = %(site)s AND lower(email) = lower(%(email)s)",),
    ),
    Personal(
        """SELECT 'listings', jsonb_build_object('listing_id', l.listing_id, 'status', l.status, 'owner_email', l.owner_email,
  'submitter_email', l.submitter_email, 'fields', e.fields)
FROM cms.listings l JOIN cms.entries e ON e.id = l.number
WHERE l.site = %(site)s AND lower(%(email)s) IN (lower(l.email), lower(l.owner_email), lower(l.submitter_email))""",
        (
            f"DELETE FROM cms.bodies WHERE entry IN {_PROPOSED}",
            f"DELETE FROM cms.entry_texts WHERE entry IN {_PROPOSED}",
            f"DELETE FROM cms.entries WHERE id IN {_PROPOSED}",
            """UPDATE cms.entries SET fields = fields - '{email,phone}'::text[]
               WHERE site = %(site)s AND type = 'listing' AND source NOT IN ('file', 'shared') AND lower(fields ->> 'email') = lower(%(email)s)""",
            """UPDATE cms.entries SET fields = fields - 'image' WHERE site = %(site)s AND type = 'listing' AND source NOT IN ('file', 'shared')
               AND fields ->> 'image' IN (SELECT '/' || key FROM cms.uploads WHERE site = %(site)s AND email = lower(%(email)s))""",
            "UPDATE cms.listings SET submitter_email = NULL WHERE site = %(site)s AND lower(submitter_email) = lower(%(email)s)",
            "UPDATE cms.listings SET owner_email = NULL, owner_id = NULL, claim_status = 'unclaimed' WHERE site = %(site)s AND lower(owner_email) = lower(%(email)s)",
            f"UPDATE cms.listings SET moderation_notes = NULL WHERE {_NOTED}",
        ),
    ),
)
"""A listing is a business: it stays. What goes is its owner, and its e-mail address and telephone where the address is the person's."""
