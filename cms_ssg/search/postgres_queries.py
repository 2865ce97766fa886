"""Questions as Postgres takes them: one statement that finds, counts and orders, with a condition for each filter."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, LiteralString, NamedTuple

from cms_ssg.search.places import Box, find_boxes, split_box
from cms_ssg.search.questions import Question
from cms_ssg.search.words import find_configuration
from cms_ssg.store.query import Query

NAME: Final = "postgres"

MOST_COUNTED: Final = 20_000
"""Facets are counted over so many of the best hits; the total is exact."""

RANK: LiteralString = "ts_rank('{0, 0.33, 0.67, 1}', d.vector, %(ranked)s::text::tsquery, 1)"
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
WITH found AS MATERIALIZED (
  SELECT d.entry, d.terms, d.published_at, coalesce(d.published_at, '-infinity') AS newest, {title} AS title, {distance} AS distance,
    {score} AS score, {failed} AS failed
  FROM cms.documents d
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
     GROUP BY 1 ORDER BY 1 DESC LIMIT 120) m)
"""


class ReadTerms(NamedTuple):
    """A query as the database reads it. query: with what must not occur; wanted: without; stems: to be marked."""

    query: str
    wanted: str
    stems: list[str]


READ: Final = Query("""
SELECT cms.make_search_query(c.config, %(wanted)s::text[], %(unwanted)s::text[])::text, cms.make_search_query(c.config, %(wanted)s::text[], '{}')::text,
  tsvector_to_array(to_tsvector(c.config, %(stem_text)s::text))
FROM (SELECT ('pg_catalog.' || %(config)s::text)::regconfig AS config) c""", ReadTerms)  # fmt: skip
"""Asked first, so that the plan of the search is made for these very words."""


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


def list_terms(question: Question) -> dict[str, Any]:
    """The parameters of READ."""
    return {
        "config": find_configuration(question.locale),
        "wanted": [[t.kind, t.text, t.word] for t in question.terms if t.wanted],
        "unwanted": [[t.kind, t.text, t.word] for t in question.terms if not t.wanted],
        "stem_text": " ".join(term.text for term in question.terms if term.wanted and term.kind != "phrase"),
    }


def make_search(question: Question, read: ReadTerms, site: int, zone: str) -> tuple[LiteralString, dict[str, Any]]:
    """The statement and its parameters. Each filter is a column of what was found, so that its own facet is counted without it."""
    parameters: dict[str, Any] = {
        "site": site, "zone": zone, "locale": question.locale, "query": read.query, "ranked": read.wanted,
        "offset": question.skipped, "limit": question.limit, "most_counted": MOST_COUNTED,
    }  # fmt: skip
    conditions: LiteralString = ""
    if question.locale:
        conditions += " AND d.locale = %(locale)s"
    if question.terms:
        conditions += " AND d.vector @@ %(query)s::text::tsquery"
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
_IN_BOX: LiteralString = " AND (d.location <@ %(box0)s::text::box){}"
_IN_BOXES: LiteralString = " AND (d.location <@ %(box0)s::text::box OR d.location <@ %(box1)s::text::box){}"
_AROUND: LiteralString = " AND (d.location <@ %(around0)s::text::box){}"
_AROUND_BOTH: LiteralString = " AND (d.location <@ %(around0)s::text::box OR d.location <@ %(around1)s::text::box){}"


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
