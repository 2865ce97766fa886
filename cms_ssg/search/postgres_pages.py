"""A page of results in SQL: what it is sorted by, what it goes on behind, and what each hit and each facet of it has."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, LiteralString

from cms_ssg.search.questions import Question

NAME: Final = "postgres"

ORDERS: Final[dict[str, LiteralString]] = {
    "relevance": "score DESC, newest DESC, entry DESC",
    "newest": "newest DESC, entry DESC",
    "oldest": "coalesce(published_at, 'infinity') ASC, entry ASC",
    "title": "title ASC, entry ASC",
    "distance": "distance ASC, entry ASC",
    "rating": "sorted DESC, entry DESC",
    "popularity": "sorted DESC, entry DESC",
    "price": "sorted ASC, entry ASC",
    "price_desc": "sorted DESC, entry DESC",
}

SORTED: Final[dict[str, LiteralString]] = {
    "rating": "coalesce(d.rating, -1)::float8", "popularity": "d.popularity::float8", "price": "coalesce(d.price::float8, 'infinity')",
    "price_desc": "coalesce(d.price, -1)::float8",
}  # fmt: skip
"""What is sorted by; documents without it are the last either way."""

_FALLING: LiteralString = "(sorted, entry) < (%(key0)s::text::float8, %(last)s::bigint)"

KEYS: Final[dict[str, LiteralString]] = {
    "relevance": "(score, newest, entry) < (%(key0)s::text::real, %(key1)s::text::timestamptz, %(last)s::bigint)",
    "newest": "(newest, entry) < (%(key0)s::text::timestamptz, %(last)s::bigint)",
    "oldest": "(coalesce(published_at, 'infinity'), entry) > (%(key0)s::text::timestamptz, %(last)s::bigint)",
    "title": "(title, entry) > (%(key0)s::text, %(last)s::bigint)",
    "distance": "(distance, entry) > (%(key0)s::text::float8, %(last)s::bigint)",
    "rating": _FALLING,
    "popularity": _FALLING,
    "price": "(sorted, entry) > (%(key0)s::text::float8, %(last)s::bigint)",
    "price_desc": _FALLING,
}
"""What comes behind the last hit of the page before, which a cursor names by what it was sorted by."""

KEY_VALUES: Final[dict[str, LiteralString]] = {
    "relevance": "score::text, newest::text", "newest": "newest::text", "oldest": "coalesce(published_at, 'infinity')::text", "title": "title",
    "distance": "distance::text", "rating": "sorted::text", "popularity": "sorted::text", "price": "sorted::text", "price_desc": "sorted::text",
}  # fmt: skip

COLUMNS: LiteralString = """d.entry, d.published_at, coalesce(d.published_at, '-infinity') AS newest, {title} AS title, {distance} AS distance, {sorted} AS sorted"""
"""What a page is sorted by and shown with, beside the score."""

HITS: LiteralString = """
  (SELECT coalesce(json_agg(json_build_array(p.entry, p.score, p.distance, p.key, d.type, d.locale, d.path, d.title, d.excerpt, left(d.content, 100000),
     d.published_at, d.image, d.terms, d.price, d.rating, d.popularity, d.stock) ORDER BY p.number), '[]')::text
     FROM page p JOIN cms.documents d ON d.entry = p.entry WHERE p.number <= %(limit)s)"""
"""The hits of ``page``, which has entry, score, distance, key and number."""

FACETS: LiteralString = """
  (SELECT coalesce(json_agg(json_build_array(f.facet, f.term, f.times, l.card ->> 'title') ORDER BY f.facet, f.place), '[]')::text
     FROM facets f LEFT JOIN cms.lists l ON l.site = %(site)s AND l.locale = %(locale)s AND l.name = f.term COLLATE "C" WHERE f.place <= 50)"""
"""The values of ``facets``, which has facet, term, times and place, with the titles that the site's lists have."""


def _check_number(text: str) -> str:
    if not math.isfinite(float(text)):
        raise ValueError(text)
    return text


def _check_price(text: str) -> str:
    return text if text == "Infinity" else _check_number(text)


def _check_time(text: str) -> str:
    if text not in ("infinity", "-infinity"):
        datetime.fromisoformat(text)
    return text


KEY_TYPES: Final[dict[str, tuple[Callable[[str], str], ...]]] = {
    "relevance": (_check_number, _check_time), "newest": (_check_time,), "oldest": (_check_time,),
    "title": (lambda text: text.replace("\0", "").encode("utf-8", "replace").decode(),), "distance": (_check_number,),
    "rating": (_check_number,), "popularity": (_check_number,), "price": (_check_price,), "price_desc": (_check_number,),
}  # fmt: skip
"""A cursor comes from whoever asks."""


def add_cursor(question: Question, parameters: dict[str, Any]) -> LiteralString:
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
