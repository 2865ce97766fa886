"""What a link or image that leads nowhere was probably meant to lead to."""

from __future__ import annotations

import posixpath
from functools import cached_property
from typing import Any, Final, LiteralString
from urllib.parse import unquote, urlsplit

from cms_ssg.content.collections.rules import find_collection
from cms_ssg.content.schema.content_types import nearest_name
from cms_ssg.site import Site

NAMES: Final[LiteralString] = """
SELECT name FROM cms.claims WHERE site = %s AND wins AND (name LIKE '/%%' OR name LIKE 'file:%%') ORDER BY name COLLATE "C" LIMIT 200000"""
MOST_COMPARED: Final = 5000
"""Letter by letter; where there are more names, only those that differ in folder and case are found."""


class Nearest:
    """The paths and content files of a site by their last names; asked for when something leads nowhere."""

    def __init__(self, connection: Any, site: Site, site_id: int) -> None:
        self._connection, self._site, self._site_id = connection, site, site_id

    @cached_property
    def _by_last_name(self) -> dict[str, str]:
        """Last name in lower case -> path or file. Of several the first counts."""
        found: dict[str, str] = {}
        for (name,) in self._connection.execute(NAMES, (self._site_id,)):
            whole = name.removeprefix("file:")
            if last := _last_name(whole):
                found.setdefault(last, whole)
        return found

    def suggest(self, file: str, target: str) -> str:
        """A hint for a target in a content file, "" where nothing is like it."""
        parts = urlsplit(target)
        path = "" if parts.scheme else unquote(parts.path)
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(file), path))
        if path and not path.startswith("/") and not beside.startswith("..") and (self._site.root / beside).is_file():
            if find_collection(beside, self._site.rules.collections) is not None:
                return f"{beside} is there, but has no page now: cms why {beside}"
            return ""
        last = _last_name(path)
        near = last if last in self._by_last_name else self._spell(last)
        if not near:
            return ""
        found = self._by_last_name[near]
        written = found if found.startswith("/") else posixpath.relpath(found, posixpath.dirname(file))
        return f'Did you mean "{written}"?' if written != target else ""

    def _spell(self, last: str) -> str:
        """The last name that this one looks like a slip of, with the same ending."""
        names = self._by_last_name
        if len(names) > MOST_COMPARED:
            return ""
        stem, dot, ending = last.rpartition(".")
        stem, ending = (stem, dot + ending) if dot else (last, "")
        stems = {
            name.removesuffix(ending).replace("-", "_"): name for name in names if name.endswith(ending) and ("." in name) == bool(ending)
        }
        return stems.get(nearest_name(stem, tuple(stems)), "")


def _last_name(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2].lower()
