"""Content types: JSON Schema files with our annotations, compiled to fast checks of front matter."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Mapping
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from cms_ssg.content.frontmatter.values import plain_json
from cms_ssg.content.schema.annotations import check_field, check_type, column_kind
from cms_ssg.content.schema.checks import ANNOTATIONS, BLOCK, Check, Unsupported, Wrong, make_check
from cms_ssg.files.toml_errors import split_toml_error
from cms_ssg.types import Json, Problem

TYPE_KEYWORDS: Final = ANNOTATIONS | {
    "type", "required", "properties", "additionalProperties",
    "x-sort", "x-lists", "x-pages", "x-neighbours", "x-months", "x-dated", "x-heads", "x-url", "x-extends",
    "x-table", "x-partition",
}  # fmt: skip

OTHER_PATHS: Final = frozenset(["permalink", "url"])
"""Fields of other systems that name a page's whole path. cms uses them where a collection's ``fields`` says so."""

FIELD: Final = "field:"
"""Before the name of a field in x-heads: it says which taxonomy."""

DEFAULT_TAXONOMY: Final = "tag"

EXTENDED: Final = "page"
"""What a new type builds on that names nothing in x-extends."""


class Schema:
    """One content type.

    name; raw: the merged JSON Schema; properties: of each field; card_fields: shown by other pages; shared_fields: that a translation has of its original;
    lists: field -> taxonomy; facets: field -> annotation; sort, list_kinds,
    pages, neighbours, months, dated, heads, url: the type's own annotations; table, partition: of the store, "" for none; columns: field -> kind.
    """

    def __init__(self, name: str, raw: dict[str, Any]) -> None:
        """Compile. Raises Unsupported for what is not understood."""
        self.name, self.raw = name, raw
        for word in raw:
            if word not in TYPE_KEYWORDS:
                raise Unsupported(f"keyword {word!r}")
        check_type(raw)
        properties = raw.get("properties", {})
        self.properties: dict[str, dict[str, Any]] = properties
        self.checks: dict[str, Check] = {}
        for field, spec in properties.items():
            try:
                check_field(spec)
                self.checks[field] = make_check(spec)
            except Unsupported as unsupported:
                raise Unsupported(f"field {field!r}: {unsupported}") from None
        self.card_fields = tuple(field for field, spec in properties.items() if spec.get("x-card") or spec.get("x-shared"))
        self.shared_fields = frozenset(field for field, spec in properties.items() if spec.get("x-shared"))
        self.lists: dict[str, str] = {field: spec["x-list"] for field, spec in properties.items() if spec.get("x-list")}
        self.facets: dict[str, Json] = {field: spec["x-facet"] for field, spec in properties.items() if spec.get("x-facet")}
        self.defaults: dict[str, Json] = {field: spec["default"] for field, spec in properties.items() if "default" in spec}
        self.required = tuple(raw.get("required", ()))
        self.closed = raw.get("additionalProperties") is False
        self.sort = tuple(raw.get("x-sort", ["-date"]))
        self.list_kinds = tuple(raw.get("x-lists", ["type"]))
        self.pages = bool(raw.get("x-pages", True))
        self.neighbours = str(raw.get("x-neighbours", ""))
        self.months = bool(raw.get("x-months", False))
        self.dated = bool(raw.get("x-dated", self.months))
        self.heads = str(raw.get("x-heads", ""))
        self.url = str(raw.get("x-url", "/{path}/"))
        self.table, self.partition = str(raw.get("x-table", "")), str(raw.get("x-partition", ""))
        self.columns = {field: column_kind(spec) for field, spec in properties.items() if spec.get("x-column")}

    def __reduce__(self) -> tuple[Any, ...]:
        return Schema, (self.name, self.raw)

    def headed_taxonomy(self, fields: Mapping[str, Json]) -> str:
        """The taxonomy of whose terms one is described by an entry of this type with these fields, ``""`` where it describes none."""
        if not self.heads.startswith(FIELD):
            return self.heads
        return str(fields.get(self.heads.removeprefix(FIELD)) or DEFAULT_TAXONOMY)

    def reference(self, fields: Mapping[str, Json]) -> str:
        """How others name an entry of this type: ``post:flood``; where a field says which taxonomy it heads, ``term:tag/flood``."""
        slug = fields.get("slug") or ""
        return f"{self.name}:{self.headed_taxonomy(fields)}/{slug}" if self.heads.startswith(FIELD) else f"{self.name}:{slug}"

    def check(
        self, fields: dict[str, Any], lines: dict[str, int], place: str, zone: str = "UTC", told: Container[str] = ()
    ) -> tuple[dict[str, Json], list[Problem]]:
        """Check front matter.

        fields, lines: as parse_front_matter gives them; zone: the site's, for dates that name none; told: fields whose names the
        settings give, where they are doubted if they are not known.
        Returns the fields as they are stored, unknown ones below ``metadata``, and what is wrong.
        """
        clean: dict[str, Json] = {}
        problems: list[Problem] = []
        extra: dict[str, Json] = {}
        checks = self.checks
        for name, value in fields.items():
            if value is None:
                continue
            check = checks.get(name)
            if check is None:
                if name not in told and (warning := self._check_keyword(name, value, lines.get(name, 0), place)):
                    problems.append(warning)
                extra[name] = plain_json(value)
                continue
            try:
                clean[name] = check(value, zone)
            except Wrong as wrong:
                problems.append(Problem("content.field", place, lines.get(name, 0), f"{name}: {wrong}", wrong.hint))
        if self.defaults:
            clean.update({name: value for name, value in self.defaults.items() if name not in fields})
        problems += [self._missing(name, place) for name in self.required if fields.get(name) is None and name not in clean]
        if extra:
            given = clean.get("metadata")
            clean["metadata"] = {**extra, **given} if isinstance(given, dict) else extra
        return clean, problems

    def _missing(self, name: str, place: str) -> Problem:
        said = f"the field {name!r} of the type {self.name} is missing"
        return Problem("content.missing-field", place, 0, said, f"Add '{name}: …' to the front matter.")

    def _check_keyword(self, name: str, value: Any, line: int, place: str) -> Problem | None:
        """A warning where an unknown key looks like a slip or like a path of another system, or where the type allows none."""
        if name in OTHER_PATHS and "path" in self.properties and isinstance(value, str) and value.startswith("/"):
            hint = f'Write path: {value}, or set fields = {{ path = "{name}" }} in the collection.'
            return Problem("content.unknown-field", place, line, f"{name}: it is not the address of this page", hint, "warning")
        near = nearest_name(name, tuple(self.properties))
        if not near and not self.closed:
            return None
        hint = f'Did you mean "{near}"?' if near else f"Fields of the type {self.name}: {', '.join(self.properties)}."
        return Problem("content.unknown-field", place, line, f'unknown field "{name}"', hint, "warning")


class Schemas(dict[str, Schema]):
    """Content types by name. problems: what was not understood; digest: of all that was read."""

    def __init__(
        self, raw: dict[str, dict[str, Any]], problems: tuple[Problem, ...] = (), texts: Mapping[str, tuple[str, str]] | None = None
    ) -> None:
        """Compile. texts: the files' places and texts, by type, where lines are to be told."""
        self.raw = raw
        found = list(problems)
        for name, document in raw.items():
            try:
                self[name] = Schema(name, document)
            except (Unsupported, RecursionError) as error:
                hint = "Supported keywords: docs/content.md, 'Types'."
                place, text = (texts or {}).get(name, (f"content_schema/{name}.json", ""))
                found.append(Problem("schema.unsupported", place, _find_line(text, str(error)), str(error), hint))
        self.problems = tuple(found)
        self.digest = blake2b(json.dumps(raw, sort_keys=True).encode(), digest_size=16).digest()

    def __reduce__(self) -> tuple[Any, ...]:
        return Schemas, (self.raw, self.problems)


def load_schemas(*folders: Path) -> Schemas:
    """Read the content types in folders (missing ones count as empty).

    A type in a later folder extends the one of the same name: its properties are added, its
    keywords win. A new type builds on the one named by ``x-extends``, by default page; ``""`` for none.
    """
    raw: dict[str, dict[str, Any]] = {}
    texts: dict[str, tuple[str, str]] = {}
    problems: list[Problem] = []
    for folder in folders:
        for file in sorted(folder.glob("*.json")) if folder.is_dir() else ():
            place = str(file) if (folder.parent / "__init__.py").is_file() else f"{folder.name}/{file.name}"
            if not file.is_file():
                continue
            try:
                text = file.read_bytes().decode("utf-8-sig")
                texts[file.stem] = place, text
                document = json.loads(text)
            except (ValueError, OSError, RecursionError) as error:
                line = getattr(error, "lineno", 0)
                problems.append(
                    Problem("schema.json", place, line, f"no JSON: {getattr(error, 'msg', None) or split_toml_error(error)[0]}")
                )
                continue
            if not isinstance(document, dict) or not isinstance(document.get("properties", {}), dict):
                problems.append(Problem("schema.json", place, 0, "a content type is a JSON object with 'properties'"))
                continue
            if not isinstance(document.get("x-extends", ""), str):
                problems.append(Problem("schema.extends", place, 0, "x-extends is the name of a type", f"Types: {', '.join(raw)}."))
                continue
            name = file.stem
            base = document.get("x-extends", name if name in raw else EXTENDED)
            if base and base not in raw and "x-extends" in document:
                problems.append(
                    Problem("schema.extends", place, 0, f"x-extends names the unknown type {base!r}", f"Types: {', '.join(raw)}.")
                )
            base_type = raw.get(base, {}) if base else {}
            if (
                name not in raw and "x-extends" not in document
            ):  # it builds on page without saying so, and is no page to those who count pages
                base_type = {word: value for word, value in base_type.items() if word not in ("x-table", "x-partition")}
            raw[name] = _extend(base_type, document)
    for name, document in raw.items():
        raw[name] = {**document, "properties": {field: _fill_blocks(spec, raw) for field, spec in document.get("properties", {}).items()}}
    return Schemas(raw, tuple(problems), texts)


def _fill_blocks(spec: Any, raw: Mapping[str, dict[str, Any]]) -> Any:
    """A field whose ``x-blocks`` names the beginning of names of types, with these as what each kind of block may hold.

    So the schema says all by itself, also in another process, and a change of a block's type is a change of all types that hold it.
    """
    if not isinstance(spec, dict):
        return spec
    spec = {word: _fill_blocks(value, raw) if word in ("items", "additionalProperties") else value for word, value in spec.items()}
    if isinstance(inner := spec.get("properties"), dict):
        spec["properties"] = {name: _fill_blocks(value, raw) for name, value in inner.items()}
    start = spec.get("x-blocks")
    if isinstance(start, str) and start:
        kinds = {name.removeprefix(start): document for name, document in raw.items() if name.startswith(start) and name != start}
        if kinds:
            spec["x-blocks"] = {kind: _make_block_spec(kind, document) for kind, document in kinds.items()}
    return spec


def _make_block_spec(kind: str, document: Mapping[str, Any]) -> dict[str, Any]:
    own = {BLOCK: {"type": "string", "const": kind}, "id": {"type": "string", "pattern": "^[a-z][a-z0-9-]*$", "maxLength": 100}}
    properties = {**own, **document.get("properties", {})}
    return {"type": "object", "properties": properties, "required": list(document.get("required", ())), "additionalProperties": False}


def find_keyword_line(file: Path, message: str) -> int:
    """The line of a content type's file on which the keyword or field of a message stands, 0 where it cannot be found."""
    try:
        return _find_line(file.read_bytes().decode("utf-8-sig"), message)
    except (OSError, UnicodeDecodeError):
        return 0


def _find_line(text: str, message: str) -> int:
    """The line of the keyword that a message names, 0 where it cannot be found."""
    at = 0
    for word in re.findall(r"(?:field|keyword) '([^']*)'", message):
        at = max(at, text.find(json.dumps(word), at))
    return text.count("\n", 0, at) + 1 if at else 0


def _extend(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    properties = dict(base.get("properties", {}))
    for name, spec in own.get("properties", {}).items():
        known = properties.get(name)
        properties[name] = {**known, **spec} if isinstance(known, dict) and isinstance(spec, dict) else spec
    return {**base, **own, "properties": properties}


@lru_cache(maxsize=4096)
def nearest_name(name: str, known: tuple[str, ...], most: int = 2) -> str:
    """The known name that `name` looks like a slip of, else ``""``: one edit for short names, `most` for longer."""
    folded = name.lower().replace("-", "_")
    best, limit = "", 1 if len(folded) < 6 else most
    for other in known:
        if len(other) < 4:  # `uid` is no slip of `id`
            continue
        distance = _edit_distance(folded, other, limit)
        if distance <= limit:
            best, limit = other, distance - 1
    return best if len(name) > 2 else ""


def _edit_distance(one: str, two: str, limit: int) -> int:
    """Insertions, deletions, replacements and swaps of neighbours between two texts; limit + 1 stands for more."""
    if abs(len(one) - len(two)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(two) + 1))
    for i, a in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, b in enumerate(two, 1):
            cost = min(row[j - 1] + 1, before[j] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == two[j - 2] and one[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]
