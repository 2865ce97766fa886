"""``cms migrate jekyll``: a Jekyll site's content with its Liquid run, its settings and addresses; its layouts stay behind."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from cms_ssg.migrate.folder import NewSite, clean_address
from cms_ssg.migrate.heading_anchors import keep_anchors, make_github_anchor
from cms_ssg.migrate.html_text import convert_html
from cms_ssg.migrate.jekyll_config import JekyllConfig, find_file_address, list_categories, read_jekyll_config
from cms_ssg.migrate.jekyll_pages import find_base, read_pages
from cms_ssg.migrate.jekyll_text import JekyllText
from cms_ssg.migrate.pages import SourcePage, as_table, find_date, list_source_files, list_words, make_fields, read_data_folder
from cms_ssg.migrate.relative_links import follow_files
from cms_ssg.migrate.wordpress_site import name_locale
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Json, Problem


def migrate_jekyll(root: Path, site: NewSite, progress: Callable[[int], None]) -> list[Problem]:
    """Move a Jekyll site. Raises CmsError migrate.no-source, migrate.unwritable, data.unreadable."""
    config = read_jekyll_config(root)
    site.begin()
    move = _Move(root, site, config)
    move.read()
    for kind, page in move.pages:
        move.write(kind, page)
        progress(1)
    move.write_lists()
    for name in ("_layouts", "_sass", "_plugins"):
        if (root / name).is_dir():
            site.report.note(name, 0, "folders", "layouts and plugins", "not converted: cms theme copy begins a theme of your own")
    site.finish(move.make_settings())
    return []


class _Move:
    """One move: all pages are read before the first is written, since they name each other."""

    def __init__(self, root: Path, site: NewSite, config: JekyllConfig) -> None:
        self.root, self.site, self.config = root, site, config
        self.pages: list[tuple[str, SourcePage]] = []
        self._posts: Counter[str] = Counter()
        self._terms: dict[str, set[str]] = {"tags": set(), "categories": set()}
        self.base = find_base(root, config)
        self._text: JekyllText | None = None
        self._static: dict[str, str] = {}
        """Addresses of files that are no pages."""

    def read(self) -> None:
        """Read all pages and copy the other files."""
        self.pages, others = read_pages(self.base, self.config, self.site.report)
        for file in others:
            self._static[file] = f"/{find_file_address(file, self.config)}"
            self.site.copy(self.base / file, f"static/{find_file_address(file, self.config)}")
            self.site.made["files"] += 1
        for file in list_source_files(self.base / "_data") if (self.base / "_data").is_dir() else ():
            self.site.copy(self.base / "_data" / file, f"data/{file}")

    def _load_text(self) -> JekyllText:
        if self._text is None:
            data = read_data_folder(self.base, "_data", self.site.report)
            self._text = JekyllText(self.base, self.config, self.pages, data, self.site.report.note)
        return self._text

    def write(self, kind: str, page: SourcePage) -> None:
        """Write one page."""
        note = self.site.report.note
        if target := page.fields.get("redirect_to"):
            target = list_words(target)[0]
            self.site.redirect(page.address, target if re.match("https?://", target) else clean_address(target))
            return
        if page.address == "/404.html":
            note(page.file, page.line, "pages for what is not there", "a template of the theme makes it here: 404.html")
            return
        stem = posixpath.splitext(page.file)[0]
        if (
            kind == "pages"
            and re.search(r"\b(?:paginator\.|site\.(?:posts|related_posts))", page.body)
            and posixpath.basename(stem) == "index"
            and page.address == "/"
        ):
            note(page.file, page.line, "templates of the home page", "it lists posts, as the home page does here")
            return
        body = self._load_text().run(page)
        if page.file.endswith((".html", ".htm")):
            body = convert_html(body, str, lambda what, detail, fate: note(page.file, page.line, what, detail, fate))
        else:
            body = keep_anchors(follow_files(body, page.file, self._static), make_github_anchor)
        fields = make_fields(page, self.site)
        categories = list_categories(page)
        tags = page.fields.get("tags") or page.fields.get("tag") or []
        fields["tags"] = tags.split() if isinstance(tags, str) and "tags" in page.fields else list_words(tags)
        fields["categories"] = categories
        for name in ("tags", "categories"):
            self._terms[name].update(fields[name])
        fields = {"title": fields.pop("title", None) or posixpath.basename(stem).replace("-", " "), "path": page.address, **fields}
        fields["date"] = fields.get("date") if find_date(page) is not None else None
        folder = {"posts": "content/posts", "drafts": "content/posts", "pages": "content/pages"}.get(kind, f"content/{make_slug(kind)}")
        inner = posixpath.splitext(page.inner)[0].replace("_posts/", "").replace("_drafts/", "")
        inner = inner.partition("/")[2] if kind not in ("posts", "drafts", "pages") else inner
        self.site.write_entry(self.site.choose_name(f"{folder}/{inner}.md", page.file), fields, body)
        self.site.made[kind] += 1
        if kind == "posts":
            self._posts[str(page.fields.get("date"))[:7]] += 1

    def write_lists(self) -> None:
        """Redirects from addresses of lists: the feed's other name, further pages, archives of jekyll-archives."""
        total, size = sum(self._posts.values()), self.config.values.get("paginate")
        if isinstance(size, int) and size > 0:
            pattern = str(self.config.values.get("paginate_path") or "/page:num/")
            for number in range(2, -(-total // size) + 1):
                self.site.redirect(clean_address(pattern.replace(":num", str(number))), "/")
        archives = self.config.values.get("jekyll-archives")
        links = as_table(as_table(archives).get("permalinks"))
        for field, name, base in (("tags", "tag", "tags"), ("categories", "category", "categories")):
            pattern = str(links.get(name) or f"/{name}/:name/")
            for term in sorted(self._terms[field]):
                if isinstance(archives, dict):
                    self.site.redirect(clean_address(pattern.replace(":name", make_slug(term))), f"/{base}/{make_slug(term)}/")

    def make_settings(self) -> dict[str, Json]:
        """The new site's settings."""
        values = self.config.values
        title = str(values.get("title") or values.get("name") or "Untitled site")
        url, below = str(values.get("url") or ""), str(values.get("baseurl") or "")
        settings: dict[str, Json] = {
            "name": make_slug(title)[:40] if make_slug(title).isascii() and make_slug(title) else "site",
            "title": title,
            "description": " ".join(str(values.get("description") or "").split()),
            "base_url": f"{url.rstrip('/')}{below.rstrip('/')}" if re.match("https?://", url) else "http://localhost:8000",
            "locales": [name_locale(str(values.get("lang") or values.get("locale") or "en"))],
            "taxonomies": {
                "section": False, "series": False,
                "category": {"field": "categories", "url": "/categories/{slug}/", "index": "/categories/"},
            },
        }  # fmt: skip
        if isinstance(values.get("timezone"), str):
            settings["timezone"] = values["timezone"]
        if any(page.address == "/" and kind == "pages" for kind, page in self.pages) and self.site.made["pages"]:
            home = [
                page
                for kind, page in self.pages
                if page.address == "/" and (self.site.folder / f"content/pages/{posixpath.splitext(page.file)[0]}.md").exists()
            ]
            if home:
                settings["home"] = {"url": "/blog/"}
        rows = [
            {"name": make_slug(name), "path": f"content/{make_slug(name)}", "type": "page"}
            for name in self.config.collections
            if self.site.made[name]
        ]
        if rows:
            settings["collection"] = rows
        if isinstance(values.get("header_pages"), list):
            by_file = {page.file: page for _, page in self.pages}
            lines = [
                {"title": str(by_file[name].fields.get("title") or name), "url": by_file[name].address}
                for name in values["header_pages"]
                if name in by_file
            ]
            if lines:
                settings["menus"] = {"main": lines}
        return settings
