"""Which letters a font file has: read from its table of characters, so that pages know it without any library.

Source: OpenType 1.9, "cmap — Character to Glyph Index Mapping Table", formats 4 and 12.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cms_ssg.content.read_file import read_file
from cms_ssg.reads import digest as make_digest
from cms_ssg.types import Problem

MOST_BYTES: Final = 64 * 1024 * 1024
UNICODE: Final = frozenset(((0, 3), (0, 4), (0, 6), (3, 1), (3, 10)))
"""Platform and encoding of tables that speak of Unicode."""


@dataclass(frozen=True, slots=True)
class CardFont:
    """A font file of the site. file: relative to its folder; letters: what it has a glyph for."""

    file: str
    digest: str
    letters: frozenset[str]


class NoFont(ValueError):
    """A file that is no font, or has no table of Unicode characters."""


def load_font(root: str, file: str) -> CardFont:
    """The font in a file of the site. Raises NoFont. A process reads it once as long as it stays as it is."""
    try:
        stat = os.stat(f"{root}/{file}")
    except (OSError, ValueError) as error:
        raise NoFont(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return _load_font(root, file, stat.st_mtime_ns, stat.st_size, stat.st_ino)


@lru_cache(maxsize=2)
def _load_font(root: str, file: str, *_: int) -> CardFont:
    data = read_file(root, file, MOST_BYTES)
    if isinstance(data, Problem):
        raise NoFont(data.message)
    return CardFont(file, make_digest(data).hex(), list_letters(data))


def list_letters(data: bytes) -> frozenset[str]:
    """Every character that a TrueType or OpenType font, or the first of a collection, has a glyph for. Raises NoFont."""
    try:
        start = struct.unpack_from(">I", data, 12)[0] if data[:4] == b"ttcf" else 0
        if data[start : start + 4] not in (b"\0\1\0\0", b"OTTO", b"true"):
            raise NoFont("is no TrueType or OpenType font")
        cmap = _find_cmap(data, start)
        (count,) = struct.unpack_from(">H", data, cmap + 2)
        letters: set[int] = set()
        for number in range(count):
            platform, encoding, offset = struct.unpack_from(">HHI", data, cmap + 4 + 8 * number)
            if (platform, encoding) in UNICODE:
                letters |= _read_table(data, cmap + offset)
    except struct.error:
        raise NoFont("is cut off") from None
    if not letters:
        raise NoFont("has no table of Unicode characters")
    return frozenset(chr(letter) for letter in letters if letter < 0x110000)


def _find_cmap(data: bytes, start: int) -> int:
    (count,) = struct.unpack_from(">H", data, start + 4)
    for number in range(count):
        tag, _, offset, _ = struct.unpack_from(">4sIII", data, start + 12 + 16 * number)
        if tag == b"cmap":
            return int(offset)
    raise NoFont("has no table of characters")


def _read_table(data: bytes, at: int) -> set[int]:
    (form,) = struct.unpack_from(">H", data, at)
    if form == 12:
        (count,) = struct.unpack_from(">I", data, at + 12)
        groups = [struct.unpack_from(">III", data, at + 16 + 12 * number) for number in range(min(count, 0x110000))]
        return {letter for first, last, _ in groups for letter in range(first, min(last, 0x10FFFF) + 1)}
    if form != 4:
        return set()
    count = struct.unpack_from(">H", data, at + 6)[0] // 2
    ends = struct.unpack_from(f">{count}H", data, at + 14)
    starts = struct.unpack_from(f">{count}H", data, at + 16 + 2 * count)
    deltas = struct.unpack_from(f">{count}H", data, at + 16 + 4 * count)
    places = at + 16 + 6 * count
    offsets = struct.unpack_from(f">{count}H", data, places)
    found: set[int] = set()
    for number, (first, last, delta, offset) in enumerate(zip(starts, ends, deltas, offsets, strict=True)):
        for letter in range(first, last + 1):
            glyph = letter
            if offset:
                (glyph,) = struct.unpack_from(">H", data, places + 2 * number + offset + 2 * (letter - first))
                if not glyph:
                    continue
            if (glyph + delta) & 0xFFFF and letter != 0xFFFF:
                found.add(letter)
    return found
