"""Routes of a directory: finding listings, with counts for further filters."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import Query
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.answers import BRIEFLY, answer_cached, tag_answer
from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.cursors import read_count, read_cursor, write_cursor
from cms_ssg.api.problems import ApiError
from cms_ssg.api.routing import Router, site_of
from cms_ssg.api.sites import SiteContext
from cms_ssg.store.query import fetch_async
from cms_ssg.verticals.directory.queries import BEHIND, COUNTS, FIND, LISTED, MORE, TITLES, Listing

router = Router("Directory")

TAG: Final = "listings"
MOST_OFFSET: Final = 10_000
OPEN_S: Final = 60.0
"""How long it is believed that a place is open."""

Text = Annotated[str, StringConstraints(max_length=200)]

LEAST_KM: Final = 0.001
"""A smaller radius is a metre; the store's numbers do not hold the smallest that JSON can write."""


class ListingQuery(BaseModel):
    """What may be asked. Categories are alternatives; filters together narrow the answer."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[str, Field(max_length=500, description='Words, "phrases", and -words that must not occur.')] = ""
    category: Annotated[list[Text], Field(max_length=20, description="Slugs of categories.")] = []
    country: Text = ""
    state: Text = ""
    city: Text = ""
    lat: Annotated[float | None, Field(ge=-90, le=90, allow_inf_nan=False)] = None
    lng: Annotated[float | None, Field(ge=-180, le=180, allow_inf_nan=False)] = None
    radius: Annotated[float, Field(gt=0, le=20_100, allow_inf_nan=False, description="Kilometres around the place.")] = 10
    min_rating: Annotated[float | None, Field(ge=0, le=5, allow_inf_nan=False)] = None
    tier: Literal["basic", "featured", "premium", ""] = ""
    open_now: bool = False
    facet: Annotated[list[Text], Field(max_length=20, description="A value of a field of your own: beer_garden/yes")] = []
    locale: Annotated[str, Field(max_length=35, description="A language of the site; its first by default.")] = ""
    sort: Annotated[Literal["relevance", "rating", "distance", "newest", "listed"], Field(description="listed: as on the pages.")] = (
        "relevance"
    )
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    offset: Annotated[int, Field(ge=0, le=MOST_OFFSET)] = 0
    cursor: Annotated[str, Field(max_length=200, description="next_cursor of the page before, in place of offset.")] = ""


class ValueModel(BaseModel):
    """How many would be found with this value as well."""

    value: str
    title: str
    count: int


class ListingsModel(BaseModel):
    """What was found."""

    total: int
    listings: list[Listing]
    facets: dict[str, list[ValueModel]]
    next_cursor: str


@router.get("/api/listings", scope=PUBLIC, response_model=ListingsModel, summary="Find listings")
async def find_listings(request: Request, query: Annotated[ListingQuery, Query()]) -> Response:
    """Find listings by words, place and filters, the best first, with counts for further filters."""
    context = site_of(request)
    parameters = _read(context, query)
    columns = LISTED if query.sort == "listed" else FIND
    start = _find_start(query, parameters["values"].obj)

    async def fetch() -> Any:
        async with context.connection() as connection:
            found = await fetch_async(connection, columns, **parameters | start)
            counts = await fetch_async(connection, COUNTS, **parameters)
            wanted = [value for facet, value, _ in counts if facet == "category"]
            named = await fetch_async(connection, TITLES, site=context.number, slugs=wanted, locale=parameters["locale"])
        titles = dict(named)
        facets: dict[str, list[dict[str, object]]] = {}
        for facet, value, count in counts:
            if facet:
                title = titles.get(value, value) if facet == "category" else value
                facets.setdefault(facet, []).append({"value": value, "title": title, "count": count})
        total = next((count for facet, _, count in counts if not facet), 0)
        page = found[: query.limit]
        following = _write_next(query.sort, start["offset"] + len(page), page[-1]) if len(found) > query.limit else ""
        return {"total": total, "listings": [_show(context, one) for one in page], "facets": facets, "next_cursor": following}

    key = "listings:" + query.model_dump_json()
    data = await context.cache.load_json(key, fetch, (TAG,), ttl_s=OPEN_S if query.open_now else None)
    return answer_cached(request, data, BRIEFLY, headers=tag_answer(context.site.settings, TAG), cached_as=key)


def _read(context: SiteContext, query: ListingQuery) -> dict[str, Any]:
    """A checked request as the queries take it. Raises ApiError api.invalid for what this site does not have."""
    if (query.lat is None) != (query.lng is None):
        raise _invalid("lat", "latitude and longitude come together")
    locale = query.locale.lower() or context.site.default_locale
    if locale not in context.site.locales:
        raise _invalid("locale", f"the site has {', '.join(context.site.locales)}")
    schema = context.site.schemas["listing"]
    known = [name for name in schema.facets if name not in ("categories", "city", "state", "country", "tier")]
    custom: dict[str, Any] = {}
    for facet in query.facet:
        name, slash, value = facet.partition("/")
        if not slash or name not in known:
            raise _invalid("facet", f"{name[:50]!r} is no facet of listings: {', '.join(known) or 'there are none'}")
        custom[name] = (
            {"true": True, "false": False}.get(value, value) if schema.properties[name].get("type") == "boolean" else _clean(value)
        )
    values: dict[str, Any] = {"locale": locale} | ({"custom": custom} if custom else {})
    values |= {name: _clean(value) for name in ("country", "state", "city") if (value := getattr(query, name))}
    if query.open_now:
        values["open_zone"] = context.site.settings.timezone
    return {
        "site": context.number, "words": _clean(query.q) or None, "categories": [_clean(slug) for slug in query.category] or None, "lat": _round(query.lat),
        "lng": _round(query.lng), "radius": max(query.radius, LEAST_KM), "min_rating": query.min_rating, "tier": query.tier or None, "sort": query.sort, "limit": query.limit,
        "offset": query.offset, "more": MORE, "values": Jsonb(values), "custom": known, "zone": context.site.settings.timezone,
        "locale": locale,
    }  # fmt: skip


def _find_start(query: ListingQuery, values: dict[str, Any]) -> dict[str, Any]:
    """Where the page begins, and one more listing than it has. Raises ApiError api.invalid for a cursor of another order."""
    start = {"offset": query.offset, "limit": query.limit + 1}
    if not query.cursor:
        return start
    kinds = (_KEYS[query.sort], read_count) if query.sort in BEHIND else (read_offset,)
    sort, *key = read_cursor(query.cursor, str, *kinds)
    if sort != query.sort:
        raise _invalid("cursor", f"this cursor belongs to sort={sort[:20]}")
    if query.sort not in BEHIND:
        return start | {"offset": key[0]}
    return start | {"offset": 0, "more": MORE + BEHIND[query.sort], "values": Jsonb(values | {"behind": key[0], "last": key[1]})}


def _write_next(sort: str, offset: int, last: Listing) -> str:
    if sort not in BEHIND:
        return write_cursor(sort, offset) if offset <= MOST_OFFSET else ""
    return write_cursor(sort, f"{last.rating_avg:.2f}" if sort == "rating" else last.created_at, last.id)


def read_offset(text: str) -> int:
    """How many come before. Raises ValueError."""
    offset = int(text)
    if not 0 <= offset <= MOST_OFFSET:
        raise ValueError(text)
    return offset


def _read_stars(text: str) -> str:
    if not 0 <= float(text) <= 5:
        raise ValueError(text)
    return f"{float(text):.2f}"


_KEYS: Final = {"rating": _read_stars, "newest": lambda text: datetime.fromisoformat(text).isoformat()}
"""A cursor comes from whoever asks."""


def _show(context: SiteContext, one: Listing) -> dict[str, Any]:
    hidden = context.site.settings.vertical["directory"].hides(one.tier)
    image = one.image if one.image and (one.image.startswith("/") or "://" in one.image) and "image" not in hidden else None
    if image is not None and image.startswith("/") and not image.startswith("//"):
        image = context.base_path + image
    address = one.address if "address" not in hidden else None
    return asdict(replace(one, url=context.base_path + one.url, image=image, address=address))


def _clean(text: str) -> str:
    return text.replace("\0", " ").encode("utf-8", "replace").decode()


def _invalid(field: str, message: str) -> ApiError:
    said = f"the request is not as it should be: {field}"
    return ApiError(422, "api.invalid", said, "/docs says what is taken.", fields=((field, message),))


def _round(degrees: float | None) -> float | None:
    """To a centimetre."""
    return None if degrees is None else round(degrees, 7)
