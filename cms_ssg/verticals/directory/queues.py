"""What waits at the desk: new listings, claims, changes by owners, and duplicates."""

from __future__ import annotations

from typing import Final, LiteralString

from cms_ssg.desk.queue import Action, Queue
from cms_ssg.verticals.directory.changes import FIELDS
from cms_ssg.verticals.directory.duplicates import DUPLICATES

_NUMBER: LiteralString = r"CASE WHEN %(key)s ~ '^\d{1,18}$' THEN %(key)s::bigint END"

_ORDER: LiteralString = ",".join(FIELDS)

LISTINGS: Final = Queue(
    "listings",
    "Listings",
    """
SELECT l.number::text, l.title, '', l.status, json_build_object('Description', left(l.description, 1000), 'Categories', array_to_string(l.categories, ', '),
  'Address', concat_ws(', ', l.address, l.postal_code, l.city, l.state, l.country), 'Phone', l.phone, 'Website', l.website, 'Hours', l.hours #>> '{}', 'Sent by', l.submitter_email,
  'Picture', e.fields ->> 'image', 'Note', l.moderation_notes, 'Sent', to_char(l.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'))
FROM cms.listings l JOIN cms.entries e ON e.id = l.number WHERE l.site = %(site)s AND l.status = 'pending' AND e.source <> 'file'
ORDER BY l.created_at, l.number LIMIT %(limit)s""",
    (
        Action("approve", "Approve", run="cms_ssg.verticals.directory.changes:approve_pressed"),
        Action("reject", "Reject", run="cms_ssg.verticals.directory.changes:reject_pressed", note=True),
    ),
)

CLAIMS: Final = Queue(
    "claims",
    "Claims",
    """
SELECT k.number::text, l.title, coalesce(c.path, ''), k.status, json_build_object('By', k.name, 'E-mail', k.email, 'Message', nullif(k.message, ''),
  'Website of the listing', l.website, 'Address proved', CASE k.proof WHEN 'confirmed' THEN 'yes' WHEN 'sent' THEN 'not yet' END,
  'Owner now', CASE WHEN k.status = 'pending' THEN l.owner_email END, 'Sent', to_char(k.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')),
  CASE WHEN k.status = 'approved' THEN '{undo}'::text[] WHEN l.claim_status = 'unclaimed' THEN '{approve,reject}' ELSE '{reject}' END
FROM cms.listing_claims k JOIN cms.listings l ON l.number = k.entry LEFT JOIN cms.cards c ON c.entry = k.entry
WHERE k.site = %(site)s AND k.status IN ('pending', 'approved') ORDER BY k.status DESC, k.created_at, k.number LIMIT %(limit)s""",
    (
        Action(
            "approve",
            "Approve",
            "UPDATE cms.listing_claims SET status = 'approved', decided_at = clock_timestamp(), decided_by = %(who)s"
            " WHERE site = %(site)s AND status = 'pending' AND number = " + _NUMBER,
        ),
        Action(
            "reject",
            "Reject",
            "UPDATE cms.listing_claims SET status = 'rejected', decided_at = clock_timestamp(), decided_by = %(who)s"
            " WHERE site = %(site)s AND status = 'pending' AND number = " + _NUMBER,
        ),
        Action(
            "undo",
            "Take back",
            "UPDATE cms.listing_claims SET status = 'undone', decided_at = clock_timestamp(), decided_by = %(who)s"
            " WHERE site = %(site)s AND status = 'approved' AND number = " + _NUMBER,
        ),
    ),
)

EDITS: Final = Queue(
    "edits",
    "Changes by owners",
    """
SELECT p.id::text, l.title, coalesce(c.path, ''), CASE p.state WHEN 'failed' THEN 'cannot be made: ' || p.problem ELSE 'pending' END,
  (SELECT json_object_agg(x.label, x.text ORDER BY x.place, x.label) FROM (
    SELECT coalesce(array_position('{"""
    + _ORDER
    + """}'::text[], f.key), 97), initcap(replace(f.key, '_', ' ')),
      coalesce(e.fields ->> f.key, '–') || ' → ' || coalesce(p.fields ->> f.key, '–') FROM jsonb_object_keys(p.fields) f(key)
    UNION ALL VALUES (98, 'By', l.owner_email), (99, 'Sent', to_char(p.made_at, 'YYYY-MM-DD HH24:MI'))) x(place, label, text))
FROM cms.pending_changes p JOIN cms.listings l ON l.number = p.entry JOIN cms.entries e ON e.id = p.entry LEFT JOIN cms.cards c ON c.entry = p.entry
WHERE p.site = %(site)s AND p.state IN ('waiting', 'failed') AND p.needs_approval ORDER BY p.made_at, p.id LIMIT %(limit)s""",
    (
        Action("approve", "Approve", run="cms_ssg.verticals.directory.owners:approve_edit"),
        Action(
            "reject",
            "Reject",
            "UPDATE cms.pending_changes SET state = 'cancelled', problem = %(note)s, ended_at = clock_timestamp()"
            " WHERE site = %(site)s AND state IN ('waiting', 'failed') AND id = " + _NUMBER,
            note=True,
        ),
    ),
)

QUEUES: Final = (LISTINGS, CLAIMS, EDITS, DUPLICATES)
