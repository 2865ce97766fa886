"""What templates see of a term, and of any other list that is listed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from cms_ssg.kinds.list_kind import list_of_member
from cms_ssg.render.list_titles import title_of_list

if TYPE_CHECKING:
    from cms_ssg.render.page import Page
    from cms_ssg.render.views import Card


class Term:
    """A group of entries: a tag, a section, an author, a month."""

    __slots__ = ("_card", "_label", "_locale", "_page", "name", "slug", "taxonomy")

    def __init__(self, page: Page, locale: str, taxonomy: str, slug: str, label: str | None = None, other: str = "") -> None:
        """The term in a locale, or in the other one where the first has no list of it."""
        self._page, self._locale, self._label = page, locale, label
        self.taxonomy, self.slug, self.name = taxonomy, slug, f"{taxonomy}/{slug}"
        row = page.reader.list_named(locale, self.name)
        if other not in ("", locale) and (row is None or not row.card):
            row = page.reader.list_named(other, self.name)
        self._card: dict[str, Any] = (row.card if row is not None else None) or {}

    def __repr__(self) -> str:
        return f"<term {self.name}>"

    @property
    def data(self) -> dict[str, Any] | None:
        """What the taxonomy's data file knows of this term, by its name as written or by its slug."""
        taxonomy = self._page.site.settings.taxonomies.get(self.taxonomy)
        if taxonomy is None or not taxonomy.data:
            return None
        for key in (self._label, self._card.get("title"), self.slug):
            value = self._page.data(taxonomy.data, key) if key else None
            if isinstance(value, dict):
                return value
        return None

    @property
    def title(self) -> str:
        if (title := title_of_list(self._page, self.name)) is not None:
            return title
        data = None if "entry" in self._card else self.data
        return str((data or {}).get("name") or self._card.get("title") or self._label or self.slug)

    @property
    def description(self) -> str:
        return self._card.get("description") or ""

    @property
    def url(self) -> str:
        return self._page.url(self._card["path"]) if self._card.get("path") else ""

    @property
    def entry(self) -> Card | None:
        return self._page.card(self._card["entry"]) if "entry" in self._card else None

    @property
    def count(self) -> int:
        """How many entries are in it: whoever asks is rendered again whenever one comes or goes."""
        row = self._page.reader.list_named(self._locale, self.name)
        return self._page.reader.count(row) if row is not None else 0


def make_terms(page: Page, members: Iterable[int], locale: str) -> list[Term]:
    """The terms whose lists these members of a list of lists are (minus their ids)."""
    rows = (page.reader.list_numbered(list_of_member(member)) for member in members)
    return [Term(page, locale, *row.name.split("/", 1)) for row in rows if row is not None and row.card]
