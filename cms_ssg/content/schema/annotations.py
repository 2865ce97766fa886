"""What the keywords of a content type may hold, checked before the first file is read with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from cms_ssg.content.schema.checks import Unsupported, Wrong, make_check
from cms_ssg.content.url_patterns import pattern_problem


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


Kind = tuple[Callable[[Any], bool], str]
TEXT: Final[Kind] = (_is_text, "a text")
FLAG: Final[Kind] = (_is_flag, "true or false")
NAMES: Final[Kind] = (_is_names, "a list of texts")
NUMBER: Final[Kind] = (_is_number, "a number")
COUNT: Final[Kind] = (_is_count, "a whole number, 0 or more")
LIST: Final[Kind] = (lambda value: isinstance(value, list), "a list")

OF_TYPE: Final[dict[str, Kind]] = {
    "required": NAMES, "x-sort": NAMES, "x-lists": NAMES, "x-pages": FLAG, "x-months": FLAG, "x-dated": FLAG, "x-heads": TEXT, "x-neighbours": TEXT, "x-url": TEXT,
    "x-extends": TEXT, "x-table": TEXT, "x-partition": TEXT,
}  # fmt: skip
OF_FIELD: Final[dict[str, Kind]] = {
    "minLength": COUNT, "maxLength": COUNT, "minItems": COUNT, "maxItems": COUNT, "pattern": TEXT, "format": TEXT, "enum": LIST,
    "minimum": NUMBER, "maximum": NUMBER, "exclusiveMinimum": NUMBER, "exclusiveMaximum": NUMBER, "required": NAMES,
    "x-card": FLAG, "x-shared": FLAG, "x-column": FLAG, "x-list": TEXT,
}  # fmt: skip


TABLE_NAME: Final = re.compile("[a-z][a-z0-9_]{0,39}")
PARTITIONS: Final = ("", "month", "site")
COLUMNS: Final = frozenset(["entry", "site", "created_at", "type", "locale", "status", "published_at", "title"])
"""What every table of a type has."""


def column_kind(spec: dict[str, Any]) -> str:
    """The kind of column of the store that holds a field: text, boolean, numeric, timestamptz, or jsonb for lists and objects."""
    if spec.get("type") == "string":
        return "timestamptz" if spec.get("format") == "date-time" else "text"
    return {"boolean": "boolean", "integer": "numeric", "number": "numeric"}.get(str(spec.get("type")), "jsonb")


def check_type(raw: dict[str, Any]) -> None:
    """Raise Unsupported where a content type's own keyword holds something else than it should. Its fields are looked at by check_field."""
    _check_kinds(raw, OF_TYPE)
    if problem := pattern_problem(raw.get("x-url", "/")):
        raise Unsupported(f"keyword 'x-url': {problem}")
    if (table := raw.get("x-table", "")) and not TABLE_NAME.fullmatch(table):
        raise Unsupported("keyword 'x-table': use at most 40 lowercase letters, digits and _, beginning with a letter")
    if raw.get("x-partition", "") not in PARTITIONS:
        raise Unsupported("keyword 'x-partition': it must be month or site")
    for name, spec in raw.get("properties", {}).items():
        if isinstance(spec, dict) and spec.get("x-column") and (name in COLUMNS or not TABLE_NAME.fullmatch(name)):
            reason = (
                "every table of a type has this column already"
                if name in COLUMNS
                else "its name cannot be the name of a column: use at most 40 lowercase letters, digits and _"
            )
            raise Unsupported(f"field {name!r}: keyword 'x-column': {reason}")
    for name in raw.get("x-sort", ()):
        if name.removeprefix("-") not in raw.get("properties", {}):
            raise Unsupported(f"keyword 'x-sort': there is no field {name.removeprefix('-')!r}")


def check_field(spec: Any) -> None:
    """Raise Unsupported where a field's keyword, at any depth, holds something else than it should."""
    if not isinstance(spec, dict):
        raise Unsupported("a property is described by an object")
    _check_kinds(spec, OF_FIELD)
    inner = spec.get("properties", {})
    if not isinstance(inner, dict):
        raise Unsupported("keyword 'properties': it is an object")
    for part in (*inner.values(), *(spec[word] for word in ("items", "additionalProperties") if isinstance(spec.get(word), dict))):
        check_field(part)
    if "default" in spec:
        try:
            make_check(spec)(spec["default"], "UTC")
        except Wrong as wrong:
            raise Unsupported(f"keyword 'default': {wrong}") from None


def _check_kinds(spec: dict[str, Any], kinds: dict[str, Kind]) -> None:
    for word, (fits, said) in kinds.items():
        if word in spec and not fits(spec[word]):
            raise Unsupported(f"keyword {word!r}: it is {said}")
