"""Data files of a site (``data/**`` and ``data_files``, in YAML, TOML, JSON, CSV) as values that templates read by name and key."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from cms_ssg.content.frontmatter.toml_keys import find_deep_key
from cms_ssg.content.frontmatter.values import HALF_ESCAPE
from cms_ssg.content.scan.changed_files import LFS_HINT, LFS_SAID, is_lfs_pointer
from cms_ssg.errors import fail
from cms_ssg.files.toml_errors import MOST_BITS, TOO_LONG, split_toml_error
from cms_ssg.text.counting import count
from cms_ssg.types import Json, Problem

SUFFIXES = (".yaml", ".yml", ".toml", ".json", ".csv")
MAX_SIZE_BYTES = 32_000_000
_HINT = "Until it can be read, pages keep what they show."
_HALF = re.compile("[\ud800-\udfff]")


class Data:
    """The data files of one site, each read when it is first asked for."""

    def __init__(self, files: dict[str, Path], root: Path, shared: Sequence[str] = ()) -> None:
        self.files = files
        self._roots = (root, *((root / folder).resolve() for folder in shared))
        self._values: dict[str, Json] = {}
        self._keyed: dict[str, dict[str, Json]] = {}

    def value(self, name: str, key: str | None = None) -> Json:
        """The whole of data/<name>.*, or one key of it; None where there is none.

        A list of tables is keyed by ``id``, a CSV file by its ``id`` or first column.
        Raises CmsError data.unreadable with file and line.
        """
        if name not in self.files:
            return None
        if name not in self._values:
            self._values[name] = read_data_file(self.files[name], self._find_root(self.files[name]))
            self._keyed[name] = list_keys(self._values[name])
        return self._values[name] if key is None else self._keyed[name].get(key)

    def _find_root(self, path: Path) -> Path:
        """The folder that a file belongs to, and must not lead out of: the site's, or a shared one."""
        return next((root for root in self._roots if path.is_relative_to(root)), self._roots[0])

    def keys(self, name: str) -> dict[str, Json]:
        """The values of data/<name>.* by key. Raises CmsError data.unreadable."""
        self.value(name)
        return self._keyed.get(name, {})


def read_data(root: Path, others: Sequence[str] = (), shared: Sequence[str] = ()) -> Data:
    """The data files of the site in root; nothing is parsed yet. others, shared: as in list_data_files."""
    return Data(list_data_files(root, others, shared)[0], root, shared)


def list_data_files(root: Path, others: Sequence[str] = (), shared: Sequence[str] = ()) -> tuple[dict[str, Path], list[Problem]]:
    """Name -> file, ``authors`` for data/authors.yaml, and a problem for each file whose name is taken by another.

    others: files elsewhere in the site, known by their names without suffix; they come after those of data/; shared: folders whose
    data/ is the site's too where it has no file of the same name.
    """
    found: dict[str, Path] = {}
    problems: list[Problem] = []
    for name, path in (*_list_in_data(root), *((Path(file).stem, root / file) for file in others)):
        if path.suffix.lower() not in SUFFIXES or not path.is_file():
            hint = f"A data file ends in {', '.join(SUFFIXES)}. See data_files in docs/configuration.md."
            problems.append(Problem("data.missing", _place(path, root), 0, "there is no such data file", hint))
        elif name in found:
            hint = f"It is not read; {found[name].name} is. Rename or remove one of them."
            problems.append(Problem("data.duplicate", _place(path, root), 0, f'a second file is called "{name}"', hint, "warning"))
        else:
            found[name] = path
    for folder in shared:
        for name, path in _list_in_data((root / folder).resolve()):
            found.setdefault(name, path)
    return found, problems


def _list_in_data(root: Path) -> Iterator[tuple[str, Path]]:
    """(name, file) of each file below data/."""
    base = root / "data"
    for folder, files in walk_folders(base, root):
        for file in sorted(files, key=lambda name: (_rank(name), name)):
            suffix = os.path.splitext(file)[1]
            if suffix.lower() in SUFFIXES and not file.startswith("."):
                path = Path(folder, file)
                yield path.relative_to(base).as_posix()[: -len(suffix)], path


def walk_folders(base: Path, root: Path) -> Iterator[tuple[str, list[str]]]:
    """(folder, names in it that are no folders) below base, which may be missing; hidden folders are left out.

    Raises CmsError inputs.unreadable: to go on as if a folder were empty would rebuild the site without what is in it.
    """

    def refuse(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            hint = "Mend its permissions. Nothing was built."
            raise fail(
                "inputs.unreadable", f"the folder cannot be read: {error.strerror}", place=_place(Path(error.filename), root), hint=hint
            )

    for folder, folders, files in os.walk(base, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield folder, files


def _rank(file: str) -> int:
    suffix = os.path.splitext(file)[1].lower()
    return SUFFIXES.index(suffix) if suffix in SUFFIXES else len(SUFFIXES)


def list_keys(value: Json) -> dict[str, Json]:
    """What ``data(name, key)`` can ask for: the keys of a table, the ``id`` of each table in a list."""
    if isinstance(value, dict):
        return value
    if isinstance(value, Rows):
        return value.keyed
    if isinstance(value, list) and value and all(isinstance(item, dict) and isinstance(item.get("id"), str | int) for item in value):
        return {str(item["id"]): item for item in reversed(value)}
    return {}


class Rows(list[dict[str, str]]):
    """The rows of a CSV file. keyed: by the column ``id``, else by the first; the first row of a key counts."""

    keyed: dict[str, Json]


def read_data_file(path: Path, root: Path) -> Json:
    """The value of one file, JSON values only: times become ISO 8601 text. Raises CmsError data.unreadable."""
    place = _place(path, root)
    try:
        if not path.resolve().is_relative_to(root.resolve()):
            raise _UnreadableError("lies outside the site")
        raw = path.read_bytes() if path.stat().st_size <= MAX_SIZE_BYTES else None
        if raw is None:
            raise _UnreadableError(f"is larger than {MAX_SIZE_BYTES:,} bytes")
        if is_lfs_pointer(raw):
            raise fail("data.unreadable", LFS_SAID, place=place, hint=LFS_HINT)
        text = raw.decode("utf-8-sig")
        if "\0" in text:
            raise _UnreadableError("holds a NUL character", text.count("\n", 0, text.index("\0")) + 1)
        return _PARSERS[path.suffix.lower()](text)
    except UnicodeDecodeError as error:
        raise fail(
            "data.unreadable", "is not UTF-8", place=place, line=raw.count(b"\n", 0, error.start) + 1 if raw else 0, hint=_HINT
        ) from None
    except OSError as error:
        raise fail("data.unreadable", f"cannot be read: {error.strerror}", place=place, hint=_HINT) from None
    except RecursionError:
        raise fail("data.unreadable", "is nested too deeply", place=place, hint=_HINT) from None
    except _HalfCharacterError:
        found = HALF_ESCAPE.search(text)
        line = text.count("\n", 0, found.start()) + 1 if found else 0
        said = f"holds half of a character{f' ({found[0]})' if found else ''}, as where an emoji was cut in two"
        raise fail("data.unreadable", said, place=place, line=line, hint=_HINT) from None
    except _UnreadableError as error:
        raise fail("data.unreadable", str(error), place=place, line=error.line, hint=_HINT) from None


class _UnreadableError(Exception):
    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


class _HalfCharacterError(Exception):
    """A text that UTF-8 cannot write."""


def _place(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def _parse_json(text: str) -> Json:
    import json

    def refuse(name: str) -> None:
        raise _UnreadableError(f"{name} is not JSON")

    def read_float(written: str) -> float:
        if math.isfinite(number := float(written)):
            return number
        raise _UnreadableError(f"holds {written}, which is too large for a number", text.count("\n", 0, text.find(written)) + 1)

    try:
        return _Converter().convert(json.loads(text, parse_constant=refuse, parse_float=read_float))
    except json.JSONDecodeError as error:
        raise _UnreadableError(f"is not JSON: {error.msg.lower()}", error.lineno) from None
    except ValueError as error:
        message, line = split_toml_error(error, text)
        raise _UnreadableError(f"is not JSON: {message}", line) from None


def _parse_toml(text: str) -> Json:
    import tomllib

    if (deep := find_deep_key(text)) >= 0:
        raise _UnreadableError("is nested too deeply", text.count("\n", 0, deep) + 1)
    try:
        return _Converter().convert(tomllib.loads(text.replace("\r\n", "\n")))
    except ValueError as error:
        message, line = split_toml_error(error, text)
        raise _UnreadableError(f"is not TOML: {message}", line) from None


def _parse_yaml(text: str) -> Json:
    import yaml

    from cms_ssg.data.yaml_files import DataLoader

    try:
        return _Converter().convert(yaml.load(text, DataLoader))  # noqa: S506 - a safe loader, stricter
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _UnreadableError(f"is not YAML: {error.problem or error.context}", mark.line + 1 if mark else 0) from None
    except yaml.YAMLError as error:
        raise _UnreadableError(f"is not YAML: {' '.join(str(error).split())}") from None
    except (_UnreadableError, _HalfCharacterError, RecursionError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever the library's constructors make of a value that its tag does not fit
        raise _UnreadableError(f"is not YAML: a value does not fit its tag ({type(error).__name__})") from None


def _parse_csv(text: str) -> Json:
    import csv
    import io

    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows = Rows()
    rows.keyed = {}
    try:
        header = [name.strip() for name in next(reader, [])]
        if len(set(header)) < len(header):
            raise _UnreadableError("has two columns of one name", 1)
        column = header.index("id") if "id" in header else 0
        for cells in reader:
            if not cells:
                continue
            if len(cells) > len(header):
                raise _UnreadableError(f"has {len(cells)} cells in a row of {count(len(header), 'column')}", reader.line_num)
            cells += [""] * (len(header) - len(cells))
            rows.append(dict(zip(header, cells, strict=True)))
            rows.keyed.setdefault(cells[column], rows[-1])
    except csv.Error as error:
        raise _UnreadableError(f"is not CSV: {error}", reader.line_num) from None
    return rows


_PARSERS: dict[str, Any] = {".yaml": _parse_yaml, ".yml": _parse_yaml, ".toml": _parse_toml, ".json": _parse_json, ".csv": _parse_csv}


def _check_text(text: str) -> str:
    if not text.isascii() and _HALF.search(text):
        raise _HalfCharacterError
    if "\0" in text:
        raise _UnreadableError("holds a NUL character")
    return text


class _Converter:
    """Makes JSON values of what a parser gave: text keys, times as text. Counts, because YAML aliases can multiply a file."""

    def __init__(self) -> None:
        self.seen: set[int] = set()
        self.visits = 0

    def convert(self, value: Any) -> Json:
        if isinstance(value, dict | list | tuple | set):
            self.seen.add(id(value))
            self.visits += 1
            if self.visits > 1000 + 10 * len(self.seen):
                raise _UnreadableError("has aliases that expand to too much")
        if isinstance(value, str):
            return _check_text(value)
        if isinstance(value, dict):
            return {_check_text(str(key)): self.convert(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.convert(item) for item in value]
        if isinstance(value, set):
            return sorted(_check_text(str(item)) for item in value)
        if isinstance(value, datetime | date | time):
            return value.isoformat()
        if isinstance(value, bytes):
            raise _UnreadableError("holds binary data")
        if isinstance(value, int) and value.bit_length() > MOST_BITS:
            raise _UnreadableError(TOO_LONG)
        if isinstance(value, float) and not math.isfinite(value):
            raise _UnreadableError(f"holds {value}, which is not a number JSON knows")
        return value
