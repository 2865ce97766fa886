"""Languages of a WordPress site, as Polylang and the exporter of WPML say them: which entry is in which, and what translates what."""

from __future__ import annotations

import re
import sqlite3
from typing import Final

from cms_ssg.content.collections.rules import fold_locale
from cms_ssg.migrate.wxr import Head, Item
from cms_ssg.types import Json

_CODE: Final = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})*")
WPML_CODE: Final = "_wpml_import_language_code"
WPML_GROUP: Final = "_wpml_import_translation_group"


class Languages:
    """The languages of the items, in the database of the move. The site is in one language where no item says another."""

    def __init__(self, connection: sqlite3.Connection, head: Head, *, resumed: bool) -> None:
        self._connection = connection
        self._names = {
            fold_locale(row.get("term_slug", "")): row.get("term_name", "") for row in head.terms if row.get("term_taxonomy") == "language"
        }
        self._first = fold_locale(head.fields.get("language") or "en")
        self._order: list[str] | None = None
        if not resumed:
            connection.execute("DROP TABLE IF EXISTS languages")
            connection.execute("DROP TABLE IF EXISTS term_languages")
        connection.execute("CREATE TABLE IF NOT EXISTS languages (id TEXT PRIMARY KEY, code TEXT, path TEXT) WITHOUT ROWID")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS term_languages (field TEXT, term TEXT, code TEXT, PRIMARY KEY (field, term, code)) WITHOUT ROWID"
        )

    def add(self, item: Item, path: str) -> None:
        """Note the language of an item. path: its address, "" without one."""
        if code := _read_code(item):
            self._order = None
            number = item.fields.get("post_id") or str(item.start)
            self._connection.execute("INSERT OR REPLACE INTO languages VALUES (?, ?, ?)", (number, code, path))

    def list_codes(self) -> list[str]:
        """The site's languages, the default one first; none where there is only one."""
        if self._order is None:
            rows = self._connection.execute("SELECT code, count(*) FROM languages GROUP BY code ORDER BY 2 DESC, 1").fetchall()
            codes = [code for code, _ in rows]
            first = next((code for code in codes if code == self._first), "")
            first = first or next((code for code in codes if code.partition("-")[0] == self._first.partition("-")[0]), "")
            if first:
                codes = [first, *(code for code in codes if code != first)]
            self._order = codes if len(codes) > 1 else []
        return self._order

    def find_fields(self, item: Item) -> dict[str, Json]:
        """The front matter that says an item's language and what it translates."""
        codes = self.list_codes()
        if not codes:
            return {}
        group = next((slug for domain, slug, _ in item.terms if domain == "post_translations"), "") or item.meta.get(WPML_GROUP, "")
        code = _read_code(item)
        return {"locale": code if code in codes else codes[0], "translation_key": group or None}

    def note_terms(self, code: str, terms: list[tuple[str, str]]) -> None:
        """Note in which language (field, term) are used."""
        self._connection.executemany("INSERT OR IGNORE INTO term_languages VALUES (?, ?, ?)", [(*term, code) for term in terms])

    def list_term_codes(self, field: str, term: str) -> list[str]:
        """The languages in which a term is used, in the site's order."""
        rows = self._connection.execute("SELECT code FROM term_languages WHERE field = ? AND term = ?", (field, term)).fetchall()
        return [code for code in self.list_codes() if (code,) in rows]

    def find_prefix(self, code: str) -> str:
        """What the addresses of a language begin with: the default language has a folder of its own where all its pages lie in it."""
        codes = self.list_codes()
        if not codes or code not in codes:
            return ""
        if code != codes[0]:
            return f"/{code}"
        paths = [row[0] for row in self._connection.execute("SELECT path FROM languages WHERE code = ? AND path <> ''", (code,))]
        inside = bool(paths) and all(path.startswith(f"/{code}/") for path in paths)
        return f"/{code}" if inside else ""

    def make_locales(self) -> list[dict[str, Json]]:
        """The tables of the settings, [] for a site of one language."""
        found: list[dict[str, Json]] = []
        for code in self.list_codes():
            row: dict[str, Json] = {"code": code}
            if name := self._names.get(code):
                row["name"] = name
            if not found and self.find_prefix(code):
                row["prefix"] = f"/{code}"
            found.append(row)
        return found


def _read_code(item: Item) -> str:
    named = next((slug for domain, slug, _ in item.terms if domain == "language"), "") or item.meta.get(WPML_CODE, "")
    code = fold_locale(named)
    return code if _CODE.fullmatch(code) else ""
