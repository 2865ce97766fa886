"""What templates of a shop call: ``shop.facets(list)``, ``shop.best_sellers(4)``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cms_ssg.render.term_view import Term, make_terms
from cms_ssg.render.views import Card
from cms_ssg.text.slugs import make_slug
from cms_ssg.verticals.shop.settings import ShopSettings

if TYPE_CHECKING:
    from cms_ssg.render.list_view import ListView
    from cms_ssg.render.page import Page


class View:
    """Made for one page."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def facets(self, listed: ListView) -> list[tuple[str, list[Term]]]:
        """Of a category's list, or of one that is narrower: (facet, its values that have a page)."""
        page, words = self._page, listed.name.split("/")
        settings: ShopSettings = page.site.settings.vertical["shop"]
        index = page.reader.list_named(page.locale.code, f"lists/facet/{words[1]}") if settings.facets and len(words) > 1 else None
        terms = make_terms(page, page.reader.window("all", index.id), page.locale.code) if index is not None else []
        found = []
        for facet in settings.facets:
            chosen = [term for term in terms if term.slug.split("/")[1:2] == [make_slug(facet)]]
            if len(chosen) > 1:  # one alone chooses nothing
                found.append((facet.replace("_", " ").capitalize(), chosen))
        return found

    def category(self, listed: ListView) -> Term | None:
        """The category of which a list of a facet is a part."""
        words = listed.name.split("/")
        term = Term(self._page, self._page.locale.code, "product_category", words[1]) if words[0] == "facet" and len(words) > 1 else None
        return term if term is not None and term.url else None

    def best_sellers(self, count: int = 4) -> list[Card]:
        """What sold best lately in the page's language, the first ones first."""
        numbers: Any = self._page.fact("best_sellers", "all")
        cards = [self._page.card(int(number)) for number in numbers or ()]
        return [card for card in cards if card is not None and card.path and card.locale == self._page.locale.code][:count]
