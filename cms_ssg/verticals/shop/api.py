"""Routes of visitors: the state of a product, carts. Forms of pages are answered with pages, JSON with JSON."""

from __future__ import annotations

from typing import Any, Final, LiteralString

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cms_ssg.api.answers import JSON, answer_cached, tag_answer
from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.fields import read_fields, read_text, wants_page
from cms_ssg.api.forms import is_form
from cms_ssg.api.problems import ApiError, fail
from cms_ssg.api.routing import Router, site_of
from cms_ssg.payment.api import open_shop
from cms_ssg.selling.sellables import SELLABLES
from cms_ssg.store.query import fetch_async
from cms_ssg.verticals.shop import carts
from cms_ssg.verticals.shop.carts import describe_quote, make_quote, settings_of
from cms_ssg.verticals.shop.forms import COOKIE, locale_of, order_path, read_quantity, read_sku, set_cookie
from cms_ssg.verticals.shop.pages import answer_page, list_choices, render_part
from cms_ssg.verticals.shop.queries import CartRow
from cms_ssg.verticals.shop.telling import say_error, say_problem

router = Router("Shop")
MINE = "mine"
"""In place of a cart's id: the one that the browser's cookie names."""

RECENT: Final[LiteralString] = """
SELECT o.order_id::text FROM cms.carts c JOIN cms.orders o ON o.number = c.ordered
WHERE c.site = %s AND c.id = %s::uuid AND c.updated_at > clock_timestamp() - interval '1 hour'"""


@router.get("/api/products/{sku:path}", scope=PUBLIC, response_class=Response, summary="Price and stock of a SKU, now")
async def show_product(request: Request, sku: str) -> Response:
    """What a page refreshes itself with: the price in minor units, what it was, and the state of the stock, never how many there are."""
    context = site_of(request)
    async with context.connection() as connection:
        rows = await fetch_async(connection, SELLABLES, site=context.number, skus=[sku]) if "\0" not in sku else []
    if not rows:
        raise fail("shop.no-sku", f"{sku[:80]!r} cannot be bought", status=404)
    one = rows[0]
    value = {
        "sku": one.sku,
        "price": one.price,
        "was": one.was,
        "currency": one.currency,
        "state": one.state,
        "can_buy": one.most is None or one.most > 0,
    }
    tags = tag_answer(context.site.settings, f"sku/{one.sku}")
    return answer_cached(request, msgspec.json.encode(value), "public, max-age=0, s-maxage=5", headers=tags)


@router.post("/api/carts", scope=PUBLIC, per_minute=60, response_class=Response, status_code=201, summary="Make a cart")
async def add_cart(request: Request) -> Response:
    """An empty cart. Its id is what gives access to it."""
    context = site_of(request)
    fields = await read_fields(request)
    async with context.connection() as connection:
        cart = await carts.add_cart(connection, context.site, context.number, locale_of(request, read_text(fields, "locale")))
        quote = await make_quote(connection, context.site, context.number, await carts.load_cart(connection, context.number, cart))
    return set_cookie(Response(msgspec.json.encode(describe_quote(quote, context.base_path)), 201, media_type=JSON), request, cart)


@router.get("/api/carts/{cart}", scope=PUBLIC, response_class=Response, summary="A cart and what it costs now")
async def show_cart(request: Request, cart: str) -> Response:
    """All totals are in minor units. ``version`` goes back with the order."""
    context = site_of(request)
    async with context.connection() as connection:
        quote = await make_quote(connection, context.site, context.number, await find_cart(request, cart))
    return Response(msgspec.json.encode(describe_quote(quote, context.base_path)), media_type=JSON)


@router.post("/api/carts/{cart}/lines", scope=PUBLIC, per_minute=120, response_class=Response, summary="Put something into a cart")
async def put_line(request: Request, cart: str) -> Response:
    """``sku``, ``quantity`` (1); ``set``: the quantity replaces that of the line, and 0 takes it out."""
    context = site_of(request)
    fields = await read_fields(request)
    try:
        sku, quantity = read_sku(fields), read_quantity(fields)
        found = await find_cart(request, cart, make=is_form(request), locale=read_text(fields, "locale"))
        async with context.connection() as connection:
            await carts.put_line(connection, context.number, found, sku, quantity, add=not fields.get("set"))
    except ApiError as error:
        return await _answer_refusal(request, error, fields)
    return await _answer_cart(request, found)


@router.post(
    "/api/carts/{cart}/shipping", scope=PUBLIC, per_minute=120, response_class=Response, summary="Say where a cart is sent, and how"
)
async def set_shipping(request: Request, cart: str) -> Response:
    """``country`` as two letters, ``method`` as one of the ids in ``shipping``, ``vat_number`` of a business."""
    fields = await read_fields(request)
    try:
        found = await find_cart(request, cart)
        async with site_of(request).connection() as connection:
            await carts.set_shipping(
                connection, site_of(request).site, found, read_text(fields, "country", needed=True), read_text(fields, "method"),
                read_text(fields, "vat_number", 30) if "vat_number" in fields else None,
            )  # fmt: skip
    except ApiError as error:
        return await _answer_refusal(request, error, fields)
    return await _answer_cart(request, found)


@router.post("/api/carts/{cart}/coupon", scope=PUBLIC, per_minute=20, response_class=Response, summary="Use a coupon")
async def set_coupon(request: Request, cart: str) -> Response:
    """``code``; an empty one takes it away."""
    fields = await read_fields(request)
    try:
        found = await find_cart(request, cart)
        async with site_of(request).connection() as connection:
            await carts.set_coupon(connection, site_of(request).number, found, read_text(fields, "code", 50))
    except ApiError as error:
        return await _answer_refusal(request, error, fields)
    return await _answer_cart(request, found)


@router.get("/api/cart", scope=PUBLIC, response_class=Response, include_in_schema=False)
async def show_cart_page(request: Request) -> Response:
    """The cart of this browser as a page, or ``?part=1`` the inside of it."""
    return await show_own_cart(request)


async def find_cart(request: Request, cart: str, *, make: bool = False, locale: str = "") -> CartRow:
    """The cart that is named, or that of the browser. Raises ApiError shop.no-cart."""
    context = site_of(request)
    name = request.cookies.get(COOKIE, "") if cart == MINE else cart
    async with context.connection() as connection:
        try:
            return await carts.load_cart(connection, context.number, name)
        except ApiError:
            if not make:
                raise
        return await carts.load_cart(
            connection, context.number, await carts.add_cart(connection, context.site, context.number, locale_of(request, locale))
        )


async def _answer_cart(request: Request, cart: CartRow) -> Response:
    context = site_of(request)
    if is_form(request):
        return set_cookie(RedirectResponse(f"{context.base_path}/api/cart", 303), request, cart.id)
    async with context.connection() as connection:
        quote = await make_quote(connection, context.site, context.number, await carts.load_cart(connection, context.number, cart.id))
    return Response(msgspec.json.encode(describe_quote(quote, context.base_path)), media_type=JSON)


async def _answer_refusal(request: Request, error: ApiError, fields: dict[str, Any]) -> Response:
    """A page that says what was refused, with what was typed, where a page asked."""
    if not (is_form(request) and wants_page(request)):
        raise error
    return await show_own_cart(request, error, fields)


async def show_own_cart(request: Request, error: ApiError | None = None, given: dict[str, Any] | None = None) -> Response:
    """The cart of this browser as a page, with what was refused. given: fields that were typed. Where it was ordered a while ago, the page leads to the order."""
    context, quote = site_of(request), None
    locale, order = locale_of(request), ""
    try:
        cart = await find_cart(request, MINE)
        locale = locale_of(request, request.query_params.get("locale", "") or cart.locale)
        async with context.connection() as connection:
            quote = await make_quote(connection, context.site, context.number, cart)
    except ApiError:
        order = await find_recent_order(request)  # an empty cart
    t = context.translate(locale)
    problem = say_error(t, error) if error is not None else ""
    problems = [(one, say_problem(t, one)) for one in quote.problems] if quote is not None else []
    countries = list_choices(settings_of(context.site), locale)
    shown = {"quote": quote, "problem": problem, "problems": problems, "countries": countries, "order": order, "given": given or {}}
    inside = render_part(request, locale, "cart.html", **shown)
    return await answer_page(request, "cart", locale, inside, error.status if error is not None else 200)


async def find_recent_order(request: Request) -> str:
    """The path of the order that this browser's cart became within the last hour, ``""`` if there is none."""
    context, name = site_of(request), request.cookies.get(COOKIE, "")
    async with context.connection() as connection:
        try:
            row = await (await connection.execute(RECENT, (context.number, carts.check_id(name)))).fetchone()
        except ApiError:
            row = None
    return order_path(await open_shop(context), str(row[0])) if row is not None else ""
