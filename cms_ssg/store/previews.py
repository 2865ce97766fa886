"""What previews there are: rows that name the objects of each, and the reading of what a change touches without a trace in the queue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, LiteralString, NamedTuple

from psycopg import Connection

from cms_ssg.store.arrays import int_array, text_array

ADD: Final[LiteralString] = """
INSERT INTO cms.previews (site, token, target, place, subject, first_path, pages, keys, expires_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp() + %s * interval '1 s') RETURNING expires_at"""
LIST: Final[LiteralString] = """
SELECT token, subject, first_path, pages, created_at, expires_at, target, place, keys FROM cms.previews WHERE site = %s ORDER BY created_at, token"""
EXPIRED: Final[LiteralString] = """
SELECT token, subject, first_path, pages, created_at, expires_at, target, place, keys FROM cms.previews
WHERE site = %s AND expires_at <= clock_timestamp() ORDER BY expires_at"""
DELETE: Final[LiteralString] = "DELETE FROM cms.previews WHERE site = %s AND token = %s"
KEYS: Final[LiteralString] = "SELECT unnest(keys) FROM cms.previews WHERE site = %s"

LAST_CHANGE: Final[LiteralString] = "SELECT coalesce(max(id), 0) FROM cms.changes WHERE site = %s"
OWN_CHANGES: Final[LiteralString] = """
SELECT id, kind, subject, name FROM cms.changes WHERE site = %s AND id > %s AND made_in = pg_current_xact_id() ORDER BY id"""
READERS: Final[LiteralString] = """
SELECT DISTINCT o.path FROM unnest(%s::bigint[]) k CROSS JOIN LATERAL (
  SELECT path FROM cms.outputs o WHERE o.reads @> ARRAY[k] AND o.site = %s AND o.kind = ANY(%s) LIMIT %s) o"""
WINNERS: Final[LiteralString] = """
SELECT c.name, c.locale, c.spec, c.owner, c.owner_kind FROM unnest(%s::text[]) n
JOIN cms.claims c ON c.site = %s AND c.name = n COLLATE "C" AND c.wins AND c.spec IS NOT NULL"""
OWNED: Final[LiteralString] = """
SELECT c.name FROM unnest(%s::bigint[]) o JOIN cms.claims c ON c.owner = o AND c.owner_kind = 'e' AND c.site = %s AND c.wins
WHERE c.spec ->> 'kind' = ANY(%s) AND c.name LIKE '/%%' ORDER BY c.name"""
ENTRIES: Final[LiteralString] = """
SELECT e.id FROM unnest(%s::text[]) k JOIN cms.entries e ON e.site = %s AND e.source = 'file' AND e.source_key = k COLLATE "C" """
PUBLISHED: Final[LiteralString] = """
SELECT o.path FROM unnest(%s::text[]) n JOIN cms.outputs o ON o.site = %s AND o.path = n COLLATE "C" AND o.digest IS NOT NULL AND NOT o.unsure"""


class PreviewRow(NamedTuple):
    """A preview as it is stored. subject: what it shows; first_path: of the page to look at first; keys: its objects."""

    token: str
    subject: str
    first_path: str
    pages: int
    created_at: datetime
    expires_at: datetime
    target: str
    place: str
    keys: list[str]


class Winner(NamedTuple):
    """Who has a path, and what is to be made of it."""

    path: str
    locale: str
    spec: dict[str, Any]
    owner: int
    owner_kind: str


def list_preview_keys(connection: Connection, site: int) -> set[str]:
    """Keys of all objects that belong to previews."""
    return {row[0] for row in connection.execute(KEYS, (site,))}


def list_previews(connection: Connection, site: int, *, expired: bool = False) -> list[PreviewRow]:
    """The previews there are, the oldest first. expired: only those whose time is over."""
    return [PreviewRow(*row) for row in connection.execute(EXPIRED if expired else LIST, (site,))]


def list_readers(connection: Connection, site: int, keys: Sequence[int], kinds: Sequence[str], most: int) -> list[str]:
    """Paths of outputs of these kinds that read one of these keys, of each key so many."""
    return [row[0] for row in connection.execute(READERS, (int_array(keys), site, list(kinds), most))] if keys else []


def list_winners(connection: Connection, site: int, paths: Sequence[str]) -> list[Winner]:
    """Who has these paths, of those that somebody has."""
    return [Winner(*row) for row in connection.execute(WINNERS, (text_array(paths), site))] if paths else []


def list_owned(connection: Connection, site: int, entries: Sequence[int], kinds: Sequence[str]) -> list[str]:
    """Paths of the pages of these entries: of outputs of these kinds."""
    return [row[0] for row in connection.execute(OWNED, (int_array(entries), site, list(kinds)))] if entries else []


def list_published(connection: Connection, site: int, paths: Sequence[str]) -> set[str]:
    """Which of these paths the target holds as the manifest has them."""
    return {row[0] for row in connection.execute(PUBLISHED, (text_array(paths), site))} if paths else set()
