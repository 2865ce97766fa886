"""Revisions of entries and the acts that made them. Triggers write revisions; here they are read, and a writer says who it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, LiteralString, NamedTuple

from psycopg import Connection

from cms_ssg.store.arrays import text_array
from cms_ssg.store.query import Query, fetch
from cms_ssg.types import Json


class RevisionRow(NamedTuple):
    """What one write changed. version: that it left; kind: a added, c changed, d deleted; body: the Markdown before, None where it stayed."""

    entry: int
    version: int
    made_at: datetime
    kind: str
    author: str
    origin: str
    act: int | None
    changes: dict[str, list[Json]]
    body: str | None
    file: str


class ActRow(NamedTuple):
    """What a person or a program did. refused: why nothing came of it; undone_by: the act that took it back."""

    id: int
    made_at: datetime
    author: str
    origin: str
    kind: str
    what: str
    refused: str
    undone_by: int | None
    entries: int


WORK_AS: Final[LiteralString] = "SELECT set_config('cms.author', %s, false)"
SAY_WHO: Final[LiteralString] = (
    "SELECT set_config('cms.author', %s, true), set_config('cms.origin', %s, true), set_config('cms.act', %s, true)"
)

_COLUMNS: Final[LiteralString] = """
SELECT r.entry, r.version, r.made_at, r.kind::text, r.author, r.origin, r.act, r.changes, r.body, coalesce(e.source_key, '')
FROM cms.revisions r LEFT JOIN cms.entries e ON e.id = r.entry """

OF_ENTRY: Final = Query(_COLUMNS + "WHERE r.entry = %(entry)s AND r.site = %(site)s ORDER BY r.version DESC LIMIT %(most)s", RevisionRow)
SINCE: Final = Query(
    _COLUMNS + "WHERE r.entry = %(entry)s AND r.site = %(site)s AND r.version > %(version)s ORDER BY r.version DESC", RevisionRow
)
OF_SITE: Final = Query(
    _COLUMNS
    + "WHERE r.site = %(site)s AND (%(author)s = '' OR r.author = %(author)s) ORDER BY r.made_at DESC, r.entry, r.version DESC LIMIT %(most)s",
    RevisionRow,
)
OF_ACT: Final = Query(_COLUMNS + "WHERE r.act = %(act)s AND r.site = %(site)s ORDER BY r.entry, r.version DESC", RevisionRow)

ADD_ACT: Final[LiteralString] = (
    "INSERT INTO cms.acts (site, author, origin, kind, what, refused) VALUES (%s, %s, %s, %s, %s, %s) RETURNING id"
)
ACTS: Final = Query(
    """
SELECT a.id, a.made_at, a.author, a.origin, a.kind, a.what, a.refused, a.undone_by,
  (SELECT count(DISTINCT r.entry)::int FROM cms.revisions r WHERE r.act = a.id)
FROM cms.acts a WHERE a.site = %(site)s AND (%(id)s = 0 OR a.id = %(id)s) AND (%(author)s = '' OR a.author = %(author)s)
ORDER BY a.id DESC LIMIT %(most)s""",
    ActRow,
)
LAST_ACT: Final = Query(
    """
SELECT a.id, a.made_at, a.author, a.origin, a.kind, a.what, a.refused, a.undone_by,
  (SELECT count(DISTINCT r.entry)::int FROM cms.revisions r WHERE r.act = a.id)
FROM cms.acts a WHERE a.site = %(site)s AND a.undone_by IS NULL AND a.kind <> 'undo' AND EXISTS (SELECT FROM cms.revisions r WHERE r.act = a.id)
ORDER BY a.id DESC LIMIT 1""",
    ActRow,
)
"""Others than those that change entries, such as posts to a live blog, may be many."""

WRITERS: Final[LiteralString] = """
SELECT DISTINCT author FROM cms.revisions WHERE site = %s AND entry = %s AND author <> '' AND (kind = 'a' OR body IS NOT NULL
  OR changes - ARRAY['metadata', 'status'] <> '{}')"""
MARK_IMPORT_UNDONE: Final[LiteralString] = (
    "UPDATE cms.acts SET undone_by = %s WHERE site = %s AND kind = 'import' AND what LIKE %s AND undone_by IS NULL"
)
MARK_UNDONE: Final[LiteralString] = "UPDATE cms.acts SET undone_by = %s WHERE site = %s AND id = %s"

NAME_AUTHORS: Final[LiteralString] = """
UPDATE cms.revisions r SET author = d.author, origin = 'git:' || d.commit
FROM unnest(%s::text[], %s::text[], %s::text[]) AS d(file, author, commit)
JOIN cms.entries e ON e.site = %s AND e.source = 'file' AND e.source_key = d.file COLLATE "C"
WHERE r.entry = e.id AND r.version = (SELECT max(p.version) FROM cms.revisions p WHERE p.entry = e.id) AND r.origin = 'file' AND r.author = ''"""


def work_as(connection: Connection, author: str) -> None:
    """Name who works on this connection, for what its statements note in the audit log without being told."""
    connection.execute(WORK_AS, (author,))


def say_who(connection: Connection, author: str, origin: str, act: int = 0) -> None:
    """Say for the rest of the transaction who writes, and from where. act: number of the act that it belongs to, 0 for none."""
    connection.execute(SAY_WHO, (author, origin, str(act) if act else ""))


def add_act(connection: Connection, site: int, author: str, origin: str, kind: str, what: str = "", refused: str = "") -> int:
    """Note what somebody does. Returns its number, to be given to say_who."""
    row = connection.execute(ADD_ACT, (site, author, origin, kind, what[:500], refused[:500])).fetchone()
    assert row is not None
    return int(row[0])


def note_refused(connection: Connection, number: int, why: str) -> None:
    """Say that nothing came of an act."""
    connection.execute("UPDATE cms.acts SET refused = %s WHERE id = %s", (why[:500], number))


def list_acts(connection: Connection, site: int, *, number: int = 0, author: str = "", most: int = 50) -> list[ActRow]:
    """Acts, the newest first."""
    return fetch(connection, ACTS, site=site, id=number, author=author, most=most)


def find_standing(connection: Connection, site: int) -> list[ActRow]:
    """The last act that changed entries and was not taken back, if there is one."""
    return fetch(connection, LAST_ACT, site=site)


def list_writers(connection: Connection, site: int, entry: int) -> list[str]:
    """Who made or changed the content of an entry."""
    return [row[0] for row in connection.execute(WRITERS, (site, entry))]


def find_creator(connection: Connection, site: int, entry: int) -> str:
    """Who made an entry, "" where that is not known."""
    row = connection.execute("SELECT author FROM cms.revisions WHERE site = %s AND entry = %s AND kind = 'a'", (site, entry)).fetchone()
    return str(row[0]) if row is not None else ""


def mark_undone(connection: Connection, site: int, number: int, by: int) -> None:
    """Say that an act was taken back by another one."""
    connection.execute(MARK_UNDONE, (by, site, number))


def list_revisions(connection: Connection, site: int, entry: int, most: int = 50) -> list[RevisionRow]:
    """Revisions of an entry, the newest first."""
    return fetch(connection, OF_ENTRY, site=site, entry=entry, most=most)


def list_since(connection: Connection, site: int, entry: int, version: int) -> list[RevisionRow]:
    """What was changed in an entry after a version, the newest first."""
    return fetch(connection, SINCE, site=site, entry=entry, version=version)


def list_of_site(connection: Connection, site: int, author: str = "", most: int = 50) -> list[RevisionRow]:
    """The newest revisions of a site's entries."""
    return fetch(connection, OF_SITE, site=site, author=author, most=most)


def list_of_act(connection: Connection, site: int, act: int) -> list[RevisionRow]:
    """What an act changed, by entry, the newest first."""
    return fetch(connection, OF_ACT, site=site, act=act)


def name_authors(connection: Connection, site: int, rows: Sequence[tuple[str, str, str]]) -> None:
    """Say who made the newest revisions of files' entries, where nobody is named. rows: (file, author, commit)."""
    if rows:
        connection.execute(NAME_AUTHORS, (*(text_array(row[place] for row in rows) for place in range(3)), site))
