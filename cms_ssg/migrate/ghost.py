"""``cms migrate ghost``: an export of Ghost (JSON) as a site: posts, pages, tags, authors, menus, redirects, settings."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from cms_ssg.errors import fail
from cms_ssg.migrate.folder import NewSite, clean_address
from cms_ssg.migrate.html_text import convert_html, strip_tags
from cms_ssg.migrate.media import Media
from cms_ssg.migrate.pages import as_table
from cms_ssg.migrate.wordpress_site import name_locale
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Json, Problem

MAX_BYTES: Final = 2 << 30
URL: Final = "__GHOST_URL__"


def migrate_ghost(file: Path, site: NewSite, media: Path | None, base_url: str, progress: Callable[[int], None]) -> list[Problem]:
    """Move an export. media: a copy of Ghost's content folder; base_url: of the old site, which an export does not say.

    Raises CmsError migrate.no-ghost, migrate.unreadable, migrate.unwritable.
    """
    data = _read(file)
    site.begin()
    site.connection.execute("DROP TABLE IF EXISTS media")
    move = _Move(file, site, data, Media(site, media, "content"), base_url.rstrip("/"))
    for row in move.rows("posts"):
        move.write_post(row)
        progress(1)
    move.write_terms()
    move.media.finish()
    site.finish(move.make_settings())
    return []


def _read(file: Path) -> dict[str, Any]:
    hint = "In Ghost: Settings, Import/Export, Export content."
    try:
        if file.stat().st_size > MAX_BYTES:
            raise fail("migrate.no-ghost", "is larger than 2 GB", place=file.name, hint=hint)
        value = json.loads(file.read_text("utf-8-sig"))
    except OSError as error:
        raise fail("migrate.unreadable", f"cannot be read: {error.strerror}", place=str(file)) from None
    except json.JSONDecodeError as error:
        raise fail("migrate.no-ghost", f"is not JSON: {error.msg.lower()}", place=file.name, line=error.lineno, hint=hint) from None
    except (ValueError, RecursionError):
        raise fail("migrate.no-ghost", "is no JSON in UTF-8", place=file.name, hint=hint) from None
    databases = as_table(value).get("db", [value])
    first = as_table(databases[0] if isinstance(databases, list) and databases else None)
    data = as_table(first.get("data"))
    if not isinstance(data.get("posts"), list):
        raise fail("migrate.no-ghost", "is no export of Ghost", place=file.name, line=1, hint=hint)
    return data


class _Move:
    """One move; Ghost's tables are read whole."""

    def __init__(self, file: Path, site: NewSite, data: dict[str, Any], media: Media, base_url: str) -> None:
        self._file, self._site, self._data, self.media, self._base_url = file, site, data, media, base_url
        self._text = file.read_text("utf-8-sig")
        self._settings = {str(row.get("key")): row.get("value") for row in self.rows("settings")}
        self._tags = {row.get("id"): row for row in self.rows("tags")}
        self._people = {row.get("id"): row for row in self.rows("users")}
        self._of_tags = self._join("posts_tags", "tag_id")
        self._of_people = self._join("posts_authors", "author_id")
        self._meta = {row.get("post_id"): row for row in self.rows("posts_meta")}
        self._used: set[str] = set()

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
        at = self._text.find(json.dumps(str(row.get("id"))))
        self._site.report.note(self._file.name, self._text.count("\n", 0, at) + 1 if at >= 0 else 0, kind, detail, fate)

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
        tags = [self._tags[number] for number in self._of_tags.get(row.get("id"), []) if number in self._tags]
        people = [self._people[number] for number in self._of_people.get(row.get("id"), [row.get("author_id")]) if number in self._people]
        status = row.get("status")
        hidden = status not in ("published", "scheduled")
        if status == "sent":
            self._note(row, "posts sent by mail alone", title, "kept as drafts")
        if row.get("visibility") not in (None, "public"):
            self._note(row, "posts for members", f"{title} ({row.get('visibility')})", "kept as drafts")
            hidden = True
        fields: dict[str, Json] = {
            "title": title or slug,
            "path": f"/{slug}/" if clean_address(f"/{slug}/") else None,
            "date": _read_date(row.get("published_at") or row.get("created_at")),
            "updated": _read_date(row.get("updated_at"))
            if row.get("published_at") and str(row.get("updated_at")) > str(row.get("published_at"))
            else None,
            "draft": hidden,
            "authors": [str(person.get("slug")) for person in people],
            "tags": [
                str(tag.get("slug")) for tag in tags if not str(tag.get("name", "")).startswith("#") and tag.get("visibility") != "internal"
            ],
            "excerpt": str(row.get("custom_excerpt") or ""),
            "image": self.rewrite(str(meta["feature_image"])) if meta.get("feature_image") else None,
            "image_alt": meta.get("feature_image_alt"),
            "is_featured": row.get("featured") in (1, True),
            "meta_title": meta.get("meta_title"),
            "meta_description": meta.get("meta_description"),
            "canonical": meta.get("canonical_url"),
        }
        for name in ("codeinjection_head", "codeinjection_foot"):
            if row.get(name):
                self._note(row, "code that was injected", str(row[name]))
        if not hidden:
            self._used.update([*fields["tags"], *(f"@{name}" for name in fields["authors"])])
        body = self._make_body(row, title)
        folder = "content/pages" if is_page else "content/posts"
        self._site.write_entry(
            self._site.choose_name(f"{folder}/{make_slug(slug or title) or row.get('id')}.md", str(row.get("id"))), fields, body
        )
        self._site.made["pages" if is_page else "posts"] += 1
        if not hidden:
            self._site.redirect(f"/{slug}/amp/", f"/{slug}/")

    def _make_body(self, row: dict[str, Any], title: str) -> str:
        """The HTML that Ghost rendered; of a draft that it has not rendered yet the text."""
        html = row.get("html")
        if isinstance(html, str) and html.strip():
            html = re.sub(r"<!--kg-card-(?:begin|end): \w+-->", "", html)
            return convert_html(html, self.rewrite, lambda kind, detail, fate: self._note(row, kind, detail, fate))
        cards = as_table(_load(row.get("mobiledoc"))).get("cards")
        for card in cards if isinstance(cards, list) else []:
            if isinstance(card, list) and len(card) == 2 and card[0] in ("markdown", "card-markdown") and isinstance(card[1], dict):
                return str(card[1].get("markdown") or "")
        if row.get("plaintext"):
            self._note(row, "posts without HTML", title, "kept as plain text")
            return str(row["plaintext"])
        return ""

    def write_terms(self) -> None:
        """Write tags and authors, with redirects for those that nothing is left to show of."""
        for row in self._tags.values():
            if str(row.get("name", "")).startswith("#") or row.get("visibility") == "internal":
                continue
            slug = str(row.get("slug") or make_slug(str(row.get("name"))))
            image = self.rewrite(str(row["feature_image"])) if row.get("feature_image") else None
            fields = {"title": str(row.get("name") or slug), "slug": slug, "image": image, "excerpt": str(row.get("description") or "")}
            self._site.write_entry(self._site.choose_name(f"content/terms/tag/{make_slug(slug)}.md", f"tag:{slug}"), fields, "")
            self._site.made["tags"] += 1
            self._redirect_list(f"/tag/{slug}/", slug in self._used)
        for row in self._people.values():
            slug = str(row.get("slug") or row.get("id"))
            image = row.get("profile_image")
            fields = {
                "title": str(row.get("name") or slug), "slug": slug, "bio": strip_tags(str(row.get("bio") or "")),
                "url": row.get("website"), "avatar": self.rewrite(str(image)) if image else None,
            }  # fmt: skip
            self._site.write_entry(self._site.choose_name(f"content/authors/{make_slug(slug)}.md", f"author:{slug}"), fields, "")
            self._site.made["people"] += 1
            self._redirect_list(f"/author/{slug}/", f"@{slug}" in self._used)

    def _redirect_list(self, path: str, used: bool) -> None:
        self._site.redirect(f"{path}rss/", f"{path}feed.xml" if used else "/feed.xml")
        if not used:
            self._site.redirect(path, "/")

    def make_settings(self) -> dict[str, Json]:
        """The new site's settings."""
        title = str(self._settings.get("title") or "Untitled site")
        self._site.redirect("/rss/", "/feed.xml")
        self._site.redirect("/feed/", "/feed.xml")
        for number in range(2, self._site.made["posts"] // 5 + 2):
            self._site.redirect(f"/page/{number}/", "/")
        menus: dict[str, Json] = {}
        for key, name in (("navigation", "main"), ("secondary_navigation", "footer")):
            lines = _load(self._settings.get(key))
            rows = [
                {"title": str(line.get("label") or line.get("url")), "url": self.rewrite(str(line["url"]))}
                for line in (lines if isinstance(lines, list) else [])
                if isinstance(line, dict) and line.get("url")
            ]
            if rows:
                menus[name] = rows
        settings: dict[str, Json] = {
            "name": make_slug(title)[:40] if make_slug(title).isascii() and make_slug(title) else "site",
            "title": title,
            "description": str(self._settings.get("description") or ""),
            "base_url": self._base_url or "http://localhost:8000",
            "timezone": str(self._settings.get("timezone") or self._settings.get("active_timezone") or "UTC").replace("Etc/UTC", "UTC"),
            "locales": [name_locale(str(self._settings.get("locale") or self._settings.get("lang") or "en"))],
            "taxonomies": {"section": False, "series": False, "tag": {"url": "/tag/{slug}/"}, "author": {"url": "/author/{slug}/"}},
        }
        if menus:
            settings["menus"] = menus
        for key in ("codeinjection_head", "codeinjection_foot"):
            if self._settings.get(key):
                self._site.report.note(self._file.name, 0, "code that was injected", str(self._settings[key]))
        members = len(self.rows("members"))
        if members:
            self._site.report.note(self._file.name, 0, "members", f"{members:,}")
        return settings


def _load(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return None


def _read_date(value: Any) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        from datetime import UTC, datetime

        try:
            return datetime.fromtimestamp(value / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        except (OverflowError, OSError, ValueError):
            return None
    return str(value) if value else None
