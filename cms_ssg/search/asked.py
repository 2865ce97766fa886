"""What a search page offers its visitors, and what one asks it for, as the page's address says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

VALUES: Final = ("after", "before", "price_from", "price_to", "rating_min", "stock", "lat", "lng", "radius_km")
"""Parameters beside words and facets. Prices are amounts as people write them, in the shop's currency."""

PLACE: Final = ("lat", "lng", "radius_km")
TYPE: Final = "type"


@dataclass(frozen=True, slots=True)
class Choices:
    """What a visitor may choose. facets: name -> heading, in the order in which they are shown; types: type -> what its entries are called;
    taxonomies: the facets whose names are parameters of the page, others are ``facet=NAME/VALUE``; currency: of prices, ``""`` where there are
    none; ratings, stock, places, reads: whether documents have them.
    """

    facets: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    taxonomies: tuple[str, ...] = ()
    currency: str = ""
    ratings: bool = False
    stock: bool = False
    places: bool = False
    reads: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """filters: facet -> chosen values; values: of VALUES, those that were given and make sense; taxonomies: the facets whose names are parameters,
    others are ``facet=NAME/VALUE``; page: from 1.
    """

    text: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sort: str = "relevance"
    page: int = 1
    values: Mapping[str, str] = field(default_factory=dict)
    taxonomies: tuple[str, ...] = ("type", "section", "tag", "author", "series")

    @property
    def is_empty(self) -> bool:
        """Whether nothing was asked. An order alone asks for everything."""
        return not self.text.strip() and not any(self.filters.values()) and not self.values and self.sort == "relevance"

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but words and the order was chosen."""
        return bool(self.values) or any(self.filters.values())

    def list_pairs(self, **changes: object) -> list[tuple[str, str]]:
        """Names and values of the address with some of them changed, of the first page."""
        sort = self.sort if self.sort != "relevance" else ""
        named: dict[str, object] = {"q": self.text, **self.filters, **self.values, "sort": sort} | changes
        pairs = []
        for name, value in named.items():
            if isinstance(value, tuple):
                pairs += [(name, one) if name in self.taxonomies else ("facet", f"{name}/{one}") for one in value]
            elif value:
                pairs.append((name, str(value)))
        return pairs

    def make_query(self, **changes: object) -> str:
        """The query string of this question with some of it changed; it begins again at the first page."""
        return urlencode(self.list_pairs(**changes))
