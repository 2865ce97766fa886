"""Changes of listings: new ones that wait, decisions, fields."""

from __future__ import annotations

from secrets import token_hex
from typing import Any, Final, LiteralString, NamedTuple

from psycopg import Connection, Rollback

from cms_ssg.desk.queue import Pressed
from cms_ssg.entries.save import Entries
from cms_ssg.entries.values import EntryInput
from cms_ssg.errors import CmsError, fail
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.site import Site
from cms_ssg.store.revisions import add_act, say_who
from cms_ssg.types import Json

FIND: Final[LiteralString] = r"""
SELECT l.number, l.title, e.source, e.source_key, coalesce(c.path, ''), e.fields FROM cms.listings l JOIN cms.entries e ON e.id = l.number
LEFT JOIN cms.cards c ON c.entry = l.number
WHERE l.site = %(site)s AND (l.number = CASE WHEN %(what)s ~ '^\d{1,18}$' THEN %(what)s::bigint END OR l.slug = %(what)s OR c.path = %(what)s)
ORDER BY l.number LIMIT 2"""

FIELDS: Final[dict[LiteralString, str]] = {
    "title": "name", "description": "description", "address": "address", "postal_code": "postal_code", "city": "city", "state": "state",
    "country": "country", "phone": "phone", "website": "website", "email": "own_email", "hours": "hours",
}  # fmt: skip
"""Fields that an owner may change -> the texts that say what they are."""

NOTE_SUBMITTER: Final[LiteralString] = """
UPDATE cms.listings SET submitter_email = %(email)s, moderation_notes = (SELECT 'May be the same as: ' || string_agg(number || ' ' || title || ' (' || why || ')', ', ')
  FROM cms.find_duplicates(%(number)s)) WHERE number = %(number)s"""


def _with_picture(expires: LiteralString) -> LiteralString:
    """The beginning of a statement that decides about a proposal: for how long its sender's picture is kept. expires: as SQL."""
    return f"""WITH picture AS (UPDATE cms.uploads u SET expires_at = {expires} FROM cms.entries e
  WHERE e.site = %(site)s AND e.id = %(number)s AND e.status = 'draft' AND u.site = e.site AND u.email <> '' AND u.key = ltrim(e.fields ->> 'image', '/'))
"""


APPROVE: Final[LiteralString] = (
    _with_picture("NULL")
    + """UPDATE cms.entries SET status = 'published', fields = fields - 'draft' WHERE site = %(site)s AND id = %(number)s AND type = 'listing' AND source <> 'file'
  AND status = 'draft' AND removed_at IS NULL"""
)
REJECT: Final[LiteralString] = (
    _with_picture("clock_timestamp() + interval '30 days'")
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
    saved = Entries(connection, site, number, author="visitor").save_entry(_make_input(fields))
    connection.execute(NOTE_SUBMITTER, {"number": saved.number, "email": email})
    return saved.number


def check_listing(connection: Connection[Any], site: Site, number: int, fields: dict[str, Json]) -> None:
    """Look whether such a listing would be saved. Raises CmsError with what is wrong in it."""
    [saved] = Entries(connection, site, number, author="visitor").save_entries([_make_input(fields)], dry_run=True)
    if saved.action == "failed":
        raise CmsError(*saved.problems)


def _make_input(fields: dict[str, Json]) -> EntryInput:
    key = token_hex(4)  # becomes part of the address where another listing has this name
    return EntryInput("listing", fields, "", "draft", external_key=key)


def decide(
    connection: Connection[Any], site: int, number: int, is_approved: bool, note: str = "", origin: str = "cli", who: str = ""
) -> bool:
    """Approve or reject a listing that waits. origin, who: for the audit log. Returns whether there was one."""
    values = {"site": site, "number": number, "note": note.replace("\0", "")}
    row = connection.execute("SELECT title FROM cms.listings WHERE site = %(site)s AND number = %(number)s", values).fetchone()
    if row is None:
        return False
    with connection.transaction() as transaction:
        act = add_act(connection, site, who, origin, "approve" if is_approved else "reject", f"listing {row[0]} ({number})")
        say_who(connection, who, origin, act)
        is_done = connection.execute(APPROVE if is_approved else REJECT, values).rowcount > 0
        if not is_done:
            raise Rollback(transaction)
    return is_done


def approve_pressed(opened: OpenSite, pressed: Pressed) -> bool:
    """Approve a listing at the desk. Returns whether it waited."""
    return _decide_pressed(opened, pressed, True)


def reject_pressed(opened: OpenSite, pressed: Pressed) -> bool:
    """Reject a listing at the desk. Returns whether it waited."""
    return _decide_pressed(opened, pressed, False)


def _decide_pressed(opened: OpenSite, pressed: Pressed, is_approved: bool) -> bool:
    number = int(pressed.key) if pressed.key.isascii() and pressed.key.isdigit() and len(pressed.key) < 19 else 0
    return decide(opened.connection, opened.number, number, is_approved, pressed.note, "desk", pressed.who)


def set_fields(connection: Connection[Any], site: Site, number: int, listing: Known, fields: dict[str, Json], act: int = 0) -> None:
    """Change fields of a listing of the store. act: that this belongs to, 0 for none. Raises CmsError directory.of-file for one of a content file."""
    if listing.source == "file":
        said = ", ".join(fields)
        raise fail(
            "directory.of-file", f"this listing is a content file: set {said} there", place=listing.file, hint=f"cms edit {listing.file}"
        )
    Entries(connection, site, number, source=listing.source, act=act).save_entry(
        EntryInput("listing", fields, None, None, number=listing.number)
    )
