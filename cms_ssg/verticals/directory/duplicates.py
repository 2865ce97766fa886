"""Listings that may be the same place: pairs that wait at the desk, two that become one, and two that stay two."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, LiteralString

from psycopg import Connection

from cms_ssg.desk.queue import Action, Pressed, Queue
from cms_ssg.entries.save import Entries
from cms_ssg.entries.values import EntryInput
from cms_ssg.errors import CmsError, fail
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.site import Site
from cms_ssg.store.revisions import add_act
from cms_ssg.types import Json
from cms_ssg.verticals.directory.changes import Known, find_listing
from cms_ssg.verticals.directory.settings import TIERS

MERGED: Final = frozenset(
    "description email phone website social_links address city state country postal_code latitude longitude hours timezone image gallery"
    " categories custom_fields".split()
)
"""Fields that the listing that stays takes from the other one where it has none."""

PAIRS: Final[LiteralString] = """
SELECT d.one, a.title, d.other, b.title, d.why FROM cms.list_duplicates(%s, %s) d
JOIN cms.listings a ON a.number = d.one JOIN cms.listings b ON b.number = d.other ORDER BY d.why, d.one, d.other"""

MOVE_REVIEWS: Final[LiteralString] = (
    "UPDATE cms.reviews SET entry = %(keep)s, updated_at = clock_timestamp() WHERE site = %(site)s AND entry = %(other)s"
)
# The one that stays keeps its owner; without one it gets the other's. Requests to look after the other are requests for it.
MOVE_CLAIMS: Final[LiteralString] = """
UPDATE cms.listing_claims SET entry = %(keep)s WHERE site = %(site)s AND entry = %(other)s
  AND (status <> 'approved' OR NOT EXISTS (SELECT FROM cms.listing_claims WHERE entry = %(keep)s AND status = 'approved'))"""
MOVE_OWNER: Final[LiteralString] = """
UPDATE cms.listings k SET claim_status = o.claim_status, owner_email = o.owner_email, owner_id = o.owner_id FROM cms.listings o
WHERE k.site = %(site)s AND k.number = %(keep)s AND o.number = %(other)s AND k.claim_status = 'unclaimed' AND o.claim_status <> 'unclaimed'"""
FORGET_OWNER: Final[LiteralString] = (
    "UPDATE cms.listings SET claim_status = 'unclaimed', owner_email = NULL, owner_id = NULL WHERE site = %(site)s AND number = %(other)s"
)

LOCK_PAIR: Final[LiteralString] = "SELECT FROM cms.entries WHERE site = %(site)s AND id IN (%(one)s, %(other)s) ORDER BY id FOR UPDATE"
# Only a published listing stays; one that was merged meanwhile is published no more.
IS_PAIR: Final[LiteralString] = """
SELECT FROM cms.find_duplicates(%(one)s) d JOIN cms.listings k ON k.number = %(one)s WHERE d.number = %(other)s AND k.status = 'approved'"""


def merge(connection: Connection[Any], site: Site, number: int, keep: Known, other: Known, origin: str = "cli", who: str = "") -> int:
    """Make two listings one: reviews and claims move, the other's address leads to the one that stays, and it goes to the trash.

    origin, who: for the audit log. Returns how many reviews moved. Raises CmsError directory.same, directory.of-file.
    """
    if keep.number == other.number:
        raise fail("directory.same", "a listing cannot be merged with itself")
    for one in (keep, other):
        if one.source == "file":
            raise fail(
                "directory.of-file",
                "a listing of a content file is merged by hand",
                place=one.file,
                hint="Move its text, and add its path to aliases.",
            )
    aliases = [*(keep.fields.get("aliases") or []), *(path for path in (other.path, *(other.fields.get("aliases") or [])) if path)]
    taken = {name: value for name, value in other.fields.items() if keep.fields.get(name) in (None, "") and name in MERGED}
    values = {"site": number, "keep": keep.number, "other": other.number}
    with connection.transaction():
        act = add_act(connection, number, who, origin, "merge", f"{other.title} ({other.number}) into {keep.title} ({keep.number})")
        Entries(connection, site, number, other.source, who, act).save_entry(
            EntryInput("listing", {"aliases": None}, None, "trashed", number=other.number)
        )
        fields = {**taken, **_take_tier(keep, other), "aliases": list(dict.fromkeys(aliases))}
        Entries(connection, site, number, keep.source, who, act).save_entry(EntryInput("listing", fields, None, None, number=keep.number))
        for statement in (MOVE_OWNER, MOVE_CLAIMS, FORGET_OWNER):
            connection.execute(statement, values)
        return connection.execute(MOVE_REVIEWS, values).rowcount


def _take_tier(keep: Known, other: Known) -> dict[str, Json]:
    """The tier of the other listing where it is the higher one now, since somebody may have paid for it."""
    now = datetime.now(UTC)

    def find(listing: Known) -> int:
        until = listing.fields.get("featured_until")
        is_over = until is not None and datetime.fromisoformat(str(until)) <= now
        return 0 if is_over else TIERS.index(str(listing.fields.get("tier") or "basic"))

    if find(other) <= find(keep):
        return {}
    return {"tier": other.fields["tier"], "featured_until": other.fields.get("featured_until")}


def keep_first(opened: OpenSite, pressed: Pressed) -> bool:
    """Merge the second listing of a pair into the first. Returns whether the pair was still one."""
    return _merge_pair(opened, pressed, *_read_pair(pressed.key))


def keep_second(opened: OpenSite, pressed: Pressed) -> bool:
    """Merge the first listing of a pair into the second. Returns whether the pair was still one."""
    one, other = _read_pair(pressed.key)
    return _merge_pair(opened, pressed, other, one)


def _merge_pair(opened: OpenSite, pressed: Pressed, keep: int, other: int) -> bool:
    connection, values = opened.connection, {"site": opened.number, "one": keep, "other": other}
    with connection.transaction():
        if connection.execute(LOCK_PAIR, values).rowcount < 2 or not connection.execute(IS_PAIR, values).rowcount:
            return False
        first, second = (find_listing(connection, opened.number, str(one)) for one in (keep, other))
        try:
            merge(connection, opened.site, opened.number, first, second, "desk", pressed.who)
        except CmsError as error:
            if error.problems[0].code != "directory.of-file":
                raise
            return False
    return True


def _read_pair(key: str) -> tuple[int, int]:
    """The numbers in the key of a pair, 0 for what was never one."""
    first, dash, second = key.partition("-")
    if not dash or not all(text.isascii() and text.isdigit() and len(text) < 19 for text in (first, second)):
        return 0, 0
    return int(first), int(second)


DUPLICATES: Final = Queue(
    "duplicates",
    "Duplicates",
    """
SELECT d.one || '-' || d.other, cms.show_pair(a.title, b.title), '',
  CASE WHEN 'file' IN (x.source, y.source) THEN 'one of them is a content file: move its text, and add its path to aliases, there'
    ELSE 'same ' || d.why END,
  json_strip_nulls(json_build_object('Number', cms.show_pair(d.one::text, d.other::text), 'Address', cms.show_pair(a.address, b.address),
    'City', cms.show_pair(a.city, b.city), 'State', cms.show_pair(a.state, b.state), 'Country', cms.show_pair(a.country, b.country),
    'Phone', cms.show_pair(a.phone, b.phone), 'Website', cms.show_pair(a.website, b.website),
    'Categories', cms.show_pair(array_to_string(a.categories, ', '), array_to_string(b.categories, ', ')),
    'Approval', cms.show_pair(a.status, b.status), 'Tier', cms.show_pair(a.listing_tier, b.listing_tier),
    'Reviews', cms.show_pair(a.rating_count::text, b.rating_count::text), 'Owner', cms.show_pair(a.owner_email, b.owner_email))),
  CASE WHEN 'file' IN (x.source, y.source) THEN '{apart}'::text[]
    ELSE array_remove(ARRAY[CASE WHEN a.status = 'approved' THEN 'first' END, CASE WHEN b.status = 'approved' THEN 'second' END, 'apart'], NULL) END,
  array_remove(ARRAY[c.path, e.path], NULL)
FROM cms.list_duplicates(%(site)s, %(limit)s) d JOIN cms.listings a ON a.number = d.one JOIN cms.listings b ON b.number = d.other
JOIN cms.entries x ON x.id = d.one JOIN cms.entries y ON y.id = d.other
LEFT JOIN cms.cards c ON c.entry = d.one LEFT JOIN cms.cards e ON e.entry = d.other ORDER BY d.why, d.one, d.other""",
    (
        Action("first", "Merge, keep the first", run="cms_ssg.verticals.directory.duplicates:keep_first"),
        Action("second", "Merge, keep the second", run="cms_ssg.verticals.directory.duplicates:keep_second"),
        Action(
            "apart",
            "Not the same",
            r"""INSERT INTO cms.listings_apart (one, other, site, decided_by) SELECT a.number, b.number, a.site, %(who)s
  FROM cms.listings a JOIN cms.listings b ON b.site = a.site AND a.number < b.number
  WHERE a.site = %(site)s AND %(key)s = a.number || '-' || b.number AND a.number = CASE WHEN %(key)s ~ '^\d{1,18}-\d{1,18}$' THEN split_part(%(key)s, '-', 1)::bigint END
    AND b.number = CASE WHEN %(key)s ~ '^\d{1,18}-\d{1,18}$' THEN split_part(%(key)s, '-', 2)::bigint END
  ON CONFLICT DO NOTHING""",
        ),
    ),
)
