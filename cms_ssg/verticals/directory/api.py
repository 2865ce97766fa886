"""Routes of a directory: finding listings, with counts for further filters."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated, Any, Final, Literal

from fastapi import Query
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.answers import answer_cached, tag_answer
from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.problems import ApiError
from cms_ssg.api.routing import Router, site_of
from cms_ssg.api.sites import SiteContext
from cms_ssg.store.query import fetch_async
from cms_ssg.verticals.directory.queries import COUNTS, FIND, LISTED, MORE, TITLES, Listing

router = Router("Directory")

TAG: Final = "listings"
OPEN_S: Final = 60.0
"""How long it is believed that a place is open."""

CACHE_CONTROL: Final = "public, max-age=0, s-maxage=1, stale-while-revalidate=1, stale-if-error=86400"
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
    offset: Annotated[int, Field(ge=0, le=10_000)] = 0


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


@router.get("/api/listings", scope=PUBLIC, response_model=ListingsModel, summary="Find listings")
async def find_listings(request: Request, query: Annotated[ListingQuery, Query()]) -> Response:
    """Find listings by words, place and filters, the best first, with counts for further filters."""
    context = site_of(request)
    parameters = _read(context, query)
    columns = LISTED if query.sort == "listed" else FIND

    async def fetch() -> Any:
        async with context.connection() as connection:
            found = await fetch_async(connection, columns, **parameters)
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
        return {"total": total, "listings": [_show(context, one) for one in found], "facets": facets}

    key = "listings:" + query.model_dump_json()
    data = await context.cache.load_json(key, fetch, (TAG,), ttl_s=OPEN_S if query.open_now else None)
    return answer_cached(request, data, CACHE_CONTROL, headers=tag_answer(context.site.settings, TAG), cached_as=key)


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


def _show(context: SiteContext, one: Listing) -> dict[str, Any]:
    hidden = context.site.settings.vertical["directory"].hides(one.tier)
    image = one.image if one.image and (one.image.startswith("/") or "://" in one.image) and "image" not in hidden else None
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
