"""``cms migrate astro``: content collections and Markdown pages of an Astro site, also of Starlight."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cms_ssg.migrate.folder import NewSite, clean_address
from cms_ssg.migrate.mdx_text import convert_mdx
from cms_ssg.migrate.pages import is_language, list_source_files, list_words, read_page
from cms_ssg.migrate.report import Report
from cms_ssg.migrate.source_folder import (
    CODE,
    TEXTS,
    FolderPage,
    FolderSource,
    Note,
    find_config,
    find_value,
    join_address,
    list_terms,
    move_folder,
    read_text,
    start_settings,
    strip_comments,
)  # fmt: skip
from cms_ssg.migrate.wordpress_site import name_locale
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Problem

CONFIGS: Final = tuple(f"astro.config.{ending}" for ending in ("mjs", "ts", "js", "mts", "cjs"))
_COLLECTION: Final = re.compile(r"getCollection(?:<[^>]*>)?\(\s*[\"']([\w-]+)[\"']")
_DYNAMIC: Final = re.compile(r"/?\[(?:\.\.\.)?\w+\](?:/index)?\.astro$")
_REDIRECT: Final = re.compile(
    r"[\"'](/[^\"'\n]*)[\"']\s*:\s*(?:[\"']([^\"'\n]+)[\"']|\{[^{}]*destination\s*:\s*[\"']([^\"'\n]+)[\"'][^{}]*\})"
)


def migrate_astro(root: Path, site: NewSite, progress: Callable[[int], None]) -> list[Problem]:
    """Move an Astro site. Raises CmsError migrate.no-source, migrate.unwritable."""
    config = find_config(root, CONFIGS, "Astro", "an astro.config.mjs")
    site.begin()
    move_folder(_Move(root, config, site.report).read(), site, progress)
    return []


class _Move:
    """What the folders of a site hold."""

    def __init__(self, root: Path, config: str, report: Report) -> None:
        self._root, self._report = root, report
        self._text = strip_comments(read_text(root / config))
        consts = "".join(read_text(root / name) for name in ("src/consts.ts", "src/config.ts", "src/site.config.ts", "src/consts.js"))
        named = re.search(r"SITE_TITLE\s*=\s*[\"']([^\"'\n]+)", consts)
        about = re.search(r"SITE_DESCRIPTION\s*=\s*[\"']([^\"'\n]+)", consts)
        self.is_starlight = "starlight(" in self._text
        title = (find_value(self._text, "title") if self.is_starlight else "") or (named[1] if named else find_value(consts, "title"))
        url = (
            (find_value(self._text, "site") or find_value(consts, "website", "site")).rstrip("/")
            + "/"
            + find_value(self._text, "base").strip("/")
        )
        self.source = FolderSource(
            root, start_settings(title, url, about[1] if about else find_value(consts, "description", "desc")), convert=self._convert
        )
        self.source.roots = {"~/": "src/", "@/": "src/"}
        self._routes, self._lists = self._find_routes()
        default = find_value(self._text, "defaultLocale")
        self._language = default if is_language(default) else "en"
        self._codes = sorted(set(re.findall(r"[\"']?([a-z]{2}(?:-[A-Za-z]{2,4})?)[\"']?\s*:\s*\{\s*label", self._text)) - {self._language})

    def _find_routes(self) -> tuple[dict[str, str], dict[str, str]]:
        """What the addresses of each collection begin with, and where its list is, by the templates that show them."""
        routes: dict[str, str] = {}
        lists: dict[str, str] = {}
        pages = self._root / "src/pages"
        for file in list_source_files(pages) if pages.is_dir() else ():
            if not file.endswith(".astro"):
                continue
            names = _COLLECTION.findall(read_text(pages / file))
            folder = posixpath.dirname(file)
            stem = posixpath.splitext(posixpath.basename(file))[0]
            if _DYNAMIC.search(file):
                folder = _DYNAMIC.sub("", file)
            if _DYNAMIC.search(file) and not re.search(r"\[(?:\.\.\.)?(?:page|tag|category|author)\]", file):
                for name in names:
                    routes.setdefault(name, folder)
            elif "[" not in file:
                address = join_address(folder, "" if stem == "index" else stem) or "/"
                self._report.note(f"src/pages/{file}", 0, "pages made of templates", address)
                for name in names:
                    lists.setdefault(name, address)
        return routes, lists

    def read(self) -> FolderSource:
        """Read all pages, files, settings and redirects."""
        source = self.source
        for folder in ("src/content", "src/data", "src/pages", "src/assets"):
            for below in list_source_files(self._root / folder) if (self._root / folder).is_dir() else ():
                self._read_file(folder, below)
        for file in list_source_files(self._root / "public") if (self._root / "public").is_dir() else ():
            source.files[f"public/{file}"] = f"static/{file}"
        if (found := re.search(r"redirects\s*:\s*\{", self._text)) is not None:
            for row in _REDIRECT.finditer(self._text, found.end(), found.end() + 20_000):
                target = row[2] or row[3]
                if "[" in row[1]:
                    self._report.note("astro.config", 0, "redirects by patterns", f"{row[1]} to {target}", "needs a rule of the web server")
                elif clean_address(row[1]):
                    source.redirects[clean_address(row[1])] = target if re.match("https?:", target) else clean_address(target)
        self._set_up()
        return source

    def _read_file(self, folder: str, below: str) -> None:
        file = f"{folder}/{below}"
        name = posixpath.basename(below)
        if not below.lower().endswith(TEXTS):
            if folder in ("src/content", "src/data") and below.endswith((".json", ".yaml", ".yml", ".toml", ".csv")):
                self.source.files[file] = f"data/{below}"
            elif not below.endswith(CODE) and folder != "src/pages":
                self.source.files[file] = f"content/{file}"
            return
        if name.startswith("_") or "/_" in f"/{below}":
            self._report.note(file, 0, "texts that Astro ignores", "its name begins with _")
            return
        page = read_page(self._root, file, self._report)
        if page is None:
            return
        stem = posixpath.splitext(below)[0]
        slug = page.fields.get("slug") or page.fields.get("permalink")
        locale = ""
        if folder == "src/pages":
            page.address = join_address(re.sub(r"(?:^|/)index$", "", stem)) or "/"
            is_post = bool(page.fields.get("pubDate") or page.fields.get("date"))
        else:
            collection, _, inner = stem.partition("/")
            inner = inner or collection
            if self.is_starlight and collection == "docs":
                first = inner.split("/")[0]
                locale = first if first in self._codes else self._language if self._codes else ""
                page.address = join_address(str(slug) if isinstance(slug, str) else _make_id(inner)) or "/"
                is_post = False
            else:
                base = self._routes.get(collection)
                if base is None:
                    self._report.note(file, 0, "texts of collections that no template gives an address", collection, "kept as drafts")
                    page.fields["draft"] = True
                page.address = join_address(
                    base if base is not None else collection, str(slug) if isinstance(slug, str) else _make_id(inner)
                )
                is_post = any(page.fields.get(key) for key in ("pubDate", "pubDatetime", "date", "publishDate", "published"))
        for key in ("hero", "template"):
            if self.is_starlight and isinstance(page.fields.get(key), dict):
                self._report.note(file, 0, "heroes and banners of pages", key, "in metadata")
        key = re.sub(rf"^{re.escape(locale)}/", "", stem.partition("/")[2]) if locale else ""
        self.source.pages.append(FolderPage(page, is_post, locale.lower(), f"docs/{key}" if key else ""))

    def _set_up(self) -> None:
        source, settings = self.source, self.source.settings
        posts = [one for one in source.pages if one.is_post]
        collections = [one.page.file.split("/")[2] for one in posts if one.page.file.count("/") > 2]
        listed = next((self._lists[name] for name in collections if self._lists.get(name, "/") != "/"), "")
        folder = next((join_address(self._routes[name]) for name in collections if self._routes.get(name)), "")
        taken = {one.page.address for one in source.pages}
        if posts and (listed or folder) and (listed or folder) not in taken and "/" in taken:
            source.home = listed or folder
        elif posts and (listed or folder):
            source.redirects[listed or folder] = "/"
        if "/" in taken and source.home == "/":
            source.home = "/blog/"
        for name, address in self._lists.items():
            if address not in ("/", source.home) and address not in taken:
                source.redirects.setdefault(address, source.home if name in collections else "/")
        source.redirects |= {"/rss.xml": f"{source.home}feed.xml"}
        settings["locales"] = (
            [{"code": code.lower()} for code in (self._language, *self._codes)] if self._codes else [name_locale(self._language)]
        )
        settings["taxonomies"] = {"section": False, "series": False, "tag": {"url": "/tags/{slug}/", "index": "/tags/"}}
        for word in list_terms(source.pages, "tags"):
            if make_slug(word) != word and clean_address(f"/tags/{word}/"):
                source.redirects.setdefault(clean_address(f"/tags/{word}/"), f"/tags/{make_slug(word)}/")

    def _convert(self, one: FolderPage, note: Note) -> str:
        page = one.page
        for name in list_words(page.fields.get("layout") or []):
            if page.file.startswith("src/pages/") and name:
                note("layouts", 0, name, "shown by the theme's own")
        return convert_mdx(page.body, (self._root, page.file, page.line), note, mdx=page.file.lower().endswith(".mdx"))


def _make_id(stem: str) -> str:
    """The address of an entry as Astro makes it: each part in lower case, spaces as hyphens, index left out."""
    parts = [re.sub(r"[^\w\s-]", "", part.lower()).strip().replace(" ", "-") for part in stem.split("/")]
    return "/".join(parts[:-1] if parts[-1] == "index" else parts)
