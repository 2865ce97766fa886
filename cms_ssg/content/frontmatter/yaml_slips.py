"""What is wrong with YAML front matter in words for people who write texts: the slips behind most of what the parser refuses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from cms_ssg.content.frontmatter.values import Refused, too_deep

KEY: Final = re.compile(r"[\w-]+:(?= |$)")
NO_SPACE: Final = re.compile(r"([\w-]+):([^\s:/].*)")
"""``date:2025-01-01``; not an address, and not ``a::b``."""
INNER_KEY: Final = re.compile(r" +[\w-]+:(?: |$)")
HAS_VALUE: Final = re.compile(r"([\w-]+): +[^\s|>#&!].*")
RESERVED: Final = re.compile(r"(?:- +)?(?:[\w-]+: +)?([@`%])")
OPEN: Final = {"quoted scalar": "a quote", "flow sequence": "a list in brackets", "flow mapping": "a table in braces"}


class Slip(NamedTuple):
    """row: counted from 0; message; hint."""

    row: int
    message: str
    hint: str


def explain_yaml(error: Any, head: str, first: int) -> Refused:
    """The parser's error by the slip behind it, else in its own words. head: the front matter; first: its first line in the file."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error).split("\n")[0]
    if "nesting depth" in said:  # newer versions of libyaml have a limit of their own and look ahead
        return too_deep(first + mark.line if mark else first)
    if mark is None:
        position = getattr(error, "position", None)
        line = first + head.encode()[:position].count(b"\n") if isinstance(position, int) else first
        return Refused("content.yaml", f"front matter: {said}", line, "See docs/content.md, 'Front matter'.")
    slip = _find_open(error) or _find_slip(head.split("\n"), mark.line)
    if slip is None:
        return Refused("content.yaml", f"front matter: {said}", first + mark.line, "See docs/content.md, 'Front matter'.")
    return Refused("content.yaml", slip.message, first + slip.row, slip.hint)


def explain_shape(head: str, first: int) -> Refused:
    """What the parser reads without complaint and yet is no list of keys and values."""
    rows = head.split("\n")
    slip = _find_slip(rows, len(rows) - 1) if any(KEY.match(row) or NO_SPACE.match(row) for row in rows) else None
    if slip is not None:
        return Refused("content.yaml", slip.message, first + slip.row, slip.hint)
    hint = "Two lines '---' enclose the front matter; write a rule in the text as '***'."
    return Refused("content.yaml", "the front matter is not a list of 'key: value' lines", first, hint)


def _find_open(error: Any) -> Slip | None:
    """What was opened and never closed, as the parser notes where it began."""
    began, context = getattr(error, "context_mark", None), getattr(error, "context", None) or ""
    what = next((word for name, word in OPEN.items() if name in context), "")
    if began is None or not what:
        return None
    return Slip(
        began.line, f"{what} that opens in this line is not closed", "Close it; a text that holds quotes itself goes into the other kind."
    )


def _find_slip(rows: Sequence[str], last: int) -> Slip | None:
    """The slip that is nearest to the line where the parser stopped, at it or above."""
    for number in range(min(last, len(rows) - 1), -1, -1):
        if found := _name_slip(rows[number], rows[number - 1] if number else ""):
            return Slip(number, *found)
    return None


def _name_slip(row: str, above: str) -> tuple[str, str] | None:
    if not row.strip() or row.lstrip().startswith("#"):
        return None
    if INNER_KEY.match(row) and (holder := HAS_VALUE.fullmatch(above)):
        return f"the line is indented below '{holder[1]}', which has a value already", "Begin each key at the start of its line."
    if reserved := RESERVED.match(row):
        return f"a value cannot begin with {reserved[1]}", "Put it in quotes."
    if KEY.match(row):
        value = row.partition(":")[2].strip()
        if ": " in value and value[0] not in "\"'[{":
            return f"a value holds ': ', which begins a value: {_cut(value)}", "Put a value that contains ': ' in quotes."
        return None
    if missing := NO_SPACE.fullmatch(row):
        return f"there is no space after the colon of '{missing[1]}:'", f"Write {missing[1]}: {_cut(missing[2])}"
    if ":" not in row and row[0] not in " \t-[]{}\"'|>":
        return f"this line has no colon: {_cut(row)}", "Each line is 'key: value'; a text over several lines is indented."
    return None


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"
