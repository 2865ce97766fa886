"""What front matter values may be once they are read: JSON, with numbers that remember how they were written."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, time
from typing import Any, Final

from cms_ssg.files.toml_errors import MOST_BITS
from cms_ssg.types import Json

MAX_DEPTH: Final = 32
LARGEST_INT: Final = 2**63 - 1
UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
"""What neither UTF-8 nor Postgres can hold; each becomes U+FFFD."""
HALF_ESCAPE: Final = re.compile(r"\\u(?:d[89ab]..(?!\\ud[c-f]..)|(?<!\\ud[89ab]..\\u)d[c-f]..)", re.IGNORECASE)
"""Where a text says half of a character: the first of two without the second, or the second without the first."""


class Refused(Exception):
    """Front matter that cannot be read; becomes a Problem."""

    def __init__(self, code: str, message: str, line: int, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.line, self.hint = code, message, line, hint


class WrittenInt(int):
    """An integer that was not written in the shortest way, such as 007; ``str`` gives what was written."""

    written: str

    def __str__(self) -> str:
        return self.written


class WrittenFloat(float):
    """A float that was not written as Python would, such as 1.10; ``str`` gives what was written."""

    written: str

    def __str__(self) -> str:
        return self.written


def make_int(text: str, base: int = 10) -> Json:
    """The integer of a text; too large ones stay text."""
    try:
        number = int(text, base)
    except ValueError:
        return text
    if abs(number) > LARGEST_INT:
        return text
    if str(number) == text:
        return number
    written = WrittenInt(number)
    written.written = text
    return written


def make_float(text: str) -> Json:
    """The float of a text; one that no float can hold stays text."""
    number = float(text)
    if not math.isfinite(number):
        return text
    if repr(number) == text:
        return number
    written = WrittenFloat(number)
    written.written = text
    return written


def clean_text(text: str) -> str:
    """A text that can be stored."""
    return text if text.isascii() and "\x00" not in text else UNSTORABLE.sub("\ufffd", text)


def clean_value(value: Any, line: int, depth: int = 0) -> Any:
    """A value as TOML and JSON give it, with what cannot be stored replaced. Dates stay dates for parse_date.

    Raises Refused where it is nested more than MAX_DEPTH deep.
    """
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        check_depth(depth, line)
        return {clean_text(str(name)): clean_value(item, line, depth + 1) for name, item in value.items()}
    if isinstance(value, list):
        check_depth(depth, line)
        return [clean_value(item, line, depth + 1) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and abs(value) > LARGEST_INT:
        return str(value) if value.bit_length() <= MOST_BITS else hex(value)
    return value


def check_depth(depth: int, line: int) -> None:
    """Raise Refused where a value is nested too deeply."""
    if depth > MAX_DEPTH:
        raise too_deep(line)


def too_deep(line: int) -> Refused:
    """What to say of a value that is nested too deeply."""
    return Refused(
        "content.front-matter-depth", f"front matter is nested more than {MAX_DEPTH} deep", line, "Move data into a file of data/."
    )


def plain_json(value: Any) -> Json:
    """A read value as plain JSON: dates become ISO text, written numbers numbers."""
    kind = type(value)
    if kind is str or kind is int or kind is bool or kind is float or value is None:
        return value
    if isinstance(value, dict):
        return {name: plain_json(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain_json(item) for item in value]
    if isinstance(value, WrittenInt):
        return int(value)
    if isinstance(value, WrittenFloat):
        return float(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return str(value)
