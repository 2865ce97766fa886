"""``cms migrate docusaurus``: documentation, blog and pages of a Docusaurus site, their versions and translations."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from cms_ssg.data.files import read_data_file
from cms_ssg.errors import CmsError
from cms_ssg.migrate.folder import NewSite, clean_address
from cms_ssg.migrate.mdx_text import convert_mdx
from cms_ssg.migrate.pages import SourcePage, as_table, is_language, list_source_files, read_page
from cms_ssg.migrate.report import Report
from cms_ssg.migrate.source_folder import (
    CODE,
    TEXTS,
    FolderPage,
    FolderSource,
    Note,
    find_config,
    find_names,
    find_value,
    join_address,
    list_terms,
    move_folder,
    read_text,
    start_settings,
    strip_comments,
    write_authors,
)  # fmt: skip
from cms_ssg.migrate.wordpress_site import name_locale
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Problem

CONFIGS: Final = ("docusaurus.config.js", "docusaurus.config.ts", "docusaurus.config.mjs", "docusaurus.config.cjs")
_NUMBER: Final = re.compile(r"^\d+\s*[-_.]+\s*(?=[^-_.\s])")
_DATED: Final = re.compile(r"(?:^|/)(\d{4})[-/](\d{1,2})[-/](\d{1,2})[-/]?(.*?)(?:/index)?$")


def migrate_docusaurus(root: Path, site: NewSite, progress: Callable[[int], None]) -> list[Problem]:
    """Move a Docusaurus site. Raises CmsError migrate.no-source, migrate.unwritable."""
    config = find_config(root, CONFIGS, "Docusaurus", "a docusaurus.config.js")
    site.begin()
    move = _Move(root, config, site.report)
    move.read()
    write_authors(move.load_authors(), site)
    if (site.folder / "content-people").is_dir():
        move.source.settings["collection"] = [{"name": "people", "path": "content-people", "type": "author"}]
    move_folder(move.source, site, progress)
    return []


class _Move:
    """What the folders of a site hold."""

    def __init__(self, root: Path, config: str, report: Report) -> None:
        self._root, self._config, self._report = root, config, report
        text = strip_comments(read_text(root / config))
        settings = start_settings(
            find_value(text, "title"), find_value(text, "url") + find_value(text, "baseUrl"), find_value(text, "tagline")
        )
        self.source = FolderSource(root, settings, convert=self._convert, roots={"@site/": ""})
        default = find_value(text, "defaultLocale")
        self._languages = [code for code in find_names(text, "locales") if is_language(code)] or [default if is_language(default) else "en"]
        default = default if is_language(default) else self._languages[0]
        self._languages = [default, *(code for code in self._languages if code != default)]
        self._docs, self._blog = _find_base(text, "docs", "docs"), _find_base(text, "blog", "blog")
        self._versions = self._list_versions()
        self._categories: list[tuple[str, str, str, str]] = []

    def _list_versions(self) -> list[str]:
        try:
            found = read_data_file(self._root / "versions.json", self._root) if (self._root / "versions.json").is_file() else []
        except CmsError:
            found = []
        return [str(name) for name in found if isinstance(name, str | int | float)] if isinstance(found, list) else []

    def load_authors(self) -> dict[str, Any]:
        """The people of the blog."""
        for name in ("authors.yml", "authors.yaml", "authors.json"):
            if (self._root / "blog" / name).is_file():
                try:
                    return as_table(read_data_file(self._root / "blog" / name, self._root))
                except CmsError as error:
                    self._report.note(f"blog/{name}", error.problems[0].line, "files", error.problems[0].message)
        return {}

    def read(self) -> None:
        """Read all pages, files, settings and redirects."""
        for code in self._languages:
            first = code == self._languages[0]
            below = "" if first else f"i18n/{code}"
            prefix = "" if first else code
            docs = "docs" if first else f"{below}/docusaurus-plugin-content-docs/current"
            for folder, base in self._list_docs(docs, below, first):
                self._read_folder(folder, join_address(prefix, self._docs, base), code, "docs")
                if not first:
                    version = posixpath.basename(folder)
                    original = "docs" if version == "current" else f"versioned_docs/{version}"
                    self.source.twins[folder] = (original, f"/{code}")
            blog = "blog" if first else f"{below}/docusaurus-plugin-content-blog"
            self._read_folder(blog, join_address(prefix, self._blog), code, "blog")
            pages = "src/pages" if first else f"{below}/docusaurus-plugin-content-pages"
            self._read_folder(pages, join_address(prefix) or "/", code, "pages")
            if not first:
                self.source.twins |= {blog: ("blog", f"/{code}"), pages: ("src/pages", f"/{code}")}
        for file in list_source_files(self._root / "static") if (self._root / "static").is_dir() else ():
            self.source.files[f"static/{file}"] = f"static/{file}"
        self._add_categories()
        self._set_up()

    def _list_docs(self, docs: str, below: str, first: bool) -> Iterator[tuple[str, str]]:
        """(folder, what its addresses begin with) of each version; the newest that is released has no number in them."""
        if not self._versions:
            yield docs, ""
            return
        yield docs, "next"
        for version in self._versions:
            folder = f"versioned_docs/version-{version}" if first else f"{below}/docusaurus-plugin-content-docs/version-{version}"
            yield folder, "" if version == self._versions[0] else version

    def _read_folder(self, folder: str, base: str, code: str, kind: str) -> None:
        for below in list_source_files(self._root / folder) if (self._root / folder).is_dir() else ():
            file = f"{folder}/{below}"
            hidden = any(part.startswith("_") for part in below.split("/"))
            if posixpath.basename(below) in ("_category_.json", "_category_.yml"):
                self._read_category(file, below, base, code)
            elif below.lower().endswith(TEXTS):
                if not hidden:
                    self._read_page(file, below, base, code, kind)
            elif below.endswith(CODE):
                if kind == "pages" and below.endswith((".js", ".jsx", ".ts", ".tsx")) and not hidden:
                    address = join_address(base, re.sub(r"(?:^|/)index$", "", posixpath.splitext(below)[0]))
                    self._report.note(file, 0, "pages made by React", address)
                elif kind != "pages":
                    self._report.note(file, 0, "files of code beside texts", below)
            elif posixpath.basename(below) not in ("authors.yml", "authors.yaml", "tags.yml", "tags.yaml", "options.json"):
                self.source.files[file] = f"content/{file}"

    def _read_page(self, file: str, below: str, base: str, code: str, kind: str) -> None:
        page = read_page(self._root, file, self._report)
        if page is None:
            return
        fields, stem = page.fields, posixpath.splitext(below)[0]
        if isinstance(updated := fields.get("last_update"), dict):
            fields["last_update"] = updated.get("date")
        given = fields.get("slug")
        slug = given if isinstance(given, str) else ""
        if kind == "blog":
            page.address = _find_blog_address(page, stem, base, slug)
            fields["authors"] = [
                str(one.get("key") or one.get("name") or "") if isinstance(one, dict) else str(one)
                for one in _as_list(fields.get("authors") or fields.get("author"))
            ]
        elif kind == "docs":
            page.address = _find_docs_address(stem, base, slug, fields)
        else:
            page.address = join_address(base, re.sub(r"(?:^|/)index$", "", stem)) or "/"
        if not page.address:
            self._report.note(file, 0, "addresses", f"{slug or stem} cannot be the address of a page here", "made new")
        if isinstance(fields.get("sidebar_position"), int | float):
            fields.setdefault("weight", fields["sidebar_position"])
        locale = code.lower() if len(self._languages) > 1 else ""
        key = f"{kind}/{re.sub(r'^(?:docs|blog|src/pages|i18n/[^/]+/docusaurus-plugin-content-[a-z]+(?:/current)?)/', '', file)}"
        self.source.pages.append(FolderPage(page, kind == "blog" and bool(fields.get("date")), locale, key if locale else ""))

    def _read_category(self, file: str, below: str, base: str, code: str) -> None:
        try:
            table = as_table(read_data_file(self._root / file, self._root))
        except CmsError as error:
            self._report.note(file, error.problems[0].line, "files", error.problems[0].message)
            return
        link, label = as_table(table.get("link")), str(table.get("label") or posixpath.basename(posixpath.dirname(below)))
        if link.get("type") == "generated-index":
            slug = str(link.get("slug") or f"category/{make_slug(label)}")
            self._categories.append((posixpath.dirname(file), join_address(base, slug), str(link.get("title") or label), code))

    def _add_categories(self) -> None:
        """A page for each list that Docusaurus generates of a folder."""
        for folder, address, title, code in self._categories:
            inside = [one.page for one in self.source.pages if posixpath.dirname(one.page.file) == folder]
            inside.sort(key=lambda page: (_weight(page), page.file))
            body = "".join(f"- [{page.fields.get('title') or page.address}]({page.address})\n" for page in inside)
            page = SourcePage(f"{folder}/_category_.md", {"title": title}, body, 1, address)
            self.source.pages.append(FolderPage(page, False, code.lower() if len(self._languages) > 1 else ""))

    def _set_up(self) -> None:
        source, settings = self.source, self.source.settings
        blog = join_address(self._blog) or "/"
        if any(one.is_post for one in source.pages):
            source.home = blog if any(one.page.address == "/" for one in source.pages) or blog != "/" else "/"
        if source.home != "/" and not any(one.page.address == "/" for one in source.pages):
            docs = join_address(self._docs) or "/"
            tops = [one.page.address for one in source.pages if not one.is_post and one.page.address.startswith(docs)][:1]
            body = "".join(f"- [{path}]({path})\n" for path in [*tops, blog])
            page = SourcePage("home.md", {"title": settings["title"], "description": settings["description"]}, body, 1, "/")
            source.pages.append(FolderPage(page, False, self._languages[0].lower() if len(self._languages) > 1 else ""))
            self._report.note(
                self._config, 0, "home pages made by React", "a page with links to the documentation and the blog stands for it", "made new"
            )
        settings["locales"] = (
            [{"code": code.lower(), **({} if code == self._languages[0] else {"fallback": "list"})} for code in self._languages]
            if len(self._languages) > 1
            else [name_locale(self._languages[0])]
        )
        settings["taxonomies"] = {"section": False, "series": False, "tag": {"url": f"{blog}tags/{{slug}}/", "index": f"{blog}tags/"}}
        source.redirects |= {
            f"{blog}archive/": source.home,
            f"{blog}rss.xml": f"{source.home}feed.xml",
            f"{blog}atom.xml": f"{source.home}atom.xml",
        }
        for word in list_terms([one for one in source.pages if not one.is_post], "tags"):
            source.redirects[join_address(self._docs, "tags", make_slug(word))] = f"{blog}tags/{make_slug(word)}/"
        if _read_redirects(read_text(self._root / self._config), source.redirects):
            self._report.note(
                self._config, 0, "redirects made by functions", "createRedirects: a server's rule or redirects.csv", "left out"
            )
        for name in ("sidebars.js", "sidebars.ts"):
            if (self._root / name).is_file():
                self._report.note(name, 0, "sidebars", "the order of pages stays as their weight", "left out")

    def _convert(self, one: FolderPage, note: Note) -> str:
        page = one.page
        return convert_mdx(
            page.body, (self._root, page.file, page.line), note, mdx=not page.file.endswith("/_category_.md") and page.file != "home.md"
        )


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value in (None, "") else [value]


def _weight(page: SourcePage) -> float:
    value = page.fields.get("weight")
    return value if isinstance(value, int | float) and not isinstance(value, bool) else 9999


def _find_base(text: str, part: str, default: str) -> str:
    """The base of a plugin's addresses."""
    found = re.search(rf"(?<![\w.]){part}\s*:\s*\{{(.{{0,3000}}?)routeBasePath\s*:\s*[\"']([^\"'\n]*)[\"']", text, re.DOTALL)
    if found is None or re.search(r"(?<![\w.])(?:docs|blog|theme|pages)\s*:\s*\{", found[1]):
        return default
    return found[2].strip("/")


def _find_blog_address(page: SourcePage, stem: str, base: str, slug: str) -> str:
    dated = _DATED.search(stem)
    if dated:
        day = f"{int(dated[1]):04}-{int(dated[2]):02}-{int(dated[3]):02}"
        page.fields.setdefault("date", day)
        head = stem[: dated.start()].strip("/")
        return join_address(base, slug) if slug else join_address(base, head, day.replace("-", "/"), dated[4])
    return join_address(base, slug or re.sub(r"/index$", "", stem))


def _find_docs_address(stem: str, base: str, slug: str, fields: dict[str, Any]) -> str:
    folder, name = posixpath.split("/".join(_NUMBER.sub("", part) for part in stem.split("/")))
    given = fields.get("id")
    if slug.startswith("/"):
        return join_address(base, slug)
    if slug:
        return join_address(base, folder, slug)
    if name.lower() in ("index", "readme") or name.lower() == posixpath.basename(folder).lower():
        return join_address(base, folder) or "/"
    return join_address(base, folder, str(given) if isinstance(given, str) and given else name)


def _read_redirects(text: str, redirects: dict[str, str]) -> bool:
    """Take the redirects of the plugin for them; whether there are some that a function makes."""
    for row in re.finditer(r"\{[^{}]*?\bto\s*:\s*[\"']([^\"'\n]+)[\"'][^{}]*?\bfrom\s*:\s*(\[[^\]]*\]|[\"'][^\"'\n]+[\"'])[^{}]*\}", text):
        for old in re.findall(r"[\"']([^\"'\n]+)[\"']", row[2]):
            if clean_address(old):
                redirects[clean_address(old)] = row[1] if re.match("https?:", row[1]) else clean_address(row[1])
    for row in re.finditer(r"\{[^{}]*?\bfrom\s*:\s*(\[[^\]]*\]|[\"'][^\"'\n]+[\"'])[^{}]*?\bto\s*:\s*[\"']([^\"'\n]+)[\"'][^{}]*\}", text):
        for old in re.findall(r"[\"']([^\"'\n]+)[\"']", row[1]):
            if clean_address(old):
                redirects[clean_address(old)] = row[2] if re.match("https?:", row[2]) else clean_address(row[2])
    return "createRedirects" in text
