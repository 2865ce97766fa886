"""Changes of listings: new ones that wait, decisions, fields."""

from __future__ import annotations

from secrets import token_hex
from typing import Any, Final, LiteralString, NamedTuple

from psycopg import Connection

from cms_ssg.entries.save import Entries
from cms_ssg.entries.values import EntryInput
from cms_ssg.errors import fail
from cms_ssg.site import Site
from cms_ssg.types import Json

FIND: Final[LiteralString] = r"""
SELECT l.number, l.title, e.source, e.source_key, coalesce(c.path, ''), e.fields FROM cms.listings l JOIN cms.entries e ON e.id = l.number
LEFT JOIN cms.cards c ON c.entry = l.number
WHERE l.site = %(site)s AND (l.number = CASE WHEN %(what)s ~ '^\d{1,18}$' THEN %(what)s::bigint END OR l.slug = %(what)s OR c.path = %(what)s)
ORDER BY l.number LIMIT 2"""

NOTE_SUBMITTER: Final[LiteralString] = """
UPDATE cms.listings SET submitter_email = %(email)s, moderation_notes = (SELECT 'May be the same as: ' || string_agg(number || ' ' || title || ' (' || why || ')', ', ')
  FROM cms.find_duplicates(%(number)s)) WHERE number = %(number)s"""


def with_picture(number: LiteralString, expires: LiteralString) -> LiteralString:
    """The beginning of a statement that decides about a proposal: for how long its sender's picture is kept. number, expires: as SQL."""
    return f"""WITH picture AS (UPDATE cms.uploads u SET expires_at = {expires} FROM cms.entries e
  WHERE e.site = %(site)s AND e.id = {number} AND e.status = 'draft' AND u.site = e.site AND u.email <> '' AND u.key = ltrim(e.fields ->> 'image', '/'))
"""


STAYS: Final = "NULL"
GOES: Final = "clock_timestamp() + interval '30 days'"

APPROVE: Final[LiteralString] = (
    with_picture("%(number)s", STAYS)
    + """UPDATE cms.entries SET status = 'published', fields = fields - 'draft' WHERE site = %(site)s AND id = %(number)s AND type = 'listing' AND source <> 'file'
  AND status = 'draft' AND removed_at IS NULL"""
)
REJECT: Final[LiteralString] = (
    with_picture("%(number)s", GOES)
    + """UPDATE cms.listings SET status = 'rejected', moderation_notes = coalesce(nullif(%(note)s, ''), moderation_notes)
WHERE site = %(site)s AND number = %(number)s AND status IN ('pending', 'rejected')"""
)


class Known(NamedTuple):
    """A listing that somebody named."""

    number: int
    title: str
    source: str
    file: str
    path: str
    fields: dict[str, Json]


def find_listing(connection: Connection[Any], site: int, what: str) -> Known:
    """The listing of a number, a slug or a path. Raises CmsError directory.not-found, directory.several."""
    rows = [Known(*row) for row in connection.execute(FIND, {"site": site, "what": what.replace("\0", "")}).fetchall()]
    if not rows:
        raise fail("directory.not-found", f"there is no listing {what!r}", hint="Name it by its number, its slug or the path of its page.")
    if len(rows) > 1:
        raise fail(
            "directory.several",
            f"there is more than one listing {what!r}: {rows[0].number} and {rows[1].number}",
            hint="Name it by its number.",
        )
    return rows[0]


def add_listing(connection: Connection[Any], site: Site, number: int, fields: dict[str, Json], email: str | None) -> int:
    """Save a listing that waits to be approved. Returns its number. Raises CmsError with what is wrong in it."""
    key = token_hex(4)  # becomes part of the address where another listing has this name
    saved = Entries(connection, site, number, author="visitor").save_entry(EntryInput("listing", fields, "", "draft", external_key=key))
    connection.execute(NOTE_SUBMITTER, {"number": saved.number, "email": email})
    return saved.number


def decide(connection: Connection[Any], site: int, number: int, is_approved: bool, note: str = "") -> bool:
    """Approve or reject a listing that waits. Returns whether there was one."""
    values = {"site": site, "number": number, "note": note}
    return connection.execute(APPROVE if is_approved else REJECT, values).rowcount > 0


def set_fields(connection: Connection[Any], site: Site, number: int, listing: Known, fields: dict[str, Json]) -> None:
    """Change fields of a listing of the store. Raises CmsError directory.of-file for one of a content file."""
    if listing.source == "file":
        said = ", ".join(fields)
        raise fail(
            "directory.of-file", f"this listing is a content file: set {said} there", place=listing.file, hint=f"cms edit {listing.file}"
        )
    Entries(connection, site, number, source=listing.source).save_entry(EntryInput("listing", fields, None, None, number=listing.number))
