"""The search index in the content store itself: documents, full text and counts by Postgres."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow

from cms_ssg.search.highlight import Marker, cut_fragments, mark_all
from cms_ssg.search.lexicon import Lexicon, count_words, load_texts, say_terms
from cms_ssg.search.postgres_pages import NAME
from cms_ssg.search.postgres_queries import READ, ReadTerm, ReadTerms, join_terms, list_unread, make_search
from cms_ssg.search.questions import (
    FACET_SIZES,
    OTHER_FACET_SIZE,
    Answer,
    FacetValue,
    Highlights,
    Hit,
    Question,
    Suggestion,
    find_behind,
)
from cms_ssg.search.words import Term, make_words
from cms_ssg.store.query import Query, fetch, fetch_async

Connect = Callable[[], AbstractAsyncContextManager[AsyncConnection[TupleRow]]]

MOST_TERMS: Final = 10_000
"""How many terms it is remembered of what the database makes of them."""

LEXICON_S, LEXICON_REST = 60.0, 100
"""A site's words are counted again after so many seconds, or after so many times as long as that takes. Newer words are not yet suggested."""


class _Found(NamedTuple):
    """One document of a page as SEARCH has it. key: what it was sorted by."""

    entry: int
    score: float
    distance: float | None
    key: tuple[str, ...]
    type: str
    locale: str
    path: str
    title: str
    excerpt: str
    content: str
    published_at: datetime | None
    image: str | None
    terms: tuple[str, ...]
    price: int | None
    rating: float | None
    popularity: float
    stock: str | None


_decode_page = msgspec.json.Decoder(list[_Found]).decode
_decode_counts = msgspec.json.Decoder(list[tuple[str, str, int, str | None]]).decode
_decode_months = msgspec.json.Decoder(dict[str, int]).decode


class _Titled(NamedTuple):
    title: str
    path: str
    type: str


SUGGEST: Final = Query("""
SELECT title, path, type FROM (
  SELECT entry, title, path, type, published_at, true AS begins, vector FROM (
    SELECT * FROM cms.documents d
    WHERE d.site = %(site)s AND d.shown AND d.locale = %(locale)s AND lower(d.title) ~>=~ %(begins)s::text AND lower(d.title) ~<~ %(ends)s::text
    ORDER BY lower(d.title) USING ~<~ LIMIT %(most)s) b
  WHERE ts_filter(vector, '{a}') @@ to_tsquery('simple', %(titles)s)
  UNION ALL
  SELECT * FROM (
    SELECT d.entry, d.title, d.path, d.type, d.published_at, false, d.vector FROM cms.documents d
    WHERE d.site = %(site)s AND d.shown AND d.locale = %(locale)s AND ts_filter(d.vector, '{a}') @@ to_tsquery('simple', %(titles)s)
      AND NOT (lower(d.title) ~>=~ %(begins)s::text AND lower(d.title) ~<~ %(ends)s::text)
    LIMIT %(most)s) h) found
ORDER BY begins DESC, ts_rank('{0, 0, 0, 1}', vector, to_tsquery('simple', %(titles)s), 1) DESC, published_at DESC NULLS LAST, entry
LIMIT %(limit)s""", _Titled)  # fmt: skip
"""Of titles that begin so and of those with such words, `most` each are ranked: a letter or two may be in any number of them."""

MOST_RANKED: Final = 100
HIGHEST: Final = "\U0010ffff"
"""No character is behind it."""


class PostgresIndex:
    """Answers from ``cms.documents``. connect: lends a connection; base_path: goes before every path; zone: the site's, for months."""

    def __init__(self, connect: Connect, site: int, base_path: str, zone: str) -> None:
        self.connect, self.site, self.base_path, self.zone = connect, site, base_path, zone
        self._terms: dict[tuple[str, Term], ReadTerm] = {}
        self._lexicons: dict[str, tuple[Lexicon, float]] = {}
        self._counting: dict[str, asyncio.Task[Lexicon]] = {}

    async def search(self, question: Question) -> Answer:
        """Find, count and highlight. Where nothing is found, what was probably meant is searched for."""
        begun = time.perf_counter()
        answer = await self._search(question)
        if answer.total == 0 and (corrected := await self.correct(question)) is not None:
            other = await self._search(corrected)
            if other.total:
                answer = msgspec.structs.replace(other, did_you_mean=say_terms(corrected.terms))
        return msgspec.structs.replace(answer, took_ms=round((time.perf_counter() - begun) * 1000, 1))

    async def correct(self, question: Question) -> Question | None:
        """The question with the words that were probably meant, None where nothing is near what was typed."""
        if not question.terms:
            return None
        terms = (await self._find_lexicon(question.locale)).correct_terms(question.terms)
        return msgspec.structs.replace(question, terms=terms) if terms else None

    async def _find_lexicon(self, locale: str) -> Lexicon:
        """The site's words. All who need them wait for one count; while they are counted again, the words known before do."""
        known = self._lexicons.get(locale)
        if known is None or time.monotonic() > known[1]:
            counting = self._counting.get(locale)
            if counting is None:
                counting = self._counting[locale] = asyncio.create_task(self._count_words(locale))
                counting.add_done_callback(lambda task: task.cancelled() or task.exception())  # whoever waits for it is told
            if known is None:
                return await asyncio.shield(counting)
        return known[0]

    async def _count_words(self, locale: str) -> Lexicon:
        begun = time.monotonic()
        try:
            async with self.connect() as connection:
                texts = await load_texts(connection, self.site, locale)
            lexicon = await asyncio.to_thread(count_words, texts)
        finally:
            del self._counting[locale]
        ended = time.monotonic()
        self._lexicons[locale] = (lexicon, ended + max(LEXICON_S, LEXICON_REST * (ended - begun)))
        return lexicon

    async def _search(self, question: Question) -> Answer:
        async with self.connect() as connection:
            read = await self._read(connection, question)
            sql, parameters = make_search(question, read, self.site, self.zone)
            row = await (await connection.execute(sql, parameters)).fetchone()
            assert row is not None
        total, page, counts, months = row[0], _decode_page(row[1]), _decode_counts(row[2]), _decode_months(row[3])
        marker = make_marker(question.terms, read.stems)
        hits = tuple(self._make_hit(one, marker) for one in page)
        key = (*page[-1].key, page[-1].entry) if page else ()
        following = find_behind(question, hits, bool(row[4]), NAME, key)
        return Answer(total, hits, _group_facets(counts), months, next_cursor=following, facets_estimated=bool(row[5]))

    async def _read(self, connection: AsyncConnection[TupleRow], question: Question) -> ReadTerms:
        """What the database makes of the terms; what it made of one before is remembered."""
        terms, parameters = list_unread(question, self._terms)
        if terms:
            found = await fetch_async(connection, READ, **parameters)
            if len(self._terms) > MOST_TERMS:
                self._terms = {key: self._terms[key] for key in self._terms if key[1] in question.terms}
            self._terms |= {(parameters["config"], terms[row.place]): row for row in found}
        return join_terms(question, self._terms)

    async def suggest(self, text: str, locale: str, limit: int) -> tuple[Suggestion, ...]:
        """Titles for what is being typed."""
        words = make_words(text).split()[:8]
        if not words:
            return ()
        titles = " & ".join(f"'{word}'" for word in words[:-1]) + (" & " if words[1:] else "") + f"'{words[-1]}':*"
        begins = text.strip().lower()
        asked = {"titles": titles, "begins": begins, "ends": begins + HIGHEST, "most": MOST_RANKED, "limit": limit}
        async with self.connect() as connection:
            rows = await fetch_async(connection, SUGGEST, site=self.site, locale=locale, **asked)
        return tuple(Suggestion(row.title, self.base_path + row.path, row.type) for row in rows)

    def _make_hit(self, row: _Found, marker: Marker) -> Hit:
        highlights = Highlights(mark_all(row.title, marker), cut_fragments(row.content, marker))
        return Hit(
            row.entry, row.type, row.locale, row.title, self.base_path + row.path, row.excerpt, row.published_at, row.image,
            row.terms, round(row.score, 5), highlights, round(row.distance, 3) if row.distance is not None else None,
            row.price, row.rating, row.popularity, row.stock,
        )  # fmt: skip


def explain_search(connection: Connection[TupleRow], question: Question, site: int, zone: str) -> list[str]:
    """The plan by which the database answered a question, a line each."""
    known: dict[tuple[str, Term], ReadTerm] = {}
    terms, asked = list_unread(question, known)
    known |= {(asked["config"], terms[row.place]): row for row in fetch(connection, READ, **asked)}
    sql, parameters = make_search(question, join_terms(question, known), site, zone)
    return [str(row[0]) for row in connection.execute("EXPLAIN (ANALYZE, COSTS off) " + sql, parameters)]


def make_marker(terms: tuple[Term, ...], stems: Any) -> Marker:
    """What is marked in the texts that a query found."""
    wanted = [term for term in terms if term.wanted]
    words = {word for term in wanted for word in term.word.split()}
    return Marker(words, [term.word for term in wanted if term.kind == "prefix"], [stem for stem in stems if stem])


def _group_facets(rows: list[tuple[str, str, int, str | None]]) -> dict[str, tuple[FacetValue, ...]]:
    facets: dict[str, list[FacetValue]] = {}
    for facet, term, times, title in rows:
        values = facets.setdefault(facet, [])
        if len(values) < FACET_SIZES.get(facet, OTHER_FACET_SIZE):
            value = term.partition("/")[2]
            values.append(FacetValue(value, title if title and facet != "type" else value, times))
    return {facet: tuple(values) for facet, values in facets.items()}
