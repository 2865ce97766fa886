"""Which column is which field, and what a cell says as a value; the same both ways, so that an export can be imported."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import msgspec

from cms_ssg.bulk.guard import guard_cell, unguard_cell
from cms_ssg.bulk.records import Form, Record
from cms_ssg.content.frontmatter.values import clean_text
from cms_ssg.content.schema.content_types import Schema
from cms_ssg.entries.values import EntryInput
from cms_ssg.errors import UsageError, fail
from cms_ssg.types import Json, Problem, Status

FILE: Final = "file"
KEYS: Final = (FILE, "external_id", "id", "slug")
"""Columns that say which entry a row is, where --key names none; an export has the first."""
SPECIAL: Final = frozenset((FILE, "external_id", "locale", "status", "body"))
TRUE: Final = frozenset(("1", "yes", "y", "t"))
FALSE: Final = frozenset(("0", "no", "n", "f"))
SEPARATORS: Final = (";", "|", ",")

encode_json = msgspec.json.Encoder(order="sorted").encode


class MapFile(msgspec.Struct, forbid_unknown_fields=True):
    """What --map names. columns: column -> field, "" for a column that is left out; split: field -> the sign between its values; defaults: of fields
    that a row does not give.
    """

    columns: dict[str, str] = msgspec.field(default_factory=dict)
    split: dict[str, str] = msgspec.field(default_factory=dict)
    defaults: dict[str, Any] = msgspec.field(default_factory=dict)


def load_map(path: Path | None) -> MapFile:
    """Read a map. Raises CmsError import.map."""
    if path is None:
        return MapFile()
    hint = 'It has the tables [columns] (column = "field"), [split] (field = ";") and [defaults].'
    try:
        return msgspec.convert(tomllib.loads(path.read_bytes().decode("utf-8-sig")), MapFile)
    except OSError as error:
        raise fail("import.map", f"cannot be read: {error.strerror}", place=str(path), hint=hint) from None
    except (ValueError, RecursionError) as error:
        line = re.search(r"at line (\d+)", str(error))
        raise fail("import.map", str(error), place=str(path), line=int(line[1]) if line else 0, hint=hint) from None


def clean_name(column: str) -> str:
    """A column's name as a field: ``Meta Title`` is ``meta_title``."""
    return re.sub(r"\W+", "_", column.strip().lower()).strip("_")


@dataclass
class RowMap:
    """How rows of one file become entries of one type. form: of the file; rules: of the map; key: column that names a row, cleaned."""

    schema: Schema
    form: Form
    rules: MapFile
    key: str
    unknown: set[str] = field(default_factory=set)
    _names: dict[str, str] = field(default_factory=dict)
    _key_column: str | None = None
    _texts: set[str] = field(default_factory=set)  # fields whose cells are taken as they are

    def digest(self) -> bytes:
        """Stands for all that decides what a row comes to, besides the row."""
        parts = [self.form, self.key, self.schema.name, msgspec.to_builtins(self.rules)]
        return blake2b(encode_json(parts), digest_size=16).digest()

    def field_of(self, column: str) -> str:
        """The field of a column, "" for one that is left out."""
        name = self._names.get(column)
        if name is None:
            name = self.rules.columns.get(column, self.rules.columns.get(clean_name(column), clean_name(column)))
            self._names[column] = name
            if self.form == "csv" and clean_name(column) == self.key:
                self._key_column = column
            if name and name not in SPECIAL and name not in self.schema.properties:
                self.unknown.add(column)
            if self.schema.properties.get(name, {}).get("type") in ("string", "number", "integer"):
                self._texts.add(name)
        return name

    def is_key(self, column: str) -> bool:
        """Whether a column says which entry a row is."""
        return column == self._key_column or (self._key_column is None and clean_name(column) == self.key)

    def make_entry(self, record: Record, digest: bytes) -> EntryInput:
        """A row as an entry to be saved. Raises ValueError with what is wrong in it."""
        fields: dict[str, Json] = {}
        special: dict[str, str] = {}
        is_csv = self.form == "csv"
        names = self._names
        for column, cell in record.cells.items():
            name = names[column] if column in names else self.field_of(column)
            if cell == "" and is_csv:  # most cells of most tables
                if name in SPECIAL:
                    special[name] = ""
                elif name:
                    fields[name] = None
                continue
            text = unguard_cell(cell) if is_csv and cell[0] == "'" else cell
            if name in SPECIAL:
                special[name] = "" if text is None else str(text)
            elif name:
                fields[name] = text if name in self._texts and is_csv else self.parse_cell(name, text)
            if column == self._key_column or (self._key_column is None and self.is_key(column)):
                special["="] = "" if text is None else str(text).strip()
        for name, value in self.rules.defaults.items():
            if fields.get(name) is None:
                fields[name] = value
        key = clean_text(special.get("=", ""))
        if not key:
            raise ValueError(f"the key column {self.key!r} is empty")
        status = special.get("status", "")
        if status not in ("", "draft", "published", "trashed"):
            raise ValueError(f"status: {status!r} is not one of draft, published, trashed")
        external = clean_text(special.get("external_id", "")) or None if self.key == FILE else key
        wanted: Status | None = status or None  # type: ignore[assignment]  # it is one of them
        return EntryInput(
            self.schema.name, fields, special.get("body"), wanted, special.get("locale", ""),
            external_key=external, digest=digest, file=key if self.key == FILE else "",
        )  # fmt: skip

    def parse_cell(self, name: str, cell: Json) -> Json:
        """The value of a cell; None for an empty one. JSON has its values already."""
        if self.form != "csv" or not isinstance(cell, str):
            return cell
        if cell == "":
            return None
        spec = self.schema.properties.get(name)
        kind = spec.get("type", "") if spec is not None else ""
        if kind == "array":
            return self._split(name, cell)
        if kind == "object" or name == "metadata" or (not kind and cell[0] in '[{"'):
            return _parse_json(cell)
        if kind == "boolean" and cell.strip().lower() in TRUE | FALSE:
            return cell.strip().lower() in TRUE
        if not kind and spec is not None:
            return _parse_json(cell)
        return cell

    def _split(self, name: str, cell: str) -> Json:
        if cell.startswith("[") and isinstance(found := _parse_json(cell), list):
            return found
        sign = self.rules.split.get(name) or next((sign for sign in SEPARATORS if sign in cell), "")
        return [part.strip() for part in cell.split(sign) if part.strip()] if sign else [cell.strip()]


def write_cell(schema: Schema, name: str, value: Json) -> str:
    """A field's value as the text of a cell, which parse_cell reads again."""
    if value is None:
        return ""
    spec = schema.properties.get(name)
    kind = spec.get("type", "") if spec is not None else ""
    if kind == "array" and isinstance(value, list) and value and all(isinstance(item, str) and _is_simple(item) for item in value):
        return guard_cell(";".join(value)) if len(value) > 1 else guard_cell(value[0])
    if isinstance(value, str) and kind in ("string", "number", "integer", "boolean"):
        return guard_cell(value)
    if isinstance(value, str) and not (value[:1] in '[{"' or _parse_json(value) != value):
        return guard_cell(value)
    return guard_cell(json.dumps(value, ensure_ascii=False))


def _is_simple(text: str) -> bool:
    return bool(text) and text == text.strip() and not any(sign in text for sign in ";|,") and text[0] != "["


def _parse_json(text: str) -> Json:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def choose_key(columns: Sequence[str], key: str, rules: Mapping[str, str]) -> str:
    """The column that says which entry a row is, cleaned. Raises UsageError import.no-key."""
    names = {clean_name(column) for column in columns}
    if key:
        wanted = clean_name(key)
        if columns and wanted not in names:
            near = f"Columns: {', '.join(columns[:20])}."
            raise UsageError(Problem("import.no-key", "", 0, f"there is no column {key!r}", near))
        return wanted
    found = next((name for name in KEYS if name in names), "") or next(
        (clean_name(column) for column, name in rules.items() if name in KEYS and clean_name(column) in names), ""
    )
    if not found:
        hint = "--key COLUMN names the one whose values are never the same in two rows and never change."
        raise UsageError(Problem("import.no-key", "", 0, f"no column says which entry a row is (none of {', '.join(KEYS)})", hint))
    return found
