"""Files of other generators: read with their front matter, written as content files of the new site with the address they had."""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cms_ssg.content.frontmatter.dates import parse_date
from cms_ssg.content.frontmatter.parse import parse_front_matter
from cms_ssg.data.files import SUFFIXES, read_data_file
from cms_ssg.errors import CmsError
from cms_ssg.migrate.code_spans import find_code
from cms_ssg.migrate.folder import NewSite
from cms_ssg.migrate.report import Report
from cms_ssg.types import Json

MARKDOWN: Final = (".md", ".markdown", ".mkd", ".mdown")
MAX_FILE: Final = 20_000_000
SKIPPED: Final = frozenset(".git .github .cms .bundle .sass-cache .jekyll-cache node_modules".split())
"""Folders that hold no content, wherever they lie."""
KNOWN: Final = {
    "title": ("title",), "date": ("date", "publishDate", "published_at", "created", "pubDate", "pubDatetime"),
    "updated": ("updated", "lastmod", "last_modified_at", "modified", "updatedDate", "modDatetime", "last_update"),
    "excerpt": ("excerpt", "description", "summary"), "tags": ("tags", "tag"), "categories": ("categories", "category"), "authors": ("authors", "author"),
    "weight": ("weight",), "series": ("series",), "publish_at": ("publish_at",), "expire_at": ("expire_at", "expiryDate"),
    "canonical": ("canonical", "canonicalURL", "canonical_url"),
    "image": ("image", "images", "featured_image", "cover", "thumbnail", "feature", "heroImage", "ogImage"),
    "locale": ("locale",), "translation_key": ("translation_key", "translationKey"),
}  # fmt: skip
"""Our field and the keys that other generators have for it, the first found counts."""
DROPPED: Final = frozenset(
    "layout permalink url slug aliases redirect_from redirect_to draft published type template path menu menus build cascade outputs sitemap resources"
    " publishDate linkTitle markup lang ref keywords id in_search_index page_template insert_anchor_links eleventyNavigation eleventyExcludeFromCollections".split()
)


@dataclass(slots=True)
class SourcePage:
    """A file of the old site.

    file: its path there; inner: that below the folder that holds all collections, where there is one; line: where its body
    begins; address: its path there, with the slashes it had.
    """

    file: str
    fields: dict[str, Any]
    body: str
    line: int
    address: str = ""
    aliases: list[str] = field(default_factory=list)
    inner: str = ""


def list_source_files(root: Path, skipped: frozenset[str] = SKIPPED, outputs: frozenset[str] = frozenset()) -> Iterator[str]:
    """Files below a folder in order, as paths relative to it; links are not followed. outputs: paths below it that are left out."""
    pending = [""]
    found: list[str] = []
    while pending:
        folder = pending.pop()
        for path in sorted((root / folder).iterdir()):
            name = f"{folder}{path.name}"
            if path.is_symlink() or path.name in skipped or name in outputs or path.name == ".DS_Store":
                continue
            if path.is_dir():
                pending.append(f"{name}/")
            elif path.is_file():
                found.append(name)
    return iter(sorted(found))


def read_data_folder(root: Path, folder: str, report: Report | None = None) -> dict[str, Any]:
    """The data files of a folder by name, those of folders in it a table each. Those that cannot be read are noted in the report."""
    data: dict[str, Any] = {}
    for file in list_source_files(root / folder) if (root / folder).is_dir() else ():
        if not file.lower().endswith(SUFFIXES):
            continue
        *above, name = posixpath.splitext(file)[0].split("/")
        place = data
        for one in above:
            place = place.setdefault(one, {})
        try:
            place[name] = read_data_file(root / folder / file, root)
        except CmsError as error:
            if report is not None:
                report.note(f"{folder}/{file}", error.problems[0].line, "data files", error.problems[0].message)
    return data


def read_page(root: Path, file: str, report: Report) -> SourcePage | None:
    """Read one file, None where it cannot be read, which is noted."""
    path = root / file
    try:
        if path.stat().st_size > MAX_FILE:
            raise OSError(0, "it is larger than 20 MB")
        read = parse_front_matter(path.read_bytes(), file, 1 << 20)
    except OSError as error:
        report.note(file, 0, "files", f"cannot be read: {error.strerror}")
        return None
    if read.problems:
        problem = read.problems[0]
        report.note(file, problem.line, "files", f"{problem.message} [{problem.code}]")
        return None
    return SourcePage(file, dict(read.fields), read.body, read.body_line)


def make_fields(page: SourcePage, site: NewSite) -> dict[str, Json]:
    """The front matter that the page has here; what no field of ours is goes below metadata."""
    out: dict[str, Json] = {}
    given = {name: value for name, value in page.fields.items() if value not in (None, "", [], {})}
    used: set[str] = set()
    for name, keys in KNOWN.items():
        key = next((key for key in keys if key in given), "")
        used.update(keys)
        if not key:
            continue
        value = given[key]
        if name in ("tags", "categories", "authors"):
            value = list_words(value, commas=name == "authors")
        elif name == "image":
            value = _find_image(value)
        elif name in ("date", "updated", "publish_at", "expire_at"):
            value = _check_date(value, key, page, site)
        elif name == "weight":
            value = value if isinstance(value, int | float) and not isinstance(value, bool) else None
        elif name == "series":
            value = next(iter(list_words(value)), None)
        else:
            value = str(value) if isinstance(value, str | int | float) else None
        out[name] = value
    if given.get("draft") is True or given.get("published") is False:
        out["draft"] = True
    out["aliases"] = list(dict.fromkeys(alias for alias in page.aliases if alias and alias.rstrip("/") != page.address.rstrip("/")))
    more = {name: value for name, value in given.items() if name not in used and name not in DROPPED and name not in out}
    if more:
        out["metadata"] = more
    return out


def as_table(value: Any) -> dict[str, Any]:
    """A value of a configuration that is to be a table, an empty one where it is none."""
    return value if isinstance(value, dict) else {}


def is_language(code: Any) -> bool:
    """Whether a site here can have a language of this code."""
    return isinstance(code, str) and re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", code) is not None


def list_words(value: Any, commas: bool = False) -> list[str]:
    """Names from a list, or from a text; a table's name or title counts."""
    if isinstance(value, str):
        return [word.strip() for word in value.split(",")] if commas else [value]
    if isinstance(value, dict):
        value = [value.get("name") or value.get("title") or ""]
    found = value if isinstance(value, list) else [value]
    return [str(one.get("name", "") if isinstance(one, dict) else one).strip() for one in found if one not in (None, "")]


def _find_image(value: Any) -> str | None:
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = value.get("image") or value.get("path") or value.get("src") or value.get("teaser")
    return value if isinstance(value, str) else None


def _check_date(value: Any, key: str, page: SourcePage, site: NewSite) -> str | None:
    try:
        parse_date(value, "UTC")
    except ValueError as error:
        site.report.note(page.file, 0, "dates", f"{key}: {error}")
        return None
    return str(value)


def find_date(page: SourcePage) -> Any:
    """The page's date as a datetime, None without."""
    for key in KNOWN["date"]:
        if page.fields.get(key):
            try:
                return parse_date(page.fields[key], "UTC")
            except ValueError:
                return None
    return None


def replace_outside_code(text: str, pattern: re.Pattern[str], change: Callable[[re.Match[str]], str], inside: bool = False) -> str:
    """Substitute in Markdown, but for fenced code and code spans; with inside, in those alone."""
    out: list[str] = []
    at = 0
    for begin, end in find_code(text):
        plain, code = text[at:begin], text[begin:end]
        out += (plain, pattern.sub(change, code)) if inside else (pattern.sub(change, plain), code)
        at = end
    out.append(text[at:] if inside else pattern.sub(change, text[at:]))
    return "".join(out)


def list_outside_code(text: str, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """Matches in Markdown, but for those in fenced code and code spans."""
    spans = find_code(text)
    begins = [begin for begin, _ in spans]
    for match in pattern.finditer(text):
        number = bisect_right(begins, match.start()) - 1
        if number < 0 or match.start() >= spans[number][1]:
            yield match
