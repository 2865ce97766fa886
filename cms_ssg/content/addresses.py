"""What a content file says of its address: path, slug and aliases, each as it is claimed, and what is wrong with it."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from urllib.parse import unquote

from cms_ssg.config.settings import Collection
from cms_ssg.content.collections.rules import Rules
from cms_ssg.content.frontmatter.parse import FrontMatter
from cms_ssg.content.url_patterns import CLEAN_SEGMENT, DATE_NAMES, SERVER_HINT, MissingValue, find_other_extension
from cms_ssg.content.urls import WHOLE_ADDRESS
from cms_ssg.text.slugs import make_slug, normal_form, safe_path
from cms_ssg.types import Json, Problem


class Addresses:
    """The addresses of one file while it is read. problems: of the file, to which those of addresses are added."""

    def __init__(self, rules: Rules, collection: Collection, file: str, front: FrontMatter, problems: list[Problem]) -> None:
        self.rules, self.collection, self.file, self.front, self.problems = rules, collection, file, front, problems
        self.lines = front.lines

    def clean(self, name: str, paths: list[str]) -> list[str]:
        """Paths as they are claimed; what is not safe is told and left out."""
        clean = []
        for path in paths:
            if WHOLE_ADDRESS.match(path.strip()):
                message, line = f"{name}: {path!r} is a whole address", self.lines.get(name, 0)
                hint = "It is left out. Write what follows the host, beginning with /."
                self.problems.append(Problem("content.alias", self.file, line, message, hint, "warning"))
                continue
            try:
                clean.append(safe_path(normal_form("/" + unquote(path).strip().lstrip("/"))))
                if extension := find_other_extension(clean[-1]):
                    message = f"{name}: {clean[-1]} is not a page ({extension}), so it sends no visitor on by itself"
                    self.problems.append(Problem("content.alias", self.file, self.lines.get(name, 0), message, SERVER_HINT, "warning"))
            except ValueError as error:
                self.problems.append(
                    Problem("content.alias", self.file, self.lines.get(name, 0), f"{name}: {error}", "It is left out.", "warning")
                )
        return clean

    def check(self, type_name: str, locale: str, fields: dict[str, Json]) -> None:
        """Whether there is a path for a page of these fields, and whether it is the one that the front matter names."""
        given = str(fields.get("path") or "")
        if "://" in given or given.startswith("//"):
            hint = "Write what follows the host, beginning with /."
            said = f"{self._find_key('path')}: {given!r} is a whole address"
            self.problems.append(Problem("content.path", self.file, self.lines.get("path", 0), said, hint))
            return
        try:
            path = self.rules.entry_path(self.collection.name, type_name, locale, self.file, fields)
            if given:
                self._check_given_path(given, path, type_name)
        except MissingValue as missing:
            code, said, hint = "content.path", str(missing), f"Give the field {missing.name!r}, or another URL pattern in site.toml."
            if missing.name in DATE_NAMES:
                code, said, hint = (
                    "content.no-date",
                    f"there is no date, which the URL pattern {missing.pattern!r} needs",
                    self.say_date_rule(),
                )
            self.problems.append(Problem(code, self.file, 1, said, hint))
        except ValueError as error:
            line = self.lines.get("path") or self.lines.get("slug", 0)
            self.problems.append(Problem("content.path", self.file, line, f"no path for this entry: {error}", "Give another slug or path."))

    def _check_given_path(self, given: str, path: str, type_name: str) -> None:
        """A warning where the path of front matter is not the one in the URL."""
        said = ""
        if not given.startswith("/") and not self.rules.takes_path(self.collection.name, type_name):
            said, hint = (
                f"{self._find_key('path')}: {given!r} is not used, as the URL pattern holds no {{path}}",
                "Begin it with / to have it as the whole path.",
            )
        elif path.rstrip("/").endswith(unquote(given).rstrip("/")):
            return
        else:
            said = f"{self._find_key('path')}: {given!r} becomes {path!r}"
            hint = "Letters, digits and . _ ~ @ + , - stay in a path; write it as it is to be."
        self.problems.append(Problem("content.changed-path", self.file, self.lines.get("path", 0), said, hint, "warning"))

    def check_slug(self, given: str, slug: str) -> None:
        """A warning where more of a slug was changed than its case, spaces and hyphens."""
        if _spell(given) != _spell(slug):
            hint = "A slug is one part of an address" + (
                f"; a whole path is path: /{given.strip('/')}/." if "/" in given else ", of at most 80 characters."
            )
            said = f"{self._find_key('slug')}: {given[:100]!r} becomes {slug!r}"
            self.problems.append(Problem("content.changed-path", self.file, self.lines.get("slug", 0), said, hint, "warning"))

    def say_date_rule(self) -> str:
        """Where an entry of the collection may have its date."""
        collection = self.collection
        key, colon, _ = collection.date.partition(":")
        places = {"filename": "Begin the file's name with the date (2025-03-01-name.md)", "path": "Put the file in a folder 2025/03/01/"}
        place = f"Give '{key}' a date that the collection's pattern finds" if colon else places.get(collection.date, "")
        field = f"'{collection.fields.get('date', 'date')}: 2025-03-01' to the front matter"
        if not self.front.dialect:
            field += ": the file has none, so lines of three hyphens, '---', go above and below it at the top"
        return f"{place}, or add {field}." if place else f"Add {field}."

    def _find_key(self, field: str) -> str:
        """What the front matter of this collection calls a field."""
        return self.collection.fields.get(field, field)


def _spell(text: str) -> str:
    return re.sub(r"[\s_-]+", "-", unicodedata.normalize("NFC", text).casefold()).strip("-")


def clean_slug(text: str) -> str:
    """A slug as it was written where it can stand in a path, else what make_slug makes of it."""
    if CLEAN_SEGMENT.fullmatch(text):
        with suppress(ValueError):
            safe_path(f"/{text}/")
            return text
    return make_slug(text)
