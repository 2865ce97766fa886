"""Whether the bytes of a raster image are whole, by its outer form alone: nothing is decoded, so that every file of a site can be looked at."""

from __future__ import annotations

from typing import Final

from cms_ssg.images.strip import PNG_MAGIC, strip_metadata
from cms_ssg.images.strip_heif import is_heif
from cms_ssg.images.svg import is_svg

OTHER_IMAGES: Final = (b"BM", b"II*\0", b"MM\0*", b"\0\0\x01\0", b"\xff\x0a", b"\0\0\0\x0cJXL ", b"\0\0\0\x0cjP  ")
"""Formats that browsers may show under a wrong name, though no picture is made of them."""

EXPORT: Final = "Copy or export it again; the original may be whole."


def find_damage(data: bytes) -> str:
    """What is wrong with a file that is called an image, "" where nothing is seen. A part of what decoding would find."""
    if not data:
        return "it is empty"
    if data.startswith(b"\xff\xd8\xff"):
        whole = strip_metadata(data).endswith(b"\xff\xd9")  # which stops after the end of the first image
    elif data.startswith(PNG_MAGIC):
        whole = _is_whole_png(data)
    elif data.startswith((b"GIF87a", b"GIF89a")):
        whole = strip_metadata(data).endswith((b";", b"\0"))  # the last byte of the file, or of its last block
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        whole = len(data) >= int.from_bytes(data[4:8], "little") + 8
    elif is_heif(data):
        whole = _is_whole_heif(data)
    else:
        return "" if data.startswith(OTHER_IMAGES) or is_svg(data) else "this is not an image that can be read"
    return "" if whole else "it is broken or cut off"


def _is_whole_png(data: bytes) -> bool:
    """Whether there are pixels, and all of them. What follows them may be cut off."""
    at, pixels = len(PNG_MAGIC), False
    while at + 8 <= len(data):
        name = data[at + 4 : at + 8]
        at += 12 + int.from_bytes(data[at : at + 4], "big")
        if name in (b"IHDR", b"IDAT", b"PLTE") and at > len(data):
            return False
        pixels |= name == b"IDAT"
    return pixels


def _is_whole_heif(data: bytes) -> bool:
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        size = int.from_bytes(data[at + 8 : at + 16], "big") if size == 1 else size or len(data) - at
        if size < 8:
            return False
        at += size
    return at <= len(data)
