"""What imports did: a row for each, and one for each entry that it added or changed. Nothing here commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, LiteralString, NamedTuple

from psycopg import Connection
from psycopg.types.json import Jsonb

from cms_ssg.types import Json

LOCK: Final[LiteralString] = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
UNLOCK: Final[LiteralString] = "SELECT pg_advisory_unlock(hashtextextended(%s, 0))"

UNFINISHED: Final[LiteralString] = """
SELECT id, source, type, file, errors_file, errors_bytes, author, started_at, finished_at, undone_at, position, added, changed, unchanged, failed
FROM cms.imports WHERE site = %s AND source = %s AND id = (SELECT max(id) FROM cms.imports WHERE site = %s AND source = %s)
  AND file_digest = %s AND finished_at IS NULL AND undone_at IS NULL"""

START: Final[LiteralString] = """
INSERT INTO cms.imports (site, source, type, file, file_digest, errors_file, author) VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id"""

NOTE: Final[LiteralString] = """
UPDATE cms.imports SET position = %s, added = %s, changed = %s, unchanged = %s, failed = %s, errors_bytes = %s WHERE id = %s"""
FINISH: Final[LiteralString] = "UPDATE cms.imports SET finished_at = clock_timestamp() WHERE id = %s"

DROP_ROWS: Final[LiteralString] = "DELETE FROM cms.import_rows WHERE import = %s AND entry = ANY(%s::bigint[])"
COPY_ROWS: Final[LiteralString] = "COPY cms.import_rows (import, entry, version, changes) FROM STDIN"

LIST: Final[LiteralString] = """
SELECT id, source, type, file, errors_file, errors_bytes, author, started_at, finished_at, undone_at, position, added, changed, unchanged, failed
FROM cms.imports WHERE site = %s AND (%s = 0 OR id = %s) ORDER BY id DESC LIMIT %s"""

ROWS: Final[LiteralString] = "SELECT entry, version, changes FROM cms.import_rows WHERE import = %s AND entry > %s ORDER BY entry LIMIT %s"
RENUMBER: Final[LiteralString] = """
UPDATE cms.import_rows r SET version = d.after FROM unnest(%s::bigint[], %s::int[], %s::int[]) AS d(entry, before, after)
WHERE r.entry = d.entry AND r.version = d.before AND r.import < %s"""
UNDONE: Final[LiteralString] = "UPDATE cms.imports SET undone_at = clock_timestamp() WHERE id = %s"


class ImportRow(NamedTuple):
    """An import as it is recorded. position: rows of the file that are done."""

    number: int
    source: str
    type: str
    file: str
    errors_file: str
    errors_bytes: int
    author: str
    started_at: datetime
    finished_at: datetime | None
    undone_at: datetime | None
    position: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    failed: int = 0


class ChangedRow(NamedTuple):
    """What an import did to an entry. changes: None where it was added; version: that it left."""

    entry: int
    version: int
    changes: dict[str, list[Json]] | None


def try_lock(connection: Connection, site: int, source: str) -> bool:
    """Be the only one that imports from a source, until unlock or the end of the connection."""
    return bool(connection.execute(LOCK, (f"cms import {site} {source}",)).fetchone()[0])  # type: ignore[index]


def unlock(connection: Connection, site: int, source: str) -> None:
    """Let others import from the source."""
    connection.execute(UNLOCK, (f"cms import {site} {source}",))


def find_unfinished(connection: Connection, site: int, source: str, file_digest: bytes) -> ImportRow | None:
    """The source's last import, if it was of this file in this way and did not come to its end."""
    row = connection.execute(UNFINISHED, (site, source, site, source, file_digest)).fetchone()
    return ImportRow(*row) if row is not None else None


def start_import(connection: Connection, site: int, row: ImportRow, file_digest: bytes) -> int:
    """Note that an import begins; its number."""
    values = (site, row.source, row.type, row.file, file_digest, row.errors_file, row.author)
    return int(connection.execute(START, values).fetchone()[0])  # type: ignore[index]


def note_rows(connection: Connection, number: int, rows: Sequence[ChangedRow]) -> None:
    """Record what was done to entries."""
    if not rows:
        return
    connection.execute(DROP_ROWS, (number, [row.entry for row in rows]))
    with connection.cursor() as cursor, cursor.copy(COPY_ROWS) as copy:
        for row in rows:
            copy.write_row((number, row.entry, row.version, Jsonb(row.changes) if row.changes is not None else None))


def list_imports(connection: Connection, site: int, number: int = 0, most: int = 50) -> list[ImportRow]:
    """Imports, the newest first. number: only this one."""
    return [ImportRow(*row) for row in connection.execute(LIST, (site, number, number, most))]


def list_rows(connection: Connection, number: int, after: int, most: int) -> list[ChangedRow]:
    """What an import did to entries whose numbers are above `after`."""
    return [ChangedRow(*row) for row in connection.execute(ROWS, (number, after, most))]


def drop_rows(connection: Connection, number: int, entries: Sequence[Any]) -> None:
    """Forget what an import did to these entries."""
    connection.execute(DROP_ROWS, (number, list(entries)))


def renumber_rows(connection: Connection, number: int, versions: Sequence[tuple[int, int, int]]) -> None:
    """Entries are again as earlier imports left them. versions: (entry, the version that such an import left, the version that the entry has now)."""
    if versions:
        entries, before, after = zip(*versions, strict=True)
        connection.execute(RENUMBER, (list(entries), list(before), list(after), number))
