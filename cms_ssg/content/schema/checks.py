"""One function per JSON Schema property: it returns the value as it is stored, or says what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any, Final

from cms_ssg.content.frontmatter.dates import HINT, DateError, format_moment, parse_date
from cms_ssg.content.frontmatter.values import plain_json
from cms_ssg.content.urls import runs_script
from cms_ssg.text.counting import count
from cms_ssg.types import Json

Check = Callable[[Any, str], Json]
"""(value as read, the site's time zone) -> value as stored; raises Wrong."""

ANNOTATIONS: Final = frozenset(["$schema", "$id", "$comment", "title", "description", "examples", "deprecated", "default"])
BLOCK: Final = "block"
"""The key of a block that names its kind."""

OURS: Final = frozenset(["x-card", "x-list", "x-facet", "x-shared", "x-column"])
KEYWORDS: Final = {
    "string": frozenset(["minLength", "maxLength", "pattern", "format"]),
    "integer": frozenset(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]),
    "number": frozenset(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]),
    "boolean": frozenset(),
    "array": frozenset(["items", "minItems", "maxItems", "x-blocks"]),
    "object": frozenset(["properties", "required", "additionalProperties"]),
    "": frozenset(),
}
EMAIL: Final = re.compile(r'[^@\s<>"]+@[^@\s<>"]+\.[^@\s<>".]+')
URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"]+")
URI_REFERENCE: Final = re.compile(r"[^\s<>\"]*")


class Wrong(ValueError):
    """A value that its property does not allow. hint: what would be right."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Unsupported(ValueError):
    """A keyword or value in a schema that is not understood."""


def make_check(spec: Any) -> Check:
    """Compile one property's schema. Raises Unsupported."""
    if not isinstance(spec, dict):
        raise Unsupported("a property is described by an object")
    kind = spec.get("type", "")
    if not isinstance(kind, str) or kind not in KEYWORDS:
        raise Unsupported(f"type {kind!r}: one of string, integer, number, boolean, array, object")
    allowed = KEYWORDS[kind] | ANNOTATIONS | OURS | {"type", "enum", "const"}
    for word in spec:
        if word not in allowed:
            raise Unsupported(f"keyword {word!r}" + (f" with type {kind!r}" if any(word in words for words in KEYWORDS.values()) else ""))
    try:
        check = MAKERS[kind](spec)
        if "enum" in spec or "const" in spec:
            check = _among(check, list(spec["enum"]) if "enum" in spec else [spec["const"]])
    except (TypeError, re.error) as error:
        raise Unsupported(str(error)) from None
    return check


def _among(check: Check, choices: list[Json]) -> Check:
    said = ", ".join(str(choice) for choice in choices)

    def check_choice(value: Any, zone: str) -> Json:
        checked = check(value, zone)
        if checked not in choices:
            raise Wrong(f"{show(value)} is not one of {said}")
        return checked

    return check_choice


def _make_text(spec: dict[str, Any]) -> Check:
    form = spec.get("format")
    if form is not None and form not in FORMATS:
        raise Unsupported(f"format {form!r}: one of {', '.join(sorted(FORMATS))}")
    if form is not None:
        return FORMATS[form]
    least, most = int(spec.get("minLength", 0)), int(spec.get("maxLength", 1 << 30))
    pattern = re.compile(spec["pattern"]) if "pattern" in spec else None

    def check_text(value: Any, zone: str) -> Json:
        if type(value) is not str:
            value = make_text(value)
        if not least <= len(value) <= most:
            if len(value) > most:
                raise Wrong(f"{count(len(value), 'character')}, at most {most} allowed")
            raise Wrong("it is empty" if not value else f"{count(len(value), 'character')}, at least {least} needed")
        if pattern is not None and not pattern.search(value):
            raise Wrong(f"{show(value)} does not match {pattern.pattern}")
        return value

    return check_text


def make_text(value: Any) -> str:
    """A scalar as it was written. Raises Wrong for lists and objects."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    raise Wrong(f"{show(value)} is not a text", "Write one text; put it in quotes if it begins with [ or {.")


def _check_moment(value: Any, zone: str) -> Json:
    try:
        return format_moment(parse_date(value, zone))
    except DateError as error:
        raise Wrong(str(error), _suggest_date(value)) from None


def _check_date(value: Any, zone: str) -> Json:
    if (type(value) is str and re.fullmatch(r"\d{4}-\d\d-\d\d", value)) or (isinstance(value, date) and not hasattr(value, "hour")):
        zone = "UTC"
    try:
        return parse_date(value, zone).date().isoformat()
    except DateError as error:
        raise Wrong(str(error), _suggest_date(value)) from None


def _suggest_date(value: Any) -> str:
    typeset = isinstance(value, str) and re.match(r"[“”„‟«»‘’‚‹›″′`]", value)
    return f"Write straight quotes, or none. {HINT}" if typeset else HINT


def _check_form(pattern: re.Pattern[str], what: str) -> Check:
    def check_form(value: Any, zone: str) -> Json:
        text = make_text(value).strip()
        if not pattern.fullmatch(text) or runs_script(text):
            raise Wrong(f"{show(value)} is not {what}")
        return text

    return check_form


FORMATS: Final[dict[str, Check]] = {
    "date-time": _check_moment,
    "date": _check_date,
    "email": _check_form(EMAIL, "an e-mail address"),
    "uri": _check_form(URI, "a full URL"),
    "uri-reference": _check_form(URI_REFERENCE, "a URL or path"),
}


def _make_number(spec: dict[str, Any]) -> Check:
    whole = spec["type"] == "integer"
    low, high = spec.get("minimum"), spec.get("maximum")
    above, below = spec.get("exclusiveMinimum"), spec.get("exclusiveMaximum")

    def check_number(value: Any, zone: str) -> Json:
        if isinstance(value, str):
            try:
                value = float(value) if "." in value or "e" in value.lower() else int(value)
            except ValueError:
                raise Wrong(f"{show(value)} is not a number") from None
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) >= 2**63:
            raise Wrong(f"{show(value)} is not a number")
        number: int | float = int(value) if isinstance(value, int) or value.is_integer() else float(value)
        if whole and isinstance(number, float):
            raise Wrong(f"{show(value)} is not a whole number")
        if (low is not None and number < low) or (above is not None and number <= above):
            raise Wrong(f"{number} is too small: {'at least' if low is not None else 'more than'} {low if low is not None else above}")
        if (high is not None and number > high) or (below is not None and number >= below):
            raise Wrong(f"{number} is too large: {'at most' if high is not None else 'less than'} {high if high is not None else below}")
        return number

    return check_number


def _make_boolean(spec: dict[str, Any]) -> Check:
    def check_boolean(value: Any, zone: str) -> Json:
        if value is True or value is False:
            return value
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        raise Wrong(f"{show(value)} is not true or false", "Write true or false.")

    return check_boolean


def _make_list(spec: dict[str, Any]) -> Check:
    item = _make_block(spec["x-blocks"]) if "x-blocks" in spec else make_check(spec.get("items", {}))
    texts = spec.get("items") == {"type": "string", "minLength": 1}
    least, most = int(spec.get("minItems", 0)), int(spec.get("maxItems", 1 << 30))

    def check_list(value: Any, zone: str) -> Json:
        if not isinstance(value, list):
            value = [value]
        if not least <= len(value) <= most:
            raise Wrong(
                f"{count(len(value), 'item')}, {'at most' if len(value) > most else 'at least'} {most if len(value) > most else least} allowed"
            )
        checked: list[Json] = []
        if texts and all(type(text) is str for text in value):
            return [stripped for text in value if (stripped := text.strip())]
        for number, one in enumerate(value, 1):
            if texts and isinstance(one, str):
                one = one.strip() or None
            if one is None:
                continue
            try:
                checked.append(item(one, zone))
            except Wrong as wrong:
                raise Wrong(f"item {number}: {wrong}", wrong.hint) from None
        return checked

    return check_list


def _make_block(kinds: dict[str, Any]) -> Check:
    """A block: a group of keys, of which `block` says by which schema the others are checked."""
    if not isinstance(kinds, dict):
        raise Unsupported("keyword 'x-blocks': it is the beginning of names of content types that exist")
    checks = {name: make_check(spec) for name, spec in kinds.items()}
    known = f"Blocks: {', '.join(sorted(checks))}."

    def check_block(value: Any, zone: str) -> Json:
        if not isinstance(value, dict):
            raise Wrong(f"{show(value)} is not a block", "Write a group of keys that begins with 'block: NAME'.")
        name = value.get(BLOCK)
        if name is None:
            raise Wrong("the key 'block' is missing", known)
        if not isinstance(name, str) or name not in checks:
            raise Wrong(f"there is no block {show(name)}", known)
        try:
            return checks[name](value, zone)
        except Wrong as wrong:
            raise Wrong(f"({name}) {wrong}", wrong.hint) from None

    return check_block


def _make_object(spec: dict[str, Any]) -> Check:
    properties = {name: make_check(sub) for name, sub in spec.get("properties", {}).items()}
    required = tuple(spec.get("required", ()))
    rest = spec.get("additionalProperties", True)
    other = make_check(rest) if isinstance(rest, dict) else None

    def check_object(value: Any, zone: str) -> Json:
        if not isinstance(value, dict):
            raise Wrong(f"{show(value)} is not a group of keys")
        checked: dict[str, Json] = {}
        for name, one in value.items():
            check = properties.get(name, other)
            if one is None:
                continue
            if check is None:
                if rest is False:
                    raise Wrong(f"unknown key {name!r}", f"Keys: {', '.join(properties)}.")
                checked[name] = plain_json(one)
                continue
            try:
                checked[name] = check(one, zone)
            except Wrong as wrong:
                raise Wrong(f"{name}: {wrong}", wrong.hint) from None
        for name in required:
            if name not in checked:
                raise Wrong(f"the key {name!r} is missing")
        return checked

    return check_object


MAKERS: Final[dict[str, Callable[[dict[str, Any]], Check]]] = {
    "string": _make_text,
    "integer": _make_number,
    "number": _make_number,
    "boolean": _make_boolean,
    "array": _make_list,
    "object": _make_object,
    "": lambda spec: lambda value, zone: plain_json(value),
}


def show(value: object) -> str:
    """A value for a message, shortened."""
    text = repr(value) if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 60 else text[:59] + "…"
