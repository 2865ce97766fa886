"""Questions as Postgres takes them: one statement that finds, counts and orders, with a condition for each filter."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any, Final, LiteralString, NamedTuple

from cms_ssg.search.places import Box, find_boxes, split_box
from cms_ssg.search.postgres_everything import OWN_FACET, make_everything
from cms_ssg.search.postgres_pages import COLUMNS, FACETS, HITS, KEY_VALUES, ORDERS, SORTED, add_cursor
from cms_ssg.search.questions import Question
from cms_ssg.search.words import Term, find_configuration
from cms_ssg.store.query import Query

_LEXEME: Final = re.compile(r"'(?:[^']|'')*'(:\*)?")
"""A word of a tsquery as text: https://www.postgresql.org/docs/current/datatype-textsearch.html"""

MOST_COUNTED: Final = 100_000
"""Facets are counted over so many documents. Of more, every second, third … is counted, picked by a hash of its number; the total is exact."""

RANK: LiteralString = """(ts_rank('{0, 0.33, 0.67, 1}', d.vector, %(ranked)s::tsquery, 1)
  * CASE WHEN d.vector @@ %(titled)s::tsquery THEN 1.5 ELSE 1 END)::real"""
"""Title 3, excerpt 2, content 1; longer documents count a little less. What has all words in its title comes before what repeats them in its text."""

SEARCH: LiteralString = """
WITH found AS MATERIALIZED (
  SELECT {columns}, d.terms, {score} AS score, {failed} AS failed
  FROM cms.documents d
  WHERE d.site = %(site)s AND d.shown {conditions}
), passed AS (
  SELECT * FROM found WHERE failed < 1
), sample AS (
  SELECT greatest(1, ceil(count(*) / %(most_counted)s::float8))::int AS step FROM found
), terms AS (
  SELECT failed, unnest(terms) AS term FROM found
  WHERE failed & (failed - 1) < 1 AND ((SELECT step FROM sample) < 2 OR (hashint8(entry) & 2147483647) %% (SELECT step FROM sample) < 1)
), counted AS MATERIALIZED (
  SELECT split_part(term, '/', 1) AS facet, failed, term, times * (SELECT step FROM sample) AS times
  FROM (SELECT failed, term, count(*) AS times FROM terms GROUP BY 1, 2) t
), facets AS (
  SELECT facet, term, sum(times) AS times, row_number() OVER (PARTITION BY facet ORDER BY sum(times) DESC, term) AS place
  FROM ({counts}) c GROUP BY 1, 2
), page AS MATERIALIZED (
  SELECT entry, score, distance, json_build_array({key_values}) AS key, row_number() OVER () AS number
  FROM (SELECT * FROM passed {behind} ORDER BY {order} OFFSET %(offset)s LIMIT %(limit)s + 1) p
)
SELECT
  (SELECT count(*) FROM passed),
  {hits},
  {facets},
  (SELECT coalesce(json_object_agg(to_char(month, 'YYYY-MM'), times ORDER BY month DESC), '{{}}')::text FROM (
     SELECT date_trunc('month', published_at AT TIME ZONE %(zone)s) AS month, count(*) AS times FROM passed WHERE published_at IS NOT NULL
     GROUP BY 1 ORDER BY 1 DESC LIMIT 120) m),
  (SELECT count(*) > %(limit)s FROM page),
  (SELECT step > 1 FROM sample)
"""
"""failed: a bit for each facet that is filtered by and whose filter a document does not pass. Only what passes all is ranked; a document that
fails one is counted for that facet alone. Where it says < 1 and not = 0, the planner would else expect next to nothing, and sort all terms to count them.
"""


class ReadTerms(NamedTuple):
    """A query as the database reads it. query: with what must not occur; wanted: without; stems: to be marked."""

    query: str
    wanted: str
    stems: list[str]


class ReadTerm(NamedTuple):
    """One term. place: in what was asked; query: of its stem and its word; plain: of the word alone; says_nothing: it is a stop word."""

    place: int
    query: str
    plain: str
    says_nothing: bool
    stems: list[str]


READ: Final = Query("""
SELECT t.place::int - 1, cms.make_term_query(c.config, t.kind, t.txt, t.word)::text, cms.make_term_query('simple', t.kind, t.txt, t.word)::text,
  t.kind = 'word' AND c.config <> 'simple'::regconfig AND numnode(plainto_tsquery(c.config, t.txt)) = 0, tsvector_to_array(to_tsvector(c.config, t.txt))
FROM (SELECT ('pg_catalog.' || %(config)s::text)::regconfig AS config) c,
  unnest(%(kinds)s::text[], %(texts)s::text[], %(words)s::text[]) WITH ORDINALITY AS t (kind, txt, word, place)""", ReadTerm)  # fmt: skip
"""Asked first, so that the plan of the search is made for these very words."""

KnownTerms = MutableMapping[tuple[str, Term], ReadTerm]


def list_unread(question: Question, known: KnownTerms) -> tuple[list[Term], dict[str, Any]]:
    """Terms of a question that the database was not asked about yet, and the parameters of READ for them."""
    config = find_configuration(question.locale)
    terms = list(dict.fromkeys(term for term in question.terms if (config, term) not in known))
    return terms, {
        "config": config, "kinds": [term.kind for term in terms], "texts": [term.text for term in terms], "words": [term.word for term in terms],
    }  # fmt: skip


def join_terms(question: Question, known: KnownTerms) -> ReadTerms:
    """All terms of a question as one query. Words that say nothing in this language are left out while others remain."""
    config = find_configuration(question.locale)
    wanted = [known[config, term] for term in question.terms if term.wanted]
    unwanted = [known[config, term].query for term in question.terms if not term.wanted]
    parts = [term.query for term in wanted if term.query and not term.says_nothing] or [term.plain for term in wanted if term.plain]
    stems = {stem for term in question.terms if term.wanted and term.kind != "phrase" for stem in known[config, term].stems}
    text = " & ".join(f"( {part} )" for part in parts)
    return ReadTerms(" & ".join([*filter(None, [text]), *(f"!( {part} )" for part in unwanted if part)]), text, sorted(stems))


def make_search(question: Question, read: ReadTerms, site: int, zone: str) -> tuple[LiteralString, dict[str, Any]]:
    """The statement and its parameters. Each filter is a column of what was found, so that its own facet is counted without it."""
    parameters: dict[str, Any] = {
        "site": site, "zone": zone, "locale": question.locale, "query": read.query, "ranked": read.wanted,
        "titled": _LEXEME.sub(lambda found: f"{found[0]}{'' if found[1] else ':'}A", read.wanted),
        "offset": question.skipped, "limit": question.limit, "most_counted": MOST_COUNTED,
    }  # fmt: skip
    conditions: LiteralString = ""
    if question.locale:
        conditions += " AND d.locale = %(locale)s"
    if question.terms:
        conditions += " AND d.vector @@ %(query)s::tsquery"
    if question.after is not None:
        conditions += " AND d.published_at >= %(after)s"
        parameters["after"] = question.after
    if question.before is not None:
        conditions += " AND d.published_at < %(before)s"
        parameters["before"] = question.before
    conditions += _add_ranges(question, parameters)
    conditions, distance = _add_places(question, conditions, parameters)
    behind = add_cursor(question, parameters)
    score: LiteralString = RANK if question.terms else "0::real"
    columns = COLUMNS.format(
        title="lower(d.title)" if question.sort == "title" else "NULL::text",
        distance=distance,
        sorted=SORTED.get(question.sort, "NULL::float8"),
    )
    is_kept = question.is_counted
    if is_kept and not question.filters:
        return make_everything(question, parameters, columns + ", 0::real AS score", behind), parameters
    tests: list[LiteralString] = []
    counted: LiteralString = "failed = 0"
    for place, (facet, values) in enumerate(sorted(question.filters.items())[: len(_FILTERS)]):
        parameters[f"facet{place}"], parameters[f"values{place}"] = facet, [f"{facet}/{value}" for value in values]
        tests.append(_FILTERS[place])
        counted += _OWN_FACETS[place]
    counts: LiteralString = "(SELECT facet, term, times FROM counted WHERE " + counted + ")"
    if is_kept and len(tests) == 1:
        conditions, tests, counts = conditions + " AND " + _PASSES[0], [], OWN_FACET
    failed = " + ".join(tests) or "0"
    if len(tests) > 1 and not question.terms:
        conditions += _leave_out_useless(len(tests))
    if question.terms and tests:
        score = "CASE WHEN " + failed + " = 0 THEN " + RANK + " ELSE 0 END"
    sql = SEARCH.format(
        columns=columns, conditions=conditions, failed=failed, counts=counts, score=score, order=ORDERS[question.sort], behind=behind,
        key_values=KEY_VALUES[question.sort], hits=HITS, facets=FACETS,
    )  # fmt: skip
    return sql, parameters


def _leave_out_useless(filters: int) -> LiteralString:
    """A condition that the index of terms answers: a document that fails two filters is neither found nor counted. Words find few by themselves."""
    ways: list[LiteralString] = [
        " AND ".join(_PASSES[place] for place in range(filters) if place != left_out) for left_out in range(filters)
    ]
    return " AND ((" + ") OR (".join(ways) + "))"


def _add_ranges(question: Question, parameters: dict[str, Any]) -> LiteralString:
    """Conditions of price, rating and stock. What a document does not have is within no bounds."""
    conditions: LiteralString = ""
    if question.price_min is not None:
        conditions += " AND d.price >= %(price_min)s::bigint"
        parameters["price_min"] = question.price_min
    if question.price_max is not None:
        conditions += " AND d.price <= %(price_max)s::bigint"
        parameters["price_max"] = question.price_max
    if question.rating_min is not None:
        conditions += " AND d.rating >= %(rating_min)s::float8::real"
        parameters["rating_min"] = question.rating_min
    if question.stock:
        conditions += ' AND d.stock = ANY(%(stock)s::text[] COLLATE "C")'
        parameters["stock"] = list(question.stock)
    return conditions


def _add_places(question: Question, conditions: LiteralString, parameters: dict[str, Any]) -> tuple[LiteralString, LiteralString]:
    """Conditions with those of places, and the distance in kilometres as SQL. Boxes find by index, the distance decides."""
    near, distance = question.near, "NULL::float8"
    filtered: LiteralString = " IS TRUE" if question.terms else ""
    if question.box is not None:
        boxes = split_box(question.box)
        conditions += (_IN_BOX if len(boxes) == 1 else _IN_BOXES).format(filtered)
        parameters |= {"box0": _say_box(boxes[0]), "box1": _say_box(boxes[-1])}
    if near is not None:
        distance = "cms.great_circle_km(%(lat)s::float8, %(lng)s::float8, d.location[1], d.location[0])"
        parameters |= {"lat": near.lat, "lng": near.lng}
        if near.radius_km is not None:
            around = find_boxes(near)
            conditions += (_AROUND if len(around) == 1 else _AROUND_BOTH).format(filtered)
            conditions += " AND " + distance + " <= %(km)s::float8"
            parameters |= {"around0": _say_box(around[0]), "around1": _say_box(around[-1]), "km": near.radius_km}
    if question.sort == "distance":
        conditions += " AND d.location IS NOT NULL"
    return conditions, distance


# A box is taken for a rare condition, whatever it holds: beside words IS TRUE keeps the planner from its index.
_IN_BOX: LiteralString = " AND (d.location <@ %(box0)s::box){}"
_IN_BOXES: LiteralString = " AND (d.location <@ %(box0)s::box OR d.location <@ %(box1)s::box){}"
_AROUND: LiteralString = " AND (d.location <@ %(around0)s::box){}"
_AROUND_BOTH: LiteralString = " AND (d.location <@ %(around0)s::box OR d.location <@ %(around1)s::box){}"


def _say_box(box: Box) -> str:
    return f"(({box.west},{box.south}),({box.east},{box.north}))"


_PASSES: Final[tuple[LiteralString, ...]] = tuple(f'd.terms && %(values{place})s::text[] COLLATE "C"' for place in range(10))
_FILTERS: Final[tuple[LiteralString, ...]] = tuple(
    f"CASE WHEN d.terms && %(values{place})s::text[] COLLATE \"C\" THEN 0 ELSE {1 << place} END" for place in range(10)
)  # fmt: skip
"""One test for each facet that is filtered by."""
_OWN_FACETS: Final[tuple[LiteralString, ...]] = tuple(
    f" OR failed = {1 << place} AND facet = %(facet{place})s::text" for place in range(10)
)
