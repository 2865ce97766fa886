"""A form for an entry, made from its schema: each field as the text of one input, and texts back as values. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Any, Final, Literal, NamedTuple

import yaml

from cms_ssg.content.frontmatter.parse import LARGEST, parse_front_matter
from cms_ssg.content.schema.content_types import Schema
from cms_ssg.types import Json

BODY: Final = "body"
PREFIX: Final = "f."
"""Before a field's name in the name of its input."""

HIDDEN: Final = frozenset({"draft", "status", "locale", "approved", "title", "translation_key"})
"""Fields that have a place of their own in the form, or none."""

FIRST: Final = ("section", "tags", "authors", "excerpt", "image", "image_alt", "focus", "date", "price", "sku", "page")
LONG: Final = 1500
"""A text that may be longer than this has an input of several lines."""

Kind = Literal["text", "lines", "long", "flag", "choice", "number", "moment", "day", "image", "yaml"]


class Input(NamedTuple):
    """One field of the form. text: as it is shown; is_first: shown at once, not below 'More'."""

    name: str
    label: str
    hint: str
    kind: Kind
    text: str
    choices: tuple[str, ...] = ()
    required: bool = False
    is_first: bool = False


def list_inputs(schema: Schema, fields: Mapping[str, Json], zone: tzinfo) -> list[Input]:
    """The form's inputs but title and body, the usual ones first. zone: the site's, in which moments are shown."""
    names = [name for name in schema.properties if name not in HIDDEN]
    texts = make_texts(schema, fields, zone)
    own = {name for name in names if name in schema.required or name in FIRST or (fields.get(name) is not None and name != "metadata")}
    own |= {name for name, spec in schema.properties.items() if "x-blocks" in spec}
    names.sort(key=lambda name: (name not in own, _rank(name, schema)))
    return [
        Input(
            PREFIX + name, _name_label(name, spec), str(spec.get("description", "")), find_kind(name, spec), texts[PREFIX + name],
            tuple(map(str, spec.get("enum", ()))), name in schema.required, name in own,
        )
        for name in names
        for spec in (schema.properties[name],)
    ]  # fmt: skip


def _rank(name: str, schema: Schema) -> int:
    """Where a field stands: blocks, which are the page, before what the type requires, then the usual ones."""
    if "x-blocks" in schema.properties[name]:
        return -2
    return FIRST.index(name) if name in FIRST else -1 if name in schema.required else len(FIRST)


def find_kind(name: str, spec: Mapping[str, Any]) -> Kind:
    """Which input a field has."""
    kind, format_ = spec.get("type", ""), spec.get("format", "")
    if "enum" in spec and kind == "string":
        return "choice"
    if kind == "boolean":
        return "flag"
    if kind in ("number", "integer"):
        return "number"
    if kind == "array" and spec.get("items", {}).get("type") == "string":
        return "lines"
    if kind != "string":
        return "yaml"
    if name == "image":
        return "image"
    if format_ in ("date-time", "date"):
        return "moment" if format_ == "date-time" else "day"
    return "long" if int(spec.get("maxLength", 0)) > LONG and name not in ("image_alt", "image") else "text"


def make_texts(schema: Schema, fields: Mapping[str, Json], zone: tzinfo) -> dict[str, str]:
    """The text of every input of a form, title included."""
    texts = {
        PREFIX + name: show_value(find_kind(name, spec), fields.get(name), zone)
        for name, spec in schema.properties.items()
        if name not in HIDDEN
    }
    if "title" in schema.properties:
        texts[PREFIX + "title"] = str(fields.get("title") or "")
    return texts


def show_value(kind: Kind, value: Json, zone: tzinfo) -> str:
    """A stored value as the text of its input."""
    if value is None:
        return ""
    if kind == "flag":
        return "yes" if value is True else ""
    if kind == "lines" and isinstance(value, list):
        return "\n".join(map(str, value))
    if kind == "moment" and isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value).astimezone(zone).replace(tzinfo=None)
        except (ValueError, OverflowError):
            return value
        return moment.isoformat(timespec="seconds").removesuffix(":00")
    if kind == "yaml":
        return str(yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=100))
    return str(value)


def read_changes(schema: Schema, before: Mapping[str, str], given: Mapping[str, str]) -> tuple[dict[str, Json], dict[str, str]]:
    """The fields whose texts differ from those that the form was made with: (values, None for one that was emptied; what is wrong, by input).

    A text that nobody touched changes nothing, even where it would be read as another value.
    """
    values: dict[str, Json] = {}
    wrong: dict[str, str] = {}
    for name, text in given.items():
        if not name.startswith(PREFIX) or name not in before or _plain(text) == _plain(before[name]):
            continue
        field = name.removeprefix(PREFIX)
        try:
            values[field] = parse_text(find_kind(field, schema.properties[field]) if field != "title" else "text", text)
        except ValueError as error:
            wrong[name] = str(error)
    return values, wrong


def parse_text(kind: Kind, text: str) -> Json:
    """What somebody typed, as front matter would have it. Raises ValueError with what is wrong."""
    text = text.replace("\r\n", "\n")
    if not text.strip():
        return None
    if kind == "flag":
        return True
    if kind == "lines":
        return list(dict.fromkeys(line.strip() for line in text.split("\n") if line.strip()))
    if kind == "number":
        try:
            return float(text) if any(sign in text for sign in ".eE") else int(text)
        except ValueError:
            raise ValueError(f'"{text[:40]}" is no number') from None
    if kind == "yaml":
        inner = "\n".join(f"  {line}" for line in text.split("\n"))
        front = parse_front_matter(
            f"---\nvalue:\n{inner}\n---\n".encode("utf-8", "replace"), "", LARGEST
        )  # what is too much is said of all fields together
        if front.problems:
            raise ValueError(f"line {max(1, front.problems[0].line - 2)}: {front.problems[0].message}")
        return front.fields.get("value")
    return text.strip()


def list_texts(pairs: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The inputs among what a form sent."""
    return ((name, text) for name, text in pairs.items() if name.startswith(PREFIX) or name == BODY)


def _name_label(name: str, spec: Mapping[str, Any]) -> str:
    return str(spec.get("title") or name.replace("_", " ").capitalize())


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").rstrip("\n")
