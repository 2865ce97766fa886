"""What a search index is asked and what it answers, whichever engine it is."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal, Protocol

import msgspec

from cms_ssg.search.places import Box, Near
from cms_ssg.search.words import Term

Sort = Literal["relevance", "newest", "oldest", "title", "distance", "rating", "popularity", "price", "price_desc"]

FACET_SIZES = {"section": 20, "tag": 50}
"""The most values of a facet that are counted out; of others 20."""

OTHER_FACET_SIZE = 20

MOST_OFFSET: Final = 10_000
MOST_BEFORE: Final = 10**9
"""Hits before a cursor that names the last one: it may go on to the end."""


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Where the next page begins. engine: that made it; key: of the last hit, if the engine has one; offset: hits before, for all others."""

    engine: str
    sort: Sort
    offset: int
    key: tuple[Any, ...] = ()


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One search.

    filters: facet -> the values of which a hit has one, ``{"tag": ("tides",)}``; after, before: of publishing, before excluded; near, box: of
    places; price_min, price_max: in minor units, both included; rating_min: stars; stock: states of which a hit has one;
    cursor: takes the place of offset.
    """

    terms: tuple[Term, ...] = ()
    locale: str = ""
    filters: dict[str, tuple[str, ...]] = {}
    after: datetime | None = None
    before: datetime | None = None
    sort: Sort = "relevance"
    offset: int = 0
    limit: int = 20
    near: Near | None = None
    box: Box | None = None
    price_min: int | None = None
    price_max: int | None = None
    rating_min: float | None = None
    stock: tuple[str, ...] = ()
    cursor: Cursor | None = None

    @property
    def skipped(self) -> int:
        """How many hits come before the first that is wanted."""
        return self.cursor.offset if self.cursor is not None else self.offset

    @property
    def is_counted(self) -> bool:
        """Whether nothing but facets narrows it within one language: how many documents have each term is kept."""
        is_near = self.near is not None and (self.near.radius_km is not None or self.sort == "distance")
        bounds = (self.after, self.before, self.box, self.price_min, self.price_max, self.rating_min)
        return bool(self.locale) and not self.terms and not self.stock and not is_near and all(value is None for value in bounds)

    @property
    def is_narrowed(self) -> bool:
        """Whether it is narrowed by dates, places, price, rating or stock."""
        bounds = (self.after, self.before, self.near, self.box, self.price_min, self.price_max, self.rating_min)
        return bool(self.stock) or any(value is not None for value in bounds)


class Highlights(msgspec.Struct, frozen=True, omit_defaults=True):
    """Safe HTML: text with the words that were found in ``<mark>``."""

    title: str = ""
    content: tuple[str, ...] = ()


class Hit(msgspec.Struct, frozen=True):
    """One document that was found. url: its path, with that of base_url; price: in minor units; rating: stars; popularity: ln(1 + reads)."""

    id: int
    type: str
    locale: str
    title: str
    url: str
    excerpt: str
    published_at: datetime | None
    image: str | None
    terms: tuple[str, ...]
    score: float
    highlights: Highlights
    distance_km: float | None = None
    price: int | None = None
    rating: float | None = None
    popularity: float = 0.0
    stock: str | None = None


class FacetValue(msgspec.Struct, frozen=True):
    """A value of a facet. title: as the site shows it; count: documents that would be found with it, whatever else of its facet is chosen."""

    value: str
    title: str
    count: int


class Answer(msgspec.Struct, frozen=True):
    """What was found.

    facets: by name; months: ``2025-03`` -> documents; did_you_mean: a query that finds more, ``""`` if there is none; next_cursor: begins the
    next page, ``""`` on the last; engine: that answered; facets_estimated: the counts of facets come from a sample.
    """

    total: int
    hits: tuple[Hit, ...]
    facets: dict[str, tuple[FacetValue, ...]]
    months: dict[str, int]
    did_you_mean: str = ""
    next_cursor: str = ""
    facets_estimated: bool = False
    engine: str = "postgres"
    took_ms: float = 0.0


class Suggestion(msgspec.Struct, frozen=True):
    """A title that begins with, or holds, what is being typed."""

    title: str
    url: str
    type: str


class SearchIndex(Protocol):
    """An engine that holds the documents of one site. Whichever it is, tests/search/test_contract.py holds it to the same answers."""

    async def search(self, question: Question) -> Answer:
        """Find, count and highlight. Raises EngineError where the engine cannot answer."""
        ...

    async def suggest(self, text: str, locale: str, limit: int) -> tuple[Suggestion, ...]:
        """Titles for what is being typed, the best first."""
        ...


def write_cursor(cursor: Cursor) -> str:
    """A cursor as it stands in an address."""
    return urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def read_cursor(text: str) -> Cursor:
    """The cursor that was written so. Raises ValueError for anything else."""
    try:
        data = b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), b"-_", validate=True)
        cursor = msgspec.json.decode(data, type=Cursor)
    except (msgspec.MsgspecError, UnicodeError, ValueError):
        raise ValueError("this is no cursor of an answer") from None
    most = MOST_BEFORE if cursor.key else MOST_OFFSET
    if not 0 <= cursor.offset <= most or len(cursor.key) > 4 or any(isinstance(part, (dict, list)) for part in cursor.key):
        raise ValueError("this is no cursor of an answer")
    return cursor


def find_next(question: Question, hits: Sequence[Hit], total: int, engine: str) -> str:
    """The cursor behind these hits for an engine that only counts hits, ``""`` where there are no more, or too many before."""
    offset = question.skipped + len(hits)
    return write_cursor(Cursor(engine, question.sort, offset)) if hits and offset < min(total, MOST_OFFSET) else ""


def find_behind(question: Question, hits: Sequence[Hit], has_more: bool, engine: str, key: tuple[Any, ...]) -> str:
    """The cursor behind the last of these hits for an engine that goes on from there, ``""`` where there are no more. key: of the last hit."""
    return write_cursor(Cursor(engine, question.sort, question.skipped + len(hits), key)) if hits and has_more else ""
