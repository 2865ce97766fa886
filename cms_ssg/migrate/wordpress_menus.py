"""Lines of WordPress's menus."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from cms_ssg.migrate.wordpress_index import Index, name_taxonomy
from cms_ssg.migrate.wordpress_meta import plain_title
from cms_ssg.migrate.wxr import Item
from cms_ssg.text.slugs import make_slug


class Menus:
    """The lines, in the database of the move. rewrite: makes the new address of a link; note: told of lines that lead to nothing."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        index: Index,
        rewrite: Callable[[str], str],
        note: Callable[[int, str, str], None],
        *,
        resumed: bool,
    ) -> None:
        self._connection, self._index, self._rewrite, self._note = connection, index, rewrite, note
        if not resumed:
            connection.execute("DROP TABLE IF EXISTS menus")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS menus (menu TEXT, place INT, id TEXT, title TEXT, url TEXT, parent TEXT, PRIMARY KEY (menu, place, id))"
        )

    def add(self, item: Item) -> None:
        """Note a line."""
        menu = next((slug for domain, slug, _ in item.terms if domain == "nav_menu"), "")
        kind, number = item.meta.get("_menu_item_type", "custom"), item.meta.get("_menu_item_object_id", "")
        title, url = plain_title(item.fields.get("title", "")), ""
        if kind == "post_type" and (found := self._index.load(number)):
            title, url = title or plain_title(found[4]), found[1]
        elif kind == "taxonomy" and (term := self._index.load_term(number)):
            title, url = title or plain_title(term[2]), f"/{name_taxonomy(term[0])}/{term[1]}/"
        elif kind == "custom":
            url = self._rewrite(item.meta.get("_menu_item_url", ""))
        if not menu or not url or url == "#":
            self._note(item.line, "lines of menus", f'{menu or "no menu"}: "{title}" leads to nothing')
            return
        parent = item.meta.get("_menu_item_menu_item_parent", "0")
        order = item.fields.get("menu_order") or "0"
        place = int(order) if re.fullmatch(r"\d{1,9}", order) else 0
        self._connection.execute(
            "INSERT OR REPLACE INTO menus VALUES (?, ?, ?, ?, ?, ?)",
            (menu, place, item.fields.get("post_id", ""), title, url, "" if parent == "0" else parent),
        )

    def make(self) -> dict[str, list[dict[str, Any]]]:
        """The menus with their lines in order. What stood below a line of the second level stands beside it."""
        out: dict[str, list[dict[str, Any]]] = {}
        rows = self._connection.execute("SELECT menu, id, title, url, parent FROM menus ORDER BY menu, place, id").fetchall()
        parents = {(menu, number): parent for menu, number, _, _, parent in rows}
        heads: dict[tuple[str, str], dict[str, Any]] = {}
        for menu, number, title, url, parent in rows:
            top, seen = parent, {number}
            while (above := parents.get((menu, top))) and top not in seen:
                seen.add(top)
                top = above
            line = {"title": title or url, "url": url}
            if (head := heads.get((menu, top))) is not None:
                head.setdefault("below", []).append(line)
                continue
            heads[menu, number] = line
            out.setdefault(re.sub(r"[^a-z0-9]+", "-", make_slug(unquote(menu))).strip("-") or "menu", []).append(line)
        return out
