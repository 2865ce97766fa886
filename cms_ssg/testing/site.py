"""A site on a page: its files in one string. Edit it, build it, look at exactly what was rendered, compare it with a clean build."""

from __future__ import annotations

import atexit
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.rows import TupleRow

from cms_ssg.build import BuildOptions, BuildResult, build
from cms_ssg.reporting.progress import Reporter
from cms_ssg.store.connect import connect

FILE = re.compile(r"^-- (\S.*?) --\n", re.MULTILINE)
MOST_LINES = 10
"""Differing files that a failure shows."""

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

TABLES = """c.relnamespace = 'cms'::regnamespace AND (c.relkind = 'p' OR c.relkind = 'r' AND NOT c.relispartition) AND c.relname NOT IN ('migrations', 'type_tables')"""
USED = "(c.relkind = 'p' OR pg_relation_size(c.oid) > 0)"
"""Of a table: it may have rows. Most tables never had any, and each one that is left out saves its plan."""

WIPE = f"""
DO $$ DECLARE name text; BEGIN
  SET LOCAL session_replication_role = replica;
  FOR name IN SELECT c.oid::regclass::text FROM pg_class c WHERE {TABLES} AND {USED} LOOP
    EXECUTE 'DELETE FROM ' || name;
  END LOOP;
END $$"""


def parse_files(text: str) -> dict[str, str]:
    """``-- path --`` lines and what follows each, as in Go's txtar."""
    parts = FILE.split(text)
    assert not parts[0].strip(), f"text before the first file: {parts[0]!r}"
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def read_tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def wipe(url: str) -> None:
    """Empty a database of everything but its schema: ten times faster than making one."""
    run_kept(url, WIPE)


_kept: dict[tuple[int, str], psycopg.Connection[TupleRow]] = {}
"""Idle connections by process and address: a forked process must leave those of its parent alone."""
MOST_KEPT: Final = 4


def run_kept(url: str, query: str, parameters: Sequence[object] | None = None) -> list[tuple[Any, ...]]:
    """Run a statement on a connection that is kept for the next one: opening one costs more than most statements.

    The statement must leave nothing behind in its session. Returns its rows, [] for one that gives none.
    """
    process = os.getpid()
    connection = _kept.pop((process, url), None)
    if connection is not None:
        try:
            connection.execute("")
        except psycopg.OperationalError:  # its database was dropped, or its server stopped
            connection.close()
            connection = None
    if connection is None:
        connection = connect(url, autocommit=True)
        connection.prepare_threshold = None  # a table may have other columns the next time
    try:
        cursor = connection.execute(query, parameters)
        rows = cursor.fetchall() if cursor.description else []
    except BaseException:
        connection.close()
        raise
    _kept[process, url] = connection
    own = [key for key in _kept if key[0] == process]
    for key in own[:-MOST_KEPT]:
        _kept.pop(key).close()
    return rows


def _close_kept() -> None:
    for key in [key for key in _kept if key[0] == os.getpid()]:
        _kept.pop(key).close()


atexit.register(_close_kept)


@contextmanager
def database(url: str) -> Iterator[None]:
    """What is built in this block is built with this database."""
    before = os.environ.get("CMS_DATABASE_URL")
    os.environ["CMS_DATABASE_URL"] = url
    try:
        yield
    finally:
        if before is None:
            del os.environ["CMS_DATABASE_URL"]
        else:
            os.environ["CMS_DATABASE_URL"] = before


@dataclass(frozen=True)
class Built:
    """What a build did. rendered: paths; written, removed: keys in the output folder."""

    result: BuildResult
    rendered: frozenset[str]
    written: frozenset[str]
    removed: frozenset[str]

    @property
    def pages(self) -> set[str]:
        """Rendered HTML pages, without redirects."""
        return {path for path in self.rendered if path.endswith(("/", ".html"))}


@dataclass
class SiteOnPage:
    """A site in a folder with a database of its own. clean_url: of a database for clean builds, wiped before each."""

    root: Path
    url: str
    clean_url: str
    options: BuildOptions = field(default_factory=lambda: BuildOptions(jobs=1, now=NOW, confirm_removals=True))

    def write(self, text: str) -> None:
        """Write files, given as ``-- path --`` and their text."""
        for path, content in parse_files(text).items():
            self.write_file(path, content)

    def write_file(self, path: str, content: str | bytes) -> None:
        """Write one file of the site."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace a text that is there exactly once."""
        text = (self.root / path).read_text("utf-8")
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {path}"
        (self.root / path).write_text(text.replace(old, new), "utf-8")

    def delete(self, path: str) -> None:
        """Delete a file."""
        (self.root / path).unlink()

    def move(self, old: str, new: str) -> None:
        """Move a file."""
        (self.root / new).parent.mkdir(parents=True, exist_ok=True)
        (self.root / old).rename(self.root / new)

    @property
    def output(self) -> Path:
        """The folder of the built pages."""
        return self.root / "build"

    def later(self, **time: float) -> None:
        """Move the clock of the next builds: hours=1, days=2 …, as timedelta has them. It stands still otherwise."""
        self.options = replace(self.options, now=(self.options.now or NOW) + timedelta(**time))

    def build(self, reporter: Reporter | None = None, **options: Any) -> Built:
        """Build it, and tell what that did."""
        before = read_tree(self.output)
        with database(self.url):
            result = build(self.root, replace(self.options, **options), reporter)
        after = read_tree(self.output)
        written = {key for key in after if before.get(key) != after[key]}
        paths = self.query("SELECT path FROM cms.outputs WHERE build = %s", result.build_id)
        return Built(result, frozenset(row[0] for row in paths), frozenset(written), frozenset(before.keys() - after.keys()))

    def build_clean(self, prepare: Callable[[SiteOnPage], None] | None = None, **options: Any) -> SiteOnPage:
        """Build the same files into an empty folder from an empty database. prepare: called after the files were synced."""
        folder = self.root.with_name(self.root.name + "-clean")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.root, folder, ignore=lambda at, names: [n for n in names if at == str(self.root) and n in ("build", ".cms")])
        wipe(self.clean_url)
        clean = replace(self, root=folder, url=self.clean_url)
        if prepare is not None:
            with database(self.clean_url):
                from cms_ssg.build import sync

                sync(folder, clean.options)
            prepare(clean)
        with database(self.clean_url):
            build(folder, replace(clean.options, **options, sync=prepare is None))
        return clean

    def tree(self) -> dict[str, bytes]:
        """The output by path of file."""
        return read_tree(self.output)

    def assert_clean(self, **options: Any) -> None:
        """The output is what a clean build makes."""
        assert_same(self.tree(), self.build_clean(**options).tree())

    def connect(self) -> psycopg.Connection[TupleRow]:
        """A connection to the store, which keeps each statement."""
        return connect(self.url, autocommit=True)

    def query(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """The rows of a statement, [] for one that gives none. What changes the session needs one of its own: ``connect``."""
        return run_kept(self.url, query, parameters)


def assert_same(built: Mapping[str, bytes], clean: Mapping[str, bytes]) -> None:
    """Two outputs are the same, path for path and byte for byte; if not, say where they part."""
    if built == clean:
        return
    lines = [f"only incremental: {path}" for path in sorted(built.keys() - clean.keys())]
    lines += [f"only clean: {path}" for path in sorted(clean.keys() - built.keys())]
    for path in sorted(built.keys() & clean.keys()):
        if built[path] != clean[path]:
            lines.append(f"differs: {path}\n{show_difference(built[path], clean[path])}")
    more = f"\n… and {len(lines) - MOST_LINES} more" if len(lines) > MOST_LINES else ""
    raise AssertionError("\n".join(lines[:MOST_LINES]) + more)


def show_difference(built: bytes, clean: bytes) -> str:
    """The lines that differ: - incremental, + clean."""
    import difflib

    before, after = (data.decode("utf-8", "replace").splitlines() for data in (built, clean))
    return "\n".join("    " + line for line in list(difflib.unified_diff(before, after, "incremental", "clean", lineterm="", n=0))[2:14])
