"""The search page for those without a script, and its results alone for the script: the page that the build rendered, with an answer in it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Any, Final, LiteralString

import msgspec
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.answers import BRIEFLY, HTML, answer_cached, tag_answer
from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.problems import fail
from cms_ssg.api.routing import Router, site_of
from cms_ssg.api.search import TAG, answer_json, make_question, note_if_empty, say_engine
from cms_ssg.api.sites import SiteContext
from cms_ssg.search.api_models import MOST_PRICE, SearchQuery
from cms_ssg.search.asked import PLACE, TYPE, VALUES, Asked, Choices
from cms_ssg.search.choices import find_choices
from cms_ssg.search.narrowing import ORDERS, Place
from cms_ssg.search.questions import Answer, Question
from cms_ssg.search.results_page import BEGIN, END, render_results, render_search
from cms_ssg.text.money import parse_amount, to_decimal

router = Router("Search")

PAGE: Final[LiteralString] = "SELECT html FROM cms.search_pages WHERE site = %s AND locale = %s"


@router.get("/search", scope=PUBLIC, response_class=Response, include_in_schema=False)
async def show_page(request: Request) -> Response:
    """The search page of the site's first language."""
    return await _show_page(request, site_of(request).site.default_locale)


@router.get("/{prefix}/search", scope=PUBLIC, response_class=Response, include_in_schema=False)
async def show_localized_page(request: Request, prefix: str) -> Response:
    """The search page of another language, below its prefix."""
    for code, locale in site_of(request).site.locales.items():
        if locale.prefix == f"/{prefix}":
            return await _show_page(request, code)
    raise fail("api.no-route", "there is nothing at this address", status=404, hint="Its routes are listed at /docs.")


async def _show_page(request: Request, locale: str) -> Response:
    context = site_of(request)
    settings = context.site.settings
    if settings.search is None or settings.search.is_static:
        raise fail("api.no-route", "there is nothing at this address", status=404)
    t = context.translate(locale)
    choices = find_choices(context.site, locale, t)
    place = Place(
        context.base_path + context.site.prefix(locale) + "/search", context.site.zone, settings.search.page_size, locale, choices
    )  # fmt: skip
    asked = _read_asked(request, choices)
    tags = tag_answer(settings, TAG)
    answer, headers = None, {"X-Search": "none", **tags}
    is_typing = request.query_params.get("part") == "results"
    if not asked.is_empty:
        question = _make_question(context, asked, place)
        _, data = await answer_json(context, question)
        headers = {"X-Search": say_engine(context, data), **tags}
        if not is_typing:
            await note_if_empty(context, asked.text, question, data)
        answer = msgspec.json.decode(data, type=Answer)
    if is_typing:
        return answer_cached(request, render_results(asked, answer, t, place).encode(), BRIEFLY, HTML, headers)
    head, tail = await _load_frame(context, locale)
    page = head + render_search(asked, answer, t, place) + tail
    return answer_cached(request, page.encode("utf-8", "replace"), BRIEFLY, HTML, headers)


def _make_question(context: SiteContext, asked: Asked, place: Place) -> Question:
    """What was asked as the index takes it, checked as the API checks it."""
    currency, values, size = place.choices.currency, dict(asked.values), place.page_size
    prices = {
        f"price_{end}": parse_amount(values.pop(name), currency)
        for name, end in (("price_from", "min"), ("price_to", "max"))
        if name in values
    }
    stock = ("in_stock", "low") if values.pop("stock", "") else ()
    query = SearchQuery(q=asked.text, locale=place.locale, sort=asked.sort, limit=size, stock=list(stock), **values, **prices)  # type: ignore[arg-type]
    question = make_question(context, query)
    return msgspec.structs.replace(question, filters=dict(asked.filters), offset=(asked.page - 1) * size)


def _read_asked(request: Request, choices: Choices) -> Asked:
    """What the page's address asks for. What it does not know or cannot be is left out: a person may have come by an old link."""
    params = request.query_params
    filters: dict[str, list[str]] = {name: params.getlist(name)[:20] for name in choices.taxonomies}
    for pair in params.getlist("facet")[:50]:
        name, _, value = pair.partition("/")
        if name in choices.facets or name in choices.taxonomies:
            filters.setdefault(name, []).append(value)
    if TYPE not in choices.facets:
        del filters[TYPE]
    chosen = {name: tuple(dict.fromkeys(value.replace("\0", "")[:200] for value in values if value)) for name, values in filters.items()}
    values = _read_values(params, choices)
    number, sort = params.get("page", "1"), params.get("sort", "relevance")
    page = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 1
    if sort not in ORDERS or (sort == "distance" and "lat" not in values):
        sort = "relevance"
    return Asked(
        params.get("q", "").replace("\0", " ")[:1000], {name: some for name, some in chosen.items() if some}, sort, max(page, 1), values, choices.taxonomies
    )  # fmt: skip


def _read_values(params: Any, choices: Choices) -> dict[str, str]:
    """Dates, prices, stars, stock and a place, each as its text if it is one."""
    given = {name: text for name in VALUES if (text := params.get(name, "").strip())}
    readers: dict[str, Callable[[str], str]] = {"after": _read_day, "before": _read_day}
    if choices.currency:
        readers |= dict.fromkeys(("price_from", "price_to"), lambda text: _read_price(text, choices.currency))
    if choices.stock:
        readers["stock"] = lambda _: "1"
    found = {}
    for name in readers.keys() & given.keys():
        with suppress(ValueError):
            found[name] = readers[name](given[name])
    for names in (("rating_min",), PLACE if "radius_km" in given else PLACE[:2]):
        some = {name: given[name] for name in names if name in given}
        with suppress(ValidationError):
            SearchQuery.model_validate(some)
            found |= some if len(some) == len(names) else {}
    return {name: found[name] for name in VALUES if name in found}


def _read_day(text: str) -> str:
    day = date.fromisoformat(text)
    if not 1000 <= day.year <= 9000:
        raise ValueError(text)
    return day.isoformat()


def _read_price(text: str, currency: str) -> str:
    """An amount as a visitor types it, with a comma or a dot. Raises ValueError."""
    amount = parse_amount(text.replace(",", "."), currency)
    if not 0 <= amount <= MOST_PRICE:
        raise ValueError(text)
    return f"{to_decimal(amount, currency):f}"


async def _load_frame(context: SiteContext, locale: str) -> tuple[str, str]:
    """The page as the theme has it, before and after the results; a plain one until it was built."""

    async def fetch() -> str | None:
        async with context.connection() as connection:
            row = await (await connection.execute(PAGE, (context.number, locale))).fetchone()
        return str(row[0]) if row is not None else None

    html: str | None = await context.cache.get(f"search-page:{locale}", fetch, (TAG,))
    if html is not None and BEGIN in html and END in html:
        head, _, rest = html.partition(BEGIN)
        return head, rest.partition(END)[2]
    return (
        f'<!doctype html>\n<html lang="{locale}"><meta charset="utf-8"><meta name="robots" content="noindex"><title>Search</title><body>',
        "</body></html>\n",
    )
