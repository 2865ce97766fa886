"""What an original says besides its pixels, taken out of its bytes: where it was taken, by whom, with what. Nothing is encoded again.

Kept are the pixels, what they need to look right (colour profile, transparency, animation), and which way is up.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from typing import Final

from cms_ssg.images.strip_heif import blank_metadata, is_heif

ORIENTATION: Final = 0x0112
TIFF_ORDERS: Final = {b"II*\0": "little", b"MM\0*": "big"}

JPEG_ALONE: Final = frozenset((0x01, *range(0xD0, 0xD8)))
"""Markers without a length."""
JPEG_KEPT: Final = ((0xE0, b"JFIF\0"), (0xE2, b"ICC_PROFILE\0"), (0xEE, b"Adobe"))
JPEG_AFTER_PIXELS: Final = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")

PNG_MAGIC: Final = b"\x89PNG\r\n\x1a\n"
PNG_KEPT: Final = frozenset(
    b"tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV mDCv cLLI cLLi bKGD hIST pHYs sPLT acTL fcTL fdAT".split()
)  # besides those that no reader may do without
WEBP_KEPT: Final = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
WEBP_EXIF, WEBP_XMP = 0x08, 0x04
GIF_KEPT: Final = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")


def strip_metadata(data: bytes) -> bytes:
    """The bytes of an image without metadata; those of anything else, as they are.

    What is cut off or broken stays so: what is known to be metadata goes, the rest is copied. Also gone is what follows the image:
    further images and films that cameras append, which say the same once more.
    """
    for magic, strip in _FORMATS:
        if data.startswith(magic):
            return b"".join(strip(data))
    return blank_metadata(data) if is_heif(data) else data


def holds_metadata(data: bytes) -> bool:
    """Whether these are the bytes of an image that strip_metadata knows, whatever its file is called."""
    return data.startswith(tuple(magic for magic, _ in _FORMATS)) or is_heif(data)


def read_orientation(exif: bytes) -> int:
    """What EXIF says of which way is up, 1 to 8; 1 where it says nothing that can be understood."""
    tiff = exif.removeprefix(b"Exif\0\0")
    order = TIFF_ORDERS.get(tiff[:4])
    if order is None:
        return 1

    def number(at: int, size: int) -> int:
        return int.from_bytes(tiff[at : at + size], "little" if order == "little" else "big")

    first = number(4, 4)
    for at in range(first + 2, min(first + 2 + 12 * number(first, 2), len(tiff) - 11), 12):
        if number(at, 2) == ORIENTATION and number(at + 2, 2) == 3:
            value = number(at + 8, 2)
            return value if 1 <= value <= 8 else 1
    return 1


def _write_exif(orientation: int) -> bytes:
    """EXIF that says nothing else."""
    return b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01" + orientation.to_bytes(2, "big") + b"\0\0\0\0\0\0"


def _strip_jpeg(data: bytes) -> list[bytes]:
    """Segments up to the end of the first image. Between them readers skip what is no marker, and so does this."""
    parts, at, is_said = [data[:2]], 2, False
    while (start := data.find(b"\xff", at)) >= 0:
        at = start + 1
        while data[at : at + 1] == b"\xff":
            at += 1
        if at >= len(data) or (marker := data[at]) == 0:
            continue
        at += 1
        if marker == 0xD9:
            return [*parts, b"\xff\xd9"]
        if marker in JPEG_ALONE:
            parts.append(bytes((0xFF, marker)))
            continue
        end = at + max(2, int.from_bytes(data[at : at + 2], "big"))
        body = data[at + 2 : end]
        if marker == 0xE1 and body.startswith(b"Exif\0\0") and not is_said:
            is_said = True
            if (orientation := read_orientation(body)) > 1:
                exif = b"Exif\0\0" + _write_exif(orientation)
                parts.append(b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif)
        elif _keeps_segment(marker, body):
            parts.append(b"\xff" + data[at - 1 : end])
        at = end
        if marker == 0xDA:
            following = JPEG_AFTER_PIXELS.search(data, at)
            at = following.start() if following is not None else len(data)
            parts.append(data[end:at])
    return parts


def _keeps_segment(marker: int, body: bytes) -> bool:
    if 0xE0 <= marker <= 0xEF:
        return any(marker == kept and body.startswith(name) for kept, name in JPEG_KEPT)
    return marker != 0xFE


def _strip_png(data: bytes) -> list[bytes]:
    parts, at = [data[:8]], 8
    while at + 8 <= len(data):
        length, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        end = at + 12 + length
        if name in PNG_KEPT or name[:1].isupper():
            parts.append(data[at:end])
        elif name == b"eXIf" and (orientation := read_orientation(data[at + 8 : end - 4])) > 1:
            chunk = b"eXIf" + _write_exif(orientation)
            parts.append((len(chunk) - 4).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big"))
        at = end
        if name == b"IEND":
            break
    return parts


def _strip_webp(data: bytes) -> list[bytes]:
    """Chunks of the file's one RIFF. Its size is as wrong afterwards as it was before, if it was."""
    if data[8:12] != b"WEBP":
        return [data]
    size = int.from_bytes(data[4:8], "little")
    chunks: list[bytes] = []
    at, stop, orientation = 12, min(len(data), size + 8), 1
    while at + 8 <= stop:
        length, name = int.from_bytes(data[at + 4 : at + 8], "little"), data[at : at + 4]
        end = min(stop, at + 8 + length + length % 2)
        if name in WEBP_KEPT:
            chunks.append(data[at:end])
        else:
            size -= end - at
            orientation = read_orientation(data[at + 8 : end]) if name == b"EXIF" else orientation
        at = end
    if chunks and chunks[0].startswith(b"VP8X") and len(chunks[0]) >= 9:
        flags = chunks[0][8] & ~WEBP_EXIF & ~WEBP_XMP
        if orientation > 1:
            exif = _write_exif(orientation)
            chunks.append(b"EXIF" + len(exif).to_bytes(4, "little") + exif)
            size += len(chunks[-1])
            flags |= WEBP_EXIF
        chunks[0] = chunks[0][:8] + bytes((flags,)) + chunks[0][9:]
    return [b"RIFF", size.to_bytes(4, "little"), b"WEBP", *chunks]


def _strip_gif(data: bytes) -> list[bytes]:
    """Blocks up to the trailer, without comments and what applications left there."""
    if len(data) < 13:
        return [data]
    at = 13 + _table_size(data[10])
    parts = [data[:at]]
    while at < len(data) and data[at] in (0x21, 0x2C):
        start = at
        if data[at] == 0x21:
            label, at = data[at + 1 : at + 2], at + 2
            keeps = label == b"\xf9" or (label == b"\xff" and data[at + 1 : at + 12] in GIF_KEPT)
        else:
            at += 11 + (_table_size(data[at + 9]) if at + 9 < len(data) else 0)
            keeps = True
        while at < len(data) and data[at]:
            at += 1 + data[at]
        at += 1
        if keeps:
            parts.append(data[start:at])
    parts.append(data[at : at + 1])
    return parts


def _table_size(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


_FORMATS: Final[tuple[tuple[bytes, Callable[[bytes], list[bytes]]], ...]] = (
    (b"\xff\xd8\xff", _strip_jpeg),
    (PNG_MAGIC, _strip_png),
    (b"RIFF", _strip_webp),
    (b"GIF87a", _strip_gif),
    (b"GIF89a", _strip_gif),
)
