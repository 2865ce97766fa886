"""YAML front matter: the C parser for everything, and a faster reading of the lines most files are made of.

Scalars follow YAML 1.2: ``yes``, ``on`` and ``12:30`` are text, and so are dates, for parse_date to read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, NoReturn

import yaml

from cms_ssg.content.frontmatter.values import Refused, check_depth, clean_text, make_float, make_int
from cms_ssg.content.frontmatter.yaml_slips import explain_shape, explain_yaml
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

INT: Final = re.compile(r"[-+]?[0-9]+")
BASED_INT: Final = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
NULL: Final = frozenset(["", "~", "null", "Null", "NULL"])
TAG: Final = "tag:yaml.org,2002:"
LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C parser where PyYAML was built with it."""


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
    """From the parser's events, since composing nodes recurses in C: deep nesting would end the process."""
    try:
        return _Builder(head, first).build(yaml.parse(head, Loader=LOADER))
    except yaml.YAMLError as error:
        raise explain_yaml(error, head, first) from None


class _Builder:
    """Makes values of events. stack: the open lists and mappings, each mapping with its pending key."""

    def __init__(self, head: str, first: int) -> None:
        self.head, self.first = head, first
        self.lines: dict[str, int] = {}
        self.fields: dict[str, Json] | None = None
        self.stack: list[tuple[Any, list[str]]] = []
        self.duplicates: dict[tuple[int, str], int] = {}

    def build(self, events: Iterable[Any]) -> tuple[dict[str, Json], dict[str, int]]:
        for event in events:
            kind = type(event)
            if kind is yaml.ScalarEvent:
                self._refuse_anchor(event)
                self._add(event, self._scalar(event), is_scalar=True)
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self._refuse_anchor(event)
                self._open(event, {} if kind is yaml.MappingStartEvent else [])
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self._close(event)
            elif kind is yaml.AliasEvent:
                self._refuse_alias(event)
        return self.fields or {}, self.lines

    def _open(self, event: Any, made: Any) -> None:
        line = self._line(event)
        if event.tag not in (None, "!", TAG + ("map" if isinstance(made, dict) else "seq")):
            self._refuse_tag(event)
        check_depth(len(self.stack), line)
        if self.stack and isinstance(self.stack[-1][0], dict) and not self.stack[-1][1]:
            raise Refused("content.yaml", "front matter: a key must be a plain text", line)
        if not self.stack:
            if self.fields is not None or not isinstance(made, dict):
                self._refuse_shape()
            self.fields = made
        self.stack.append((made, []))

    def _close(self, event: Any) -> None:
        made, _ = self.stack.pop()
        if self.stack:
            self._add(event, made, is_scalar=False)

    def _add(self, event: Any, value: Json, *, is_scalar: bool) -> None:
        if not self.stack:
            if value is not None or self.fields is not None:
                self._refuse_shape()
            return
        holder, pending = self.stack[-1]
        if isinstance(holder, list):
            holder.append(value)
        elif pending:
            name = pending.pop()
            if name in holder and holder[name] != value:
                line = self.duplicates[id(holder), name]
                raise Refused("content.duplicate-key", f"the key {name!r} is there twice", line, "Keep one of them.")
            holder[name] = value
        elif is_scalar:
            name = clean_text(event.value)
            pending.append(name)
            if len(self.stack) == 1:
                self.lines.setdefault(name, self._line(event))
            if name in holder:
                self.duplicates[id(holder), name] = self._line(event)

    def _scalar(self, event: Any) -> Json:
        text: str = event.value
        tag = event.tag
        if tag is None:
            return resolve_plain(text) if event.implicit[0] and not event.style else clean_text(text)
        if tag in ("!", TAG + "str"):
            return clean_text(text)
        if tag in (TAG + "null", TAG + "bool", TAG + "int", TAG + "float", TAG + "timestamp"):
            return resolve_plain(text)
        return self._refuse_tag(event)

    def _line(self, event: Any) -> int:
        return self.first + int(event.start_mark.line)

    def _refuse_anchor(self, event: Any) -> None:
        if event.anchor is not None:
            self._refuse_alias(event)

    def _refuse_alias(self, event: Any) -> None:
        """Aliases can make a small file huge and a value appear where nobody wrote it."""
        raise Refused(
            "content.yaml-alias", "front matter: anchors and aliases (&, *) are not allowed", self._line(event),
            "Write the value out, or put the text in quotes if it begins with & or *.",
        )  # fmt: skip

    def _refuse_tag(self, event: Any) -> NoReturn:
        tag = str(event.tag).replace(TAG, "!!")[:80]
        raise Refused("content.yaml-tag", f"front matter: the tag {tag!r} is not allowed", self._line(event), "Write plain values.")

    def _refuse_shape(self) -> NoReturn:
        raise explain_shape(self.head, self.first)


def resolve_plain(text: str) -> Json:
    """The value of a scalar without quotes, by the core schema of YAML 1.2."""
    if text in NULL:
        return None
    if text in NOT_TEXT:
        return text in TRUE
    if text[0] in "+-.0123456789":
        if INT.fullmatch(text):
            return make_int(text)
        if BASED_INT.fullmatch(text):
            return make_int(text, 0)
        if FLOAT.fullmatch(text):
            return make_float(text)
    return clean_text(text)
