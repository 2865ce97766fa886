"""Questions as OpenSearch takes them: title^3 excerpt^2 content, filters, counts, places, order."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final

import msgspec

from cms_ssg.search.places import Near, split_box
from cms_ssg.search.questions import FACET_SIZES, MOST_OFFSET, OTHER_FACET_SIZE, Question
from cms_ssg.search.words import Term

NAME: Final = "opensearch"
MOST_VALUES: Final = 10_000
"""Of a facet, that each shard counts: what one shard leaves out of its most frequent ones would be missing from the sum."""

FIELDS: Final = ["title^3", "excerpt^2", "content"]

_FACET_FIELDS: Final = {"type": "content_type", "section": "categories", "tag": "tags", "author": "author_id"}

NEWEST: Final[dict[str, Any]] = {"published_at": {"order": "desc", "missing": "_last"}}
SORTS: Final[dict[str, list[Any]]] = {
    "relevance": [{"_score": "desc"}, NEWEST],
    "newest": [NEWEST],
    "oldest": [{"published_at": {"order": "asc", "missing": "_last"}}],
    "title": [{"title.keyword": "asc"}],
    "rating": [{"rating": {"order": "desc", "missing": "_last"}}],
    "popularity": [{"popularity": {"order": "desc", "missing": "_last"}}],
    "price": [{"price": {"order": "asc", "missing": "_last"}}],
    "price_desc": [{"price": {"order": "desc", "missing": "_last"}}],
}


def _is_number(part: Any) -> bool:
    return (isinstance(part, (int, float)) and not isinstance(part, bool)) or part in ("Infinity", "-Infinity")


def _is_whole(part: Any) -> bool:
    return isinstance(part, int) and not isinstance(part, bool) and -(1 << 63) <= part < 1 << 63


def _is_text(part: Any) -> bool:
    return isinstance(part, str)


KEY_KINDS: Final[dict[str, tuple[Callable[[Any], bool], ...]]] = {
    "relevance": (_is_number, _is_whole, _is_text), "newest": (_is_whole, _is_text), "oldest": (_is_whole, _is_text),
    "title": (_is_text, _is_text), "distance": (_is_number, _is_text), "rating": (_is_number, _is_text), "popularity": (_is_number, _is_text),
    "price": (_is_whole, _is_text), "price_desc": (_is_whole, _is_text),
}  # fmt: skip
"""What a hit of each order is sorted by, the document's number last."""


def field_of(facet: str) -> str:
    """The field that holds a facet."""
    return _FACET_FIELDS.get(facet, f"facets.{facet}")


def make_query(question: Question, site: int, facets: tuple[str, ...], zone: str, fuzziness: str) -> dict[str, Any]:
    """Query, filters, counts, order and page of a search. Facets filter after counting, so that each is counted without its own filter."""
    tests = {facet: {"terms": {field_of(facet): list(values)}} for facet, values in sorted(question.filters.items())}
    wanted = [_match(term, fuzziness) for term in question.terms if term.wanted]
    query = {
        "bool": {
            "must": wanted or [{"match_all": {}}],
            "must_not": [_match(term, "0") for term in question.terms if not term.wanted],
            "filter": [{"term": {"site_id": str(site)}}, *_list_conditions(question)],
        }
    }
    sort = SORTS.get(question.sort)
    if sort is None:
        sort = (
            [{"_geo_distance": {"location": _point(question.near), "order": "asc", "unit": "km"}}]
            if question.near is not None
            else [NEWEST]
        )
    return {
        "query": query,
        "post_filter": {"bool": {"filter": list(tests.values())}},
        "aggs": {**{facet: _count_facet(facet, tests) for facet in facets}, "months": _count_months(tests, zone)},
        "sort": [*sort, {"content_id": "asc"}],
        "track_scores": True,
        "track_total_hits": True,
        **({"search_after": after} if (after := read_after(question)) else {"from": min(question.skipped, MOST_OFFSET)}),
        "size": question.limit + 1,
    }


def read_after(question: Question) -> list[Any]:
    """What the last hit of the page before was sorted by, empty where there was none or another engine named it. It comes from whoever asks."""
    cursor = question.cursor
    if cursor is None or cursor.engine != NAME or cursor.sort != question.sort:
        return []
    kinds = KEY_KINDS[question.sort]
    is_key = len(cursor.key) == len(kinds) and all(check(part) for check, part in zip(kinds, cursor.key, strict=True))
    return list(cursor.key) if is_key else []


def digest_question(question: Question) -> str:
    """The same for all pages of a question: the same copies of the shards answer it, as scores differ a little from copy to copy."""
    asked = (question.terms, question.filters, question.sort, question.locale)
    return blake2b(msgspec.json.encode(asked, order="sorted"), digest_size=8).hexdigest()


def _match(term: Term, fuzziness: str) -> dict[str, Any]:
    """One term in any of the fields."""
    whole: dict[str, Any] = {"query": term.text, "fields": FIELDS}
    if term.kind == "phrase":
        return {"multi_match": {**whole, "type": "phrase"}}
    same = {"multi_match": {**whole, "operator": "and", "fuzziness": fuzziness, "zero_terms_query": "all" if term.wanted else "none"}}
    if term.kind != "prefix":
        return same
    return {"bool": {"should": [same, {"multi_match": {**whole, "type": "phrase_prefix"}}], "minimum_should_match": 1}}


def _list_conditions(question: Question) -> list[dict[str, Any]]:
    conditions: list[dict[str, Any]] = []
    span = {name: int(at.timestamp()) for name, at in (("gte", question.after), ("lt", question.before)) if at is not None}
    if span:
        conditions.append({"range": {"published_at": span}})
    if question.near is not None and question.near.radius_km is not None:
        conditions.append({"geo_distance": {"distance": f"{max(question.near.radius_km, 0.001)}km", "location": _point(question.near)}})
    if question.box is not None:
        boxes = [
            {
                "geo_bounding_box": {
                    "location": {"top_left": {"lat": b.north, "lon": b.west}, "bottom_right": {"lat": b.south, "lon": b.east}}
                }
            }
            for b in split_box(question.box)
        ]
        conditions.append({"bool": {"should": boxes, "minimum_should_match": 1}})
    prices = {name: value for name, value in (("gte", question.price_min), ("lte", question.price_max)) if value is not None}
    if prices:
        conditions.append({"range": {"price": prices}})
    if question.rating_min is not None:
        conditions.append({"range": {"rating": {"gte": question.rating_min}}})
    if question.stock:
        conditions.append({"terms": {"stock": list(question.stock)}})
    if question.sort == "distance":
        conditions.append({"exists": {"field": "location"}})
    return conditions


def _point(near: Near | None) -> dict[str, float]:
    assert near is not None
    return {"lat": near.lat, "lon": near.lng}


def _count_facet(facet: str, tests: dict[str, Any]) -> dict[str, Any]:
    size = FACET_SIZES.get(facet, OTHER_FACET_SIZE)
    others = [test for name, test in tests.items() if name != facet]
    terms = {"field": field_of(facet), "size": size, "shard_size": MOST_VALUES}
    return {"filter": {"bool": {"filter": others}}, "aggs": {"values": {"terms": terms}}}


def _count_months(tests: dict[str, Any], zone: str) -> dict[str, Any]:
    histogram = {"field": "published_at", "calendar_interval": "month", "time_zone": zone, "format": "yyyy-MM", "min_doc_count": 1}
    return {"filter": {"bool": {"filter": list(tests.values())}}, "aggs": {"values": {"date_histogram": histogram}}}


def make_suggestion(text: str, site: int, limit: int) -> dict[str, Any]:
    """Titles that begin so by the completion suggester, and those with such words."""
    completion = {"field": "title.suggest", "size": limit, "contexts": {"site_id": [str(site)]}}
    return {
        "suggest": {"titles": {"prefix": text, "completion": completion}},
        "query": {
            "bool": {
                "must": [{"match_bool_prefix": {"title": {"query": text, "operator": "and"}}}],
                "filter": [{"term": {"site_id": str(site)}}],
            }
        },
        "size": limit,
        "_source": ["title", "content_type", "custom_fields"],
    }
