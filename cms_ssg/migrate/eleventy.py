"""``cms migrate eleventy``: Markdown and HTML of an Eleventy site, with the data of its folders and its permalinks."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from cms_ssg.data.files import read_data_file
from cms_ssg.errors import CmsError
from cms_ssg.migrate.folder import NewSite, clean_address
from cms_ssg.migrate.html_text import convert_html
from cms_ssg.migrate.mdx_text import convert_mdx
from cms_ssg.migrate.pages import (
    MARKDOWN,
    SKIPPED,
    SourcePage,
    as_table,
    find_date,
    list_source_files,
    list_words,
    read_page,
    replace_outside_code,
)
from cms_ssg.migrate.report import Report
from cms_ssg.migrate.source_folder import (
    CODE,
    FolderPage,
    FolderSource,
    Note,
    find_config,
    find_value,
    join_address,
    move_folder,
    read_text,
    start_settings,
    strip_comments,
)
from cms_ssg.migrate.wordpress_site import name_locale
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Problem

CONFIGS: Final = (".eleventy.js", "eleventy.config.js", "eleventy.config.mjs", "eleventy.config.cjs", "eleventy.config.ts")
_TEMPLATE: Final = (
    ".njk",
    ".liquid",
    ".hbs",
    ".mustache",
    ".ejs",
    ".haml",
    ".pug",
    ".webc",
    ".11ty.js",
    ".11ty.cjs",
    ".11ty.mjs",
    ".11ty.ts",
)
_DATED: Final = re.compile(r"^(\d{4}-\d{2}-\d{2})-(.+)$")
_TAG: Final = re.compile(r"\{%-?(?:[^%]|%(?!\}))*%\}|\{\{-?(?:[^{}]|\}(?!\}))*\}\}|\{#(?:[^#]|#(?!\}))*#\}")
_VALUE: Final = re.compile(r"\{\{-?\s*([\w.]+)\s*((?:\|[^{}]*)?)-?\}\}")
_DATES: Final = {"year": "%Y", "month": "%m", "day": "%d", "htmlDateString": "%Y-%m-%d", "isoDate": "%Y-%m-%d"}
_PASSED: Final = re.compile(r"addPassthroughCopy\(\s*(?:[\"']([^\"'\n]+)[\"']|\{([^{}]*)\})")


def migrate_eleventy(root: Path, site: NewSite, progress: Callable[[int], None]) -> list[Problem]:
    """Move an Eleventy site. Raises CmsError migrate.no-source, migrate.unwritable."""
    config = find_config(root, CONFIGS, "Eleventy", "an eleventy.config.js or .eleventy.js")
    site.begin()
    move_folder(_Move(root, config, site.report).read(), site, progress)
    return []


class _Move:
    """What the folders of a site hold."""

    def __init__(self, root: Path, config: str, report: Report) -> None:
        self._root, self._report = root, report
        self._text = strip_comments(read_text(root / config))
        self._input = find_value(self._text, "input").strip("./") if (root / find_value(self._text, "input").strip("./")).is_dir() else ""
        self._passed = self._find_passed()
        self._folder_data: dict[str, dict[str, Any]] = {}
        data = self._data = self._find_site_data()
        self.source = FolderSource(
            root, start_settings(data.get("title") or data.get("name"), data.get("url"), data.get("description")), convert=self._convert
        )
        self.source.settings["locales"] = [name_locale(str(data.get("language") or data.get("lang") or "en"))]

    def _find_passed(self) -> dict[str, str]:
        """Folders and files that are published as they are, below the input or the root -> where."""
        found: dict[str, str] = {}
        for one, table in _PASSED.findall(self._text):
            if one and "*" not in one:
                place = one.strip("./")
                found[place] = place.removeprefix(f"{self._input}/") if self._input else place
            for old, new in re.findall(r"[\"']?([\w./*-]+)[\"']?\s*:\s*[\"']([^\"'\n]*)[\"']", table):
                found[re.sub(r"/?\*.*$", "", old).strip("./")] = new.strip("./")
        return found

    def _find_site_data(self) -> dict[str, Any]:
        folder = posixpath.normpath(posixpath.join(self._input, find_value(self._text, "data") or "_data"))
        if folder.startswith(".."):
            return {}
        for name in ("site", "metadata", "meta", "config"):
            for ending in (".json", ".yaml", ".yml", ".toml"):
                path = self._root / folder / f"{name}{ending}"
                if path.is_file():
                    return as_table(self._read_data(path.relative_to(self._root).as_posix()))
            for ending in (".js", ".cjs", ".mjs"):
                text = read_text(self._root / folder / f"{name}{ending}")
                if text:
                    return {key: find_value(text, key) for key in ("title", "name", "url", "description", "language", "lang")}
        return {}

    def _read_data(self, file: str) -> Any:
        try:
            return read_data_file(self._root / file, self._root)
        except CmsError as error:
            self._report.note(file, error.problems[0].line, "files", error.problems[0].message)
            return {}

    def read(self) -> FolderSource:
        """Read all pages, files and settings."""
        start = f"{self._input}/" if self._input else ""
        files = list(
            list_source_files(self._root / self._input, SKIPPED | {"_includes", "_layouts"}, frozenset(("_site", "dist", "build")))
        )
        self._read_folder_data([f"{start}{below}" for below in files])
        for below in files:
            file = f"{start}{below}"
            place = next((one for one in self._passed if one and (file == one or file.startswith(f"{one}/"))), None)
            if below.startswith("_data/"):
                if not below.endswith(CODE):
                    self.source.files[file] = f"data/{below[6:]}"
                else:
                    self._report.note(file, 0, "data made by JavaScript", below)
            elif place is not None:
                self.source.files[file] = f"static/{self._passed[place]}/{file[len(place) :].lstrip('/')}".replace("//", "/").rstrip("/")
            elif below.lower().endswith((*MARKDOWN, ".html")) and not re.fullmatch(r"(?:README|LICENSE|CHANGELOG|CONTRIBUTING)\.md", below):
                self._read_page(file, below)
            elif below.endswith(_TEMPLATE):
                self._report.note(file, 0, "pages made of templates", below)
            elif re.search(r"\.(?:png|jpe?g|gif|svg|webp|avif|mp4|webm|mp3|pdf)$", below, re.IGNORECASE):
                self.source.files[file] = f"content/{file}"
        for place, target in self._passed.items():
            if place and ".." not in place and (self._root / place).is_dir():
                for below in list_source_files(self._root / place):
                    self.source.files.setdefault(f"{place}/{below}", f"static/{target}/{below}".replace("//", "/"))
            elif place and ".." not in place and (self._root / place).is_file():
                self.source.files.setdefault(place, f"static/{target}")
        if any(one.page.address == "/" for one in self.source.pages):
            self.source.home = "/blog/"
        self.source.redirects["/feed/feed.xml"] = f"{self.source.home}feed.xml"
        self.source.settings["taxonomies"] = {"section": False, "series": False, "tag": {"url": "/tags/{slug}/", "index": "/tags/"}}
        return self.source

    def _read_folder_data(self, files: list[str]) -> None:
        for file in files:
            folder, name = posixpath.split(file)
            stem = name.split(".")[0]
            if stem != posixpath.basename(folder) and not re.fullmatch(r".*\.11tydata\.(?:json|js|cjs|mjs)", name):
                continue
            if name.endswith((".json",)):
                self._folder_data.setdefault(folder if stem == posixpath.basename(folder) else posixpath.join(folder, stem), {}).update(
                    as_table(self._read_data(file))
                )
            elif name.endswith((".js", ".cjs", ".mjs")):
                text = read_text(self._root / file)
                table: dict[str, Any] = {key: value for key in ("permalink", "layout") if (value := find_value(text, key))}
                if tags := re.search(r"tags\s*:\s*(?:\[([^\]]*)\]|[\"']([\w-]+)[\"'])", text):
                    table["tags"] = re.findall(r"[\"']([\w-]+)[\"']", tags[1] or "") or [tags[2]]
                self._folder_data.setdefault(folder, {}).update(table)
                self._report.note(file, 0, "data made by JavaScript", name, "permalink and tags that it names are read")

    def _find_defaults(self, file: str) -> tuple[dict[str, Any], set[str]]:
        """What the folders of a file give it, and the tags among that, which name lists of the generator."""
        folder = posixpath.dirname(file)
        parts = folder.split("/") if folder else []
        found: dict[str, Any] = {}
        tags: set[str] = set()
        for place in [*("/".join(parts[:number]) for number in range(len(parts) + 1)), posixpath.splitext(file)[0]]:
            table = self._folder_data.get(place, {})
            tags |= set(list_words(table.get("tags") or []))
            found |= {key: value for key, value in table.items() if key != "tags"}
        return found, tags

    def _read_page(self, file: str, below: str) -> None:
        page = read_page(self._root, file, self._report)
        if page is None or (below.endswith(".html") and not page.fields and re.match(r"\s*<(?:!doctype|html)", page.body, re.IGNORECASE)):
            if page is not None:
                self.source.files[file] = f"static/{below}"
            return
        defaults, groups = self._find_defaults(file)
        page.fields = {**defaults, **page.fields}
        stem = posixpath.splitext(below)[0]
        folder, name = posixpath.split(stem)
        dated = _DATED.match(name) or _DATED.match(posixpath.basename(folder))
        if dated and not page.fields.get("date"):
            page.fields["date"] = dated[1]
        if str(page.fields.get("date")) in ("Created", "Last Modified", "git Created", "git Last Modified"):
            self._report.note(file, 0, "dates of files", str(page.fields.pop("date")), "left out: write the date")
        own = list_words(page.fields.get("tags") or [])
        posts = {"post", "posts", "blog", "articles", "article", "notes"}
        is_post = bool(page.fields.get("date")) and bool((set(own) | groups) & posts or dated)
        page.fields["tags"] = [tag for tag in own if tag not in posts and tag not in ("all", "nav")]
        slug = _DATED.sub(r"\2", name)
        given = page.fields.get("permalink")
        if given is False:
            self._report.note(file, 0, "pages without an address", below)
            return
        page.address = _make_address(folder, name)  # a date in the name stays, as Eleventy leaves it there
        if isinstance(given, str):
            page.address = self._find_address(page, given, posixpath.join(folder, slug))
        self.source.pages.append(FolderPage(page, is_post))

    def _find_address(self, page: SourcePage, given: str, stem: str) -> str:
        """The address by a permalink, whose simple values are filled in."""
        slug = posixpath.basename(stem) if posixpath.basename(stem) != "index" else posixpath.basename(posixpath.dirname(stem))
        date = find_date(page)
        values = {"page.fileSlug": slug, "page.filePathStem": f"/{stem}", "title": str(page.fields.get("title") or "")}
        unknown: list[str] = []

        def fill(found: re.Match[str]) -> str:
            name, filters = found[1], found[2]
            if name in ("page.date", "date") and date is not None:
                pattern = re.search(r"[\"']([^\"'\ud800-\udfff]+)[\"']", filters)
                word = filters.strip("| ")
                if pattern and "%" in pattern[1]:
                    return str(date.strftime(pattern[1]))
                if not word or word in _DATES:
                    return f"{date:{_DATES.get(word, '%Y-%m-%d')}}"
            value = values.get(name, page.fields.get(name))
            if not isinstance(value, str | int):
                unknown.append(found[0])
                return ""
            return make_slug(str(value)) if "slug" in filters else str(value)

        address = clean_address(_VALUE.sub(fill, given).removesuffix("index.html"))
        if unknown or "{" in address or not address:
            self._report.note(page.file, 0, "permalinks", given, "made new")
            return page.address
        return address

    def _find_value(self, name: str, page: SourcePage) -> str:
        """What a plain name in a text stands for: a value of the front matter or of the site's data, "" for others."""
        first, _, rest = name.partition(".")
        if rest:
            return _as_text(self._data.get(rest)) if first in ("site", "metadata", "meta") else ""
        return _as_text(page.fields.get(first))

    def _convert(self, one: FolderPage, note: Note) -> str:
        page = one.page

        def drop(found: re.Match[str]) -> str:
            simple = _VALUE.fullmatch(found[0])
            if simple and simple[2].strip() in ("", "| safe") and (value := self._find_value(simple[1], page)):
                return value
            if not found[0].startswith("{#") and not re.match(r"\{%-?\s*(?:end\w+|raw|verbatim)\b", found[0]):
                line = page.line + page.body.count("\n", 0, max(0, page.body.find(found[0])))
                note("tags of templates", line, found[0], "left out; what stands between them stays")
            return ""

        is_plain = page.fields.get("templateEngineOverride") in ("md", False)
        body = page.body if is_plain else replace_outside_code(page.body, _TAG, drop)
        if page.file.endswith(".html"):
            return convert_html(body, str, lambda kind, detail, fate: note(kind, page.line, detail, fate))
        return convert_mdx(body, (self._root, page.file, page.line), note, mdx=False)


def _as_text(value: Any) -> str:
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _make_address(folder: str, name: str) -> str:
    if name == "index" or name == posixpath.basename(folder):
        return join_address(folder) or "/"
    return join_address(folder, name)
