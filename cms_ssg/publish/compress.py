"""How text lies in a bucket: plain, by gzip or by brotli, always the same bytes of the same text; and what was stored so, plain again."""

from __future__ import annotations

import gzip
import os
import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from cms_ssg.config.settings import Settings
from cms_ssg.errors import CmsError, fail
from cms_ssg.types import Problem

ENCODINGS: Final = {"gzip": "gzip", "brotli": "br"}
"""The setting, and the Content-Encoding that says so (RFC 9110, 8.4.1; RFC 7932)."""

COMPRESSIBLE: Final = ("text/", "application/json", "application/xml", "application/feed+json", "application/rss+xml", "application/atom+xml",
                       "application/javascript", "image/svg+xml", "application/manifest+json")  # fmt: skip
SMALLEST_COMPRESSED: Final = 1000
"""Fewer bytes than fit into one packet gain nothing."""

BEST_UP_TO: Final = 1 << 17
BEST, QUICK = 11, 6
"""Brotli's qualities: the best takes half a second for 256 KB and three for a megabyte, too long for a builder that is to keep its lease."""

INSTALL: Final = "pip install 'cms-ssg[brotli]'"


def name_encoding(settings: Settings, content_type: str, size_bytes: int) -> str:
    """The Content-Encoding that an object is stored with, '' for none."""
    if size_bytes < SMALLEST_COMPRESSED or not content_type.startswith(COMPRESSIBLE):
        return ""
    return ENCODINGS.get(settings.target.compress, "")


def pack(encoding: str, data: bytes) -> bytes:
    """Bytes as they are stored."""
    if encoding == "gzip":
        return gzip.compress(data, 9, mtime=0)
    if encoding == "br":
        brotli = _load_brotli()
        packed: bytes = brotli.compress(data, mode=brotli.MODE_TEXT, quality=BEST if len(data) <= BEST_UP_TO else QUICK)
        return packed
    return data


def unpack(encoding: str, data: bytes) -> bytes:
    """Bytes as they were made; those that are not what their Content-Encoding says are somebody else's, and stay as they are.

    Raises CmsError publish.no-brotli.
    """
    if encoding == "gzip":
        try:
            return gzip.decompress(data)
        except (OSError, EOFError, zlib.error):
            return data
    if encoding == "br":
        brotli = _load_brotli()
        try:
            plain: bytes = brotli.decompress(data)
        except brotli.error:
            return data
        return plain
    return data


def require_compressor(root: Path, settings: Settings) -> None:
    """Be sure, before anything is published, that text can be stored as site.toml asks. Raises CmsError publish.no-brotli with its line."""
    if (problem := find_lack(root, settings)) is not None:
        raise CmsError(problem)


def find_lack(root: Path, settings: Settings) -> Problem | None:
    """What is missing for `[target] compress`, None where nothing is. A folder's files are not compressed, so nothing is missing there."""
    if settings.target.compress != "brotli" or not settings.target.bucket or find_spec("brotli") is not None:
        return None
    from cms_ssg.config.explain import open_origin

    place, line = open_origin(root, settings.env, os.environ).locate(("target", "compress"))
    return Problem(
        "publish.no-brotli",
        place,
        line,
        'target.compress is "brotli", but that library is not installed here',
        f'{INSTALL}, or take "gzip", which needs none.',
    )


def _load_brotli() -> Any:
    """The library, loaded for the sites that ask for it alone. Raises CmsError publish.no-brotli."""
    try:
        import brotli
    except ImportError:
        raise fail("publish.no-brotli", "an object of the target is compressed by brotli, and that library is not installed here",
                   hint=INSTALL) from None  # fmt: skip
    return brotli
