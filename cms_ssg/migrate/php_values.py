"""Values that PHP has serialised, as plugins of WordPress keep lists and tables in one text."""

from __future__ import annotations

import re
from typing import Final

from cms_ssg.types import Json

MAX_DEPTH: Final = 32
_START: Final = re.compile(r"(?:[aO]:\d+:|s:\d+:\"|[ibd]:[-\d.]|N;)")
_SCALAR: Final = re.compile(rb"i:(-?\d{1,18});|d:(-?\d{1,30}(?:\.\d{1,30})?(?:E[+-]?\d{1,3})?);|b:([01]);|(N);")
_TEXT: Final = re.compile(rb's:(\d{1,9}):"')
_TABLE: Final = re.compile(rb"a:(\d{1,9}):\{")


def parse_php(text: str) -> Json:
    """The value that a serialised text stands for: numbers, texts, lists, tables; any other text as it is, objects too."""
    if not _START.match(text):
        return text
    data = text.strip().encode("utf-8", "surrogatepass")
    try:
        value, end = _parse(data, 0, 0)
    except ValueError:
        return text
    return value if end == len(data) else text


def _parse(data: bytes, at: int, depth: int) -> tuple[Json, int]:
    """The value at a place and the place behind it. Raises ValueError."""
    if (scalar := _SCALAR.match(data, at)) is not None:
        if scalar[1]:
            return int(scalar[1]), scalar.end()
        if scalar[2]:
            return float(scalar[2]), scalar.end()
        return (scalar[3] == b"1" if scalar[3] else None), scalar.end()
    if (head := _TEXT.match(data, at)) is not None:
        end = head.end() + int(head[1])
        if data[end : end + 2] != b'";':
            raise ValueError("a text has another length than it says")
        return data[head.end() : end].decode("utf-8"), end + 2
    table = _TABLE.match(data, at)
    if table is None or depth > MAX_DEPTH:
        raise ValueError("not a value, or one too deep")
    at, found = table.end(), {}
    for _ in range(int(table[1])):
        key, at = _parse(data, at, depth + 1)
        if not isinstance(key, int | str) or isinstance(key, bool):
            raise ValueError("no key")
        found[key], at = _parse(data, at, depth + 1)
    if data[at : at + 1] != b"}":
        raise ValueError("a table does not end")
    if list(found) == list(range(len(found))):
        return list(found.values()), at + 1
    return {str(key): value for key, value in found.items()}, at + 1
