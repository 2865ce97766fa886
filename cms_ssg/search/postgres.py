"""The search index in the content store itself: documents, full text and counts by Postgres."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Final, LiteralString, NamedTuple

import msgspec
from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow

from cms_ssg.search.highlight import Marker, cut_fragments, mark_all
from cms_ssg.search.lexicon import Lexicon, load_lexicon, say_terms
from cms_ssg.search.places import Box, find_boxes, split_box
from cms_ssg.search.questions import (
    FACET_SIZES,
    OTHER_FACET_SIZE,
    Answer,
    FacetValue,
    Highlights,
    Hit,
    Question,
    Suggestion,
    find_next,
)
from cms_ssg.search.words import Term, find_configuration, make_words
from cms_ssg.store.query import Query, fetch_async

NAME: Final = "postgres"

Connect = Callable[[], AbstractAsyncContextManager[AsyncConnection[TupleRow]]]

MOST_COUNTED: Final = 20_000
"""Facets are counted over so many of the best hits; the total is exact."""

LEXICON_S: Final = 60.0
"""Words that appeared since are not yet suggested."""

RANK: LiteralString = "ts_rank('{0, 0.33, 0.67, 1}', d.vector, q.wanted, 1)"
"""Title 3, excerpt 2, content 1; longer documents count a little less."""

ORDERS: Final[dict[str, LiteralString]] = {
    "relevance": "score DESC, newest DESC, entry DESC",
    "newest": "newest DESC, entry DESC",
    "oldest": "coalesce(published_at, 'infinity') ASC, entry ASC",
    "title": "title ASC, entry ASC",
    "distance": "distance ASC, entry ASC",
}

KEYS: Final[dict[str, LiteralString]] = {
    "relevance": "(score, newest, entry) < (%(key0)s::text::real, %(key1)s::text::timestamptz, %(last)s::bigint)",
    "newest": "(newest, entry) < (%(key0)s::text::timestamptz, %(last)s::bigint)",
    "oldest": "(coalesce(published_at, 'infinity'), entry) > (%(key0)s::text::timestamptz, %(last)s::bigint)",
    "title": "(title, entry) > (%(key0)s::text, %(last)s::bigint)",
    "distance": "(distance, entry) > (%(key0)s::text::float8, %(last)s::bigint)",
}
"""What comes behind the last hit of the page before, which a cursor names by what it was sorted by."""

KEY_VALUES: Final[dict[str, LiteralString]] = {
    "relevance": "score::text, newest::text", "newest": "newest::text", "oldest": "coalesce(published_at, 'infinity')::text", "title": "title",
    "distance": "distance::text",
}  # fmt: skip

SEARCH: LiteralString = """
WITH q AS MATERIALIZED (
  SELECT cms.make_search_query(('pg_catalog.' || %(config)s::text)::regconfig, %(wanted)s::text[], %(unwanted)s::text[]) AS query,
         cms.make_search_query(('pg_catalog.' || %(config)s::text)::regconfig, %(wanted)s::text[], '{{}}') AS wanted
), found AS MATERIALIZED (
  SELECT d.entry, d.terms, d.published_at, coalesce(d.published_at, '-infinity') AS newest, {title} AS title, {distance} AS distance,
    {score} AS score, {failed} AS failed
  FROM q, cms.documents d
  WHERE d.site = %(site)s AND d.shown {conditions}
), passed AS (
  SELECT * FROM found WHERE cardinality(failed) = 0
), counted AS (
  SELECT split_part(t.term, '/', 1) AS facet, t.term, count(*) AS times
  FROM (SELECT terms, failed FROM found WHERE cardinality(failed) < 2 LIMIT %(most_counted)s) f, unnest(f.terms) AS t (term)
  WHERE cardinality(f.failed) = 0 OR f.failed[1] = split_part(t.term, '/', 1)
  GROUP BY 1, 2
), facets AS (
  SELECT facet, term, times, row_number() OVER (PARTITION BY facet ORDER BY times DESC, term) AS place FROM counted
)
SELECT
  (SELECT count(*) FROM passed),
  (SELECT coalesce(json_agg(json_build_array(entry, score, distance, json_build_array({key_values}))), '[]')
     FROM (SELECT * FROM passed {behind} ORDER BY {order} OFFSET %(offset)s LIMIT %(limit)s) page),
  (SELECT coalesce(json_agg(json_build_array(f.facet, f.term, f.times, l.card ->> 'title') ORDER BY f.facet, f.place), '[]')
     FROM facets f LEFT JOIN cms.lists l ON l.site = %(site)s AND l.locale = %(locale)s AND l.name = f.term COLLATE "C" WHERE f.place <= 50),
  (SELECT coalesce(json_object_agg(month, times ORDER BY month DESC), '{{}}') FROM (
     SELECT to_char(published_at AT TIME ZONE %(zone)s, 'YYYY-MM') AS month, count(*) AS times FROM passed WHERE published_at IS NOT NULL
     GROUP BY 1 ORDER BY 1 DESC LIMIT 120) m),
  (SELECT tsvector_to_array(to_tsvector(('pg_catalog.' || %(config)s::text)::regconfig, %(stem_text)s::text)))
"""


class _Shown(NamedTuple):
    entry: int
    type: str
    locale: str
    path: str
    title: str
    excerpt: str
    content: str
    published_at: datetime | None
    image: str | None
    terms: list[str]


def _check_number(text: str) -> str:
    if not math.isfinite(float(text)):
        raise ValueError(text)
    return text


def _check_time(text: str) -> str:
    if text not in ("infinity", "-infinity"):
        datetime.fromisoformat(text)
    return text


KEY_TYPES: Final[dict[str, tuple[Callable[[str], str], ...]]] = {
    "relevance": (_check_number, _check_time), "newest": (_check_time,), "oldest": (_check_time,),
    "title": (lambda text: text.replace("\0", "").encode("utf-8", "replace").decode(),), "distance": (_check_number,),
}  # fmt: skip
"""A cursor comes from whoever asks."""


HITS: Final = Query("""
SELECT entry, type, locale, path, title, excerpt, left(content, 100000), published_at, image, terms
FROM cms.documents WHERE entry = ANY(%(entries)s::bigint[])""", _Shown)  # fmt: skip


class _Titled(NamedTuple):
    title: str
    path: str
    type: str


SUGGEST: Final = Query("""
SELECT title, path, type FROM cms.documents d
WHERE d.site = %(site)s AND d.shown AND d.locale = %(locale)s AND d.vector @@ to_tsquery('simple', %(titles)s)
ORDER BY lower(d.title) LIKE %(begins)s DESC, ts_rank('{0, 0, 0, 1}', d.vector, to_tsquery('simple', %(titles)s), 1) DESC,
  d.published_at DESC NULLS LAST, d.entry
LIMIT %(limit)s""", _Titled)  # fmt: skip


class PostgresIndex:
    """Answers from ``cms.documents``. connect: lends a connection; base_path: goes before every path; zone: the site's, for months."""

    def __init__(self, connect: Connect, site: int, base_path: str, zone: str) -> None:
        self.connect, self.site, self.base_path, self.zone = connect, site, base_path, zone
        self._lexicons: dict[str, tuple[Lexicon, float]] = {}

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
        """The site's words, as they were at most LEXICON_S ago."""
        known = self._lexicons.get(locale)
        if known is None or time.monotonic() > known[1] + LEXICON_S:
            async with self.connect() as connection:
                lexicon = await load_lexicon(connection, self.site, locale)
            known = self._lexicons[locale] = (lexicon, time.monotonic())
        return known[0]

    async def _search(self, question: Question) -> Answer:
        sql, parameters = _make_search(question, self.site, self.zone)
        async with self.connect() as connection:
            row = await (await connection.execute(sql, parameters)).fetchone()
            assert row is not None
            total, page, counts, months, stems = row
            shown = {one.entry: one for one in await fetch_async(connection, HITS, entries=[entry for entry, *_ in page])}
        marker = make_marker(question.terms, stems or ())
        hits = tuple(self._make_hit(shown[entry], score, km, marker) for entry, score, km, _ in page if entry in shown)
        key = (*page[-1][3], page[-1][0]) if page else ()
        return Answer(total, hits, _group_facets(counts), months, next_cursor=find_next(question, hits, total, NAME, key))

    async def suggest(self, text: str, locale: str, limit: int) -> tuple[Suggestion, ...]:
        """Titles for what is being typed."""
        words = make_words(text).split()[:8]
        if not words:
            return ()
        titles = " & ".join(f"'{word}':A" for word in words[:-1]) + (" & " if words[1:] else "") + f"'{words[-1]}':*A"
        begins = text.strip().lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        async with self.connect() as connection:
            rows = await fetch_async(connection, SUGGEST, site=self.site, locale=locale, titles=titles, begins=begins, limit=limit)
        return tuple(Suggestion(row.title, self.base_path + row.path, row.type) for row in rows)

    def _make_hit(self, row: _Shown, score: float, km: float | None, marker: Marker) -> Hit:
        highlights = Highlights(mark_all(row.title, marker), cut_fragments(row.content, marker))
        return Hit(
            row.entry, row.type, row.locale, row.title, self.base_path + row.path, row.excerpt, row.published_at, row.image,
            tuple(row.terms), round(score, 5), highlights, round(km, 3) if km is not None else None,
        )  # fmt: skip


def explain_search(connection: Connection[TupleRow], question: Question, site: int, zone: str) -> list[str]:
    """The plan by which the database answered a question, a line each."""
    sql, parameters = _make_search(question, site, zone)
    return [str(row[0]) for row in connection.execute("EXPLAIN (ANALYZE, COSTS off) " + sql, parameters)]


def _make_search(question: Question, site: int, zone: str) -> tuple[LiteralString, dict[str, Any]]:
    """The statement and its parameters. Each filter is a column of what was found, so that its own facet is counted without it."""
    parameters: dict[str, Any] = {
        "site": site, "zone": zone, "locale": question.locale, "config": find_configuration(question.locale),
        "wanted": [[t.kind, t.text, t.word] for t in question.terms if t.wanted],
        "unwanted": [[t.kind, t.text, t.word] for t in question.terms if not t.wanted],
        "stem_text": " ".join(term.text for term in question.terms if term.wanted and term.kind != "phrase"),
        "offset": question.skipped, "limit": question.limit, "most_counted": MOST_COUNTED,
    }  # fmt: skip
    conditions: LiteralString = ""
    if question.locale:
        conditions += " AND d.locale = %(locale)s"
    if question.terms:
        conditions += " AND d.vector @@ q.query"
    if question.after is not None:
        conditions += " AND d.published_at >= %(after)s"
        parameters["after"] = question.after
    if question.before is not None:
        conditions += " AND d.published_at < %(before)s"
        parameters["before"] = question.before
    conditions, distance = _add_places(question, conditions, parameters)
    behind = _add_cursor(question, parameters)
    failed: LiteralString = "'{}'::text[]"
    if question.filters:
        tests: list[LiteralString] = []
        for place, (facet, values) in enumerate(sorted(question.filters.items())):
            if place == len(_FILTERS):
                break
            name, values_name = f"facet{place}", f"values{place}"
            parameters[name], parameters[values_name] = facet, [f"{facet}/{value}" for value in values]
            tests.append(_FILTERS[place])
        failed = "array_remove(ARRAY[" + ", ".join(tests) + "]::text[], NULL)"
    sql = SEARCH.format(
        conditions=conditions, failed=failed, score=RANK if question.terms else "0::real", order=ORDERS[question.sort],
        title="lower(d.title)" if question.sort == "title" else "NULL::text", distance=distance, behind=behind, key_values=KEY_VALUES[question.sort],
    )  # fmt: skip
    return sql, parameters


def _add_places(question: Question, conditions: LiteralString, parameters: dict[str, Any]) -> tuple[LiteralString, LiteralString]:
    """Conditions with those of places, and the distance in kilometres as SQL. Boxes find by index, the distance decides."""
    near, distance = question.near, "NULL::float8"
    boxes = split_box(question.box) if question.box is not None else []
    if boxes:
        conditions += " AND (d.location <@ %(box0)s::text::box OR d.location <@ %(box1)s::text::box)"
        parameters |= {"box0": _say_box(boxes[0]), "box1": _say_box(boxes[-1])}
    if near is not None:
        distance = "cms.great_circle_km(%(lat)s::float8, %(lng)s::float8, d.location[1], d.location[0])"
        parameters |= {"lat": near.lat, "lng": near.lng}
        if near.radius_km is not None:
            around = find_boxes(near)
            conditions += (
                " AND (d.location <@ %(around0)s::text::box OR d.location <@ %(around1)s::text::box) AND " + distance + " <= %(km)s::float8"
            )
            parameters |= {"around0": _say_box(around[0]), "around1": _say_box(around[-1]), "km": near.radius_km}
    if question.sort == "distance":
        conditions += " AND d.location IS NOT NULL"
    return conditions, distance


def _say_box(box: Box) -> str:
    return f"(({box.west},{box.south}),({box.east},{box.north}))"


def _add_cursor(question: Question, parameters: dict[str, Any]) -> LiteralString:
    """What begins behind the last hit of the page before; where another engine made the cursor, its offset is taken."""
    cursor = question.cursor
    if cursor is None or cursor.engine != NAME or cursor.sort != question.sort:
        return ""
    try:
        *keys, last = cursor.key
        values = [KEY_TYPES[question.sort][place](str(key)) for place, key in enumerate(keys)]
    except (ValueError, IndexError):
        return ""
    if len(values) != len(KEY_TYPES[question.sort]) or not isinstance(last, int) or not 0 <= last < 1 << 63:
        return ""
    parameters |= {"offset": 0, "last": last, **{f"key{place}": value for place, value in enumerate(values)}}
    return "WHERE " + KEYS[question.sort]


_FILTERS: Final[tuple[LiteralString, ...]] = tuple(
    f"CASE WHEN d.terms && %(values{place})s::text[] COLLATE \"C\" THEN NULL ELSE %(facet{place})s END" for place in range(10)
)  # fmt: skip
"""One test for each facet that is filtered by."""


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
