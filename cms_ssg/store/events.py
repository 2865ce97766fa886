"""Events that wait to be told to hooks: written with what makes them true, deleted once they were told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, LiteralString, NamedTuple

from psycopg import Connection
from psycopg.types.json import Jsonb

ADD: Final[LiteralString] = "INSERT INTO cms.events (site, kind, detail) VALUES (%s, %s, %s)"

TAKE: Final[LiteralString] = """
DELETE FROM cms.events WHERE id = (
  SELECT id FROM cms.events WHERE site = %s AND kind = ANY(%s) ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, kind, detail"""

TAKE_SAVED: Final[LiteralString] = """
WITH taken AS (
  DELETE FROM cms.events WHERE id IN (
    SELECT id FROM cms.events WHERE site = %s AND kind = 'saved' ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
  RETURNING id, entry, detail)
SELECT t.id, t.entry, t.detail ->> 'action', coalesce(e.source_key, t.detail ->> 'file'), coalesce(e.type, t.detail ->> 'type'),
       coalesce(e.locale, ''), coalesce(e.fields ->> 'title', c.card ->> 'title', ''), coalesce(c.path, ''), (t.detail ->> 'post')::bool,
       e.id IS NULL OR e.removed_at IS NOT NULL
FROM taken t LEFT JOIN cms.entries e ON e.id = t.entry LEFT JOIN cms.cards c ON c.entry = t.entry ORDER BY t.id"""

COUNT_POSTS: Final[LiteralString] = """
SELECT count(DISTINCT entry) FROM cms.events WHERE site = %s AND (kind = 'published' OR kind = 'saved' AND (detail ->> 'post')::bool)"""

SAVED_POSTS: Final[LiteralString] = """
SELECT entry FROM cms.events WHERE site = %s AND kind = 'saved' AND (detail ->> 'post')::bool
  AND entry NOT IN (SELECT jsonb_array_elements(b.detail -> 'changed')::bigint FROM cms.events b WHERE b.site = %s AND b.kind = 'post_bulk_updated')
ORDER BY id"""

# What is no longer listed did not go out after all; what is held has not gone out yet.
FORGET_TAKEN_BACK: Final[LiteralString] = """
DELETE FROM cms.events v WHERE v.site = %s AND v.kind = 'published'
AND NOT EXISTS (SELECT FROM cms.cards c WHERE c.entry = v.entry AND (c.listed OR c.held))"""

LIVE_POSTS: Final[LiteralString] = """
SELECT v.id, v.entry, c.card ->> 'file', c.type, c.locale, coalesce(c.card ->> 'title', ''), c.path
FROM cms.events v JOIN cms.cards c ON c.entry = v.entry AND c.listed
JOIN cms.outputs o ON o.site = v.site AND o.path = c.path AND o.digest IS NOT NULL AND o.error IS NULL
WHERE v.site = %s AND v.kind = 'published' AND NOT EXISTS (SELECT FROM cms.dirty d WHERE d.site = v.site AND d.path = c.path)
ORDER BY v.id LIMIT %s FOR UPDATE OF v SKIP LOCKED"""

ADD_TO_BULK: Final[LiteralString] = """
UPDATE cms.events SET detail = jsonb_set(detail, '{changed}', (detail -> 'changed') || %s) WHERE id = %s"""
ADD_BULK: Final[LiteralString] = """
INSERT INTO cms.events (site, kind, detail) VALUES (%s, 'post_bulk_updated', jsonb_build_object('published', '[]'::jsonb, 'changed', %s::jsonb)) RETURNING id"""

DELETE: Final[LiteralString] = "DELETE FROM cms.events WHERE id = ANY(%s)"

LAST_BUILD: Final[LiteralString] = """
SELECT id, finished_at IS NULL, coalesce(result, '{}') FROM cms.builds WHERE site = %s AND id < %s ORDER BY id DESC LIMIT 1"""
END_KILLED: Final[LiteralString] = (
    "UPDATE cms.builds SET finished_at = clock_timestamp(), result = %s WHERE id = %s AND finished_at IS NULL"
)
HAS_EVENTS: Final[LiteralString] = "SELECT EXISTS (SELECT FROM cms.events WHERE site = %s)"
NOW: Final[LiteralString] = "SELECT clock_timestamp()"


class LiveNote(NamedTuple):
    """A post that went out and whose page is at the target."""

    event: int
    entry: int
    file: str
    type: str
    locale: str
    title: str
    path: str


def add_event(connection: Connection, site: int, kind: str, detail: dict[str, Any]) -> None:
    """Write an event; the caller commits it with what it tells of."""
    connection.execute(ADD, (site, kind, Jsonb(detail)))


def add_to_bulk(connection: Connection, site: int, event: int, entries: Sequence[int]) -> int:
    """Note more entries that one bulk change changed; the caller commits. event: that holds those before, 0 for none. Returns the event's number."""
    ids = Jsonb(list(entries))
    if event and connection.execute(ADD_TO_BULK, (ids, event)).rowcount:
        return event
    row = connection.execute(ADD_BULK, (site, ids)).fetchone()
    assert row is not None
    return int(row[0])


def take_event(connection: Connection, site: int, kinds: Sequence[str]) -> tuple[int, str, dict[str, Any]] | None:
    """The oldest event of these kinds, gone once the caller commits."""
    row = connection.execute(TAKE, (site, list(kinds))).fetchone()
    return (row[0], row[1], row[2]) if row is not None else None


def take_saved(connection: Connection, site: int, limit: int) -> list[tuple[Any, ...]]:
    """Notes of saved entries with what the entries are now, gone once the caller commits."""
    return connection.execute(TAKE_SAVED, (site, limit)).fetchall()


def list_live_posts(connection: Connection, site: int, limit: int) -> list[LiveNote]:
    """Notes of posts whose page is at the target, locked until the caller commits."""
    return [LiveNote(*row) for row in connection.execute(LIVE_POSTS, (site, limit))]


def count_posts(connection: Connection, site: int) -> int:
    """Posts that notes tell of."""
    row = connection.execute(COUNT_POSTS, (site,)).fetchone()
    return int(row[0]) if row is not None else 0


def load_last_build(connection: Connection, site: int, build: int) -> tuple[int, bool, dict[str, Any]] | None:
    """The build before this one: its number, whether it never ended, what it came to."""
    row = connection.execute(LAST_BUILD, (site, build)).fetchone()
    return (row[0], row[1], row[2]) if row is not None else None


def load_now(connection: Connection) -> datetime:
    """The database's time."""
    row = connection.execute(NOW).fetchone()
    assert row is not None
    now: datetime = row[0]
    return now
