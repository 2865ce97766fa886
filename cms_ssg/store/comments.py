"""Comments on entries and on changes that wait: what one person tells another before something is published."""

from __future__ import annotations

from datetime import datetime
from typing import Final, LiteralString, NamedTuple

from psycopg import Connection

from cms_ssg.store.query import Query, fetch


class CommentRow(NamedTuple):
    """version: of the entry that it is about; change: the change that waits, None for the entry itself; asks: for something to be changed."""

    id: int
    entry: int
    version: int
    change: int | None
    made_at: datetime
    author: str
    text: str
    asks: bool
    resolved_at: datetime | None
    resolved_by: str


ADD: Final[LiteralString] = """
INSERT INTO cms.comments (site, entry, version, change, author, text, asks)
SELECT e.site, e.id, e.version, %(change)s, %(author)s, %(text)s, %(asks)s FROM cms.entries e WHERE e.site = %(site)s AND e.id = %(entry)s
  AND (%(change)s::bigint IS NULL OR EXISTS (SELECT FROM cms.pending_changes p WHERE p.site = e.site AND p.entry = e.id AND p.id = %(change)s))
RETURNING id"""
OF_ENTRY: Final = Query(
    """
SELECT id, entry, version, change, made_at, author, text, asks, resolved_at, resolved_by FROM cms.comments
WHERE site = %(site)s AND entry = %(entry)s ORDER BY id DESC LIMIT %(most)s""",
    CommentRow,
)
RESOLVE: Final[LiteralString] = """
UPDATE cms.comments SET resolved_at = clock_timestamp(), resolved_by = %(by)s WHERE site = %(site)s AND id = %(id)s AND resolved_at IS NULL"""


def add_comment(
    connection: Connection, site: int, entry: int, author: str, text: str, *, asks: bool = False, change: int | None = None
) -> int:
    """Keep a comment. change: the one that waits, and that it is about. Returns its number, 0 where there is no such entry or change."""
    values = {"site": site, "entry": entry, "author": author, "text": text, "asks": asks, "change": change}
    row = connection.execute(ADD, values).fetchone()
    return int(row[0]) if row is not None else 0


def list_comments(connection: Connection, site: int, entry: int, most: int = 100) -> list[CommentRow]:
    """Comments on an entry and its changes, the newest first."""
    return fetch(connection, OF_ENTRY, site=site, entry=entry, most=most)


def resolve_comment(connection: Connection, site: int, number: int, by: str) -> bool:
    """Say that a comment was seen to. Returns whether it was still open."""
    return connection.execute(RESOLVE, {"site": site, "id": number, "by": by}).rowcount > 0
