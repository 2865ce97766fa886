"""Metadata of an AVIF or HEIC, blanked where it lies: everything in the file is found by its place, so nothing may move."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

NO_EXIF: Final = b"\0\0\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"
BRANDS: Final = (b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def is_heif(data: bytes) -> bool:
    """Whether a file says that it is one."""
    return data[4:8] == b"ftyp" and any(brand in data[8 : min(len(data), int.from_bytes(data[:4], "big"))] for brand in BRANDS)


def blank_metadata(data: bytes) -> bytes:
    """The bytes of an AVIF or HEIC with zeros for EXIF and spaces for XMP. Which way is up it says elsewhere."""
    blank, room = bytearray(data), len(data)
    for name, start, end in _list_boxes(data, 0, len(data)):
        if name == b"meta":
            boxes = {name: (first, last) for name, first, last in _list_boxes(data, start + 4, end)}
            if b"iinf" in boxes and b"iloc" in boxes:
                kinds = _read_kinds(data, *boxes[b"iinf"])
                base = boxes.get(b"idat", (0, 0))[0]
                for item, first, last in _list_extents(data, *boxes[b"iloc"], base):
                    size, kind = min(last, len(data)) - first, kinds.get(item)
                    if size <= 0 or kind not in (b"Exif", b"mime"):
                        continue
                    if (room := room - size) < 0:  # no file has more of it than bytes
                        return bytes(blank)
                    said = b" " * size if kind == b"mime" else NO_EXIF.ljust(size, b"\0") if size >= len(NO_EXIF) else bytes(size)
                    blank[first : first + size] = said
    return bytes(blank)


def _list_boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, begin and end of what is in each box; one whose size makes no sense is the last."""
    while at + 8 <= end:
        size, head = int.from_bytes(data[at : at + 4], "big"), 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        stop = min(end, at + size) if size else end
        if stop < at + head:
            return
        yield data[at + 4 : at + 8], at + head, stop
        at = stop


def _read_kinds(data: bytes, start: int, end: int) -> dict[int, bytes]:
    kinds = {}
    for name, at, _ in _list_boxes(data, start + (6 if data[start : start + 1] == b"\0" else 8), end):
        if name == b"infe" and (version := data[at : at + 1]) >= b"\x02":
            wide = 2 if version == b"\x02" else 4
            kinds[int.from_bytes(data[at + 4 : at + 4 + wide], "big")] = data[at + 6 + wide : at + 10 + wide]
    return kinds


def _list_extents(data: bytes, start: int, end: int, inside: int) -> Iterator[tuple[int, int, int]]:
    """Item, begin and end of each part of it in the file. inside: where the box begins that holds small items."""
    version, at = int.from_bytes(data[start : start + 1], "big"), start + 4

    def take(size: int) -> int:
        nonlocal at
        at += size
        return int.from_bytes(data[at - size : at], "big")

    sizes = take(2)
    offset_size, length_size, base_size, index_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15, sizes & 15 if version else 0
    for _ in range(take(4 if version == 2 else 2)):
        if at >= end:
            return
        item = take(4 if version == 2 else 2)
        method = take(2) & 15 if version else 0
        take(2)
        base = take(base_size)
        extents = take(2)
        for _ in range(extents if length_size else 0):
            take(index_size)
            first = base + take(offset_size) + (inside if method == 1 else 0)
            length = take(length_size)
            if at > end:
                return
            if method < 2:
                yield item, first, first + length
