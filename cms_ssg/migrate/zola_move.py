"""``cms migrate zola``: content, shortcodes, taxonomies, languages and addresses of a Zola site in a new one."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from cms_ssg.migrate.folder import NewSite, clean_address
from cms_ssg.migrate.hugo_addresses import urlize
from cms_ssg.migrate.pages import SourcePage, as_table, find_date, is_language, list_source_files, replace_outside_code
from cms_ssg.migrate.source_folder import FolderPage, FolderSource, Note, move_folder, start_settings
from cms_ssg.migrate.tera_text import TeraShortcodes
from cms_ssg.migrate.wordpress_site import name_locale
from cms_ssg.migrate.zola import find_taxonomies, read_pages, read_zola_config
from cms_ssg.migrate.zola_lists import list_feeds, list_redirects, name_feed
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Json, Problem

_SECTION: Final = re.compile(r"(?:^|/)_index(?:\.[\w-]+)?\.md$")
_OURS: Final = {"tags": "tag", "authors": "author", "categories": "category", "series": "series"}
_DATED: Final = re.compile(r"(?:^|/)\d{4}-\d\d-\d\d[-_]")
_DATED_PATH: Final = re.compile(r"(?:^|.*?/)(\d{4})/(\d{1,2})/(\d{1,2})/")
_INDEX: Final = re.compile(r"/_?index(?:\.[\w-]+)?\.md$")
_MORE: Final = re.compile(r"^[ \t]*<!--\s*more\s*-->[ \t]*\n?", re.MULTILINE)


def migrate_zola(root: Path, site: NewSite, progress: Callable[[int], None]) -> list[Problem]:
    """Move a Zola site. Raises CmsError migrate.no-source, migrate.unwritable, data.unreadable."""
    values, file = read_zola_config(root)
    site.begin()
    move_folder(_Move(root, values, file, site).read(), site, progress)
    return []


class _Move:
    """What a site's configuration and content folder hold."""

    def __init__(self, root: Path, values: dict[str, Any], file: str, site: NewSite) -> None:
        self._root, self._values, self._file, self._report = root, values, file, site.report
        default = values.get("default_language")
        self._default = default if isinstance(default, str) and is_language(default) else "en"
        self._others = [code for code in as_table(values.get("languages")) if code != self._default and is_language(code)]
        for code in as_table(values.get("languages")):
            if not is_language(code):
                self._report.note(file, 0, "languages", str(code), "left out: no code of a language")
        self._shortcodes = TeraShortcodes(root)
        self.source = FolderSource(
            root,
            start_settings(values.get("title"), values.get("base_url"), values.get("description")),
            convert=self._convert,
            roots={"@/": "content/"},
            inside="content/",
        )
        self._listed: set[str] = set()

    def read(self) -> FolderSource:
        """Read all pages, files, settings and redirects."""
        pages = read_pages(self._root, self._values, self._report)
        for page in pages:
            _date_by_path(page)
        self._listed = self._find_listed(pages)
        self.source.redirects |= dict(list_redirects(pages, self._values, [self._default, *self._others]))
        for page in pages:
            self._add_page(page, pages)
        for below in list_source_files(self._root / "content"):
            if not below.endswith(".md"):
                self.source.files[f"content/{below}"] = f"content/{below}"
        theme = self._values.get("theme")
        folders = [*([f"themes/{theme}/static"] if isinstance(theme, str) and "." not in theme and "/" not in theme else []), "static"]
        for folder in folders:
            for below in list_source_files(self._root / folder) if (self._root / folder).is_dir() else ():
                self.source.files[f"{folder}/{below}"] = f"static/{below}"
        for name in ("templates", "sass", "themes"):
            if (self._root / name).is_dir():
                self._report.note(name, 0, "folders", "templates and styles", "not converted: cms theme copy begins a theme of your own")
        self._set_up(pages)
        return self.source

    def _add_page(self, page: SourcePage, pages: list[SourcePage]) -> None:
        fields = page.fields
        is_section = bool(_SECTION.search(page.file))
        for name, value in as_table(fields.pop("taxonomies", None)).items():
            fields.setdefault(name if name in _OURS else make_slug(name), value)
        extra = as_table(fields.pop("extra", None))
        for name, value in extra.items():
            fields.setdefault(name, value)
        language = self._find_language(page.file)
        if fields.get("render") is False:
            self._report.note(page.file, 0, "pages without an address", str(fields.get("title") or page.file))
            return
        if isinstance(target := fields.get("redirect_to"), str):
            self.source.redirects[page.address] = target if re.match("https?:", target) else clean_address(target)
            return
        is_home = page.address.strip("/") in ("", language if language != self._default else "")
        if is_section:
            for key in (
                "sort_by",
                "paginate_by",
                "paginate_path",
                "insert_anchor_links",
                "generate_feeds",
                "page_template",
                "transparent",
                "in_search_index",
            ):
                fields.pop(key, None)
            if not page.body.strip() and not is_home and page.file.split("/")[1] not in self._listed:
                below = [one for one in pages if posixpath.dirname(one.file) == posixpath.dirname(page.file) and one is not page]
                page.body = self._list(page, pages, below)
        dated = find_date(page) is not None or self._take_date(page)
        key = re.sub(rf"\.(?:{'|'.join(map(re.escape, self._others)) or '-'})(?=\.md$)", "", page.file)
        if is_section and is_home and self._has_posts(pages):
            if page.body.strip():
                self._report.note(
                    page.file, page.line, "texts of the home page", " ".join(page.body.split())[:80], "left out: the home page lists posts"
                )
            return
        locale = language.lower() if self._others else ""
        top = page.file.split("/")[1] if page.file.count("/") > 1 else ""
        section = top if top in self._listed else ""
        is_list = bool(section) and is_section and page.file.count("/") == 2
        self.source.pages.append(FolderPage(page, dated and not is_section, locale, key if self._others else "", section, is_list))

    def _find_listed(self, pages: list[SourcePage]) -> set[str]:
        """Folders right below the content whose section lists posts here: most of their pages have a date, and its address is their name."""
        found: dict[str, list[bool]] = {}
        for page in pages:
            if page.file.count("/") > 1 and not _SECTION.search(page.file):
                found.setdefault(page.file.split("/")[1], []).append(find_date(page) is not None or bool(_DATED.search(page.file)))
        return {
            top for top, dated in found.items()
            if sum(dated) * 2 > len(dated) and make_slug(top) == top
            and any(page.file == f"content/{top}/_index.md" and page.fields.get("render") is not False for page in pages)
        }  # fmt: skip

    def _list(self, page: SourcePage, pages: list[SourcePage], below: list[SourcePage]) -> str:
        """A list of what lies right below a section without a text, as its template would show it."""
        folder, language = posixpath.dirname(page.file), self._find_language(page.file)
        found = [one for one in pages if one is not page and _find_holder(one.file) == folder and self._find_language(one.file) == language]
        found = found or below
        dates = {id(one): find_date(one) for one in found}
        found.sort(
            key=lambda one: (-(dates[id(one)].timestamp() if dates[id(one)] else 0), _weight(one), str(one.fields.get("title") or ""))
        )
        return "".join(
            f"- [{one.fields.get('title') or one.address}]({one.address})\n" for one in found if one.fields.get("draft") is not True
        )

    def _has_posts(self, pages: list[SourcePage]) -> bool:
        return any(find_date(page) is not None or _DATED.search(page.file) for page in pages if not _SECTION.search(page.file))

    def _take_date(self, page: SourcePage) -> bool:
        """Give a page the date of its name."""
        name = (
            posixpath.basename(posixpath.dirname(page.file))
            if re.search(r"/index(?:\.[\w-]+)?\.md$", page.file)
            else posixpath.basename(page.file)
        )
        found = re.match(r"(\d{4}-\d{2}-\d{2})(?:T[^_-]*)?[-_]", name)
        if found:
            page.fields["date"] = found[1]
        return bool(found)

    def _find_language(self, file: str) -> str:
        code = posixpath.basename(file).removesuffix(".md").rpartition(".")[2]
        return code if code in self._others else self._default

    def _set_up(self, pages: list[SourcePage]) -> None:
        source, settings = self.source, self.source.settings
        settings["title"] = str(
            self._values.get("title")
            or next((str(page.fields.get("title") or "") for page in pages if page.file == "content/_index.md"), "")
            or "Untitled site"
        )
        settings["name"] = start_settings(settings["title"], "")["name"]
        settings["locales"] = (
            [{"code": self._default.lower()}, *({"code": code.lower()} for code in self._others)]
            if self._others
            else [name_locale(self._default)]
        )
        tables: dict[str, Json] = {"section": {"url": "/{slug}/"} if self._listed else False, "series": False, "tag": False}
        for name in find_taxonomies(self._values):
            folder = urlize(name)
            if name not in _OURS:
                source.terms.append(make_slug(name))
            tables[_OURS.get(name, make_slug(name))] = {
                "field": name if name in _OURS else make_slug(name),
                "url": f"/{folder}/{{slug}}/",
                "index": f"/{folder}/",
            }
        settings["taxonomies"] = tables
        if as_table(self._values.get("extra")):
            self._report.note(self._file, 0, "settings below [extra]", ", ".join(map(str, self._values["extra"])), "kept in params")
            settings["params"] = self._values["extra"]
        if any(one.is_post for one in source.pages) and any(one.page.address == "/" for one in source.pages):
            source.home = "/blog/"
        for code in (self._default, *self._others):
            prefix = "" if code == self._default else f"/{code}"
            for feed in list_feeds(self._values):
                source.redirects[f"{prefix}/{feed}"] = f"{prefix}{source.home}{name_feed(feed)}"

    def _convert(self, one: FolderPage, note: Note) -> str:
        page = one.page
        text = self._shortcodes.run(page.body, page.line, lambda line, tag, fate: note("shortcodes", line, tag, fate))
        return replace_outside_code(_MORE.sub("", text), re.compile(r"\n(?:[ \t]*\n){2,}"), lambda found: "\n\n")


def _date_by_path(page: SourcePage) -> None:
    """Give a page without a date that of its path, ``2023/12/07/name`` or ``blog/2023/12/07/name``, where templates read it."""
    found = _DATED_PATH.match(str(page.fields.get("path") or ""))
    if found and find_date(page) is None and not _SECTION.search(page.file):
        page.fields["date"] = "-".join(found.groups())
        if find_date(page) is None:  # no such day
            del page.fields["date"]


def _find_holder(file: str) -> str:
    """The folder of the section that a page belongs to; the folder of an index is the page itself."""
    return posixpath.dirname(_INDEX.sub("", file)) if _INDEX.search(file) else posixpath.dirname(file)


def _weight(page: SourcePage) -> float:
    value = page.fields.get("weight")
    return value if isinstance(value, int | float) and not isinstance(value, bool) else 9999
