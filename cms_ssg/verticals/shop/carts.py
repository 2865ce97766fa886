"""Carts: what is in them, and what it costs now. Prices come from the catalogue, never from whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, Final, LiteralString
from uuid import UUID

import msgspec
from msgspec.structs import replace as replace_settings
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from cms_ssg.api.problems import ApiError, fail
from cms_ssg.selling.pricing import Discount, Goods, Totals, list_shipping, sum_up, take_discount, take_out_tax
from cms_ssg.selling.sellables import SELLABLES, Sellable
from cms_ssg.selling.shipping import Offer
from cms_ssg.selling.tax import is_reverse_charged, parse_vat_number
from cms_ssg.site import Site
from cms_ssg.store.query import fetch_async
from cms_ssg.verticals.shop import queries
from cms_ssg.verticals.shop.queries import CartRow, Coupon
from cms_ssg.verticals.shop.settings import ShopSettings

MOST_LINES: Final = 100
MOST_UNITS: Final = 9999

ADD: Final[LiteralString] = "INSERT INTO cms.carts (site, locale, country) VALUES (%s, %s, %s) RETURNING id::text"
PUT_LINE: Final[LiteralString] = """
INSERT INTO cms.cart_lines AS l (cart, sku, quantity) VALUES (%(cart)s::uuid, %(sku)s, %(quantity)s)
ON CONFLICT (cart, sku) DO UPDATE SET quantity = least(excluded.quantity + CASE WHEN %(add)s THEN l.quantity ELSE 0 END, 9999)"""
DELETE_LINE: Final[LiteralString] = "DELETE FROM cms.cart_lines WHERE cart = %s::uuid AND sku = %s"
COUNT_LINES: Final[LiteralString] = "SELECT count(*) FROM cms.cart_lines WHERE cart = %s::uuid AND sku <> %s"
SEEN: Final[LiteralString] = "UPDATE cms.carts SET updated_at = clock_timestamp() WHERE id = %s::uuid"
SET_SHIPPING: Final[LiteralString] = """
UPDATE cms.carts SET country = %s, shipping = %s, vat_number = coalesce(%s, vat_number), updated_at = clock_timestamp() WHERE id = %s::uuid"""
SET_COUPON: Final[LiteralString] = "UPDATE cms.carts SET coupon = %s, updated_at = clock_timestamp() WHERE id = %s::uuid"

Connection = AsyncConnection[TupleRow]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a cart as it stands now."""

    what: Sellable
    quantity: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a cart cannot be ordered. code: ``sku``, ``stock``, ``coupon``, ``country``, ``shipping``; sku, title: of the line, ``""`` for the cart; most: how many there are."""

    code: str
    message: str
    sku: str = ""
    title: str = ""
    most: int = 0


@dataclass(frozen=True, slots=True)
class Quote:
    """A cart with everything that it costs. version: stands for all of it, so that what is ordered is what was shown.

    taxes_included: in the prices of the lines and of shipping; is_reverse: the buyer owes the tax.
    """

    cart: CartRow
    lines: tuple[Line, ...]
    totals: Totals
    offers: tuple[Offer, ...]
    offer: Offer | None
    coupon: Coupon | None
    problems: tuple[Problem, ...]
    currency: str
    taxes_included: bool
    is_reverse: bool
    version: str = field(default="")

    @property
    def is_sent(self) -> bool:
        """Something of it has to be shipped."""
        return any(line.what.product_type != "digital" for line in self.lines)


def settings_of(site: Site) -> ShopSettings:
    """The site's table [shop]."""
    settings: ShopSettings = site.settings.vertical["shop"]
    return settings


def check_id(text: str) -> str:
    """An id of a cart or an order as it is stored. Raises ApiError shop.no-cart."""
    try:
        return str(UUID(text))
    except ValueError:
        raise _no_cart() from None


async def add_cart(connection: Connection, site: Site, number: int, locale: str) -> str:
    """A new cart; its id, which nobody can guess."""
    row = await (await connection.execute(ADD, (number, locale, settings_of(site).country))).fetchone()
    assert row is not None
    return str(row[0])


async def load_cart(connection: Connection, number: int, cart: str) -> CartRow:
    """A cart that is still open. Raises ApiError shop.no-cart."""
    rows = await fetch_async(connection, queries.CART, site=number, cart=check_id(cart))
    if not rows or rows[0].ordered is not None:
        raise _no_cart()
    return rows[0]


async def put_line(connection: Connection, number: int, cart: CartRow, sku: str, quantity: int, *, add: bool) -> None:
    """Put units of a SKU into a cart, or set how many there are; 0 takes it out. Raises ApiError shop.no-sku, shop.quantity, shop.cart-full."""
    if not 0 <= quantity <= MOST_UNITS or (add and quantity == 0):
        raise fail("shop.quantity", f"a quantity is a whole number from 1 to {MOST_UNITS}", status=422)
    if quantity == 0:
        await connection.execute(DELETE_LINE, (cart.id, sku))
        return
    if not await fetch_async(connection, SELLABLES, site=number, skus=[sku]):
        raise fail(
            "shop.no-sku", f"{sku[:80]!r} cannot be bought", status=404, hint="It is unknown, sold in variations, or no longer offered."
        )
    counted = await (await connection.execute(COUNT_LINES, (cart.id, sku))).fetchone()
    if counted is not None and counted[0] >= MOST_LINES:
        raise fail("shop.cart-full", f"a cart holds {MOST_LINES} different things", status=422)
    await connection.execute(PUT_LINE, {"cart": cart.id, "sku": sku, "quantity": quantity, "add": add})
    await connection.execute(SEEN, (cart.id,))


async def set_shipping(connection: Connection, site: Site, cart: CartRow, country: str, method: str, vat_number: str | None = None) -> None:
    """Choose where a cart is sent and how. vat_number: of a business, None for as it is. Raises ApiError shop.country, shop.vat-number."""
    country = country.upper()
    if vat_number:
        try:
            vat_number, _ = parse_vat_number(vat_number)
        except ValueError as error:
            raise fail("shop.vat-number", str(error), status=422, hint="It begins with two letters of its country: DE136695976.") from None
    if not is_sold_to(settings_of(site), country):
        raise fail(
            "shop.country",
            f"nothing is sold to {country[:20]!r}",
            status=422,
            hint=f"Countries: {', '.join(list_countries(settings_of(site)))}.",
        )
    await connection.execute(SET_SHIPPING, (country, method, vat_number, cart.id))


async def set_coupon(connection: Connection, number: int, cart: CartRow, code: str) -> None:
    """Use a coupon's code, or none. Raises ApiError shop.coupon."""
    code = code.strip().upper()
    if code:
        found = await fetch_async(connection, queries.COUPON, site=number, code=code)
        if not found or found[0].problem:
            raise fail("shop.coupon", _say_coupon(found[0].problem if found else ""), status=422)
    await connection.execute(SET_COUPON, (code, cart.id))


def is_sold_to(settings: ShopSettings, country: str) -> bool:
    """Whether orders from a country are taken."""
    return country in list_countries(settings) or (not settings.countries and len(country) == 2 and country.isalpha() and country.isascii())


def list_countries(settings: ShopSettings) -> list[str]:
    """The countries that a visitor chooses among."""
    named = settings.countries or tuple(c for method in settings.shipping for c in method.countries if c != "EU")
    return list(dict.fromkeys([*([settings.country] if settings.country else []), *named]))


async def make_quote(connection: Connection, site: Site, number: int, cart: CartRow) -> Quote:
    """What a cart costs at this moment."""
    settings = settings_of(site)
    asked = await fetch_async(connection, queries.LINES, cart=cart.id)
    found = (
        {one.sku: one for one in await fetch_async(connection, SELLABLES, site=number, skus=[line.sku for line in asked])} if asked else {}
    )
    lines = tuple(
        Line(found[line.sku], line.quantity) for line in asked if line.sku in found and found[line.sku].currency == settings.currency
    )
    problems = [
        Problem("sku", f"{line.sku} is no longer offered", line.sku) for line in asked if line.sku not in {one.what.sku for one in lines}
    ]
    problems += [
        Problem("stock", f"of {line.what.title} there are {max(line.what.most, 0)}", line.what.sku, line.what.title, max(line.what.most, 0))
        for line in lines
        if line.what.most is not None and line.what.most < line.quantity
    ]
    coupons = await fetch_async(connection, queries.COUPON, site=number, code=cart.coupon) if cart.coupon else []
    return _price(settings, cart, lines, coupons[0] if coupons else None, problems)


def _price(settings: ShopSettings, cart: CartRow, lines: tuple[Line, ...], coupon: Coupon | None, problems: list[Problem]) -> Quote:
    goods = make_goods(lines)
    discount = Discount(coupon.kind, coupon.value) if coupon is not None else None
    if cart.coupon and (coupon is None or coupon.problem or sum(one.price * one.quantity for one in goods) < coupon.minimum):
        problems.append(Problem("coupon", _say_coupon(coupon.problem or "minimum" if coupon is not None else "")))
        discount = coupon = None
    net = sum(one.price * one.quantity for one in goods) - sum(take_discount(goods, discount))
    offers = list_shipping(settings, goods, cart.country, net)
    is_reverse = bool(
        settings.eu_vat and cart.vat_number and is_reverse_charged(parse_vat_number(cart.vat_number)[1], cart.country, settings.country)
    )
    if is_reverse:
        lines, offers = _take_out_taxes(settings, cart.country, lines, offers)
        settings, goods = replace_settings(settings, prices_include_tax=False, taxes=(), eu_vat=False), make_goods(lines)
    offer = next((one for one in offers if one.method.id == cart.shipping), offers[0] if offers else None)
    if cart.country and not is_sold_to(settings, cart.country):
        problems.append(Problem("country", f"nothing is sold to {cart.country}"))
    elif offer is None and settings.shipping and any(one.is_sent for one in goods):
        problems.append(Problem("shipping", f"nothing is sent to {cart.country}" if cart.country else "say where it is to be sent"))
    totals = sum_up(settings, goods, cart.country, discount, offer)
    seen: list[Any] = [
        [(line.what.sku, line.quantity, line.what.price) for line in lines], totals.total, totals.discount, totals.tax, totals.shipping_total,
        cart.country, offer.method.id if offer is not None else "", coupon.code if coupon is not None else "", settings.currency, cart.vat_number if is_reverse else "",
    ]  # fmt: skip
    version = blake2b(msgspec.json.encode(seen), digest_size=12).hexdigest()
    return Quote(
        cart,
        lines,
        totals,
        tuple(offers),
        offer,
        coupon,
        tuple(problems),
        settings.currency,
        settings.prices_include_tax,
        is_reverse,
        version,
    )


def _take_out_taxes(
    settings: ShopSettings, country: str, lines: tuple[Line, ...], offers: list[Offer]
) -> tuple[tuple[Line, ...], list[Offer]]:
    """Prices without the tax that they would include for a consumer of this country."""
    net_lines = tuple(
        Line(line.what._replace(price=take_out_tax(settings, line.what.price, country, line.what.tax_class, line.what.tax_status), was=None), line.quantity)
        for line in lines
    )  # fmt: skip
    classes = {line.what.tax_class for line in lines if line.what.product_type != "digital" and line.what.tax_status != "none"}
    return net_lines, [
        replace(offer, price=min((take_out_tax(settings, offer.price, country, one) for one in classes), default=offer.price))
        for offer in offers
    ]


def make_goods(lines: Sequence[Line]) -> list[Goods]:
    """The lines as the totals want them."""
    return [
        Goods(
            line.what.sku, line.quantity, line.what.price, line.what.tax_class, line.what.tax_status, line.what.kg, line.what.shipping_class,
            line.what.product_type != "digital",
        )
        for line in lines
    ]  # fmt: skip


def count_units(lines: Sequence[Line]) -> dict[str, int]:
    """How many units of each SKU of the stock are wanted: bundles as their parts, and what is there twice summed."""
    wanted: dict[str, int] = {}
    for line in lines:
        for sku, each in line.what.parts.items() if line.what.product_type == "bundle" else ((line.what.sku, 1),):
            wanted[sku] = wanted.get(sku, 0) + line.quantity * each
    return wanted


def describe_quote(quote: Quote, base_path: str) -> dict[str, Any]:
    """A cart for programs."""
    totals = quote.totals
    return {
        "id": quote.cart.id, "currency": quote.currency, "version": quote.version, "country": quote.cart.country,
        "lines": [
            {
                "sku": line.what.sku, "title": line.what.title, "attributes": line.what.attributes, "url": base_path + line.what.path, "quantity": line.quantity,
                "unit_price": line.what.price, "was": line.what.was, "state": line.what.state, "subtotal": sums.subtotal, "discount": sums.discount,
                "tax": sums.tax, "total": sums.total,
            }
            for line, sums in zip(quote.lines, totals.lines, strict=True)
        ],
        "shipping": [{"id": one.method.id, "name": one.method.name, "price": one.price, "chosen": one is quote.offer} for one in quote.offers],
        "coupon": quote.coupon.code if quote.coupon is not None else "", "subtotal": totals.subtotal, "discount": totals.discount,
        "shipping_total": totals.shipping_total, "tax": totals.tax, "taxes_included": quote.taxes_included, "vat_number": quote.cart.vat_number,
        "is_reverse_charged": quote.is_reverse, "total": totals.total,
        "problems": [{"code": one.code, "message": one.message, "sku": one.sku} for one in quote.problems],
    }  # fmt: skip


def _no_cart() -> ApiError:
    return fail("shop.no-cart", "there is no such cart", status=404, hint="It was ordered, or is too old. POST /api/carts makes one.")


def _say_coupon(problem: str) -> str:
    said = {
        "expired": "this code has expired", "early": "this code is not valid yet", "used": "this code was used up", "minimum": "this code asks for a larger order",
    }  # fmt: skip
    return said.get(problem, "there is no such code")
