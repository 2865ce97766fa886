"""Who is who in an export of WordPress: addresses, media and reusable blocks by their ids, terms and people by their slugs."""

from __future__ import annotations

import re
import sqlite3
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from cms_ssg.migrate.folder import clean_address
from cms_ssg.migrate.wordpress_languages import Languages
from cms_ssg.migrate.wordpress_types import OTHERS, TAXONOMIES
from cms_ssg.migrate.wxr import Head, Item
from cms_ssg.text.slugs import make_slug

MAX_WAYS: Final = 100_000
PATTERNS: Final = {
    "/{year}/{month}/{slug}/": re.compile(r"/\d{4}/\d\d/[^/]+/"),
    "/{year}/{month}/{day}/{slug}/": re.compile(r"/\d{4}/\d\d/\d\d/[^/]+/"),
    "/{slug}/": re.compile(r"/[^/]+/"),
    "/blog/{slug}/": re.compile(r"/blog/[^/]+/"),
}
"""Patterns of addresses that WordPress offers, and the addresses that they make."""
UNPUBLISHED: Final = frozenset("draft pending private auto-draft trash inherit".split())
_TAXONOMY: Final = {"post_tag": "tag"}


class Index:
    """What items refer to, in the database of the move: an export may be larger than memory."""

    def __init__(self, connection: sqlite3.Connection, head: Head, *, resumed: bool = False) -> None:
        self._connection, self.languages = connection, Languages(connection, head, resumed=resumed)
        site = head.fields.get("base_blog_url") or head.fields.get("link") or ""
        parts = urlsplit(site if "://" in site else f"http://{site}")
        self.base_url = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}" if parts.netloc else ""
        self.host, self.base_path = parts.netloc.lower().removeprefix("www."), parts.path.rstrip("/")
        self.head = head
        self._custom: list[str] | None = None
        self._ways: dict[tuple[str, str], list[str]] = {}
        connection.execute(
            "CREATE TABLE IF NOT EXISTS items (id TEXT PRIMARY KEY, kind TEXT, path TEXT, file TEXT, alt TEXT, title TEXT, text TEXT) WITHOUT ROWID"
        )
        connection.execute(
            "CREATE TABLE IF NOT EXISTS terms (taxonomy TEXT, slug TEXT, id TEXT, name TEXT, parent TEXT, about TEXT, PRIMARY KEY (taxonomy, slug))"
        )
        connection.execute("CREATE TABLE IF NOT EXISTS waiting (offset INT PRIMARY KEY, line INT)")

    def add_terms(self) -> None:
        """Read the terms of the head."""
        self._connection.execute("DELETE FROM terms")
        self._connection.execute("DELETE FROM waiting")
        for row in self.head.terms:
            kind = row["kind"]
            if kind == "category":
                found = (
                    "category",
                    row.get("category_nicename", ""),
                    row.get("cat_name", ""),
                    row.get("category_parent", ""),
                    row.get("category_description", ""),
                )
            elif kind == "tag":
                found = ("tag", row.get("tag_slug", ""), row.get("tag_name", ""), "", row.get("tag_description", ""))
            else:
                taxonomy = row.get("term_taxonomy", "")
                found = (
                    _TAXONOMY.get(taxonomy, taxonomy),
                    row.get("term_slug", ""),
                    row.get("term_name", ""),
                    row.get("term_parent", ""),
                    row.get("term_description", ""),
                )
            self.add_term(found, row.get("term_id", ""))

    def add_term(self, found: tuple[str, str, str, str, str], number: str = "") -> None:
        taxonomy, slug, name, parent, about = found
        self._ways.clear()
        if taxonomy and slug:
            self._connection.execute(
                "INSERT OR IGNORE INTO terms VALUES (?, ?, ?, ?, ?, ?)", (taxonomy, unquote(slug), number, name, parent, about)
            )

    def add(self, item: Item) -> None:
        """Note an item that others may refer to."""
        fields, self._custom = item.fields, None
        kind, number = fields.get("post_type", ""), fields.get("post_id", "")
        if number and kind not in ("nav_menu_item", "revision"):
            file = fields.get("attachment_url", "")
            text = fields.get("content", "") if kind == "wp_block" else None
            path = "" if fields.get("status") in UNPUBLISHED and kind != "attachment" else self.find_path(fields.get("link", ""))
            alt = item.meta.get("_wp_attachment_image_alt", "")
            if kind != "attachment":
                self.languages.add(item, path)
            self._connection.execute(
                "INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?, ?, ?, ?)", (number, kind, path, file, alt, fields.get("title", ""), text)
            )
        for domain, slug, name in item.terms:
            self.add_term((_TAXONOMY.get(domain, domain), slug, name, "", ""))

    def find_path(self, link: str) -> str:
        """The path below the old site's root of one of its addresses, "" for others and for those that only a query tells apart."""
        try:
            parts = urlsplit(link.strip())
        except ValueError:
            return ""
        if (
            parts.query
            or (parts.netloc and parts.netloc.lower().removeprefix("www.") != self.host)
            or parts.scheme not in ("", "http", "https")
        ):
            return ""
        if not (parts.path == self.base_path or parts.path.startswith(f"{self.base_path}/")):
            return ""
        return clean_address(parts.path[len(self.base_path) :])

    def find_by_query(self, query: str) -> str:
        """The path of ``?p=12``, ``?page_id=12`` and ``?attachment_id=12``."""
        values = parse_qs(query)
        for name in ("p", "page_id", "attachment_id"):
            if values.get(name) and (row := self.load(values[name][0])):
                return row[1]
        if values.get("cat") and (row := self._connection.execute("SELECT slug FROM terms WHERE id = ?", (values["cat"][0],)).fetchone()):
            return f"/category/{row[0]}/"
        return ""

    def load(self, number: str) -> tuple[str, str, str, str, str, str | None] | None:
        """kind, path, file, alt, title and text of an item."""
        row: tuple[str, str, str, str, str, str | None] | None = self._connection.execute(
            "SELECT kind, path, file, alt, title, text FROM items WHERE id = ?", (number,)
        ).fetchone()
        return row

    def load_term(self, number: str) -> tuple[str, str, str] | None:
        """taxonomy, slug and name of a term."""
        row: tuple[str, str, str] | None = self._connection.execute(
            "SELECT taxonomy, slug, name FROM terms WHERE id = ?", (number,)
        ).fetchone()
        return row

    def list_terms(self) -> list[tuple[str, str, str, str, str]]:
        return self._connection.execute("SELECT taxonomy, slug, name, parent, about FROM terms ORDER BY 1, 2").fetchall()

    def has_front_page(self) -> bool:
        return bool(self._connection.execute("SELECT 1 FROM items WHERE path = '/' AND kind = 'page'").fetchone())

    def has_pages(self, kind: str) -> bool:
        """Whether entries of this type have addresses."""
        return kind in ("post", "page") or kind in self.list_custom_types()

    def list_custom_types(self) -> list[str]:
        """The types beside posts and pages whose entries have addresses."""
        if self._custom is None:
            rows = self._connection.execute("SELECT DISTINCT kind FROM items WHERE path <> '' ORDER BY kind").fetchall()
            self._custom = [row[0] for row in rows if row[0] not in ("post", "page", "attachment") and row[0] not in OTHERS]
        return self._custom

    def find_pattern(self) -> str:
        """The pattern that gives most posts the address that they have, "" where none does: for posts that have no address yet."""
        rows = self._connection.execute("SELECT path FROM items WHERE path <> '' AND kind = 'post' LIMIT 1000").fetchall()
        prefixes = {self.languages.find_prefix(code) for code in self.languages.list_codes()} - {""}
        counts = dict.fromkeys(PATTERNS, 0)
        for (path,) in rows:
            first = f"/{path.split('/')[1]}"
            below = path.removeprefix(first) if first in prefixes else path
            for pattern, shape in PATTERNS.items():
                counts[pattern] += shape.fullmatch(below) is not None
        best = max(counts, key=lambda pattern: counts[pattern])
        return best if rows and counts[best] * 2 > len(rows) else ""

    def find_way(self, taxonomy: str, slug: str) -> list[str]:
        """The slugs from the uppermost term down to this one."""
        if (taxonomy, slug) in self._ways:
            return self._ways[taxonomy, slug]
        way = [slug]
        while (
            row := self._connection.execute("SELECT parent FROM terms WHERE taxonomy = ? AND slug = ?", (taxonomy, way[0])).fetchone()
        ) and row[0]:
            if unquote(row[0]) in way:
                break
            way.insert(0, unquote(row[0]))
        if len(self._ways) < MAX_WAYS:
            self._ways[taxonomy, slug] = way
        return way

    def wait_for(self, item: Item) -> None:
        self._connection.execute("INSERT OR REPLACE INTO waiting VALUES (?, ?)", (item.start, item.start_line))

    def list_waiting(self) -> list[tuple[int, int]]:
        """Where items begin that wait for others, which are now forgotten; those that still wait will say so again."""
        rows = self._connection.execute("SELECT offset, line FROM waiting ORDER BY offset").fetchall()
        self._connection.execute("DELETE FROM waiting")
        return rows


def name_taxonomy(domain: str) -> str:
    """A name for a taxonomy of WordPress here: ``river_name`` is ``river-name``, ``product_cat`` what its addresses begin with."""
    return re.sub(r"[^a-z0-9-]", "-", make_slug(TAXONOMIES.get(domain, domain))) or "term"
