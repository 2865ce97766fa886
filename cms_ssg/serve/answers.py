"""What a URL means in a folder: the file, its type, the part of it that was asked for, where a page sends its visitors."""

from __future__ import annotations

import os
import re
from html import unescape
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from cms_ssg.files.media_types import media_type

_TEXT: Final = ("text/", "application/json", "application/xml", "image/svg+xml", "application/manifest+json")


_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII)


_REFRESH: Final = re.compile(rb"<meta http-equiv=[\"']?refresh[\"']? content=[\"'][0-9. ]*;\s*url=([^\"'>]+)[\"']", re.IGNORECASE)


def find_file(folder: str, path: str) -> str | None:
    """The file that a URL path means, a folder where only a final slash is missing, None for anything else.

    folder: resolved. The path is decoded once; what leaves the folder, also by a symbolic link, or is hidden is not found.
    """
    try:
        text = unquote_to_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        return None
    parts = text.split("/")
    if (
        not text.startswith("/")
        or any(part in (".", "..") or "\0" in part or "\\" in part for part in parts)
        or (os.name == "nt" and ":" in text)
    ):
        return None
    if "" in parts[1:-1]:
        return None
    found = os.path.realpath(os.path.join(folder, *parts[1:]))
    if found != folder and not found.startswith(folder + os.sep):
        return None
    if any(part.startswith(".") and part != ".well-known" for part in found[len(folder) :].split(os.sep)):
        return None
    if os.path.isdir(found):
        index = os.path.realpath(os.path.join(found, "index.html"))
        if not os.path.isfile(index) or not index.startswith(folder + os.sep):
            return None
        return index if text.endswith("/") else found
    return found if os.path.isfile(found) and not text.endswith("/") else None


def find_404(folder: str, path: str) -> str:
    """The nearest 404.html at or above a path: a locale may have its own. "" for none."""
    parts = [part for part in path.split("/") if part]
    for depth in range(len(parts), -1, -1):
        found = find_file(folder, "/" + "/".join([*parts[:depth], "404.html"]))
        if found is not None and os.path.isfile(found):
            return found
    return ""


def quote_path(path: str) -> str:
    """A path as it was asked for, safe in a header, and never taken for another host."""
    return quote("/" + path.strip("/"), safe="/%:@!$&'()*+,;=~-._")


def guess_type(file: str) -> str:
    """The content type of a file, with its charset where it is text."""
    found = media_type(file)
    return f"{found}; charset=utf-8" if found.startswith(_TEXT) else found


def parse_range(header: str, size: int) -> range | None:
    """The part of size bytes that a Range header asks for, empty where there is none of it; None for the whole, as for several parts at once."""
    match = _RANGE.fullmatch(header.strip())
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        return range(max(0, size - int(match[2])), size)
    first, last = int(match[1]), int(match[2]) if match[2] else size - 1
    if last < first and match[2]:
        return None
    return range(first, min(last + 1, size))


def find_redirect(data: bytes, origin: str) -> str:
    """Where a page sends its visitors on to within the site, without the origin; "" for any other page."""
    match = _REFRESH.search(data, 0, 4096)
    target = unescape(match[1].decode("utf-8", "replace")) if match else ""
    path = target.removeprefix(origin) if origin else ""
    return quote(path, safe="/%:@!$&'()*+,;=~-._?#") if path.startswith("/") and not path.startswith("//") else ""
