"""A list as templates see it: its title, pages and items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cms_ssg.render.list_rules import list_rule
from cms_ssg.render.list_titles import read_list_kind, title_of_list

if TYPE_CHECKING:
    from cms_ssg.render.page import Page
from cms_ssg.render.entry_view import EntryView
from cms_ssg.render.term_view import Term
from cms_ssg.render.views import Card, RowView


class ListView:
    """A list on one of its pages."""

    __slots__ = ("_page", "_row", "_rule", "number")

    def __init__(self, page: Page, row: Any, number: int) -> None:
        self._page, self._row, self.number = page, row, number
        read_list_kind(page, row.name)
        self._rule = list_rule(page.site, row.locale, row.name)

    def __repr__(self) -> str:
        return f"<list {self.name} {self.number}>"

    @property
    def name(self) -> str:
        return str(self._row.name)

    @property
    def kind(self) -> str:
        return self._rule.group

    @property
    def title(self) -> str:
        if self._rule.group == "home":
            return self._rule.title if self._rule.kind == "list" else str(self._page.site_view.title)
        if (title := title_of_list(self._page, self.name)) is not None:
            return title
        if self._rule.group in self._page.site.settings.taxonomies:
            return Term(self._page, self._row.locale, self._rule.group, self._rule.slug).title
        return str((self._row.card or {}).get("title", self._rule.slug))

    @property
    def description(self) -> str:
        return (self._row.card or {}).get("description") or ""

    @property
    def url(self) -> str:
        return self._page.url(self._rule.url)

    @property
    def is_front(self) -> bool:
        return self.number == 0

    @property
    def items(self) -> list[Card]:
        request = ("page", self._row.id, self.number) if self.number else ("front", self._row.id)
        return [card for card in map(self._page.card, self._page.reader.window(*request)) if card]

    @property
    def rows(self) -> list[RowView]:
        """The members that are rows of a vertical's table."""
        request = ("page", self._row.id, self.number) if self.number else ("front", self._row.id)
        return [row for row in map(self._page.row, self._page.reader.window(*request)) if row is not None]

    @property
    def start(self) -> int:
        """How many-th of the list, counted from the oldest, the last of the items is. Archive pages are full and cut from the oldest."""
        return self._page_before() * self._rule.size + 1

    @property
    def older_url(self) -> str:
        number = self._page_before()
        return self._page.list_page_url(self._rule, number) if number > 0 else ""

    def _page_before(self) -> int:
        """The number of the page with the next older items, 0 where there is none."""
        if self.number:
            return self.number - 1
        self._page.reader.window("front", self._row.id)  # how many archive pages there are follows from the list's items
        return int(self._row.pages)

    @property
    def newer_url(self) -> str:
        if not self.number:
            return ""
        return self._page.list_page_url(self._rule, self.number + 1, if_there=True) or self.url

    @property
    def entry(self) -> EntryView | Card | None:
        """The entry that describes this list, with its content, on the first page."""
        number = (self._row.card or {}).get("entry")
        return self._page.entry(number) if number is not None else None

    @property
    def parent(self) -> Term | None:
        """The term above, unless it has no page. Of two that stand above each other, the first by name has none."""
        name = (self._row.card or {}).get("parent")
        if not name or name == self.name:
            return None
        term = Term(self._page, self._row.locale, *name.split("/", 1))
        is_circle = term._card.get("parent") == self.name and self.name < name
        return term if term.url and not is_circle else None

    @property
    def children(self) -> list[Term]:
        """The terms below that have a page."""
        row = self._page.reader.list_named(self._row.locale, f"children/{self.name}")
        members = self._page.reader.window("all", row.id) if row is not None else ()
        cards = (self._page.reader.card(member) for member in members)
        terms = [Term(self._page, self._row.locale, self.kind, card["slug"]) for card in cards if card]
        own = (self._row.card or {}).get("parent")
        return [term for term in terms if term.url and term.name != self.name and not (term.name == own and term.name < self.name)]
