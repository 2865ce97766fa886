"""Save drafts as entries, and files as they are. Triggers make the changes; nothing here commits."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final, LiteralString, NamedTuple

import msgspec
from psycopg import Connection

from cms_ssg.store.partitions import ensure_post_months, load_month_types
from cms_ssg.types import Draft

FILE: Final = "file"
"""The source of entries of the site's own files."""
SHARED: Final = "shared"
"""The source of entries of files in a folder that several sites share."""
OF_FILES: Final = (FILE, SHARED)

HAND_OVER: Final[LiteralString] = """
UPDATE cms.entries s SET removed_at = clock_timestamp() FROM unnest(%s::text[]) k JOIN cms.entries f ON f.site = %s AND f.source = 'file'
  AND f.source_key = k COLLATE "C" AND f.removed_at IS NULL
WHERE s.site = f.site AND s.source <> 'file' AND s.source <> 'shared' AND s.source_key = f.source_key AND s.removed_at IS NULL
  AND (s.status, s.type, s.locale, s.fields) = (f.status, f.type, f.locale, f.fields)
  AND (SELECT html FROM cms.bodies WHERE entry = s.id) = (SELECT html FROM cms.bodies WHERE entry = f.id)"""

SHARED_ROWS: Final[LiteralString] = (
    "SELECT source_key, digest, removed_at IS NOT NULL FROM cms.entries WHERE site = %s AND source = 'shared'"
)

EXISTING: Final[LiteralString] = """
SELECT e.id, e.source_key, e.digest, e.removed_at IS NOT NULL, e.created_at, e.type FROM unnest(%s::text[]) k
JOIN cms.entries e ON e.site = %s AND e.source = %s AND e.source_key = k COLLATE "C" """

NEXT_IDS: Final[LiteralString] = "SELECT nextval(pg_get_serial_sequence('cms.entries', 'id')) FROM generate_series(1, %s)"

COPY_ENTRIES: Final[LiteralString] = """
COPY cms.entries (id, site, source, source_key, collection, type, locale, translation_key, status, publish_at, expire_at,
  created_at, fields, body_key, digest) FROM STDIN"""

UPDATE_ENTRY: Final[LiteralString] = """
UPDATE cms.entries SET source_key = %s, collection = %s, type = %s, locale = %s, translation_key = %s, status = %s, publish_at = %s,
  expire_at = %s, fields = %s, body_key = %s, digest = %s, removed_at = NULL, version = version + 1 WHERE id = %s"""

DELETE_BODIES: Final[LiteralString] = "DELETE FROM cms.bodies WHERE entry = ANY(%s)"
COPY_BODIES: Final[LiteralString] = "COPY cms.bodies (entry, key, html, toc, words, links, excerpt) FROM STDIN"

REMOVE: Final[LiteralString] = """
UPDATE cms.entries e SET removed_at = %s FROM unnest(%s::text[]) k
WHERE e.site = %s AND e.source = %s AND e.source_key = k COLLATE "C" AND e.removed_at IS NULL"""

REREADING: Final[LiteralString] = "SELECT set_config('cms.rereading', %s, true)"
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

encode_json = msgspec.json.Encoder().encode


class FileRow(NamedTuple):
    """A file that is copied as it is. bundle: the folder with an index file that it belongs to, '' for none."""

    path: str
    bundle: str
    digest: bytes
    size_bytes: int


class BodyRow(NamedTuple):
    """A body as it is stored; toc and links are JSON."""

    key: bytes
    html: str
    toc: bytes
    words: int
    links: bytes
    excerpt: str


class DraftRow(NamedTuple):
    """A draft as it is stored: made where the file was read, so that little passes between processes. fields is JSON, times are ISO texts.

    date: the field of that name.
    """

    file: str
    collection: str
    type: str
    locale: str
    translation_key: str
    status: str
    publish_at: str | None
    expire_at: str | None
    fields: bytes
    digest: bytes
    body: BodyRow
    date: str | None


def make_row(draft: Draft, dated: bool) -> DraftRow:
    """A draft as it is stored. dated: its type is about a moment, so that without publish_at it is published at its date."""
    date = draft.fields.get("date")
    date = date if isinstance(date, str) else None
    publish_at = draft.publish_at.isoformat() if draft.publish_at is not None else date if dated else None
    body = draft.body
    return DraftRow(
        draft.file, draft.collection, draft.type, draft.locale, draft.translation_key, draft.status, publish_at,
        draft.expire_at.isoformat() if draft.expire_at is not None else None, encode_json(draft.fields), draft.digest,
        BodyRow(
            body.key, body.html, encode_json([[h.level, h.text, h.anchor] for h in body.toc]), body.words,
            encode_json([[link.kind, link.target, link.line, link.values] for link in body.links]), body.excerpt,
        ), date,
    )  # fmt: skip


def save_drafts(
    connection: Connection,
    site: int,
    rows: Sequence[DraftRow],
    moved: Mapping[bytes, str],
    source: str = FILE,
    reread: Collection[str] = (),
) -> tuple[int, int]:
    """Save drafts that differ from what is stored.

    source: FILE, or SHARED; moved: digest -> source key of files that went away in the same sync: a draft with that digest
    takes over the row. reread: files whose text is what it was, so that no revision says that their bodies changed. Returns (added, changed).
    """
    old = {row[1]: row for row in connection.execute(EXISTING, ([d.file for d in rows], site, source))}
    gone_keys = {d.file: moved[d.digest] for d in rows if d.file not in old and d.digest in moved}
    gone = {row[1]: row for row in connection.execute(EXISTING, (list(gone_keys.values()), site, source))} if gone_keys else {}
    added: list[DraftRow] = []
    changed: list[tuple[int, DraftRow]] = []
    days: set[date] = set()
    by_month = load_month_types(connection)
    for draft in rows:
        row = old.get(draft.file) or gone.pop(gone_keys.get(draft.file, ""), None)
        if row is None:
            added.append(draft)
            if draft.type in by_month:
                days.add(datetime.fromisoformat(draft.date).date() if draft.date is not None else datetime.now(UTC).date())
        elif row[2] != draft.digest or row[3] or row[1] != draft.file:
            changed.append((row[0], draft))
            if draft.type in by_month:  # it may have been a page before
                days.add(row[4].date())
    ensure_post_months(connection, days)
    ids = [row[0] for row in connection.execute(NEXT_IDS, (len(added),))] if added else []
    now = datetime.now(UTC).isoformat()
    with connection.cursor() as cursor:
        if added:
            with cursor.copy(COPY_ENTRIES) as copy:
                for number, d in zip(ids, added, strict=True):
                    copy.write_row((
                        number, site, source, d.file, d.collection, d.type, d.locale, d.translation_key, d.status, d.publish_at,
                        d.expire_at, d.date or now, d.fields.decode(), d.body.key, d.digest,
                    ))  # fmt: skip
        if changed:
            for setting, group in (
                ("on", [one for one in changed if one[1].file in reread]),
                ("", [one for one in changed if one[1].file not in reread]),
            ):
                if group:
                    cursor.execute(REREADING, (setting,))
                    cursor.executemany(UPDATE_ENTRY, [(
                        d.file, d.collection, d.type, d.locale, d.translation_key, d.status, d.publish_at, d.expire_at, d.fields.decode(),
                        d.body.key, d.digest, number,
                    ) for number, d in group])  # fmt: skip
            cursor.execute(REREADING, ("",))
            cursor.execute(DELETE_BODIES, ([number for number, _ in changed],))
        if ids or changed:
            with cursor.copy(COPY_BODIES) as copy:
                for number, d in (*zip(ids, added, strict=True), *changed):
                    body = d.body
                    copy.write_row((number, body.key, body.html, body.toc.decode(), body.words, body.links.decode(), body.excerpt))
    return len(added), len(changed)


def remove_entries(connection: Connection, site: int, files: Sequence[str], source: str = FILE) -> int:
    """Take entries whose files are gone out of sight. They come back with their file. Returns how many."""
    return connection.execute(REMOVE, (datetime.now(UTC), list(files), site, source)).rowcount if files else 0


def hand_over(connection: Connection, site: int, files: Sequence[str]) -> int:
    """Entries of the store whose files came, with the same in them, belong to these from now on. Returns how many."""
    return connection.execute(HAND_OVER, (list(files), site)).rowcount if files else 0


def list_shared(connection: Connection, site: int) -> dict[str, tuple[bytes, bool]]:
    """(digest, whether it is gone) of a site's entries of shared files, by file."""
    return {file: (bytes(digest), gone) for file, digest, gone in connection.execute(SHARED_ROWS, (site,))}


def save_files(connection: Connection, site: int, rows: Sequence[FileRow], absent: Collection[str] = ()) -> int:
    """Save files that differ from what is stored. absent: of these the stored bytes count, if there are any. Returns how many did."""
    if not rows:
        return 0
    old = {row[0]: (row[1], bytes(row[2])) for row in connection.execute(FILE_ROWS, (site, [r.path for r in rows]))}
    new = [r for r in rows if old.get(r.path) != (r.bundle, r.digest) and not (r.path in absent and r.path in old)]
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


def list_files_below(connection: Connection, site: int, folders: Sequence[str]) -> list[str]:
    """Files anywhere below these folders."""
    return [row[0] for row in connection.execute(FILES_BELOW, (list(folders), site))] if folders else []


def set_bundles(connection: Connection, site: int, bundles: Mapping[str, str]) -> None:
    """Say anew which bundle each of these files belongs to."""
    if bundles:
        connection.execute(SET_BUNDLES, (list(bundles), list(bundles.values()), site))
