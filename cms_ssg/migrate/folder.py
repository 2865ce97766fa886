"""The site folder that a move fills: what it wrote is remembered, so that a second run changes nothing and no edit is lost."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
from collections import Counter
from hashlib import blake2b
from pathlib import Path
from typing import Final, Self

from cms_ssg.authoring.patch_yaml import dump_yaml
from cms_ssg.authoring.starters import GITIGNORE
from cms_ssg.content.url_patterns import find_other_extension
from cms_ssg.errors import CmsError, fail
from cms_ssg.files.ownership import make_folders, write_owned
from cms_ssg.migrate.report import SUMMARY, TABLE, Report
from cms_ssg.text.slugs import safe_path
from cms_ssg.types import Json

REDIRECTS: Final = "redirects.csv"
_PLAIN: Final = re.compile(r"(?:[A-Za-z]|/(?=\w))[\w/.-]*(?: [\w/.-]+)*", re.ASCII)
_WORDS: Final = frozenset("true false null yes no on off y n".split())
STATE: Final = ".cms/migration.sqlite"


class NewSite:
    """A folder with what a move has put there. source: what is moved, as its report names it.

    counts: files that were added, changed, unchanged, or kept because somebody edited or removed them since the last run.
    Raises CmsError migrate.not-empty where the folder holds something else, migrate.unwritable.
    """

    def __init__(self, folder: Path, source: str) -> None:
        self.folder, self.source = folder, source
        self.counts: Counter[str] = Counter()
        self.made: Counter[str] = Counter()
        self.ignored: list[str] = []
        """Files that do not belong in a repository."""
        state = folder / STATE
        try:
            ours = state.is_file() or (folder / SUMMARY).is_file()
            if folder.exists() and not ours and (not folder.is_dir() or any(path.name != ".git" for path in folder.iterdir())):
                raise fail("migrate.not-empty", "is not an empty folder", place=str(folder), hint="Name a folder that does not exist yet.")
            make_folders(state.parent)
            self.connection = sqlite3.connect(state)
            self.connection.execute("PRAGMA synchronous = off")  # a lost state only costs time
            self.connection.executescript(
                "CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, digest BLOB) WITHOUT ROWID;"
                "CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;"
                "CREATE TABLE IF NOT EXISTS redirects (source TEXT PRIMARY KEY, target TEXT) WITHOUT ROWID;"
                "CREATE TABLE IF NOT EXISTS owners (path TEXT PRIMARY KEY, owner TEXT) WITHOUT ROWID;"
                "CREATE TABLE IF NOT EXISTS addresses (path TEXT PRIMARY KEY, file TEXT) WITHOUT ROWID;"
                "CREATE TABLE IF NOT EXISTS aliases (path TEXT PRIMARY KEY, file TEXT) WITHOUT ROWID;"
            )
        except sqlite3.Error as error:
            raise fail(
                "migrate.unwritable", f"cannot be used: {error}", place=str(state), hint="Remove it; the move begins anew."
            ) from None
        except OSError as error:
            raise fail("migrate.unwritable", f"cannot be written: {error.strerror}", place=str(error.filename or folder)) from None
        self.report = Report(self.connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def load_state(self, name: str) -> str:
        row = self.connection.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        return row[0] if row else ""

    def save_state(self, **values: str | int) -> None:
        """Keep values and all that was noted since the last time, together."""
        self.connection.executemany("INSERT OR REPLACE INTO state VALUES (?, ?)", [(name, str(value)) for name, value in values.items()])
        self.connection.commit()

    def begin(self) -> None:
        """Forget what an earlier run noted; which files are whose stays."""
        self.report.clear()
        self.connection.execute("DELETE FROM redirects")
        self.connection.execute("DELETE FROM owners")
        self.connection.execute("DELETE FROM addresses")
        self.connection.execute("DELETE FROM aliases")

    def choose_name(self, path: str, owner: str) -> str:
        """A path that no other entry of this move has: with -2, -3 … where it is taken. owner: what the entry is in the source."""
        stem, ending = os.path.splitext(path)
        number = 1
        while True:
            name = path if number == 1 else f"{stem}-{number}{ending}"
            row = self.connection.execute("SELECT owner FROM owners WHERE path = ?", (name.casefold(),)).fetchone()
            if row is None or row[0] == owner:
                self.connection.execute("INSERT OR REPLACE INTO owners VALUES (?, ?)", (name.casefold(), owner))
                return name
            number += 1

    def write(self, path: str, data: bytes) -> None:
        """Write a file, unless somebody changed or removed it since an earlier run wrote it. Raises CmsError migrate.unwritable."""
        digest = blake2b(data, digest_size=16).digest()
        row = self.connection.execute("SELECT digest FROM files WHERE path = ?", (path,)).fetchone()
        place = self.folder / path
        try:
            present = blake2b(place.read_bytes(), digest_size=16).digest()
        except FileNotFoundError:
            present = None
        except OSError as error:
            raise _refuse(path, error) from None
        if present == digest:
            self.counts["unchanged"] += 1
        elif row is not None and present != row[0]:
            self.counts["kept"] += 1
            return  # its owner knows better
        elif row is None and present is not None:
            self.counts["kept"] += 1
            return
        else:
            self.counts["added" if present is None else "changed"] += 1
            try:
                write_owned(place, data)
            except OSError as error:
                raise _refuse(path, error) from None
        if row is None or row[0] != digest:
            self.connection.execute("INSERT OR REPLACE INTO files VALUES (?, ?)", (path, digest))

    def write_entry(self, path: str, fields: dict[str, Json], body: str) -> None:
        """Write a content file; fields that are None, empty texts or empty lists are left out."""
        if (given := fields.get("path")) and (shown := _find_shown(str(given))) != given:
            self.redirect(str(given), shown)
        if given and not fields.get("draft"):
            self._note_address(_find_shown(str(given)), path)
        if fields.get("aliases") and not fields.get("draft"):
            fields = {**fields, "aliases": [alias for alias in fields["aliases"] if self._claim_alias(alias, path)]}
        kept = {name: value for name, value in fields.items() if value not in (None, "", [], {}) and value is not False}
        head = "".join(f"{_dump(name)}: {_dump(value)}\n" for name, value in kept.items())
        text = body.strip("\n")
        self.write(path, f"---\n{head}---\n{text and f'{chr(10)}{text}{chr(10)}'}".encode("utf-8", "replace"))

    def _note_address(self, address: str, path: str) -> None:
        """Note who has an address; of several entries, which cms check names too, only one is shown."""
        row = self.connection.execute("SELECT file FROM addresses WHERE path = ?", (address,)).fetchone()
        if row is None:
            self.connection.execute("INSERT INTO addresses VALUES (?, ?)", (address, path))
        elif row[0] != path:
            self.report.note(
                path, 0, "addresses that several entries have", f"{address}, also that of {row[0]}", "only one of them is shown"
            )

    def _claim_alias(self, alias: str, path: str) -> bool:
        """Whether an entry is the first that has an alias; two with the same would be an error of cms check."""
        self.connection.execute("INSERT OR IGNORE INTO aliases VALUES (?, ?)", (alias, path))
        owner: str = self.connection.execute("SELECT file FROM aliases WHERE path = ?", (alias,)).fetchone()[0]
        if owner != path:
            self.report.note(path, 0, "aliases that several entries have", f"{alias}, also that of {owner}", "kept at the first")
        return owner == path

    def copy(self, source: Path, path: str) -> None:
        """Copy a file as it is, by the rule of write; one of the same size and time is taken for unchanged."""
        place = self.folder / path
        try:
            stat = source.stat()
            if place.is_file() and (place.stat().st_size, place.stat().st_mtime_ns) == (stat.st_size, stat.st_mtime_ns):
                self.counts["unchanged"] += 1
                return
            if stat.st_size < 4_000_000:
                self.write(path, source.read_bytes())
            elif not place.exists():
                make_folders(place.parent)
                shutil.copyfile(source, place)
                self.counts["added"] += 1
            else:
                self.counts["kept"] += 1
                return
            if place.exists() and place.stat().st_size == stat.st_size:
                os.utime(place, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        except OSError as error:
            raise _refuse(path, error) from None

    def redirect(self, source: str, target: str) -> None:
        """An old path and where it leads now; the first for a path counts."""
        if source.rstrip("/") != target.rstrip("/") and source != "/":
            self.connection.execute("INSERT OR IGNORE INTO redirects VALUES (?, ?)", (source, target))

    def finish(self, settings: dict[str, Json]) -> None:
        """Write site.toml, the redirects and the report."""
        import tomlkit

        pages_first = "SELECT source, target FROM redirects WHERE source NOT IN (SELECT path FROM addresses) ORDER BY source"
        rows = self.connection.execute(pages_first).fetchall()
        pages = [(source, target) for source, target in rows if not find_other_extension(source) and _is_plain(source)]
        files = {source: target for source, target in rows if find_other_extension(source) and _is_plain(source)}
        for source, target in rows:
            if not _is_plain(source):
                self.report.note(source, 0, "old addresses", f"needs a rule of the web server; it leads to {target}", "not redirected")
        if pages:
            settings["redirect_files"] = [REDIRECTS]
            lines = "".join(f"{_cell(source)},{_cell(target)}\n" for source, target in pages)
            self.write(REDIRECTS, f"from,to\n{lines}".encode())
        if files:
            settings["redirects"] = {**settings.get("redirects", {}), **files}
        settings.setdefault("target", {"url": "folder:build"})
        order = sorted(settings, key=lambda name: isinstance(settings[name], dict) or _is_tables(settings[name]))
        self.write("site.toml", tomlkit.dumps({name: settings[name] for name in order}).encode())
        self.write(".gitignore", (GITIGNORE + "".join(f"/{name}\n" for name in self.ignored)).encode())
        counted = [*self.made.items(), ("redirects", len(rows))]
        self.connection.commit()
        for name, text in ((TABLE, self.report.make_table()), (SUMMARY, self.report.make_summary(counted, self.source))):
            self.connection.execute("DELETE FROM files WHERE path = ?", (name,))
            if not (self.folder / name).is_file() or (self.folder / name).read_text("utf-8") != text:
                (self.folder / name).unlink(missing_ok=True)
                self.write(name, text.encode())
            else:
                self.counts["unchanged"] += 1
        self.connection.commit()


def _find_shown(path: str) -> str:
    """The path that a page has whose front matter names this one."""
    from cms_ssg.content.collections.rules import make_whole_path

    try:
        return make_whole_path(path)
    except ValueError:
        return path


def _dump(value: Json) -> str:
    """A value as YAML in one line; dump_yaml, which asks a parser about each text, is used for what is not plainly a text."""
    if isinstance(value, str):
        if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
            return value
        if value.isprintable():
            return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return "[" + ", ".join(map(_dump, value)) + "]"
    return dump_yaml(value)


def _is_tables(value: Json) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _is_plain(path: str) -> bool:
    try:
        return bool(safe_path(path)) and "*" not in path and ":" not in path
    except ValueError:
        return False


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if set(text) & set('",\n') else text


def _refuse(path: str, error: OSError) -> CmsError:
    return fail("migrate.unwritable", f"cannot be written: {error.strerror}", place=path, hint="Free space, or rights on the folder?")


def clean_address(path: str) -> str:
    """An old URL's path as a path of the site, ending in / unless it names a file; "" where it cannot be one."""
    import unicodedata
    from urllib.parse import unquote

    found = "/" + "/".join(part for part in unicodedata.normalize("NFC", unquote(path)).split("/") if part)
    found = found if found == "/" or "." in found.rpartition("/")[2] else f"{found}/"
    try:
        return safe_path(found)
    except ValueError:
        return ""
