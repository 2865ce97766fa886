"""What a search engine beside Postgres has to be able to do, and what it is sent of a document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from cms_ssg.search.questions import Question, SearchIndex

TIMEOUT_S = 2.0
"""For an answer to a visitor; then Postgres is asked."""

LOAD_TIMEOUT_S = 60.0
TRIES = 4


class EngineError(Exception):
    """The engine did not answer, or refused. is_passing: it may do the same later."""

    def __init__(self, message: str, is_passing: bool = True) -> None:
        super().__init__(message)
        self.is_passing = is_passing


class EngineDocument(NamedTuple):
    """A document as engines are sent it. published, updated: seconds since 1970; month: ``2025-03`` in the site's zone; lat, lng: degrees."""

    entry: int
    type: str
    locale: str
    path: str
    title: str
    excerpt: str
    content: str
    published: int | None
    updated: int | None
    month: str | None
    image: str | None
    terms: list[str]
    lat: float | None
    lng: float | None
    price: int | None = None
    rating: float | None = None
    popularity: float = 0.0
    stock: str | None = None

    def list_values(self) -> dict[str, Any]:
        """Price, rating, popularity and stock, if it has them."""
        values = {"price": self.price, "rating": self.rating, "popularity": self.popularity, "stock": self.stock}
        return {name: value for name, value in values.items() if value is not None}

    def group_terms(self) -> dict[str, list[str]]:
        """Facet -> values."""
        groups: dict[str, list[str]] = {}
        for term in self.terms:
            facet, _, value = term.partition("/")
            groups.setdefault(facet, []).append(value)
        return groups


class IndexState(NamedTuple):
    """What an engine holds for one language. documents: None where there is no index."""

    locale: str
    name: str
    documents: int | None


def make_date(published: int | None) -> datetime | None:
    """Seconds since 1970 as a date."""
    return datetime.fromtimestamp(published, UTC) if published is not None else None


class SearchEngine(SearchIndex, Protocol):
    """An engine that is sent documents. What writes is called by one process at a time, which has the site's lease; every call may be repeated."""

    @property
    def name(self) -> str: ...

    def describe_layout(self) -> dict[str, Any]:
        """Where documents are and how they are indexed: if it changes, the index has to be filled anew."""
        ...

    def save(self, locale: str, documents: Sequence[EngineDocument]) -> None:
        """Add or replace documents, and wait until they are found. Raises EngineError."""
        ...

    def delete(self, locale: str, entries: Sequence[int]) -> None:
        """Remove documents, if they are there, and wait until they are found no more. Raises EngineError."""
        ...

    def fill(self, locale: str, batches: Iterable[Sequence[EngineDocument]]) -> int:
        """Make a new index of these documents and put it in the place of the old one at once. Returns their number. Raises EngineError."""
        ...

    def count(self) -> list[IndexState]:
        """What is there. Raises EngineError."""
        ...

    def explain(self, question: Question) -> dict[str, Any]:
        """The request that would be sent for a question."""
        ...
