"""Routes of the checkout: the form, what is changed in it, and the order."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cms_ssg.api.answers import JSON
from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.fields import invalid, read_fields, read_text
from cms_ssg.api.forms import is_form
from cms_ssg.api.idempotency import KeyedRequest
from cms_ssg.api.problems import ApiError
from cms_ssg.api.routing import Router, site_of
from cms_ssg.payment.api import open_shop
from cms_ssg.store.query import fetch_async
from cms_ssg.verticals.shop import carts, queries
from cms_ssg.verticals.shop.api import MINE, find_cart, find_recent_order, show_own_cart
from cms_ssg.verticals.shop.carts import make_quote, settings_of
from cms_ssg.verticals.shop.checkout import ROUTE, open_provider, place_order
from cms_ssg.verticals.shop.forms import COOKIE, locale_of, order_path, read_buyer
from cms_ssg.verticals.shop.orders import withdraw_order
from cms_ssg.verticals.shop.pages import answer_page, list_choices, render_part
from cms_ssg.verticals.shop.queries import CartRow
from cms_ssg.verticals.shop.telling import say_error, say_problem
from cms_ssg.visitors.identity import find_visitor

router = Router("Shop")
LONGEST_KEY: Final = 200
WAITS_S: Final = 3.0
"""How long a form that was sent twice waits for the answer to the first time."""


@router.get("/api/checkout", scope=PUBLIC, response_class=Response, include_in_schema=False)
async def show_checkout_page(request: Request) -> Response:
    """The form by which this browser's cart is ordered; the order that it has become, for whoever goes back."""
    context = site_of(request)
    try:
        cart = await find_cart(request, MINE)
    except ApiError:
        return RedirectResponse(await find_recent_order(request) or f"{context.base_path}/api/cart", 303)
    return await _show_checkout(request, cart, {})


@router.post("/api/checkout", scope=PUBLIC, per_minute=60, response_class=Response, status_code=201, summary="Order a cart")
async def check_out(request: Request) -> Response:
    """With the header ``Idempotency-Key``: ``cart``, ``version``, ``email``, ``billing`` (name, line1, city, country …), ``shipping``, ``payment``, ``note``.

    A visitor with a token may leave the e-mail address out, and the order belongs to them.
    Totals come from the catalogue. The answer names the order and, as ``payment_page``, where it is paid. The same key gives the same answer.
    """
    fields = await read_fields(request)
    if is_form(request) and fields.get("change"):
        return await _change_cart(request, fields)
    key = request.headers.get("idempotency-key", "") or (read_text(fields, "key") if is_form(request) else "")
    if not _is_key(key):
        raise invalid("Idempotency-Key", "an order needs a key of its own of 8 to 200 characters")
    cart = str(fields.get("cart") or request.cookies.get(COOKIE, ""))
    try:
        answer, status = await _order(request, fields, carts.check_id(cart), key)
    except ApiError as error:
        if not is_form(request):
            raise
        return await _refuse(request, error, fields)
    if is_form(request):
        return _lead_to(request, answer["payment_page"] or answer["order_page"])
    return Response(msgspec.json.encode(answer), status, media_type=JSON)


async def _order(request: Request, fields: dict[str, Any], cart: str, key: str) -> tuple[dict[str, Any], int]:
    context = site_of(request)
    shop = await open_shop(context)
    visitor = await find_visitor(request)
    buyer = read_buyer(fields, cart, locale_of(request, read_text(fields, "locale")), visitor)
    if is_form(request) and settings_of(context.site).terms and not fields.get("terms"):
        raise invalid("terms", "it is missing")
    provider = open_provider(shop, buyer.payment)
    asked = KeyedRequest(shop.connect, shop.number, ROUTE, key, buyer.fingerprint())
    known = await _claim(asked, WAITS_S if is_form(request) else 0.0)
    if known is not None:
        return known[1], known[0]
    try:
        placed = await place_order(shop, provider, buyer, key, lambda order: context.site.origin + order_path(shop, order))
    except ApiError as error:
        if error.code == "shop.too-small":
            await withdraw_order(shop, key, error.message)
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


async def _claim(asked: KeyedRequest, seconds: float) -> tuple[int, dict[str, Any]] | None:
    """Take the key. Of a form that is sent twice, a browser shows the answer to the second time, so that one waits for the first."""
    end = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            return await asked.claim()
        except ApiError as error:
            if error.code != "api.key-busy" or asyncio.get_running_loop().time() >= end:
                raise
        await asyncio.sleep(0.1)


async def _change_cart(request: Request, fields: dict[str, Any]) -> Response:
    """Change the cart without ordering: its country, its coupon, or a SKU of which there is not enough. What was typed stays in the form."""
    context = site_of(request)
    what, _, sku = read_text(fields, "change").partition(":")
    try:
        cart = await find_cart(request, MINE)
        async with context.connection() as connection:
            if what == "coupon":
                await carts.set_coupon(connection, context.number, cart, "")
            elif what == "sku":
                quote = await make_quote(connection, context.site, context.number, cart)
                most = next((one.most for one in quote.problems if one.sku == sku), None)
                if most is not None:
                    await carts.put_line(connection, context.number, cart, sku, most, add=False)
            else:
                await carts.set_shipping(connection, context.site, cart, read_text(fields, "country", needed=True), cart.shipping)
    except ApiError as error:
        return await _refuse(request, error, fields)
    return await _show_checkout(request, await find_cart(request, MINE), fields)


async def _show_checkout(request: Request, cart: CartRow, given: dict[str, Any], error: ApiError | None = None) -> Response:
    """The form with what was typed, what was wrong with it, and what keeps the cart from being ordered."""
    context = site_of(request)
    settings, locale = settings_of(context.site), locale_of(request, cart.locale)
    async with context.connection() as connection:
        quote = await make_quote(connection, context.site, context.number, cart)
    if not quote.lines or (quote.problems and not given):
        return await show_own_cart(request, error)
    t = context.translate(locale)
    told = error is not None and error.code == "api.invalid"
    key = str(given.get("key") or "")
    values = {
        "quote": quote, "given": given, "problems": [(one, say_problem(t, one)) for one in quote.problems],
        "key": key if _is_key(key) and (error is None or error.code != "api.key-reused") else secrets.token_urlsafe(18),
        "problem": say_error(t, error) if error is not None and (told or not quote.problems) else "",
        "wrong": _find_wrong(error, given) if error is not None and told else {},
        "country": quote.cart.country or settings.country,
        "countries": list_choices(settings, locale),
        "billing_given": any(value for name, value in given.items() if name.startswith("bill_") and name != "bill_country"),
    }  # fmt: skip
    inside = render_part(request, locale, "checkout.html", **values)
    return await answer_page(request, "checkout", locale, inside, error.status if error is not None else 200)


async def _refuse(request: Request, error: ApiError, fields: dict[str, Any]) -> Response:
    """The form again with what was wrong, or the order that the cart has become in another tab."""
    context = site_of(request)
    try:
        cart = await find_cart(request, MINE)
        country = str(fields.get("country") or "").upper()[:2]
        if country != cart.country and carts.is_sold_to(settings_of(context.site), country):
            async with context.connection() as connection:
                await carts.set_shipping(connection, context.site, cart, country, cart.shipping)
            cart = cart._replace(country=country)
    except ApiError:
        order = await find_recent_order(request)
        return _lead_to(request, order) if order else await show_own_cart(request, error)
    return await _show_checkout(request, cart, fields, error)


def _find_wrong(error: ApiError, given: dict[str, Any]) -> dict[str, str]:
    """Field of the form -> what is wrong with it."""
    bills = any(value for name, value in given.items() if name.startswith("bill_") and name != "bill_country")
    return {name.replace("billing.", "bill_" if bills else "").rpartition(".")[2]: message for name, message in error.fields}


def _lead_to(request: Request, url: str) -> Response:
    """Go on there. A script, which cannot see where an answer leads, is told."""
    if request.query_params.get("part"):
        return Response(b"", 200, media_type="text/html", headers={"X-Next": url})
    return RedirectResponse(url, 303)


def _is_key(key: str) -> bool:
    return 8 <= len(key) <= LONGEST_KEY and key.isascii()
