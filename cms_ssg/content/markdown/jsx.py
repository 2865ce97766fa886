"""The pieces of JSX: tags with expressions for attributes, and expressions in braces."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

NAME: Final = re.compile(r"</?([A-Za-z][A-Za-z0-9_.:-]*)")
ATTRIBUTE_NAME: Final = re.compile(r"\s*([A-Za-z_$@:][\w$:.@-]*)(\s*=\s*)?")
SPACE: Final = re.compile(r"\s*")
UNQUOTED: Final = re.compile(r"[^\s\"'=<>`{}]+")
EXPRESSION_PART: Final = re.compile(r"[{}\"'`]|/\*|//")
STATIC: Final = re.compile(r"""\s*(?:"([^"\\\n]*)"|'([^'\\\n]*)'|`([^`\\$]*)`|(-?\d+(?:\.\d+)?|true))\s*""")
MAX_EXPRESSION: Final = 50_000
"""A longer one is not looked for: an unclosed brace must not cost a look at the whole file each time."""

MAX_NESTING: Final = 20
"""Templates within expressions within templates."""


@dataclass(frozen=True, slots=True)
class JsxTag:
    """One tag. attributes: name -> static value, None where it is an expression; end: behind its ``>``."""

    name: str
    closing: bool
    self_closing: bool
    attributes: dict[str, str | None]
    end: int

    @property
    def is_component(self) -> bool:
        """Capitalised and dotted names are components, others are HTML elements."""
        return self.name[0].isupper() or "." in self.name


class Unclosed(Exception):
    """An expression in a tag has no end within reach."""


def read_tag(text: str, begin: int) -> JsxTag | None:
    """The tag that begins at a ``<``, or None. Raises Unclosed."""
    match = NAME.match(text, begin)
    if match is None:
        return None
    closing = text[begin + 1] == "/"
    at = match.end()
    attributes: dict[str, str | None] = {}
    while True:
        at = SPACE.match(text, at).end()  # type: ignore[union-attr]  # it matches the empty text
        if text.startswith("/>", at):
            return JsxTag(match[1], closing, True, attributes, at + 2)
        if text.startswith(">", at):
            return JsxTag(match[1], closing, False, attributes, at + 1)
        if text.startswith("{", at):  # {...spread}
            at = end_of_expression(text, at)
            if at < 0:
                raise Unclosed
            continue
        name = ATTRIBUTE_NAME.match(text, at)
        if name is None or closing:
            return None
        at = name.end()
        if not name[2]:
            attributes[name[1]] = ""
            continue
        value, at = _read_value(text, at)
        if at < 0:
            return None
        attributes.setdefault(name[1], value)


def _read_value(text: str, at: int) -> tuple[str | None, int]:
    """A value and where it ends, -1 where there is none."""
    quote = text[at : at + 1]
    if quote and quote in "\"'":
        end = text.find(quote, at + 1)
        return (text[at + 1 : end], end + 1) if end >= 0 else ("", -1)
    if quote == "{":
        end = end_of_expression(text, at)
        if end < 0:
            raise Unclosed
        return static_value(text[at + 1 : end - 1]), end
    match = UNQUOTED.match(text, at)
    return (match[0], match.end()) if match else ("", -1)


def static_value(expression: str) -> str | None:
    """The value of an expression that is a plain text or number, else None."""
    match = STATIC.fullmatch(expression)
    return None if match is None else next(group for group in match.groups() if group is not None)


def end_of_expression(text: str, begin: int, nesting: int = 0) -> int:
    """Behind the brace that closes the one at `begin`, -1 if none does. Texts, templates and comments are stepped over."""
    depth = 0
    at, limit = begin, min(len(text), begin + MAX_EXPRESSION)
    while (part := EXPRESSION_PART.search(text, at, limit)) is not None:
        at = part.end()
        sign = part[0]
        if sign == "{":
            depth += 1
        elif sign == "}":
            depth -= 1
            if not depth:
                return at
        elif sign == "/*":
            end = text.find("*/", at, limit)
            if end < 0:
                return -1
            at = end + 2
        elif sign == "//":
            end = text.find("\n", at, limit)
            at = end if end >= 0 and "}" not in text[at:end] else at
        elif sign == "`":
            at = _end_of_template(text, at, limit, nesting) if nesting < MAX_NESTING else -1
        else:
            at = _end_of_text(text, at, sign, limit)
        if at < 0:
            return -1
    return -1


def _end_of_text(text: str, at: int, quote: str, limit: int) -> int:
    """Behind a quoted text; an apostrophe in prose, whose line has no second one, ends nothing."""
    begin = at
    while at < limit and text[at] != "\n":
        if text[at] == "\\":
            at += 1
        elif text[at] == quote:
            return at + 1
        at += 1
    return begin


def _end_of_template(text: str, at: int, limit: int, nesting: int) -> int:
    while at < limit:
        if text[at] == "\\":
            at += 1
        elif text[at] == "`":
            return at + 1
        elif text.startswith("${", at):
            at = end_of_expression(text, at + 1, nesting + 1) - 1
            if at < 0:
                return -1
        at += 1
    return -1
