"""Routes of visitors: the state of a product, carts, the checkout. Forms of pages are answered with pages, JSON with JSON."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cms_ssg.api.answers import JSON, answer_cached, tag_answer
from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.fields import invalid, read_fields, read_text, wants_page
from cms_ssg.api.forms import is_form
from cms_ssg.api.idempotency import KeyedRequest
from cms_ssg.api.problems import ApiError, fail
from cms_ssg.api.routing import Router, site_of
from cms_ssg.payment.api import open_shop
from cms_ssg.payment.settling import load_provider
from cms_ssg.render.strings import Translator
from cms_ssg.selling.sellables import SELLABLES
from cms_ssg.store.query import fetch_async
from cms_ssg.verticals.shop import carts, queries
from cms_ssg.verticals.shop.carts import Quote, describe_quote, make_quote, settings_of
from cms_ssg.verticals.shop.checkout import ROUTE, place_order
from cms_ssg.verticals.shop.forms import COOKIE, locale_of, order_path, read_buyer, read_quantity, set_cookie
from cms_ssg.verticals.shop.pages import answer_page, render_part
from cms_ssg.verticals.shop.queries import CartRow
from cms_ssg.visitors.identity import find_visitor

router = Router("Shop")
MINE = "mine"
"""In place of a cart's id: the one that the browser's cookie names."""

LARGEST_KEY = 200


@router.get("/api/products/{sku:path}", scope=PUBLIC, response_class=Response, summary="Price and stock of a SKU, now")
async def show_product(request: Request, sku: str) -> Response:
    """What a page refreshes itself with: the price in minor units, what it was, and the state of the stock, never how many there are."""
    context = site_of(request)
    async with context.connection() as connection:
        rows = await fetch_async(connection, SELLABLES, site=context.number, skus=[sku.replace("\0", "")])
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
        quote = await make_quote(connection, context.site, context.number, await _find_cart(request, cart))
    return Response(msgspec.json.encode(describe_quote(quote, context.base_path)), media_type=JSON)


@router.post("/api/carts/{cart}/lines", scope=PUBLIC, per_minute=120, response_class=Response, summary="Put something into a cart")
async def put_line(request: Request, cart: str) -> Response:
    """``sku``, ``quantity`` (1); ``set``: the quantity replaces that of the line, and 0 takes it out."""
    context = site_of(request)
    fields = await read_fields(request)
    sku, quantity = read_text(fields, "sku", 64, needed=True), read_quantity(fields)
    try:
        found = await _find_cart(request, cart, make=is_form(request), locale=read_text(fields, "locale"))
        async with context.connection() as connection:
            await carts.put_line(connection, context.number, found, sku, quantity, add=not fields.get("set"))
    except ApiError as error:
        return await _answer_refusal(request, error)
    return await _answer_cart(request, found)


@router.post(
    "/api/carts/{cart}/shipping", scope=PUBLIC, per_minute=120, response_class=Response, summary="Say where a cart is sent, and how"
)
async def set_shipping(request: Request, cart: str) -> Response:
    """``country`` as two letters, ``method`` as one of the ids in ``shipping``, ``vat_number`` of a business."""
    fields = await read_fields(request)
    found = await _find_cart(request, cart)
    try:
        async with site_of(request).connection() as connection:
            await carts.set_shipping(
                connection, site_of(request).site, found, read_text(fields, "country", needed=True), read_text(fields, "method"),
                read_text(fields, "vat_number", 30) if "vat_number" in fields else None,
            )  # fmt: skip
    except ApiError as error:
        return await _answer_refusal(request, error)
    return await _answer_cart(request, found)


@router.post("/api/carts/{cart}/coupon", scope=PUBLIC, per_minute=20, response_class=Response, summary="Use a coupon")
async def set_coupon(request: Request, cart: str) -> Response:
    """``code``; an empty one takes it away."""
    fields = await read_fields(request)
    found = await _find_cart(request, cart)
    try:
        async with site_of(request).connection() as connection:
            await carts.set_coupon(connection, site_of(request).number, found, read_text(fields, "code", 50))
    except ApiError as error:
        return await _answer_refusal(request, error)
    return await _answer_cart(request, found)


@router.get("/api/cart", scope=PUBLIC, response_class=Response, include_in_schema=False)
async def show_cart_page(request: Request) -> Response:
    """The cart of this browser as a page, or ``?part=1`` the inside of it."""
    return await _show_cart(request)


@router.get("/api/checkout", scope=PUBLIC, response_class=Response, include_in_schema=False)
async def show_checkout_page(request: Request) -> Response:
    """The form by which this browser's cart is ordered."""
    try:
        cart = await _find_cart(request, MINE)
    except ApiError:
        return RedirectResponse(f"{site_of(request).base_path}/api/cart", 303)
    return await _show_checkout(request, cart, secrets.token_urlsafe(18), {})


@router.post("/api/checkout", scope=PUBLIC, per_minute=60, response_class=Response, status_code=201, summary="Order a cart")
async def check_out(request: Request) -> Response:
    """With the header ``Idempotency-Key``: ``cart``, ``version``, ``email``, ``billing`` (name, line1, city, country …), ``shipping``, ``payment``, ``note``.

    A visitor with a token may leave the e-mail address out, and the order belongs to them.
    Totals come from the catalogue. The answer names the order and, as ``payment_page``, where it is paid. The same key gives the same answer.
    """
    fields = await read_fields(request)
    key = request.headers.get("idempotency-key", "") or (read_text(fields, "key") if is_form(request) else "")
    if not 8 <= len(key) <= LARGEST_KEY or not key.isascii():
        raise invalid("Idempotency-Key", "an order needs a key of its own of 8 to 200 characters")
    cart = str(fields.get("cart") or request.cookies.get(COOKIE, ""))
    try:
        answer, status = await _order(request, fields, carts.check_id(cart), key)
    except ApiError as error:
        if not is_form(request):
            raise
        return await _refuse_checkout(request, error, fields, key)
    if is_form(request):
        return RedirectResponse(answer["payment_page"] or answer["order_page"], 303)
    return Response(msgspec.json.encode(answer), status, media_type=JSON)


async def _order(request: Request, fields: dict[str, Any], cart: str, key: str) -> tuple[dict[str, Any], int]:
    context = site_of(request)
    shop = await open_shop(context)
    visitor = await find_visitor(request)
    buyer = read_buyer(fields, cart, locale_of(request, read_text(fields, "locale")), visitor)
    if is_form(request) and settings_of(context.site).terms and not fields.get("terms"):
        raise invalid("terms", "it is missing")
    provider = load_provider(shop, buyer.payment)
    if provider is None:
        raise invalid("payment", f"the shop takes {', '.join(settings_of(context.site).payments)}")
    asked = KeyedRequest(shop.connect, shop.number, ROUTE, key, buyer.fingerprint())
    known = await asked.claim()
    if known is not None:
        return known[1], known[0]
    try:
        placed = await place_order(shop, provider, buyer, key, lambda order: context.site.origin + order_path(shop, order))
    except ApiError:
        await asked.free()
        raise
    async with context.connection() as connection:
        order = (await fetch_async(connection, queries.ORDER, site=shop.number, number=placed.number))[0]
    answer = {
        "order": order.order_number, "id": order.order_id, "status": order.status, "total": order.total, "currency": order.currency,
        "order_page": order_path(shop, order.order_id), "payment_page": placed.page, "payment_secret": placed.secret,
    }  # fmt: skip
    await asked.save(201, answer)
    return answer, 201


async def _find_cart(request: Request, cart: str, *, make: bool = False, locale: str = "") -> CartRow:
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


async def _answer_refusal(request: Request, error: ApiError) -> Response:
    """A page that says what was refused, where a page asked."""
    if not (is_form(request) and wants_page(request)):
        raise error
    return await _show_cart(request, error.message, error.status)


async def _show_cart(request: Request, problem: str = "", status: int = 200) -> Response:
    context, quote = site_of(request), None
    locale = locale_of(request)
    try:
        cart = await _find_cart(request, MINE)
        locale = locale_of(request, request.query_params.get("locale", "") or cart.locale)
        async with context.connection() as connection:
            quote = await make_quote(connection, context.site, context.number, cart)
    except ApiError:
        pass  # an empty one
    countries = carts.list_countries(settings_of(context.site))
    inside = render_part(request, locale, "cart.html", quote=quote, problem=problem, countries=countries)
    return await answer_page(request, "cart", locale, inside, status)


async def _show_checkout(
    request: Request, cart: CartRow, key: str, given: dict[str, Any], problem: str = "", status: int = 200
) -> Response:
    context = site_of(request)
    locale = locale_of(request, cart.locale)
    async with context.connection() as connection:
        quote: Quote = await make_quote(connection, context.site, context.number, cart)
    if quote.problems or not quote.lines:
        return await _show_cart(request, problem, status)
    country = quote.cart.country or settings_of(context.site).country
    bill = {name: value for name, value in given.items() if name.startswith("bill_") and name != "bill_country" and value}
    inside = render_part(
        request, locale, "checkout.html", quote=quote, key=key, given=given, problem=problem, country=country, billing_given=bill
    )
    return await answer_page(request, "checkout", locale, inside, status)


async def _refuse_checkout(request: Request, error: ApiError, fields: dict[str, Any], key: str) -> Response:
    """The form again with what was wrong; a new key where the old one belongs to something else."""
    try:
        cart = await _find_cart(request, MINE)
    except ApiError:
        return await _show_cart(request, error.message, error.status)
    t = site_of(request).translate(locale_of(request, cart.locale))
    said = {"it is missing": t("shop_is_missing"), "it is not one of this country": t("shop_is_wrong")}
    told = "; ".join(f"{_name_field(t, name)}: {said.get(message, message)}" for name, message in error.fields) or error.message
    bills = any(value for name, value in fields.items() if name.startswith("bill_") and name != "bill_country")
    wrong = {name.replace("billing.", "bill_" if bills else "").rpartition(".")[2] for name, _ in error.fields}
    new_key = secrets.token_urlsafe(18) if error.code == "api.key-reused" else key
    return await _show_checkout(request, cart, new_key, fields | {"wrong": wrong}, told, error.status)


def _name_field(t: Translator, name: str) -> str:
    """A field as the form calls it: ``billing.postcode`` is the postcode."""
    key = f"shop_{name.rpartition('.')[2]}"
    label = t(key)
    return label if label != key else name
