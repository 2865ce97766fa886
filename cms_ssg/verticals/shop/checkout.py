"""From a cart to an order whose goods are reserved and whose payment has begun. Each step is a transaction, and each may be repeated with the same key."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, LiteralString

import msgspec
from psycopg import AsyncConnection
from psycopg.errors import CheckViolation, DeadlockDetected, SerializationFailure
from psycopg.rows import TupleRow

from cms_ssg.api.fields import invalid
from cms_ssg.api.problems import ApiError, fail
from cms_ssg.payment.lookup import find_payment, load_provider
from cms_ssg.payment.provider import Intent, PaymentProvider, ProviderError, Shop
from cms_ssg.payment.settling import ADD as ADD_PAYMENT
from cms_ssg.payment.settling import begin_payment, settle_by_hand
from cms_ssg.verticals.shop.carts import Quote, count_units, load_cart, make_quote, settings_of
from cms_ssg.verticals.shop.queries import OrderRow

Connection = AsyncConnection[TupleRow]
ROUTE: Final = "checkout"
MADE: Final[LiteralString] = "SELECT number FROM cms.orders WHERE site = %s AND checkout_key = %s"
LOCK_CART: Final[LiteralString] = "SELECT ordered FROM cms.carts WHERE id = %s::uuid FOR UPDATE"
USE_COUPON: Final[LiteralString] = """
UPDATE cms.coupons SET used = used + 1 WHERE site = %s AND code = %s AND (most_uses IS NULL OR used < most_uses) RETURNING 1"""
ADD_ORDER: Final[LiteralString] = """
INSERT INTO cms.orders (number, site, order_number, checkout_key, customer_email, customer_name, billing_address, shipping_address,
  shipping_method, shipping_cost, subtotal, discount_total, tax_total, shipping_total, total, currency, taxes_included, coupon, payment_method, payment_method_title,
  customer_note, locale, metadata, customer_id)
SELECT n, %(site)s, n::text, %(key)s, %(email)s, %(name)s, %(billing)s, %(shipping)s, %(method)s, %(shipping_cost)s, %(subtotal)s,
  %(discount)s, %(tax)s, %(shipping_total)s, %(total)s, %(currency)s, %(included)s, %(coupon)s, %(payment)s, %(payment_title)s, %(note)s, %(locale)s, %(metadata)s,
  %(customer)s::uuid
FROM nextval('cms.order_numbers') n RETURNING number"""
ADD_ITEMS: Final[LiteralString] = """
INSERT INTO cms.order_items ("order", order_id, product, product_id, variation_id, product_name, sku, quantity, unit_price, subtotal, discount_total, tax_total, total, metadata)
SELECT o.number, o.order_id, i.product, i.product_id, i.variation_id, i.product_name, i.sku, i.quantity, i.unit_price, i.subtotal,
  i.discount_total, i.tax_total, i.total, i.metadata
FROM cms.orders o, jsonb_to_recordset(%s::text::jsonb) i (product bigint, product_id uuid, variation_id uuid, product_name text, sku text, quantity int, unit_price bigint,
  subtotal bigint, discount_total bigint, tax_total bigint, total bigint, metadata jsonb) WHERE o.number = %s"""
RESERVE: Final[LiteralString] = "SELECT short_sku, available FROM cms.reserve_stock(%s, %s, %s, %s)"
IN_TIME: Final[LiteralString] = (
    "SELECT created_at > clock_timestamp() - make_interval(mins => %s) AND status IN ('pending', 'failed') FROM cms.orders WHERE number = %s"
)
CLOSE_CART: Final[LiteralString] = "UPDATE cms.carts SET ordered = %s, updated_at = clock_timestamp() WHERE id = %s::uuid"

NO_LIMIT_MINUTES: Final = 60 * 24 * 14
"""How long goods are kept for payments by hand."""


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who orders, what they saw, and how they pay. version: of the quote that was shown; customer: their id, None for a guest."""

    cart: str
    version: str
    email: str
    name: str
    billing: dict[str, str]
    shipping: dict[str, str] | None
    payment: str
    note: str = ""
    locale: str = ""
    customer: str | None = None

    def fingerprint(self) -> bytes:
        """What a second request with the same key must have in common with the first."""
        return blake2b(msgspec.json.encode({name: getattr(self, name) for name in self.__slots__}, order="sorted"), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Placed:
    """An order that was placed. page: where it is paid, ``""`` where there is nothing to do; secret: for the provider's script."""

    number: int
    page: str
    secret: str = ""


async def retry(work: Callable[[], Awaitable[Any]]) -> Any:
    """Do a transaction again where the database ended it for the sake of another one."""
    for attempt in range(5):
        try:
            return await work()
        except (DeadlockDetected, SerializationFailure):
            if attempt == 4:
                raise
            await asyncio.sleep(0.02 * 2**attempt)
    return None


async def place_order(shop: Shop, provider: PaymentProvider, buyer: Buyer, key: str, return_url: Callable[[str], str]) -> Placed:
    """Make the order of a key, or go on with the one that it made. return_url: order id -> where the buyer goes after paying.

    Raises ApiError shop.no-cart, shop.changed, shop.stock, shop.empty, shop.coupon, shop.payment, shop.too-small.
    """
    number = await retry(lambda: _make_order(shop, buyer, key))
    return await start_payment(shop, provider, number, buyer.email, return_url)


async def resume_payment(shop: Shop, order: OrderRow, return_url: Callable[[str], str]) -> Placed:
    """Begin the payment of an order that could not begin, or find it begun. May be repeated: an order has one payment.

    Raises ApiError shop.pay-late once the goods are no longer kept for the buyer, shop.payment.
    """
    if order.status in ("pending", "failed"):
        if not await is_in_time(shop, order):
            raise _too_late()
        return await start_payment(shop, open_provider(shop, order.payment_method), order.number, order.customer_email, return_url)
    if order.status == "cancelled" and order.paid_at is None:
        raise _too_late()
    return Placed(order.number, "")


async def is_in_time(shop: Shop, order: OrderRow) -> bool:
    """Whether an order that is not paid still can be: the goods are kept for its buyer."""
    async with shop.connect() as connection:
        row = await (await connection.execute(IN_TIME, (settings_of(shop.site).reserve_minutes, order.number))).fetchone()
    return row is not None and bool(row[0])


def open_provider(shop: Shop, name: str) -> PaymentProvider:
    """The provider of this name. Raises ApiError api.invalid, and shop.payment where it is not set up."""
    try:
        provider = load_provider(shop, name)
    except ProviderError as error:
        raise _not_begun(error) from None
    if provider is None:
        raise invalid("payment", f"the shop takes {', '.join(settings_of(shop.site).payments)}")
    return provider


async def start_payment(shop: Shop, provider: PaymentProvider, number: int, email: str, return_url: Callable[[str], str]) -> Placed:
    """Begin the payment of an order, or find it begun. Raises ApiError shop.payment, and shop.too-small, after which withdraw_order is due."""
    async with shop.connect() as connection:
        payment = await find_payment(connection, shop.number, f"shop/{number}")
        row = await (await connection.execute("SELECT order_id::text FROM cms.orders WHERE number = %s", (number,))).fetchone()
    assert payment is not None, number
    assert row is not None, number
    if payment.status in ("succeeded", "held", "cancelled"):  # a late repetition begins no second payment at the provider
        return Placed(number, payment.page)
    if payment.amount == 0:
        await settle_by_hand(shop, payment, "succeeded")
        return Placed(number, "")
    try:
        intent: Intent = await begin_payment(shop, provider, payment, return_url(str(row[0])), email)
    except ProviderError as error:
        if error.too_small:
            hint = "Nothing was charged. Choose another way to pay, or order more."
            raise fail("shop.too-small", f"the total is too small to be paid this way: {error}", status=409, hint=hint) from None
        raise _not_begun(error) from None
    return Placed(number, intent.page, intent.secret)


def _not_begun(error: ProviderError) -> ApiError:
    hint = "Nothing was charged. Try again with the same key."
    return fail("shop.payment", f"the payment could not begin: {error}", status=502, hint=hint)


def _too_late() -> ApiError:
    return fail("shop.pay-late", "the time to pay this order is over", status=409, hint="Nothing was charged. Order again.")


async def _make_order(shop: Shop, buyer: Buyer, key: str) -> int:
    async with shop.connect() as connection:
        made = await (await connection.execute(MADE, (shop.number, key))).fetchone()
        if made is not None:
            return int(made[0])
        async with connection.transaction():
            cart = await load_cart(connection, shop.number, buyer.cart)
            locked = await (await connection.execute(LOCK_CART, (cart.id,))).fetchone()
            if locked is None or locked[0] is not None:
                raise fail("shop.no-cart", "this cart was ordered already", status=409, hint="The order's page shows how it stands.")
            country = (buyer.shipping or buyer.billing)["country"]  # another one than was shown makes another version
            quote = await make_quote(connection, shop.site, shop.number, cart._replace(country=country))
            check_quote(quote, buyer.version)
            return await _write_order(connection, shop, buyer, key, quote)


def check_quote(quote: Quote, version: str) -> None:
    """Refuse what cannot be ordered, or is not what was shown. Raises ApiError."""
    if not quote.lines:
        raise fail("shop.empty", "the cart is empty", status=409)
    if quote.problems:
        problem = quote.problems[0]
        named = tuple((one.sku or one.code, one.message) for one in quote.problems)
        raise ApiError(409, f"shop.{problem.code}", problem.message, "Look at the cart again.", fields=named)
    if quote.version != version:
        raise fail(
            "shop.changed",
            "prices or costs changed since the cart was shown",
            status=409,
            hint="Show the cart again, and send its new version.",
        )


async def _write_order(connection: Connection, shop: Shop, buyer: Buyer, key: str, quote: Quote) -> int:
    settings, totals = settings_of(shop.site), quote.totals
    if quote.coupon is not None and not await (await connection.execute(USE_COUPON, (shop.number, quote.coupon.code))).fetchone():
        raise fail("shop.coupon", "this code was used up", status=409)
    encode = msgspec.json.encode
    row = await (await connection.execute(ADD_ORDER, {
        "site": shop.number, "key": key, "email": buyer.email, "name": buyer.name, "customer": buyer.customer, "billing": encode(buyer.billing).decode(),
        "shipping": encode(buyer.shipping).decode() if buyer.shipping is not None else None,
        "method": quote.offer.method.name if quote.offer is not None and quote.is_sent else "", "shipping_cost": totals.shipping_cost, "subtotal": totals.subtotal,
        "discount": totals.discount, "tax": totals.tax, "shipping_total": totals.shipping_total, "total": totals.total, "currency": quote.currency,
        "included": quote.taxes_included, "coupon": quote.coupon.code if quote.coupon is not None else "", "payment": buyer.payment,
        "payment_title": buyer.payment, "note": buyer.note, "locale": buyer.locale, "metadata": encode(
            {"version": quote.version, "shipping_rate": str(totals.shipping_rate)} | ({"vat_number": quote.cart.vat_number} if quote.is_reverse else {})
        ).decode(),
    })).fetchone()  # fmt: skip
    assert row is not None
    number = int(row[0])
    items = [
        {
            "product": line.what.product, "product_id": line.what.product_id, "variation_id": line.what.id if line.what.is_variation else None,
            "product_name": line.what.title, "sku": line.what.sku, "quantity": line.quantity, "unit_price": line.what.price, "subtotal": sums.subtotal,
            "discount_total": sums.discount, "tax_total": sums.tax, "total": sums.total,
            "metadata": {
                "attributes": line.what.attributes, "type": line.what.product_type, "parts": line.what.parts, "files": line.what.files,
                "limit": line.what.download_limit, "expiry": line.what.download_expiry, "rate": str(sums.rate),
            },
        }
        for line, sums in zip(quote.lines, totals.lines, strict=True)
    ]  # fmt: skip
    await connection.execute(ADD_ITEMS, (encode(items).decode(), number))
    minutes = NO_LIMIT_MINUTES if buyer.payment == "manual" else settings.reserve_minutes
    try:
        short = await (
            await connection.execute(RESERVE, (shop.number, f"order/{number}", encode(count_units(quote.lines)).decode(), minutes))
        ).fetchall()
    except CheckViolation:
        raise _short("") from None
    if short:
        raise _short(", ".join(f"{sku}: {max(free, 0)}" for sku, free in short))
    await connection.execute(ADD_PAYMENT, (shop.number, buyer.payment, f"shop/{number}", totals.total, quote.currency, quote.version))
    await connection.execute(CLOSE_CART, (number, quote.cart.id))
    return number


def _short(left: str) -> ApiError:
    return fail(
        "shop.stock",
        f"there is not enough left{f' ({left})' if left else ''}",
        status=409,
        hint="Take fewer, or take them out of the cart.",
    )
