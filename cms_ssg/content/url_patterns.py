"""URL patterns such as ``/{year}/{month}/{slug}/`` and the values that fill them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final

from cms_ssg.content.frontmatter.dates import load_zone
from cms_ssg.text.slugs import make_slug, safe_path
from cms_ssg.types import Json

NAME: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
EXTENSION: Final = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,9}$")
PAGES: Final = frozenset((".html", ".htm", ".php", ".asp", ".aspx", ".jsp", ".shtml"))
CLEAN_SEGMENT: Final = re.compile(r"[\w.~@+,-]+")
SERVER_HINT: Final = "A server or CDN that cms target config sets up sends them on. Without one, end the path in / or .html."
DATE_NAMES: Final = frozenset(["year", "month", "day"])


class MissingValue(ValueError):
    """A URL pattern names a value that an entry does not have."""

    def __init__(self, pattern: str, name: str) -> None:
        super().__init__(f"the URL pattern {pattern!r} needs {name!r}, which is empty here")
        self.pattern, self.name = pattern, name


@lru_cache(maxsize=256)
def pattern_names(pattern: str) -> tuple[str, ...]:
    """The names in a pattern: ``("year", "slug")``."""
    return tuple(NAME.findall(pattern))


@lru_cache(maxsize=256)
def _format_of(pattern: str) -> tuple[str, bool]:
    """The pattern for ``%`` and whether it names a file rather than a folder."""
    whole = "/" + pattern.strip().strip("/")
    if "{" in NAME.sub("", whole) or "}" in NAME.sub("", whole):
        raise ValueError(f"a brace in the URL pattern {pattern!r} is not closed or holds no name")
    return NAME.sub(r"%(\1)s", whole.replace("%", "%%")), bool(EXTENSION.search(whole))


def pattern_problem(pattern: str) -> str:
    """What is wrong with a pattern whatever fills it, "" for nothing."""
    try:
        safe_path(_format_of(pattern)[0].replace("%(", "").replace(")s", "").replace("%%", "%"))
    except ValueError as error:
        return str(error)
    return ""


def make_path(pattern: str, values: Mapping[str, str], prefix: str = "") -> str:
    """The path that a pattern gives with these values, below a locale's prefix.

    It ends in ``/`` unless the pattern ends in an extension. A value may hold ``/``; empty ones leave
    no empty segment. Raises ValueError for a missing value or an unsafe path.
    """
    template, is_file = _format_of(pattern)
    try:
        path = prefix + template % values
    except KeyError as error:
        raise MissingValue(pattern, str(error.args[0])) from None
    if "//" in path:
        path = re.sub("/{2,}", "/", path)
    if not is_file and not path.endswith("/"):
        path += "/"
    return safe_path(path)


def find_other_extension(path: str) -> str:
    """``.md`` of ``/old.md``: what servers do not send as a page, so that no redirect can live there; else ""."""
    found = EXTENSION.search(path)
    return found[0] if found and found[0].lower() not in PAGES else ""


def date_values(date: str, zone: str) -> dict[str, str]:
    """year, month and day of a stored time, in the site's zone."""
    if zone.upper() == "UTC":
        return {"year": date[:4], "month": date[5:7], "day": date[8:10]}
    moment = datetime.fromisoformat(date).astimezone(load_zone(zone))
    return {"year": f"{moment.year:04d}", "month": f"{moment.month:02d}", "day": f"{moment.day:02d}"}


def clean_path(path: str) -> str:
    """A file's or an author's path as it stands in a URL: segments as written where they can, else as slugs."""
    if path.isascii() and CLEAN_SEGMENT.fullmatch(path):
        return path
    segments = []
    for segment in unicodedata.normalize("NFC", path).split("/"):
        clean = segment if CLEAN_SEGMENT.fullmatch(segment) and segment.strip(".") else make_slug(segment)
        if clean:
            segments.append(clean)
    return "/".join(segments)


def text_value(value: Json) -> str:
    """A field's value within a path: one segment."""
    if isinstance(value, list):
        value = value[0] if value else ""
    if value is None or isinstance(value, bool | dict):
        return ""
    return make_slug(str(value))
