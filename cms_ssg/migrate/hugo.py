"""``cms migrate hugo``: a Hugo site's content, settings and addresses in a new site; its templates stay behind."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cms_ssg.migrate.folder import NewSite
from cms_ssg.migrate.html_text import convert_html
from cms_ssg.migrate.hugo_addresses import find_prefix, split_language, urlize
from cms_ssg.migrate.hugo_config import HugoConfig, read_hugo_config
from cms_ssg.migrate.hugo_lists import list_redirects
from cms_ssg.migrate.hugo_outputs import list_outputs
from cms_ssg.migrate.hugo_pages import find_place, list_static_files, read_pages
from cms_ssg.migrate.hugo_settings import make_locales, make_menus, make_taxonomies, name_taxonomy
from cms_ssg.migrate.hugo_shortcodes import HugoShortcodes
from cms_ssg.migrate.pages import SourcePage, as_table, list_source_files, list_words, make_fields
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Json, Problem

LEFT_BEHIND: Final = ("layouts", "themes", "assets", "archetypes")


def migrate_hugo(root: Path, site: NewSite, progress: Callable[[int], None]) -> list[Problem]:
    """Move a Hugo site. Raises CmsError migrate.no-source, migrate.unwritable, data.unreadable."""
    config = read_hugo_config(root)
    site.begin()
    move = _Move(root, site, config)
    move.read()
    for page in move.pages:
        move.write(page)
        progress(1)
    move.write_lists()
    for name in LEFT_BEHIND:
        if (root / name).is_dir():
            site.report.note(name, 0, "folders", "templates and what they make", "not converted: cms theme copy begins a theme of your own")
    site.finish(move.make_settings())
    return []


class _Move:
    """One move: all pages are read before the first is written, since they name each other."""

    def __init__(self, root: Path, site: NewSite, config: HugoConfig) -> None:
        self.root, self.site, self.config = root, site, config
        self.pages: list[SourcePage] = []
        self.places: dict[str, tuple[str, str]] = {}
        """File -> (language, its path below the content folder without language)."""
        self._by_name: dict[tuple[str, str], str] = {}
        self._dated: Counter[str] = Counter()
        self._root_posts: set[str] = set()
        params = config.values.get("params")
        self.shortcodes = HugoShortcodes(root, params if isinstance(params, dict) else {}, self._find_page, self._note)
        self._file = ""

    def _note(self, kind: str, line: int, detail: str, fate: str) -> None:
        self.site.report.note(self._file, line, kind, detail, fate)

    def read(self) -> None:
        """Read all pages and copy the other files."""
        self.pages, others = read_pages(self.root, self.config, self.site.report)
        for file in others:
            language, place = split_language(file, self.config)
            place = place[len(self.config.content) + 1 :]
            target = f"content/{place}"
            self.site.copy(self.root / file, target if language == self.config.default_language else _with_language(target, language))
            self.site.made["files"] += 1
        for file, below in list_static_files(self.root, self.config):
            self.site.copy(self.root / file, f"static/{below}")
            self.site.made["files"] += 1
        mounted = [(mount.source, mount.target) for mount in self.config.mounts if mount.component == "data"]
        for folder, target in mounted or [("data", "data")]:
            for below in list_source_files(self.root / folder) if (self.root / folder).is_dir() else ():
                self.site.copy(self.root / folder / below, f"{target}/{below}")
        for page in self.pages:
            self._note_names(page)

    def _note_names(self, page: SourcePage) -> None:
        """By what names others refer to the page."""
        language, place = find_place(page.file, self.config)
        self.places[page.file] = (language, place)
        stem = posixpath.splitext(place)[0]
        for name in (
            place,
            stem,
            posixpath.dirname(place) if stem.endswith(("/index", "/_index")) else "",
            posixpath.basename(place),
            posixpath.basename(stem),
        ):
            if name:
                self._by_name.setdefault((language, name), page.address)
        section = _find_section(place)
        if section and not stem.endswith("_index") and page.fields.get("date"):
            self._dated[section] += 1

    def _find_page(self, name: str, file: str, of: str = "") -> str:
        """The address of a page by a name that another one uses. of: a language, "" for the other page's."""
        language, place = self.places.get(file, (self.config.default_language, file))
        language = of or language
        here = posixpath.normpath(posixpath.join(posixpath.dirname(place), name)) if not name.startswith("/") else ""
        for candidate in (here, name.strip("/"), posixpath.splitext(name.strip("/"))[0]):
            for code in (language, self.config.default_language):
                if candidate and (found := self._by_name.get((code, candidate))):
                    return found
        return ""

    def write(self, page: SourcePage) -> None:
        """Write one page, or the text of a list."""
        language, place = self.places[page.file]
        self._file = page.file
        if page.fields.get("headless") or page.fields.get("render") == "never":
            self._note("pages without an address", 0, page.file, "left out")
            return
        body = self.shortcodes.run(page.body, page.line, page.file)
        if page.file.endswith((".html", ".htm")):
            body = convert_html(body, str, lambda kind, detail, fate: self._note(kind, page.line, detail, fate))
        body = re.sub(r"^[ \t]*<!--\s*more\s*-->[ \t]*\n?", "", body, flags=re.MULTILINE)
        fields = make_fields(page, self.site)
        for name in self.config.taxonomies.values():
            if name not in fields and page.fields.get(name):
                fields[name] = list_words(page.fields[name])
                fields.get("metadata", {}).pop(name, None)
        section, stem = _find_section(place), posixpath.splitext(posixpath.basename(place))[0]
        if stem == "_index":
            self._write_list(page, fields, body, section, place)
            return
        dated = bool(section and fields.get("date"))
        fields = {"title": fields.pop("title", None) or stem.replace("-", " "), "path": page.address, **fields}
        if dated:
            fields["section"] = section
        target = f"content/{posixpath.splitext(place)[0]}.md"
        if not section and fields.get("date"):
            self._root_posts.add(f"/{posixpath.splitext(place)[0]}*.md")
        self.site.write_entry(_with_language(target, language) if language != self.config.default_language else target, fields, body)
        self.site.made["posts" if section in self._dated or (not section and fields.get("date")) else "pages"] += 1

    def _write_list(self, page: SourcePage, fields: dict[str, Json], body: str, section: str, place: str) -> None:
        """An _index: the home page's text, that of a section, of a term, or a page that lists what lies below it."""
        language = self.places[page.file][0]
        folder = posixpath.dirname(place)
        fields = {
            "title": fields.get("title"),
            "excerpt": fields.get("excerpt"),
            "aliases": fields.get("aliases"),
            "weight": fields.get("weight"),
        }
        if not folder:
            if body.strip():
                self._note("texts of the home page", page.line, " ".join(body.split())[:80], "left out: the home page lists posts")
            return
        plurals = self.config.taxonomies.values()
        if section in plurals and "/" in folder:
            name, term = name_taxonomy(section), folder.split("/")[1]
            target = f"content-terms/{name}/{make_slug(term)}.md"
            fields |= {"slug": make_slug(str(fields["title"] or term)), "taxonomy": name}
        elif section in plurals:
            return
        elif section in self._dated and folder == section:
            target = f"content-terms/section/{make_slug(section)}.md"
            fields |= {"slug": make_slug(section), "taxonomy": "section"}
        else:
            fields["path"] = page.address
            target = f"content/{folder}/index.md"
            below = [one for one in self._list_below(folder, language) if one is not page]
            if not body.strip() and below:
                body = "".join(f"- [{one.fields.get('title') or one.address}]({one.address})\n" for one in below)
        self.site.write_entry(_with_language(target, language) if language != self.config.default_language else target, fields, body)
        self.site.made["texts of lists"] += 1

    def _list_below(self, folder: str, language: str) -> list[SourcePage]:
        """Pages right below a folder, the lightest first."""
        found = []
        for page in self.pages:
            code, place = self.places[page.file]
            stem = posixpath.splitext(place)[0]
            parent = posixpath.dirname(posixpath.dirname(place) if stem.endswith(("/index", "/_index")) else place)
            if code == language and parent == folder:
                found.append(page)
        return sorted(found, key=lambda page: (page.fields.get("weight") or 9999, str(page.fields.get("title") or "")))

    def write_lists(self) -> None:
        """Redirects from addresses of lists, and pages for sections whose list nobody wrote."""
        for old, new in list_redirects(self.pages, self.config, self._dated):
            self.site.redirect(old, new)
        for file, form, old, new in list_outputs(self.pages, self.config):
            self.site.report.note(file, 0, "forms of pages beside HTML", f"{form}: {old}", "not made: the address leads to the page")
            self.site.redirect(old, new)
        fronts = {posixpath.dirname(place) for _, place in self.places.values() if posixpath.basename(place).startswith("_index.")}
        have_lists = {_find_section(place) for _, place in self.places.values()} - {""}
        for section in sorted(have_lists - set(self._dated) - fronts - set(self.config.taxonomies.values())):
            below = self._list_below(section, self.config.default_language)
            body = "".join(f"- [{one.fields.get('title') or one.address}]({one.address})\n" for one in below)
            address = f"{find_prefix(self.config.default_language, self.config)}/{urlize(section, self.config)}/"
            if below:
                self.site.write_entry(f"content/{section}/index.md", {"title": section.replace("-", " ").title(), "path": address}, body)

    def make_settings(self) -> dict[str, Json]:
        """The new site's settings."""
        values, config = self.config.values, self.config
        first = config.languages[config.default_language]
        title = str(first.get("title") or values.get("title") or "Untitled site")
        params = as_table(values.get("params"))
        settings: dict[str, Json] = {
            "name": make_slug(title)[:40] if make_slug(title).isascii() and make_slug(title) else "site",
            "title": title,
            "description": str(params.get("description") or ""),
            "base_url": str(values.get("baseurl") or "http://localhost:8000").rstrip("/") or "http://localhost:8000",
            "page_size": config.page_size,
            "locales": make_locales(config),
            "taxonomies": make_taxonomies(config),
            "collection": [
                {"name": "terms", "path": "content-terms", "type": "term", "locale": "suffix"},
                {
                    "name": "content", "path": "content", "type": "page", "url": "/{path}/", "locale": "suffix",
                    "types": {f"/{section}/**": "post" for section in sorted(self._dated)} | dict.fromkeys(sorted(self._root_posts), "post"),
                },
            ],
        }  # fmt: skip
        if not re.match("https?://", settings["base_url"]):
            settings["base_url"] = "http://localhost:8000"
        if isinstance(values.get("timezone"), str):
            settings["timezone"] = values["timezone"]
        menus = make_menus(config, self._find_page, self.site.report)
        if menus:
            settings["menus"] = menus
        return settings


def _find_section(place: str) -> str:
    """The uppermost folder of a page, "" for one that lies in none; the folder of a page with its files is the page itself."""
    folder = posixpath.dirname(place)
    if posixpath.splitext(posixpath.basename(place))[0] == "index":
        folder = posixpath.dirname(folder)
    return folder.split("/")[0]


def _with_language(path: str, language: str) -> str:
    stem, suffix = posixpath.splitext(path)
    return f"{stem}.{language}{suffix}"
