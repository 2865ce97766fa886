"""``cms migrate ghost``: an export of Ghost (JSON) as a site: posts, pages, tags, authors, menus, redirects, settings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from cms_ssg.migrate.folder import NewSite, clean_address
from cms_ssg.migrate.ghost_cards import clean_cards
from cms_ssg.migrate.ghost_documents import EMAIL, list_cards, load_document, render_card, render_lexical, render_mobiledoc
from cms_ssg.migrate.ghost_routes import Routes, read_routes
from cms_ssg.migrate.ghost_rows import find_lines, is_internal, load, make_tokens, make_words, read_date, read_export
from cms_ssg.migrate.html_text import convert_html, strip_tags
from cms_ssg.migrate.media import Media
from cms_ssg.migrate.wordpress_site import name_locale
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Json, Problem

URL: Final = "__GHOST_URL__"
PAGE_SIZE: Final = 20
"""Posts on a page of a list here; site.toml leaves it at that."""


def migrate_ghost(file: Path, site: NewSite, media: Path | None, base_url: str, progress: Callable[[int], None]) -> list[Problem]:
    """Move an export. media: a copy of Ghost's content folder; base_url: of the old site, which an export does not say.

    Raises CmsError migrate.no-ghost, migrate.unreadable, migrate.unwritable.
    """
    data = read_export(file)
    site.begin()
    site.connection.execute("DROP TABLE IF EXISTS media")
    routes = read_routes(media, lambda place, kind, detail, fate: site.report.note(f"content/{place}", 0, kind, detail, fate))
    move = _Move(file, site, data, (Media(site, media, "content"), base_url.rstrip("/"), routes))
    for row in move.rows("posts"):
        move.write_post(row)
        progress(1)
    move.write_terms()
    move.note_rest()
    move.media.finish()
    site.finish(move.make_settings())
    return []


class _Move:
    """One move; Ghost's tables are read whole."""

    def __init__(self, file: Path, site: NewSite, data: dict[str, Any], old: tuple[Media, str, Routes]) -> None:
        self._file, self._site, self._data = file, site, data
        self.media, self._base_url, self._routes = old
        self._lines = find_lines(file.read_text("utf-8-sig"))
        self._settings = {str(row.get("key")): row.get("value") for row in self.rows("settings")}
        self._tags = {row.get("id"): row for row in self.rows("tags")}
        self._people = {row.get("id"): row for row in self.rows("users")}
        self._of_tags = self._join("posts_tags", "tag_id")
        self._of_people = self._join("posts_authors", "author_id")
        self._meta = {row.get("post_id"): row for row in self.rows("posts_meta")}
        self._used: set[str] = set()
        self._listed: Counter[str] = Counter()  # published posts of the home page (""), of each tag and of each author

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Rows of a table; a database holds no lists or tables in them, so an export that does is read without those."""
        found = self._data.get(name)
        rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
        return [{key: None if isinstance(value, list | dict) else value for key, value in row.items()} for row in rows]

    def _join(self, name: str, key: str) -> dict[Any, list[Any]]:
        found: dict[Any, list[Any]] = {}
        for row in sorted(self.rows(name), key=lambda row: row["sort_order"] if isinstance(row.get("sort_order"), int) else 0):
            found.setdefault(row.get("post_id"), []).append(row.get(key))
        return found

    def _note(self, row: dict[str, Any], kind: str, detail: str, fate: str = "left out") -> None:
        shown = f"/{row['slug']}/: {detail}" if row.get("slug") and not detail.startswith(str(row.get("title") or "\0")) else detail
        self._site.report.note(self._file.name, self._lines.get(str(row.get("id")), 0), kind, shown, fate)

    def rewrite(self, address: str) -> str:
        """The new address of a link or picture."""
        plain = address.replace(URL, "")
        if self._base_url and plain.startswith(f"{self._base_url}/"):
            plain = plain[len(self._base_url) :]
        elif plain == address and not address.startswith("/"):
            return address
        if plain.startswith("/content/"):
            path = re.sub(r"/size/w\d+(?:h\d+)?", "", urlsplit(plain).path)
            return self.media.find(path, f"{self._base_url}{path}" if self._base_url else path)
        return plain or "/"

    def write_post(self, row: dict[str, Any]) -> None:
        """Write a post or page."""
        slug, title = str(row.get("slug") or ""), str(row.get("title") or "")
        is_page = row.get("type") == "page" or row.get("page") in (1, True)
        meta = {**self._meta.get(row.get("id"), {}), **{key: value for key, value in row.items() if value}}
        tags = self._find_rows(row, "tags", self._of_tags.get(row.get("id"), []), self._tags)
        people = self._find_rows(row, "authors", self._of_people.get(row.get("id"), [row.get("author_id")]), self._people)
        date, path = read_date(row.get("published_at") or row.get("created_at")), f"/{slug}/"
        if not is_page:
            path = self._routes.find_path(make_tokens(row, date, tags, people), make_words(row, tags, people))
        status = row.get("status")
        hidden = status not in ("published", "scheduled")
        if status == "sent":
            self._note(row, "posts sent by mail alone", title, "kept as drafts")
        if row.get("visibility") not in (None, "public"):
            self._note(row, "posts for members", f"{title} ({row.get('visibility')})", "kept as drafts")
            hidden = True
        fields: dict[str, Json] = {
            "title": title or slug,
            "path": clean_address(path) or None,
            "date": date,
            "updated": read_date(row.get("updated_at"))
            if row.get("published_at") and str(row.get("updated_at")) > str(row.get("published_at"))
            else None,
            "draft": hidden,
            "authors": [str(person.get("slug")) for person in people],
            "tags": [str(tag.get("slug")) for tag in tags if not is_internal(tag)],
            "excerpt": str(row.get("custom_excerpt") or ""),
            "image": self.rewrite(str(meta["feature_image"])) if meta.get("feature_image") else None,
            "image_alt": meta.get("feature_image_alt"),
            "is_featured": row.get("featured") in (1, True),
            "meta_title": meta.get("meta_title"),
            "meta_description": meta.get("meta_description"),
            "image_caption": strip_tags(str(meta.get("feature_image_caption") or "")),
            "canonical": meta.get("canonical_url"),
        }
        for name in ("codeinjection_head", "codeinjection_foot"):
            if meta.get(name):
                self._note(row, "code that was injected", str(meta[name]))
        if social := sorted(name for name, value in meta.items() if name.startswith(("og_", "twitter_")) and value):
            self._note(row, "fields for social networks", ", ".join(social))
        if row.get("custom_template"):
            self._note(row, "templates of the old theme", str(row["custom_template"]), "shown by the theme's own")
        if not hidden:
            self._used.update([*fields["tags"], *(f"@{name}" for name in fields["authors"])])
            if status == "published" and not is_page:
                self._listed.update(["", *fields["tags"], *(f"@{name}" for name in fields["authors"])])
        body = self._make_body(row, title)
        folder = "content/pages" if is_page else "content/posts"
        self._site.write_entry(
            self._site.choose_name(f"{folder}/{make_slug(slug or title) or row.get('id')}.md", str(row.get("id"))), fields, body
        )
        self._site.made["pages" if is_page else "posts"] += 1
        if not hidden and status == "published":
            self._site.redirect(f"{path.rstrip('/')}/amp/", path)

    def _make_body(self, row: dict[str, Any], title: str) -> str:
        """The HTML that Ghost rendered; of a text that it has not rendered what its editor's document says."""
        note = partial(self._note, row)
        html, lexical, mobiledoc = row.get("html"), load_document(row.get("lexical")), load_document(row.get("mobiledoc"))
        cards = list(list_cards(lexical, mobiledoc))
        if isinstance(html, str) and html.strip():
            for kind, card in cards:
                if kind in EMAIL:
                    render_card(kind, card, note)
            return convert_html(clean_cards(html, note), self.rewrite, note)
        if len(cards) == 1 and cards[0][0] in ("markdown", "card-markdown") and len(mobiledoc.get("sections") or [0]) == 1:
            return str(cards[0][1].get("markdown") or "")
        if html := render_lexical(lexical, note) or render_mobiledoc(mobiledoc, note):
            return convert_html(html, self.rewrite, note)
        if row.get("plaintext"):
            self._note(row, "posts without HTML", title, "kept as plain text")
            return str(row["plaintext"])
        return ""

    def write_terms(self) -> None:
        """Write tags and authors, with redirects for those that nothing is left to show of."""
        for row in self._tags.values():
            if is_internal(row):
                self._note(row, "internal tags", str(row.get("name")))
                continue
            slug = str(row.get("slug") or make_slug(str(row.get("name"))))
            image = self.rewrite(str(row["feature_image"])) if row.get("feature_image") else None
            fields: dict[str, Json] = {
                "title": str(row.get("name") or slug),
                "slug": slug,
                "image": image,
                "excerpt": str(row.get("description") or ""),
            }
            self._site.write_entry(self._site.choose_name(f"content/terms/tag/{make_slug(slug)}.md", f"tag:{slug}"), fields, "")
            self._site.made["tags"] += 1
            self._redirect_list(self._routes.tag.replace("{slug}", slug), slug)
        for row in self._people.values():
            slug = str(row.get("slug") or row.get("id"))
            image = row.get("profile_image")
            fields = {
                "title": str(row.get("name") or slug), "slug": slug, "bio": strip_tags(str(row.get("bio") or "")),
                "metadata": {name: str(row[name]) for name in ("facebook", "twitter", "location") if row.get(name)},
                "url": row.get("website"), "avatar": self.rewrite(str(image)) if image else None,
            }  # fmt: skip
            self._site.write_entry(self._site.choose_name(f"content/authors/{make_slug(slug)}.md", f"author:{slug}"), fields, "")
            self._site.made["people"] += 1
            self._redirect_list(self._routes.author.replace("{slug}", slug), f"@{slug}")

    def _find_rows(self, row: dict[str, Any], what: str, numbers: list[Any], table: dict[Any, dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows that a post names; those that the export lacks are noted."""
        missing = [str(number) for number in numbers if number not in table and number is not None]
        if missing:
            self._note(row, f"{what} that the export lacks", ", ".join(missing))
        return [table[number] for number in numbers if number in table]

    def _redirect_list(self, path: str, key: str) -> None:
        used = key in self._used
        self._site.redirect(f"{path}rss/", f"{path}feed.xml" if used else "/feed.xml")
        if not used:
            self._site.redirect(path, "/")
        self._redirect_pages(path, key)

    def _redirect_pages(self, path: str, key: str) -> None:
        """Further pages of a list, except those that the new list has itself. A page of Ghost's may be as short as five posts."""
        posts = self._listed[key]
        for number in range(max(2, posts // PAGE_SIZE), posts // 5 + 2):
            self._site.redirect(f"{path}page/{number}/", path)

    def make_settings(self) -> dict[str, Json]:
        """The new site's settings."""
        title = str(self._settings.get("title") or "Untitled site")
        self._site.redirect("/rss/", "/feed.xml")
        self._site.redirect("/feed/", "/feed.xml")
        self._redirect_pages("/", "")
        menus: dict[str, Json] = {}
        for key, name in (("navigation", "main"), ("secondary_navigation", "footer")):
            lines = load(self._settings.get(key))
            rows = [
                {"title": str(line.get("label") or line.get("url")), "url": self.rewrite(str(line["url"]))}
                for line in (lines if isinstance(lines, list) else [])
                if isinstance(line, dict) and line.get("url") and not str(line["url"]).startswith("#/")
            ]
            for line in lines if isinstance(lines, list) else []:
                if isinstance(line, dict) and str(line.get("url")).startswith("#/"):
                    self._site.report.note(
                        self._file.name, 0, "lines of menus", f"{line.get('label')}: {line['url']} is a page for members"
                    )
            if rows:
                menus[name] = rows
        settings: dict[str, Json] = {
            "name": make_slug(title)[:40] if make_slug(title).isascii() and make_slug(title) else "site",
            "title": title,
            "description": str(self._settings.get("description") or ""),
            "base_url": self._base_url or "http://localhost:8000",
            "timezone": str(self._settings.get("timezone") or self._settings.get("active_timezone") or "UTC").replace("Etc/UTC", "UTC"),
            "locales": [name_locale(str(self._settings.get("locale") or self._settings.get("lang") or "en"))],
            "taxonomies": {"section": False, "series": False, "tag": {"url": self._routes.tag}, "author": {"url": self._routes.author}},
        }
        if menus:
            settings["menus"] = menus
        return settings

    def note_rest(self) -> None:
        """Redirects of the old site's own, and a note of each thing of the site as a whole that has no place here."""
        for old, new in self._routes.redirects.items():
            self._site.redirect(old, new)
        for address, wanted, _ in self._routes.collections:
            if address != "/":
                tag = re.fullmatch(r"(?:primary_)?tags?:['\"]?([\w-]+)['\"]?", wanted)
                self._site.redirect(address, self._routes.tag.replace("{slug}", tag[1]) if tag and tag[1] in self._used else "/")
        for key in ("codeinjection_head", "codeinjection_foot"):
            if self._settings.get(key):
                self._site.report.note(self._file.name, 0, "code that was injected", str(self._settings[key]))
        for key in ("logo", "icon", "cover_image", "accent_color", "announcement_content"):
            if self._settings.get(key):
                self._site.report.note(
                    self._file.name, 0, "settings of the design", f"{key}: {self._settings[key]}", "left out: docs/themes.md"
                )
        for name, shown in (
            ("members", "members"),
            ("newsletters", "newsletters"),
            ("products", "tiers"),
            ("offers", "offers"),
            ("snippets", "snippets"),
            ("comments", "comments"),
        ):
            if number := len(self.rows(name)):
                self._site.report.note(self._file.name, 0, shown, f"{number:,}")
