"""What is done to orders later: cancel, refund, ship, pay by hand; and what is left undone is ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, LiteralString

import msgspec
from psycopg import AsyncConnection
from psycopg.errors import CheckViolation
from psycopg.rows import TupleRow

from cms_ssg.api.problems import ApiError, fail
from cms_ssg.payment.lookup import find_payment, make_provider
from cms_ssg.payment.provider import PaymentRow, ProviderError, Shop
from cms_ssg.payment.refunding import RefundRefusedError, ask_refund, find_refund_problem, send_refunds
from cms_ssg.payment.settling import reconcile_payment, settle_by_hand
from cms_ssg.store.query import fetch_async
from cms_ssg.verticals.shop import queries
from cms_ssg.verticals.shop.credit_notes import part_of
from cms_ssg.verticals.shop.mails import write_mail
from cms_ssg.verticals.shop.paying import NOTE, close_order, move_order, return_goods
from cms_ssg.verticals.shop.queries import OrderRow

Connection = AsyncConnection[TupleRow]
OF_KEY: Final[LiteralString] = "SELECT order_number FROM cms.orders WHERE site = %s AND checkout_key = %s"
FREE_KEY: Final[LiteralString] = "UPDATE cms.orders SET checkout_key = 'cancelled/' || order_id WHERE site = %s AND order_number = %s"
REOPEN_CART: Final[LiteralString] = """
UPDATE cms.carts c SET ordered = NULL, updated_at = clock_timestamp() FROM cms.orders o
WHERE o.site = %s AND o.order_number = %s AND c.site = o.site AND c.ordered = o.number"""

ADD_TRACKING: Final[LiteralString] = (
    "UPDATE cms.orders SET tracking = tracking || %s::jsonb WHERE number = %s AND NOT tracking @> %s::jsonb"
)
KNOWN_REFUND: Final[LiteralString] = (
    "SELECT r.amount FROM cms.payment_refunds r JOIN cms.payments p ON p.number = r.payment WHERE r.site = %s AND p.subject = %s AND r.key = %s"
)
ABANDONED: Final[LiteralString] = """
SELECT o.number FROM cms.orders o WHERE o.site = %s AND o.status IN ('pending', 'failed') AND o.payment_method <> 'manual'
  AND o.created_at < clock_timestamp() - make_interval(mins => %s) ORDER BY o.number LIMIT 200"""
EXPIRED: Final[LiteralString] = """
SELECT DISTINCT ref FROM cms.stock_reservations WHERE site = %s AND state = 'held' AND expires_at <= clock_timestamp() ORDER BY ref LIMIT 500"""
RELEASE_EXPIRED: Final[LiteralString] = """
SELECT cms.lock_stock(%(site)s, s.skus), cms.release_rows(%(site)s, %(ref)s, s.skus, true)
FROM (SELECT array_agg(sku ORDER BY sku) AS skus FROM cms.stock_reservations WHERE site = %(site)s AND ref = %(ref)s AND state = 'held') s"""


async def find_order(connection: Connection, site: int, name: str) -> OrderRow:
    """An order by its number for people or its id. Raises ApiError shop.no-order."""
    rows = await fetch_async(connection, queries.ORDER_BY_NAME, site=site, name=name[:100].replace("\0", ""))
    if not rows:
        raise fail("shop.no-order", f"there is no order {name[:50]!r}", status=404)
    return rows[0]


async def withdraw_order(shop: Shop, key: str, reason: str) -> None:
    """Cancel the order of a checkout whose payment cannot begin. Its cart can be ordered again, with the same key."""
    async with shop.connect() as connection:
        row = await (await connection.execute(OF_KEY, (shop.number, key))).fetchone()
    if row is None:
        return
    await cancel_order(shop, row[0], reason)
    async with shop.connect() as connection, connection.transaction():
        await connection.execute(FREE_KEY, (shop.number, row[0]))
        await connection.execute(REOPEN_CART, (shop.number, row[0]))


async def cancel_order(shop: Shop, name: str, reason: str = "") -> OrderRow:
    """Cancel an order: what is reserved is given back; what was paid is refunded and its goods are put back. Raises ApiError shop.status, shop.payment."""
    async with shop.connect() as connection:
        order = await find_order(connection, shop.number, name)
        payment = await find_payment(connection, shop.number, f"shop/{order.number}")
    if payment is not None and payment.intent is not None and payment.status not in ("succeeded", "held", "cancelled"):
        provider = make_provider(shop, payment.provider)
        try:
            report = await provider.cancel(payment.intent)
        except ProviderError as error:
            raise fail("shop.payment", f"the provider does not end the payment: {error}", status=502) from None
        if report.status in ("succeeded", "processing"):  # it was paid a moment ago
            await reconcile_payment(shop, payment)
        else:
            await settle_by_hand(shop, payment, "cancelled")
        if report.status == "processing":
            raise fail(
                "shop.payment",
                "the buyer has paid, and the money is on its way",
                status=409,
                hint="Refund it when it has come.",
            )
    async with shop.connect() as connection, connection.transaction():
        payment = await find_payment(connection, shop.number, f"shop/{order.number}", lock=True)
        await connection.execute(queries.LOCK_ORDER, (shop.number, order.number))
        order = (await fetch_async(connection, queries.ORDER, site=shop.number, number=order.number))[0]
        if order.status not in ("cancelled", "refunded"):
            await _close(connection, shop, order)
            if order.status in ("on_hold", "processing"):
                await write_mail(connection, shop, order, "cancelled")
        await return_goods(connection, shop, order.number, {"restock": True}, "cancel")
        if reason:
            await connection.execute(NOTE, (order.number, reason))
        if payment is not None and payment.status == "succeeded" and order.left > 0:
            try:
                await ask_refund(connection, shop.number, payment, order.left, "cancel", reason)
            except RefundRefusedError:
                pass  # it is being refunded already
    await send_refunds(shop)
    await _check_refund(shop, payment, "cancel")
    return await _load(shop, order.number)


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """What is given back. key: one refund each; amount: None for that of the lines, and without lines for all that is left; lines: SKU -> how many come
    back; by_hand: it was given back another way, so that the provider is not asked.
    """

    key: str
    amount: int | None = None
    lines: dict[str, int] | None = None
    restock: bool = False
    reason: str = ""
    by_hand: bool = False

    @property
    def details(self) -> dict[str, Any]:
        """What is kept beside the amount."""
        lines = {"lines": self.lines} if self.lines is not None else {}
        return {"restock": self.restock} | lines | ({"by_hand": True} if self.by_hand else {})


async def price_refund(shop: Shop, name: str, asked: RefundRequest) -> tuple[bool, int]:
    """Whether this refund was asked for before, and its amount in minor units. Raises ApiError shop.refund."""
    async with shop.connect() as connection:
        order = await find_order(connection, shop.number, name)
        known = await (await connection.execute(KNOWN_REFUND, (shop.number, f"shop/{order.number}", asked.key))).fetchone()
        if known is not None:
            return True, int(known[0])
        amount = asked.amount if asked.amount is not None else await _price_lines(connection, order, asked.lines)
    if order.paid_at is None or amount <= 0:
        raise _nothing_left()
    return False, amount


async def refund_order(shop: Shop, name: str, asked: RefundRequest) -> OrderRow:
    """Give money back. Raises ApiError shop.refund."""
    async with shop.connect() as connection, connection.transaction():
        order = await find_order(connection, shop.number, name)
        payment = await find_payment(connection, shop.number, f"shop/{order.number}", lock=True)
        await connection.execute(queries.LOCK_ORDER, (shop.number, order.number))
        known = await (await connection.execute(KNOWN_REFUND, (shop.number, f"shop/{order.number}", asked.key))).fetchone()
        if known is None:
            order = (await fetch_async(connection, queries.ORDER, site=shop.number, number=order.number))[0]
            wanted = asked.amount if asked.amount is not None else await _price_lines(connection, order, asked.lines)
            if payment is None or wanted <= 0:
                raise _nothing_left()
            try:
                await ask_refund(connection, shop.number, payment, wanted, asked.key, asked.reason, asked.details)
            except RefundRefusedError as error:
                raise fail("shop.refund", str(error), status=409) from None
    await send_refunds(shop)
    await _check_refund(shop, payment, asked.key)
    return await _load(shop, order.number)


def _nothing_left() -> ApiError:
    return fail("shop.refund", "there is nothing to give back", status=409)


async def _check_refund(shop: Shop, payment: PaymentRow | None, key: str) -> None:
    problem = await find_refund_problem(shop, payment, key) if payment is not None else ""
    if problem:
        raise fail("shop.refund", f"the provider refused the refund: {problem}", status=502, hint="The money was not given back.")


async def _price_lines(connection: Connection, order: OrderRow, lines: dict[str, int] | None) -> int:
    if lines is None:
        return order.left
    total = 0
    items = {item.sku: item for item in await fetch_async(connection, queries.ITEMS, number=order.number)}
    for sku, quantity in lines.items():
        item = items.get(sku)
        if item is None or not 0 < quantity <= item.quantity - item.refunded_quantity:
            raise fail("shop.refund", f"of {sku[:80]!r} so many were not bought, or are back already", status=409)
        total += part_of(item.total, item, quantity)
    return total


async def pay_order(shop: Shop, name: str) -> OrderRow:
    """Note that the money of an order came, which is paid by hand. Raises ApiError shop.status."""
    async with shop.connect() as connection:
        order = await find_order(connection, shop.number, name)
        payment = await find_payment(connection, shop.number, f"shop/{order.number}")
    if payment is None or payment.provider != "manual":
        raise fail("shop.status", "only payments by hand are noted by hand; the others are known by their provider", status=409)
    await settle_by_hand(shop, payment, "succeeded")
    return await _load(shop, order.number)


async def ship_order(shop: Shop, name: str, carrier: str = "", tracking: str = "", url: str = "") -> OrderRow:
    """Note that an order was sent, and complete it. Raises ApiError shop.status."""
    async with shop.connect() as connection, connection.transaction():
        order = await find_order(connection, shop.number, name)
        await connection.execute(queries.LOCK_ORDER, (shop.number, order.number))
        order = (await fetch_async(connection, queries.ORDER, site=shop.number, number=order.number))[0]
        if order.status not in ("processing", "completed"):
            raise fail("shop.status", f"an order that is {order.status} is not sent", status=409)
        if carrier or tracking:
            value = msgspec.json.encode([{"carrier": carrier, "tracking": tracking, "url": url}]).decode()
            await connection.execute(ADD_TRACKING, (value, order.number, value))
        await move_order(connection, order.number, "completed", f"sent {carrier} {tracking}".strip())
        if order.status == "processing":
            order = (await fetch_async(connection, queries.ORDER, site=shop.number, number=order.number))[0]
            await write_mail(connection, shop, order, "sent")
    return await _load(shop, order.number)


async def note_order(shop: Shop, name: str, note: str) -> OrderRow:
    """Add a note to the history of an order, for the shopkeeper."""
    async with shop.connect() as connection:
        order = await find_order(connection, shop.number, name)
        await connection.execute(NOTE, (order.number, note))
    return order


async def end_abandoned(shop: Shop, minutes: int) -> int:
    """End orders that nobody paid in time, and give back what is reserved beyond its time. Returns how many orders were ended."""
    async with shop.connect() as connection:
        refs = await (await connection.execute(EXPIRED, (shop.number,))).fetchall()
        for (ref,) in refs:
            async with connection.transaction():
                await connection.execute(RELEASE_EXPIRED, {"site": shop.number, "ref": ref})
        numbers = await (await connection.execute(ABANDONED, (shop.number, minutes))).fetchall()
    ended = 0
    for (number,) in numbers:
        async with shop.connect() as connection:
            payment = await find_payment(connection, shop.number, f"shop/{number}")
        if payment is not None and await reconcile_payment(shop, payment):
            continue
        try:
            order = await cancel_order(shop, str(number), "nobody paid it in time")
        except ApiError:
            continue  # the provider does not answer; the next run asks again
        ended += order.status == "cancelled"
    return ended


async def _close(connection: Connection, shop: Shop, order: OrderRow) -> None:
    try:
        async with connection.transaction():
            await close_order(connection, shop, order)
    except CheckViolation:
        raise fail("shop.status", f"an order that is {order.status} cannot be cancelled", status=409, hint="It can be refunded.") from None


async def _load(shop: Shop, number: int) -> OrderRow:
    async with shop.connect() as connection:
        return (await fetch_async(connection, queries.ORDER, site=shop.number, number=number))[0]
