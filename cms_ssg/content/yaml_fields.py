"""YAML front matter: the C parser for everything, and a faster reading of the lines most files are made of.

Scalars follow YAML 1.2: ``yes``, ``on`` and ``12:30`` are text, and so are dates, for parse_date to read.
"""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from cms_ssg.content.values import Refused, check_depth, clean_text, make_float, make_int
from cms_ssg.types import Json

CONTROL: Final = "\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff"
SIMPLE_LINE: Final = re.compile(
    r"([A-Za-z_][A-Za-z0-9_-]*): +(?:"
    rf'"([^"\\{CONTROL}]*)"'
    rf"|'([^'{CONTROL}]*)'"
    rf"|\[([^][{{}}\"'#&*!|>%@`\\?:{CONTROL}]*)\]"
    rf"|([^\W\d_][^:#{CONTROL}]*(?::[^ :#{CONTROL}][^:#{CONTROL}]*)*)"
    r"|([0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.]+(?:Z| ?[+-][0-9]{2}:?[0-9]{2})?)?)"
    r"|(0|-?[1-9][0-9]{0,14})"
    r") *"
)
NOT_TEXT: Final = frozenset(["true", "True", "TRUE", "false", "False", "FALSE", "null", "Null", "NULL"])
TRUE: Final = frozenset(["true", "True", "TRUE"])
MAY_ALIAS: Final = re.compile(r"(?:^|[\s,\[{:?-])[&*][^\s,\]}]", re.MULTILINE)

INT: Final = re.compile(r"[-+]?[0-9]+")
TAG: Final = "tag:yaml.org,2002:"


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the C loader where it was built
    """Composes nodes; values are made by _make_value."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}


for tag, pattern, firsts in (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", list("-+0123456789")),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", list("-+0123456789.")),
):
    Loader.add_implicit_resolver(TAG + tag, re.compile(pattern), firsts)


def parse_yaml(head: str, first: int) -> tuple[dict[str, Json], dict[str, int]]:
    """Fields and the line of each key.

    head: the text between the fences; first: its line in the file. Raises Refused.
    """
    simple = _parse_simple(head, first)
    if simple is not None:
        return simple
    try:
        return _parse_any(head, first)
    except Refused:
        if "\t" not in head:
            raise
        # tabs have no meaning in YAML but a clear one to people: the same text with spaces is tried
        spaced = re.sub(r"(?m)^[ \t]+", lambda match: match[0].expandtabs(2), head)
        spaced = re.sub(r"(?m)^([ ]*(?:- +)?[\w-]+:)[ \t]*\t[ \t]*", r"\1 ", spaced)
        spaced = re.sub(r"(?m)^([ ]*)-\t[ \t]*", r"\1- ", spaced)
        return _parse_any(spaced, first)


def _parse_simple(head: str, first: int) -> tuple[dict[str, Json], dict[str, int]] | None:
    """The same as _parse_any for lines of one plain key and one plain value each, None for anything else."""
    fields: dict[str, Json] = {}
    lines: dict[str, int] = {}
    number = first - 1
    match_line = SIMPLE_LINE.fullmatch
    for line in head.split("\n"):
        number += 1
        match = match_line(line)
        if match is None:
            if line and line[0] != "#":
                return None
            continue
        name, double, single, items, word, day, digits = match.groups()
        if name in fields:
            return None
        value: Json
        if double is not None:
            value = double
        elif word is not None:
            value = word.rstrip(" ")
            if value in NOT_TEXT:
                if value[0] in "nN":
                    return None
                value = value in TRUE
        elif items is not None:
            value = [item.strip(" ") for item in items.split(",")]
            for item in value:
                if not item[:1].isalpha() or item in NOT_TEXT:
                    return None
        elif day is not None:
            value = day
        elif single is not None:
            value = single
        else:
            value = int(digits)
        fields[name] = value
        lines[name] = number
    return fields, lines


def _parse_any(head: str, first: int) -> tuple[dict[str, Json], dict[str, int]]:
    if MAY_ALIAS.search(head):
        _refuse_aliases(head, first)
    loader = None
    try:
        loader = Loader(head)
        node = loader.get_single_node()
    except yaml.YAMLError as error:
        raise _explain(error, head, first) from None
    except RecursionError:
        raise Refused("content.yaml", "front matter: it is nested too deeply", first) from None
    finally:
        if loader is not None:
            loader.dispose()
    if node is None:
        return {}, {}
    if not isinstance(node, yaml.MappingNode):
        raise Refused("content.yaml", "the front matter is not a list of 'key: value' lines", first, "Two lines '---' enclose the front matter; write a rule in the text as '***'.")
    lines: dict[str, int] = {}
    fields = _make_mapping(node, first, 0, lines)
    return fields, lines


def _make_mapping(node: Any, first: int, depth: int, lines: dict[str, int] | None) -> dict[str, Json]:
    made: dict[str, Json] = {}
    for key, item in node.value:
        line = first + key.start_mark.line
        if not isinstance(key, yaml.ScalarNode):
            raise Refused("content.yaml", "front matter: a key must be a plain text", line)
        name = clean_text(key.value)
        value = _make_value(item, first, depth)
        if name in made and made[name] != value:
            raise Refused("content.duplicate-key", f"the key {name!r} is there twice", line, "Keep one of them.")
        made[name] = value
        if lines is not None:
            lines.setdefault(name, line)
    return made


def _make_value(node: Any, first: int, depth: int) -> Json:
    kind = node.tag
    if isinstance(node, yaml.ScalarNode):
        text: str = node.value
        if kind == TAG + "str":
            return clean_text(text)
        if kind == TAG + "null":
            return None
        if kind == TAG + "bool" and text.lower() in ("true", "false"):
            return text.lower() == "true"
        if kind == TAG + "int":
            return make_int(text) if INT.fullmatch(text) else make_int(text, 0)
        if kind == TAG + "float":
            try:
                return make_float(text)
            except ValueError:
                return text
        if kind == TAG + "timestamp":
            return text
    else:
        check_depth(depth, first + node.start_mark.line)
        if kind == TAG + "seq" and isinstance(node, yaml.SequenceNode):
            return [_make_value(item, first, depth + 1) for item in node.value]
        if kind == TAG + "map" and isinstance(node, yaml.MappingNode):
            return _make_mapping(node, first, depth + 1, None)
    raise Refused("content.yaml-tag", f"front matter: the tag {_short_tag(kind)!r} is not allowed", first + node.start_mark.line, "Write plain values.")


def _refuse_aliases(head: str, first: int) -> None:
    """Aliases can make a small file huge and a value appear where nobody wrote it."""
    try:
        for event in yaml.parse(head, Loader=Loader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
                raise Refused(
                    "content.yaml-alias", "front matter: anchors and aliases (&, *) are not allowed", first + event.start_mark.line,
                    "Write the value out, or put the text in quotes if it begins with & or *.",
                )  # fmt: skip
    except yaml.YAMLError as error:
        raise _explain(error, head, first) from None


def _explain(error: yaml.YAMLError, head: str, first: int) -> Refused:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = first + mark.line if mark else first
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error).split("\n")[0]
    hint = ""
    if mark:
        rows = head.split("\n")
        row = rows[mark.line] if mark.line < len(rows) else ""
        if ": " in row.partition(":")[2]:
            hint = "Put a value that contains ': ' in quotes."
        elif "\t" in row:
            hint = "Indent with spaces, not tabs."
    position = getattr(error, "position", None)
    if mark is None and isinstance(position, int):
        line = first + head.encode()[:position].count(b"\n")
    return Refused("content.yaml", f"front matter: {said}", line, hint or "See docs/content.md, 'Front matter'.")


def _short_tag(tag: str) -> str:
    return tag.replace(TAG, "!!")[:80]
