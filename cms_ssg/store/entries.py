"""Save drafts as entries, and files as they are. Triggers make the changes; nothing here commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, LiteralString, NamedTuple

from psycopg import Connection
from psycopg.types.json import Jsonb

from cms_ssg.types import Draft

EXISTING: Final[LiteralString] = """
SELECT e.id, e.source_key, e.digest, e.removed_at IS NOT NULL, e.created_at, e.type FROM unnest(%s::text[]) k
JOIN cms.entries e ON e.site = %s AND e.source = 'file' AND e.source_key = k COLLATE "C" """

NEXT_IDS: Final[LiteralString] = "SELECT nextval(pg_get_serial_sequence('cms.entries', 'id')) FROM generate_series(1, %s)"

COPY_ENTRIES: Final[LiteralString] = """
COPY cms.entries (id, site, source, source_key, collection, type, locale, translation_key, status, publish_at, expire_at,
  created_at, fields, body_key, digest) FROM STDIN"""

UPDATE_ENTRY: Final[LiteralString] = """
UPDATE cms.entries SET source_key = %s, collection = %s, type = %s, locale = %s, translation_key = %s, status = %s, publish_at = %s,
  expire_at = %s, fields = %s, body_key = %s, digest = %s, removed_at = NULL WHERE id = %s"""

DELETE_BODIES: Final[LiteralString] = "DELETE FROM cms.bodies WHERE entry = ANY(%s)"
COPY_BODIES: Final[LiteralString] = "COPY cms.bodies (entry, key, html, toc, words, links, excerpt) FROM STDIN"

REMOVE: Final[LiteralString] = """
UPDATE cms.entries e SET removed_at = %s FROM unnest(%s::text[]) k
WHERE e.site = %s AND e.source = 'file' AND e.source_key = k COLLATE "C" AND e.removed_at IS NULL"""

FILE_ROWS: Final[LiteralString] = 'SELECT path, bundle, digest FROM cms.files WHERE site = %s AND path = ANY(%s::text[] COLLATE "C")'
ADD_FILES: Final[LiteralString] = """
INSERT INTO cms.files (site, path, bundle, digest, size_bytes) SELECT %s, * FROM unnest(%s::text[], %s::text[], %s::bytea[], %s::bigint[])
ON CONFLICT (site, path) DO UPDATE SET bundle = excluded.bundle, digest = excluded.digest, size_bytes = excluded.size_bytes"""
DELETE_FILES: Final[LiteralString] = 'DELETE FROM cms.files WHERE site = %s AND path = ANY(%s::text[] COLLATE "C")'
FILES_BELOW: Final[LiteralString] = """
SELECT f.path, f.bundle FROM unnest(%s::text[]) d
JOIN cms.files f ON f.site = %s AND f.path >= d || '/' COLLATE "C" AND f.path < d || '0' COLLATE "C" """
SET_BUNDLES: Final[LiteralString] = """
UPDATE cms.files f SET bundle = d.bundle FROM unnest(%s::text[], %s::text[]) AS d(path, bundle)
WHERE f.site = %s AND f.path = d.path COLLATE "C" AND f.bundle <> d.bundle"""
BUNDLES: Final[LiteralString] = """
SELECT e.source_key FROM unnest(%s::text[]) k
JOIN cms.entries e ON e.site = %s AND e.source = 'file' AND e.source_key = k COLLATE "C" AND e.removed_at IS NULL"""


class FileRow(NamedTuple):
    """A file that is copied as it is. bundle: source key of the entry it lies beside, '' for none."""

    path: str
    bundle: str
    digest: bytes
    size_bytes: int


def effective_publish_at(draft: Draft, dated: bool) -> datetime | None:
    """When an entry becomes visible: its publish_at, else the date of a type that is about a moment."""
    if draft.publish_at is not None or not dated:
        return draft.publish_at
    date = draft.fields.get("date")
    return datetime.fromisoformat(date) if isinstance(date, str) else None


def save_drafts(
    connection: Connection, site: int, drafts: Sequence[Draft], dated_types: frozenset[str], moved: Mapping[bytes, str]
) -> tuple[int, int]:
    """Save drafts that differ from what is stored.

    dated_types: whose entries are published at their date; moved: digest -> source key of files that
    went away in the same sync: a draft with that digest takes over the row. Returns (added, changed).
    """
    old = {row[1]: row for row in connection.execute(EXISTING, ([d.file for d in drafts], site))}
    gone_keys = {d.file: moved[d.digest] for d in drafts if d.file not in old and d.digest in moved}
    gone = {row[1]: row for row in connection.execute(EXISTING, (list(gone_keys.values()), site))} if gone_keys else {}
    added: list[Draft] = []
    changed: list[tuple[int, Draft]] = []
    for draft in drafts:
        row = old.get(draft.file) or gone.pop(gone_keys.get(draft.file, ""), None)
        if row is None:
            added.append(draft)
        elif row[2] != draft.digest or row[3] or row[1] != draft.file:
            changed.append((row[0], draft))
    ids = [row[0] for row in connection.execute(NEXT_IDS, (len(added),))] if added else []
    now = datetime.now(UTC)
    with connection.cursor() as cursor:
        if added:
            with cursor.copy(COPY_ENTRIES) as copy:
                for number, d in zip(ids, added, strict=True):
                    date = d.fields.get("date")
                    created = datetime.fromisoformat(date) if isinstance(date, str) else now
                    copy.write_row((
                        number, site, "file", d.file, d.collection, d.type, d.locale, d.translation_key, d.status,
                        effective_publish_at(d, d.type in dated_types), d.expire_at, created, Jsonb(d.fields), d.body.key, d.digest,
                    ))  # fmt: skip
        if changed:
            cursor.executemany(UPDATE_ENTRY, [(
                d.file, d.collection, d.type, d.locale, d.translation_key, d.status, effective_publish_at(d, d.type in dated_types),
                d.expire_at, Jsonb(d.fields), d.body.key, d.digest, number,
            ) for number, d in changed])  # fmt: skip
            cursor.execute(DELETE_BODIES, ([number for number, _ in changed],))
        _copy_bodies(connection, [*zip(ids, added, strict=True), *changed])
    return len(added), len(changed)


def _copy_bodies(connection: Connection, rows: Sequence[tuple[int, Draft]]) -> None:
    if not rows:
        return
    with connection.cursor() as cursor, cursor.copy(COPY_BODIES) as copy:
        for number, d in rows:
            body = d.body
            toc = [[h.level, h.text, h.anchor] for h in body.toc]
            links = [[link.kind, link.target, link.line, link.values] for link in body.links]
            copy.write_row((number, body.key, body.html, Jsonb(toc), body.words, Jsonb(links), body.excerpt))


def remove_entries(connection: Connection, site: int, files: Sequence[str]) -> int:
    """Take entries whose files are gone out of sight. They come back with their file. Returns how many."""
    return connection.execute(REMOVE, (datetime.now(UTC), list(files), site)).rowcount if files else 0


def save_files(connection: Connection, site: int, rows: Sequence[FileRow]) -> int:
    """Save files that differ from what is stored. Returns how many did."""
    if not rows:
        return 0
    old = {row[0]: (row[1], bytes(row[2])) for row in connection.execute(FILE_ROWS, (site, [r.path for r in rows]))}
    new = [r for r in rows if old.get(r.path) != (r.bundle, r.digest)]
    if new:
        columns: tuple[list[Any], ...] = (
            [r.path for r in new],
            [r.bundle for r in new],
            [r.digest for r in new],
            [r.size_bytes for r in new],
        )
        connection.execute(ADD_FILES, (site, *columns))
    return len(new)


def delete_files(connection: Connection, site: int, paths: Sequence[str]) -> int:
    """Forget files that are gone. Returns how many were known."""
    return connection.execute(DELETE_FILES, (site, list(paths))).rowcount if paths else 0


def list_bundles(connection: Connection, site: int, candidates: Sequence[str]) -> set[str]:
    """Which of these index files are entries now."""
    return {row[0] for row in connection.execute(BUNDLES, (list(candidates), site))} if candidates else set()


def list_files_below(connection: Connection, site: int, folders: Sequence[str]) -> list[str]:
    """Files anywhere below these folders."""
    return [row[0] for row in connection.execute(FILES_BELOW, (list(folders), site))] if folders else []


def set_bundles(connection: Connection, site: int, bundles: Mapping[str, str]) -> None:
    """Say anew which entry each of these files lies beside."""
    if bundles:
        connection.execute(SET_BUNDLES, (list(bundles), list(bundles.values()), site))
