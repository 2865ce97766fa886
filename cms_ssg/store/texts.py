"""Rows of entries that no file holds: their values in cms.entries and cms.bodies, their Markdown in cms.entry_texts. Nothing here commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Final, LiteralString, NamedTuple

from psycopg import Connection
from psycopg.types.json import Jsonb

from cms_ssg.store.arrays import bytea_array, int_array, text_array
from cms_ssg.store.entries import COPY_BODIES, DELETE_BODIES, NEXT_IDS, DraftRow
from cms_ssg.store.partitions import ensure_post_months, load_month_types
from cms_ssg.types import Json, Problem

LOCK: Final[LiteralString] = "SELECT id FROM cms.entries WHERE site = %s AND id = ANY(%s::bigint[]) ORDER BY id FOR UPDATE"

LOAD: Final[LiteralString] = """
SELECT e.id, e.source, e.source_key, e.collection, e.type, e.locale, e.translation_key, e.status, e.removed_at IS NOT NULL, e.fields,
       coalesce(t.markdown, ''), e.version, e.author, e.changed_at, e.created_at, coalesce(e.external_key, '')
FROM cms.entries e LEFT JOIN cms.entry_texts t ON t.entry = e.id WHERE e.site = %s AND e.id = ANY(%s::bigint[]) ORDER BY e.id"""

BY_EXTERNAL_KEYS: Final[LiteralString] = """
SELECT e.external_key, e.id, e.digest FROM unnest(%s::text[]) k
JOIN cms.entries e ON e.site = %s AND e.source = %s AND e.external_key = k COLLATE "C" """

BY_FILES: Final[LiteralString] = """
SELECT e.source_key, e.id, e.source FROM unnest(%(files)s::text[]) k
JOIN cms.entries e ON e.site = %(site)s AND e.source = 'file' AND e.source_key = k COLLATE "C" AND e.removed_at IS NULL
UNION ALL
SELECT e.source_key, e.id, e.source FROM unnest(%(files)s::text[]) k
JOIN cms.entries e ON e.site = %(site)s AND e.source <> 'file' AND e.source_key = k COLLATE "C" """

COPY_ENTRIES: Final[LiteralString] = """
COPY cms.entries (id, site, source, source_key, collection, type, locale, translation_key, status, publish_at, expire_at,
  created_at, fields, body_key, digest, author, external_key, removed_at) FROM STDIN"""

UPDATE_ENTRIES: Final[LiteralString] = """
UPDATE cms.entries e SET collection = d.collection, type = d.type, locale = d.locale, translation_key = d.translation_key, status = d.status,
  publish_at = d.publish_at, expire_at = d.expire_at, fields = d.fields, body_key = d.body_key, digest = d.digest, author = d.author,
  removed_at = CASE WHEN d.removed THEN coalesce(e.removed_at, clock_timestamp()) END, version = e.version + 1
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::jsonb[], %s::bytea[],
  %s::bytea[], %s::text[], %s::boolean[])
  AS d(id, collection, type, locale, translation_key, status, publish_at, expire_at, fields, body_key, digest, author, removed)
WHERE e.id = d.id RETURNING e.id, e.version"""

UPDATE_READ: Final[LiteralString] = """
UPDATE cms.entries e SET collection = d.collection, publish_at = d.publish_at, expire_at = d.expire_at, fields = d.fields, body_key = d.body_key
FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::jsonb[], %s::bytea[])
  AS d(id, collection, publish_at, expire_at, fields, body_key)
WHERE e.id = d.id"""

CHANGE_TEXTS: Final[LiteralString] = """
UPDATE cms.entry_texts t SET markdown = d.markdown FROM unnest(%s::bigint[], %s::text[]) AS d(entry, markdown)
WHERE t.entry = d.entry AND t.markdown <> d.markdown"""
KEEP_READ: Final[LiteralString] = "UPDATE cms.entry_texts SET read_digest = %s, problems = NULL WHERE entry = ANY(%s::bigint[])"

DELETE_TEXTS: Final[LiteralString] = "DELETE FROM cms.entry_texts WHERE entry = ANY(%s::bigint[])"
COPY_TEXTS: Final[LiteralString] = "COPY cms.entry_texts (entry, site, markdown, read_digest, problems) FROM STDIN"

UNREAD: Final[LiteralString] = """
(SELECT entry FROM cms.entry_texts WHERE site = %(site)s AND read_digest < %(digest)s ORDER BY read_digest, entry LIMIT %(most)s)
UNION ALL
(SELECT entry FROM cms.entry_texts WHERE site = %(site)s AND read_digest > %(digest)s ORDER BY read_digest, entry LIMIT %(most)s)"""

SET_READ: Final[LiteralString] = """
UPDATE cms.entry_texts t SET read_digest = %s, problems = d.problems FROM unnest(%s::bigint[], %s::jsonb[]) AS d(entry, problems)
WHERE t.entry = d.entry"""

DELETE_ENTRIES: Final[LiteralString] = (
    "DELETE FROM cms.entries WHERE site = %s AND source NOT IN ('file', 'shared') AND id = ANY(%s::bigint[])"
)

LIST_BORN: Final[LiteralString] = """
SELECT id FROM cms.entries e WHERE site = %s AND source NOT IN ('file', 'shared') AND id > %s AND NOT (removed_at IS NOT NULL AND EXISTS (
  SELECT FROM cms.entries f WHERE f.site = e.site AND f.source = 'file' AND f.source_key = e.source_key AND f.removed_at IS NULL)) ORDER BY id LIMIT %s"""


class StoredEntry(NamedTuple):
    """An entry as the store has it. file: the one that holds it or would; removed: in the trash, or its file is gone; markdown: '' for a file's."""

    id: int
    source: str
    file: str
    collection: str
    type: str
    locale: str
    translation_key: str
    status: str
    removed: bool
    fields: dict[str, Json]
    markdown: str
    version: int
    author: str
    changed_at: datetime
    created_at: datetime
    external_key: str


class TextRow(NamedTuple):
    """An entry to be written: the draft's values with what only the store knows. id: 0 for a new one; digest: of the imported row, b'' for none."""

    id: int
    draft: DraftRow
    markdown: str
    author: str
    removed: bool = False
    external_key: str | None = None
    digest: bytes = b""


def load_entries(connection: Connection, site: int, ids: Sequence[int], *, lock: bool = False) -> list[StoredEntry]:
    """Entries by number, in its order; those that there are not are left out. lock: nobody else may change them until the transaction ends."""
    if not ids:
        return []
    if lock:
        connection.execute(LOCK, (site, int_array(ids)))
    return [StoredEntry(*row) for row in connection.execute(LOAD, (site, int_array(ids)))]


def find_external(connection: Connection, site: int, source: str, keys: Sequence[str]) -> dict[str, tuple[int, bytes]]:
    """(id, digest) of a source's entries by what it calls them."""
    rows = connection.execute(BY_EXTERNAL_KEYS, (text_array(keys), site, source)) if keys else ()
    return {key: (number, bytes(digest)) for key, number, digest in rows}


def find_by_files(connection: Connection, site: int, files: Sequence[str]) -> list[tuple[str, int, str]]:
    """(file, id, source) of entries that have one of these files, or would."""
    return connection.execute(BY_FILES, {"files": text_array(files), "site": site}).fetchall() if files else []


def add_entries(connection: Connection, site: int, source: str, rows: Sequence[TextRow], read_digest: bytes) -> list[int]:
    """Save new entries. Returns their numbers. Raises UniqueViolation where somebody else has just saved one of them."""
    if not rows:
        return []
    now = datetime.now(UTC).isoformat()
    _ensure_months(connection, [(r.draft, r.draft.date or now) for r in rows])
    ids = [row[0] for row in connection.execute(NEXT_IDS, (len(rows),))]
    with connection.cursor() as cursor, cursor.copy(COPY_ENTRIES) as copy:
        for number, r in zip(ids, rows, strict=True):
            d = r.draft
            copy.write_row((
                number, site, source, d.file, d.collection, d.type, d.locale, d.translation_key, d.status, d.publish_at, d.expire_at,
                d.date or now, d.fields.decode(), d.body.key, r.digest, r.author, r.external_key, now if r.removed else None,
            ))  # fmt: skip
    _copy_texts(connection, site, list(zip(ids, rows, strict=True)), read_digest)
    return ids


def change_entries(connection: Connection, rows: Sequence[TextRow], read_digest: bytes) -> dict[int, int]:
    """Save entries that differ. Returns their new versions by number."""
    if not rows:
        return {}
    _ensure_months(connection, [(r.draft, r.draft.date) for r in rows])
    ids = [r.id for r in rows]
    drafts = [r.draft for r in rows]
    versions = connection.execute(UPDATE_ENTRIES, (
        ids, [d.collection for d in drafts], [d.type for d in drafts], [d.locale for d in drafts], [d.translation_key for d in drafts],
        [d.status for d in drafts], [d.publish_at for d in drafts], [d.expire_at for d in drafts], [d.fields.decode() for d in drafts],
        bytea_array(d.body.key for d in drafts), bytea_array(r.digest for r in rows), [r.author for r in rows], [r.removed for r in rows],
    )).fetchall()  # fmt: skip
    connection.execute(DELETE_BODIES, (list(ids),))
    _copy_bodies(connection, [(r.id, r.draft) for r in rows])
    connection.execute(CHANGE_TEXTS, (int_array(ids), text_array(r.markdown for r in rows)))  # a trigger takes it for unread
    connection.execute(KEEP_READ, (read_digest, int_array(ids)))
    return dict(versions)


def save_readings(
    connection: Connection, rows: Sequence[tuple[int, DraftRow]], problems: Sequence[tuple[int, Sequence[Problem]]], read_digest: bytes
) -> None:
    """Save what entries come to under other rules. problems: of every entry that was read; one that has no row keeps its last values."""
    if rows:
        ids, drafts = [number for number, _ in rows], [d for _, d in rows]
        connection.execute(UPDATE_READ, (
            ids, [d.collection for d in drafts], [d.publish_at for d in drafts], [d.expire_at for d in drafts],
            [d.fields.decode() for d in drafts], bytea_array(d.body.key for d in drafts),
        ))  # fmt: skip
        connection.execute(DELETE_BODIES, (ids,))
        _copy_bodies(connection, rows)
    if problems:
        texts = [encode_problems(found) for _, found in problems]
        connection.execute(SET_READ, (read_digest, [number for number, _ in problems], texts))


def encode_problems(problems: Sequence[Problem]) -> Jsonb | None:
    """Problems as they are stored, None for none."""
    return Jsonb([[p.code, p.place, p.line, p.message, p.hint, p.severity] for p in problems]) if problems else None


def list_unread(connection: Connection, site: int, read_digest: bytes, most: int) -> list[int]:
    """Entries whose Markdown was last read under other rules, or never."""
    values: dict[str, Any] = {"site": site, "digest": read_digest, "most": most}
    return [row[0] for row in connection.execute(UNREAD, values)][:most]


def delete_entries(connection: Connection, site: int, ids: Sequence[int]) -> int:
    """Delete entries that no file holds. Returns how many."""
    if not ids:
        return 0
    _delete_texts(connection, ids)
    return connection.execute(DELETE_ENTRIES, (site, int_array(ids))).rowcount


def list_born(connection: Connection, site: int, after: int, most: int) -> list[int]:
    """Numbers of entries that no file holds, those above `after`: without those that were handed over to a file of their name."""
    return [row[0] for row in connection.execute(LIST_BORN, (site, after, most))]


def _delete_texts(connection: Connection, ids: Sequence[int]) -> None:
    connection.execute(DELETE_BODIES, (list(ids),))
    connection.execute(DELETE_TEXTS, (int_array(ids),))


def _copy_texts(connection: Connection, site: int, rows: Sequence[tuple[int, TextRow]], read_digest: bytes) -> None:
    _copy_bodies(connection, [(number, r.draft) for number, r in rows])
    with connection.cursor() as cursor, cursor.copy(COPY_TEXTS) as copy:
        for number, r in rows:
            copy.write_row((number, site, r.markdown, read_digest, None))


def _copy_bodies(connection: Connection, rows: Sequence[tuple[int, DraftRow]]) -> None:
    with connection.cursor() as cursor, cursor.copy(COPY_BODIES) as copy:
        for number, d in rows:
            body = d.body
            copy.write_row((number, body.key, body.html, body.toc.decode(), body.words, body.links.decode(), body.excerpt))


def _ensure_months(connection: Connection, rows: Sequence[tuple[DraftRow, str | None]]) -> None:
    by_month = load_month_types(connection)
    days: set[date] = {datetime.fromisoformat(at).date() for d, at in rows if d.type in by_month and at is not None}
    if days:
        ensure_post_months(connection, days)
