"""Sync's records: what each file looked like when it was read, which folders and commit were seen, what was wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, LiteralString

from psycopg import Connection
from psycopg.types.json import Jsonb

from cms_ssg.content.scan.changed_files import FileState, GitState, Scan, folder_of
from cms_ssg.types import Problem

FOLDERS: Final[LiteralString] = "SELECT path, digest FROM cms.folders WHERE site = %s"
FILES_IN: Final[LiteralString] = (
    "SELECT path, size_bytes, mtime_ns, ctime_ns, inode, blob FROM cms.sources WHERE site = %s AND folder = ANY(%s)"
)
FILES: Final[LiteralString] = "SELECT path, size_bytes, mtime_ns, ctime_ns, inode, blob FROM cms.sources WHERE site = %s AND path = ANY(%s)"
ALL_FILES: Final[LiteralString] = "SELECT path, size_bytes, mtime_ns, ctime_ns, inode, blob FROM cms.sources WHERE site = %s"
OLD_READINGS: Final[LiteralString] = "SELECT path FROM cms.sources WHERE site = %s AND read_digest <> %s ORDER BY path"

INDEX_FILES: Final[LiteralString] = """
SELECT s.path FROM unnest(%s::text[]) d
JOIN cms.sources s ON s.site = %s AND s.path >= d || '/index.' COLLATE "C" AND s.path < d || '/index/' COLLATE "C" """

DELETE_SOURCES: Final[LiteralString] = "DELETE FROM cms.sources WHERE site = %s AND path = ANY(%s)"
COPY_SOURCES: Final[LiteralString] = """
COPY cms.sources (site, path, folder, size_bytes, mtime_ns, ctime_ns, inode, blob, read_digest, problems) FROM STDIN"""
TOUCH_SOURCES: Final[LiteralString] = """
UPDATE cms.sources s SET size_bytes = d.size, mtime_ns = d.mtime, ctime_ns = d.ctime, inode = d.inode
FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]) AS d(path, size, mtime, ctime, inode)
WHERE s.site = %s AND s.path = d.path COLLATE "C" """
SAVE_FOLDERS: Final[LiteralString] = """
INSERT INTO cms.folders (site, path, digest) SELECT %s, * FROM unnest(%s::text[], %s::bytea[])
ON CONFLICT (site, path) DO UPDATE SET digest = excluded.digest"""
DELETE_FOLDERS: Final[LiteralString] = "DELETE FROM cms.folders WHERE site = %s AND path = ANY(%s)"
SAVE_STATE: Final[LiteralString] = "UPDATE cms.sites SET sync_state = %s WHERE id = %s"
LOAD_STATE: Final[LiteralString] = "SELECT sync_state FROM cms.sites WHERE id = %s"
PROBLEMS: Final[LiteralString] = """
SELECT path, problems FROM cms.sources WHERE site = %(site)s AND problems IS NOT NULL
UNION ALL
SELECT e.source_key, t.problems FROM cms.entry_texts t JOIN cms.entries e ON e.id = t.entry
WHERE t.site = %(site)s AND t.problems IS NOT NULL AND e.removed_at IS NULL ORDER BY path"""
UNPLACED: Final[LiteralString] = """
SELECT e.source_key, c.problem FROM cms.cards c JOIN cms.entries e ON e.id = c.entry
WHERE c.site = %s AND c.problem <> '' ORDER BY e.source_key, e.source"""


class SourceRecords:
    """What the last scans recorded of one site, as the scanner asks for it."""

    def __init__(self, connection: Connection, site: int) -> None:
        self.connection, self.site = connection, site

    def load_folders(self) -> Mapping[str, bytes]:
        return dict(self.connection.execute(FOLDERS, (self.site,)).fetchall())

    def load_files_in(self, folders: Sequence[str]) -> Mapping[str, FileState]:
        return self._states(FILES_IN, self.site, list(folders))

    def load_files(self, paths: Sequence[str]) -> Mapping[str, FileState]:
        return self._states(FILES, self.site, list(paths))

    def load_all_files(self) -> Mapping[str, FileState]:
        return self._states(ALL_FILES, self.site)

    def list_old_readings(self, read_digest: bytes) -> list[str]:
        """Files that were read under other rules."""
        return [row[0] for row in self.connection.execute(OLD_READINGS, (self.site, read_digest))]

    def _states(self, query: LiteralString, *parameters: object) -> dict[str, FileState]:
        return {row[0]: FileState(*row) for row in self.connection.execute(query, parameters)}


def load_sync_state(connection: Connection, site: int) -> dict[str, Any]:
    """What the last sync left: read_digest (hex), git."""
    row = connection.execute(LOAD_STATE, (site,)).fetchone()
    return dict(row[0]) if row is not None else {}


def parse_git_state(state: Mapping[str, Any]) -> GitState | None:
    """The checkout the last sync saw."""
    git = state.get("git")
    return GitState(git["commit"], git["trees"], tuple(git["dirty"])) if git else None


def save_sync_state(connection: Connection, site: int, scan: Scan, read_digest: bytes) -> None:
    """Record that everything the scan saw was read and saved."""
    git = {"commit": scan.git.commit, "trees": dict(scan.git.trees), "dirty": list(scan.git.dirty)} if scan.git is not None else None
    connection.execute(SAVE_STATE, (Jsonb({"read_digest": read_digest.hex(), "git": git}), site))
    if scan.folders:
        connection.execute(SAVE_FOLDERS, (site, list(scan.folders), list(scan.folders.values())))
    if scan.gone_folders:
        connection.execute(DELETE_FOLDERS, (site, scan.gone_folders))


def save_sources(
    connection: Connection, site: int, states: Sequence[FileState], read_digest: bytes, problems: Mapping[str, Sequence[Problem]]
) -> None:
    """Record files that were read, with what was wrong in each."""
    if not states:
        return
    connection.execute(DELETE_SOURCES, (site, [s.path for s in states]))
    with connection.cursor() as cursor, cursor.copy(COPY_SOURCES) as copy:
        for s in states:
            wrong = [[p.code, p.place, p.line, p.message, p.hint, p.severity] for p in problems.get(s.path, ())]
            copy.write_row((
                site, s.path, folder_of(s.path), s.size, s.mtime_ns, s.ctime_ns, s.inode, s.blob, read_digest, Jsonb(wrong) if wrong else None,
            ))  # fmt: skip


def touch_sources(connection: Connection, site: int, states: Sequence[FileState]) -> None:
    """Record files whose times moved while their bytes did not."""
    if states:
        columns = (
            [s.path for s in states],
            [s.size for s in states],
            [s.mtime_ns for s in states],
            [s.ctime_ns for s in states],
            [s.inode for s in states],
        )
        connection.execute(TOUCH_SOURCES, (*columns, site))


def delete_sources(connection: Connection, site: int, paths: Sequence[str]) -> None:
    """Forget files that are gone."""
    if paths:
        connection.execute(DELETE_SOURCES, (site, list(paths)))


def list_index_files(connection: Connection, site: int, folders: Sequence[str]) -> list[str]:
    """Files directly in these folders whose name begins with ``index.``."""
    return [row[0] for row in connection.execute(INDEX_FILES, (list(folders), site))] if folders else []


def list_problems(connection: Connection, site: int) -> list[Problem]:
    """What is wrong in content: in files and Markdown as they were last read, and entries, such as SQL writes them, that can have no page."""
    found = [Problem(*problem) for _, problems in connection.execute(PROBLEMS, {"site": site}) for problem in problems]
    known = {problem.place for problem in found if problem.severity == "error"}
    hint = "Give another slug or path, or another type."
    found += [Problem("content.path", file, 0, said, hint) for file, said in connection.execute(UNPLACED, (site,)) if file not in known]
    return found
