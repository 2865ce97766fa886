"""Say why an output was made: which change reached it, by which read, and what else it reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, LiteralString

from psycopg import Connection

from cms_ssg.reads import HIGH, LOW, is_name_key, parse_key

OUTPUTS: Final[LiteralString] = """
SELECT o.id, o.path, o.kind, o.reason, o.build, b.started_at, o.reads, o.error, d.reason
FROM cms.outputs o LEFT JOIN cms.builds b ON b.id = o.build LEFT JOIN cms.dirty d ON d.site = o.site AND d.path = o.path
WHERE o.site = %s AND o.path = ANY(%s::text[] COLLATE "C") ORDER BY o.path"""

PATHS_OF_FILE: Final[LiteralString] = """
SELECT DISTINCT c.name FROM cms.entries e JOIN cms.claims c ON c.owner = e.id AND c.owner_kind = 'e' AND c.site = e.site AND c.name LIKE '/%%'
WHERE e.site = %(site)s AND e.source_key = %(file)s
UNION SELECT c.name FROM cms.files f JOIN cms.claims c ON c.owner = f.id AND c.owner_kind = 'f' AND c.site = f.site AND c.name LIKE '/%%'
WHERE f.site = %(site)s AND f.path = %(file)s"""

NAMES: Final[LiteralString] = "SELECT key, name FROM cms.read_names WHERE key = ANY(%s)"
FILES: Final[LiteralString] = "SELECT id, source_key FROM cms.entries WHERE id = ANY(%s)"
LISTS: Final[LiteralString] = "SELECT id, locale, name FROM cms.lists WHERE id = ANY(%s)"
WINDOWS: Final[LiteralString] = "SELECT list, low, high FROM cms.windows WHERE output = %s ORDER BY list"
CLAIMS: Final[LiteralString] = (
    "SELECT name, kind, locale, key, wins FROM cms.claims WHERE site = %s AND name = ANY(%s) ORDER BY name, kind, locale, key"
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one output is as it is. waiting: why it will be made again, '' when it is up to date."""

    path: str
    kind: str
    reason: str
    build: int
    built_at: str
    waiting: str
    reads: list[str]
    error: dict[str, Any] | None


def explain_paths(connection: Connection, site: int, paths: list[str]) -> list[Explanation]:
    """Explain these outputs, as far as they exist."""
    found = []
    for number, path, kind, reason, build, started_at, reads, error, waiting in connection.execute(OUTPUTS, (site, paths)).fetchall():
        built_at = started_at.isoformat(timespec="seconds") if started_at is not None else ""
        named = name_reads(connection, reads) + name_windows(connection, number)
        found.append(Explanation(path, kind, reason, build, built_at, waiting or "", named, error))
    return found


def list_paths_of_file(connection: Connection, site: int, file: str) -> list[str]:
    """The paths that a content file or a copied file claims."""
    return [row[0] for row in connection.execute(PATHS_OF_FILE, {"site": site, "file": file})]


def list_claims(connection: Connection, site: int, paths: list[str]) -> list[tuple[str, int, str, str, bool]]:
    """Everybody who wants these paths: (path, kind, locale, key, has it)."""
    return connection.execute(CLAIMS, (site, paths)).fetchall()


def name_reads(connection: Connection, keys: list[int]) -> list[str]:
    """Reads in words, sorted."""
    parsed = [parse_key(key) for key in keys]
    entries = {p[1] for p in parsed if p is not None and p[0] != "list"}
    lists = {p[1] for p in parsed if p is not None and p[0] == "list"}
    files: dict[int, str] = dict(connection.execute(FILES, (list(entries),)).fetchall())
    list_names = {row[0]: f"{row[2]} ({row[1]})" if row[1] else row[2] for row in connection.execute(LISTS, (list(lists),))}
    names: dict[int, str] = dict(connection.execute(NAMES, ([key for key in keys if is_name_key(key)],)).fetchall())
    words = []
    for key, read in zip(keys, parsed, strict=True):
        if read is None:
            words.append(names.get(key, f"read {key}"))
        elif read[0] == "list":
            words.append(f"list {list_names.get(read[1], read[1])}")
        else:
            words.append(f"{ {'full': 'content'}.get(read[0], read[0]) } of {files.get(read[1], f'entry {read[1]}')}")
    return sorted(words)


def name_windows(connection: Connection, output: int) -> list[str]:
    """Windows in words."""
    rows = connection.execute(WINDOWS, (output,)).fetchall()
    names = {row[0]: f"{row[2]} ({row[1]})" if row[1] else row[2] for row in connection.execute(LISTS, ([r[0] for r in rows],))}
    words = []
    for number, low, high in rows:
        part = (
            "all of"
            if bytes(low) == LOW and bytes(high) == HIGH
            else "the front of"
            if bytes(high) == HIGH
            else "the start of"
            if bytes(low) == LOW
            else "a part of"
        )
        words.append(f"{part} list {names.get(number, number)}")
    return words
