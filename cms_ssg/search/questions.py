"""What a search index is asked and what it answers, whichever engine it is."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Protocol

import msgspec

from cms_ssg.search.words import Term

Sort = Literal["relevance", "newest", "oldest", "title"]

FACET_SIZES = {"section": 20, "tag": 50}
"""The most values of a facet that are counted out; of others 20."""

OTHER_FACET_SIZE = 20


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One search. filters: facet -> the values of which a hit has one, ``{"tag": ("tides",)}``; after, before: of publishing, before excluded."""

    terms: tuple[Term, ...] = ()
    locale: str = ""
    filters: dict[str, tuple[str, ...]] = {}
    after: datetime | None = None
    before: datetime | None = None
    sort: Sort = "relevance"
    offset: int = 0
    limit: int = 20


class Highlights(msgspec.Struct, frozen=True, omit_defaults=True):
    """Safe HTML: text with the words that were found in ``<mark>``."""

    title: str = ""
    content: tuple[str, ...] = ()


class Hit(msgspec.Struct, frozen=True):
    """One document that was found. url: its path, with that of base_url."""

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


class FacetValue(msgspec.Struct, frozen=True):
    """A value of a facet. title: as the site shows it; count: documents that would be found with it, whatever else of its facet is chosen."""

    value: str
    title: str
    count: int


class Answer(msgspec.Struct, frozen=True):
    """What was found. facets: by name; months: ``2025-03`` -> documents; did_you_mean: a query that finds more, ``""`` if there is none."""

    total: int
    hits: tuple[Hit, ...]
    facets: dict[str, tuple[FacetValue, ...]]
    months: dict[str, int]
    did_you_mean: str = ""
    took_ms: float = 0.0


class Suggestion(msgspec.Struct, frozen=True):
    """A title that begins with, or holds, what is being typed."""

    title: str
    url: str
    type: str


class SearchIndex(Protocol):
    """An engine that holds the documents of one site."""

    async def search(self, question: Question) -> Answer: ...

    async def suggest(self, text: str, locale: str, limit: int) -> tuple[Suggestion, ...]: ...
