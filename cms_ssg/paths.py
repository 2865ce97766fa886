"""The one spelling of a path that is claimed, and where its bytes lie at a target."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from cms_ssg.text.slugs import normal_form, safe_path

_SAFE: Final = "/!$&'()*+,;=:@-._~?#%"
_UNSAFE: Final = frozenset(' "<>\\^`{|}')
_UPLOAD: Final = re.compile(r"/uploads/[0-9a-f]{40}/image\.\w+")


def is_upload(path: str) -> bool:
    """Whether a path is that of an image that somebody sent to ``/api/uploads``, which no build makes and no file claims."""
    return _UPLOAD.fullmatch(path) is not None


@lru_cache(maxsize=16_384)  # pages of a site name the same few lists again and again
def canonical_path(path: str) -> str:
    """A page's path as it is claimed: in Unicode normal form C, a folder ends in '/', a file in its extension, index.html is its folder.

    Raises ValueError where the path is not safe.
    """
    path = safe_path(normal_form(path))
    folder, _, last = path.rpartition("/")
    if last == "index.html":
        return folder + "/"
    name, dot, extension = last.rpartition(".")
    is_file = dot and name and extension.isascii() and extension.isalnum() and extension[0].isalpha() and len(extension) <= 10
    return path if not last or is_file else path + "/"


def file_path(path: str) -> str:
    """A file's path as it is claimed: under its own name, with or without an extension; index.html is its folder. Raises as canonical_path."""
    path = safe_path(normal_form(path))
    return path[: -len("index.html")] if path.endswith("/index.html") else path


def object_key(path: str) -> str:
    """Where a canonical path's bytes lie below a target's root: ``/about/`` -> ``about/index.html``."""
    key = path[1:]
    return key + "index.html" if key.endswith("/") or not key else key


@lru_cache(maxsize=65_536)
def encode_path(path: str) -> str:
    """A path as it stands in a link: percent-encoded, except what is encoded already."""
    plain = path.isascii() and path.isprintable() and _UNSAFE.isdisjoint(path)
    return path if plain else quote(path, safe=_SAFE)
