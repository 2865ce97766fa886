"""Routes of search: ``/api/search`` and ``/api/suggest``."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any, Final

import msgspec
from fastapi import Query
from psycopg import Error
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.answers import BRIEFLY, answer_cached, tag_answer
from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.problems import ApiError, fail
from cms_ssg.api.routing import Router, site_of
from cms_ssg.api.sites import SiteContext
from cms_ssg.search.api_models import AnswerModel, SearchQuery, SuggestionsModel, SuggestQuery
from cms_ssg.search.documents import list_facets
from cms_ssg.search.empty import NOTE_EMPTY, say_empty
from cms_ssg.search.fallback import open_index
from cms_ssg.search.places import Box, Near
from cms_ssg.search.questions import Answer, Question, SearchIndex, read_cursor
from cms_ssg.search.words import parse_query

router = Router("Search")

TAG: Final = "search"
"""The one cache tag of every answer: any document may have changed it."""


@router.get("/api/search", scope=PUBLIC, response_model=AnswerModel, summary="Search")
async def search(request: Request, query: Annotated[SearchQuery, Query()]) -> Response:
    """Find documents by words and filters, with counts for further filters."""
    context = _need_search(site_of(request))
    question = make_question(context, query)
    key, data = await answer_json(context, question)
    was_empty = await note_if_empty(context, query.q, question, data)
    found, _, _ = data.rpartition(b',"took_ms":')
    headers = {"X-Search": say_engine(context, data), **tag_answer(context.site.settings, TAG)}
    return answer_cached(request, data, BRIEFLY, headers=headers, essence=found, cached_as="" if was_empty else key)


@router.get("/api/suggest", scope=PUBLIC, response_model=SuggestionsModel, summary="Suggest titles")
async def suggest(request: Request, query: Annotated[SuggestQuery, Query()]) -> Response:
    """Titles for what is being typed."""
    context = _need_search(site_of(request))
    locale = _check_locale(context, query.locale)
    text = " ".join(query.q.replace("\0", " ").split())[:100].lower()

    async def fetch() -> Any:
        return {"suggestions": await find_index(context).suggest(text, locale, query.limit)}

    key = f"suggest:{locale}:{query.limit}:{text}"
    data = await context.cache.load_json(key, fetch, (TAG,))
    return answer_cached(request, data, BRIEFLY, headers=tag_answer(context.site.settings, TAG), cached_as=key)


def find_index(context: SiteContext) -> SearchIndex:
    """The site's search index: its engine with Postgres behind it, or Postgres alone."""
    index: SearchIndex = context.extra("search", lambda c: open_index(c.site, c.number, c.connection, os.environ))
    return index


def say_engine(context: SiteContext, data: bytes) -> str:
    """The header X-Search: which engine answered, and in the place of which."""
    engine = data[-100:].rpartition(b'"engine":"')[2].partition(b'"')[0].decode()
    search = context.site.settings.search
    return engine if search is None or engine == search.engine else f"{engine}; instead-of={search.engine}"


async def note_if_empty(context: SiteContext, text: str, question: Question, data: bytes) -> bool:
    """Count a search of the whole site that found nothing as it was typed. Returns whether this was one."""
    if not question.terms or question.filters or question.skipped or question.is_narrowed:
        return False
    if not (data.startswith(b'{"total":0,') or b'"did_you_mean":""' not in data[-3000:]):
        return False
    words = say_empty(text, question.terms)
    if words:
        with suppress(Error, TimeoutError):  # what is counted for the editors is no reason to fail
            async with context.connection() as connection:
                await connection.execute(NOTE_EMPTY, {"site": context.number, "words": words})
    return True


async def answer_json(context: SiteContext, question: Question) -> tuple[str, bytes]:
    """The answer as JSON, from the cache or made, and its key there."""

    async def fetch() -> Answer:
        return await find_index(context).search(question)

    key = "search:" + msgspec.json.encode(question, order="sorted").decode()
    return key, await context.cache.load_json(key, fetch, (TAG,))


def make_question(context: SiteContext, query: SearchQuery) -> Question:
    """A checked request as the index takes it. Raises ApiError api.invalid for a locale or a facet that the site does not have."""
    locale = _check_locale(context, query.locale)
    filters: dict[str, list[str]] = {"type": query.type, "section": query.category, "tag": query.tag, "author": query.author}
    known: frozenset[str] = context.extra("search-facets", lambda c: frozenset(list_facets(c.site)))
    for facet in query.facet:
        name, slash, value = facet.partition("/")
        if not slash or name not in known:
            raise _invalid("facet", f"{name[:50]!r} is no facet of this site: {', '.join(sorted(known))}")
        filters.setdefault(name, []).append(value)
    chosen = {name: tuple(dict.fromkeys(value.replace("\0", "") for value in values)) for name, values in filters.items() if values}
    zone = context.site.zone
    try:
        after = datetime.combine(query.after, time(), zone).astimezone(UTC) if query.after else None
        before = datetime.combine(query.before + timedelta(days=1), time(), zone).astimezone(UTC) if query.before else None
    except OverflowError:
        raise _invalid("before" if query.before and query.before.year > 5000 else "after", "no such day") from None
    near, box, cursor = _read_place(query), _read_box(query), None
    if query.sort == "distance" and near is None:
        raise _invalid("sort", "distance needs lat and lng")
    if query.cursor:
        try:
            cursor = read_cursor(query.cursor)
        except ValueError as error:
            raise _invalid("cursor", str(error)) from None
        if cursor.sort != query.sort:
            raise _invalid("cursor", f"this cursor belongs to sort={cursor.sort}")
    return Question(
        terms=parse_query(query.q), locale=locale, filters=chosen, after=after, before=before, sort=query.sort, offset=query.offset,
        limit=query.limit, near=near, box=box, cursor=cursor, price_min=query.price_min, price_max=query.price_max, rating_min=query.rating_min,
        stock=tuple(dict.fromkeys(state.replace("\0", "") for state in query.stock)),
    )  # fmt: skip


def _read_place(query: SearchQuery) -> Near | None:
    if query.lat is None and query.lng is None and query.radius_km is None:
        return None
    if query.lat is None or query.lng is None:
        raise _invalid("lat" if query.lat is None else "lng", "a place has both lat and lng")
    return Near(query.lat, query.lng, query.radius_km)


def _read_box(query: SearchQuery) -> Box | None:
    if not query.bbox:
        return None
    try:
        west, south, east, north = (float(part) for part in query.bbox.split(","))
    except ValueError:
        raise _invalid("bbox", "four numbers are needed: west,south,east,north") from None
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise _invalid("bbox", "west and east are -180 to 180 degrees, south and north -90 to 90, south first")
    return Box(south, west, north, east)


def _need_search(context: SiteContext) -> SiteContext:
    if context.site.settings.search is None:
        raise fail("api.no-search", "search is switched off for this site", status=404, hint="[search] in site.toml switches it on.")
    return context


def _check_locale(context: SiteContext, locale: str) -> str:
    code = locale.lower() or context.site.default_locale
    if code not in context.site.locales:
        raise _invalid("locale", f"the site has {', '.join(context.site.locales)}")
    return code


def _invalid(field: str, message: str) -> ApiError:
    return ApiError(
        422, "api.invalid", f"the request is not as it should be: {field}", "/docs says what is taken.", fields=((field, message),)
    )
