"""What becomes of an order when its payment comes to something: goods leave the stock, files may be fetched, money goes back."""

from __future__ import annotations

from typing import Any, Final, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from cms_ssg.payment.provider import Dispute, PaymentRow, Shop
from cms_ssg.payment.refunding import RefundRefusedError, ask_refund
from cms_ssg.site import Site
from cms_ssg.store.query import fetch_async
from cms_ssg.text.money import show_amount
from cms_ssg.verticals.shop import queries
from cms_ssg.verticals.shop.credit_notes import add_credit_note
from cms_ssg.verticals.shop.mails import write_mail, write_problem_mail
from cms_ssg.verticals.shop.queries import DisputeRow, ItemRow, OrderRow
from cms_ssg.verticals.shop.settings import ShopSettings

Connection = AsyncConnection[TupleRow]

CONSUME: Final[LiteralString] = "SELECT cms.consume_stock(%s, %s)"
RESERVE: Final[LiteralString] = "SELECT short_sku FROM cms.reserve_stock(%s, %s, %s, 15)"
KEEP_LONGER: Final[LiteralString] = """
UPDATE cms.stock_reservations SET expires_at = clock_timestamp() + interval '14 days' WHERE site = %s AND ref = %s AND state = 'held'"""
RELEASE: Final[LiteralString] = "SELECT cms.release_stock(%s, %s)"
RESTOCK: Final[LiteralString] = "SELECT cms.restock(%s, %s, %s, %s)"
MOVE: Final[LiteralString] = "UPDATE cms.orders SET status = %s WHERE number = %s AND status <> %s"
PAID: Final[LiteralString] = "UPDATE cms.orders SET paid_at = coalesce(paid_at, clock_timestamp()), transaction_id = %s WHERE number = %s"
NUMBER_INVOICE: Final[LiteralString] = """
WITH next AS (INSERT INTO cms.invoice_numbers AS i (site, last) VALUES (%(site)s, 1) ON CONFLICT (site) DO UPDATE SET last = i.last + 1 RETURNING last)
UPDATE cms.orders SET invoice_number = next.last FROM next WHERE number = %(number)s AND invoice_number IS NULL"""
NOTE: Final[LiteralString] = """INSERT INTO cms.order_events ("order", note) VALUES (%s, %s)"""
COUNT_SALES: Final[LiteralString] = """
INSERT INTO cms.product_sales AS s (site, product, sales_count)
SELECT o.site, i.product, sum(i.quantity) FROM cms.orders o JOIN cms.order_items i ON i."order" = o.number WHERE o.number = %s GROUP BY o.site, i.product ORDER BY i.product
ON CONFLICT (site, product) DO UPDATE SET sales_count = s.sales_count + excluded.sales_count"""
ADD_DOWNLOAD: Final[LiteralString] = """
INSERT INTO cms.downloads (site, "order", sku, name, file, most, expires_at)
VALUES (%s, %s, %s, %s, %s, %s, clock_timestamp() + make_interval(days => %s)) ON CONFLICT DO NOTHING"""
REFUND_DETAILS: Final[LiteralString] = "SELECT amount, details, reason FROM cms.payment_refunds WHERE number = %s"
ADD_REFUNDED: Final[LiteralString] = (
    "UPDATE cms.orders SET refunded_total = refunded_total + %s WHERE number = %s RETURNING refunded_total = total"
)
FREE_COUPON: Final[LiteralString] = """
UPDATE cms.coupons c SET used = c.used - 1 FROM cms.orders o WHERE o.number = %s AND c.site = o.site AND c.code = o.coupon AND c.used > 0
  AND NOT EXISTS (SELECT FROM cms.order_events e WHERE e."order" = o.number AND e.to_status = 'cancelled')"""
RETURNED: Final[LiteralString] = (
    'UPDATE cms.order_items SET refunded_quantity = least(quantity, refunded_quantity + %s) WHERE "order" = %s AND sku = %s'
)
RETURNED_ALL: Final[LiteralString] = 'UPDATE cms.order_items SET refunded_quantity = quantity WHERE "order" = %s'


class _Payable:
    """Orders, as the payment room knows them."""

    def list_providers(self, site: Site) -> tuple[str, ...]:
        settings: ShopSettings = site.settings.vertical["shop"]
        return settings.payments

    async def settle(self, connection: Connection, shop: Shop, payment: PaymentRow) -> None:
        number = int(payment.subject.partition("/")[2])
        await connection.execute(queries.LOCK_ORDER, (shop.number, number))
        order = (await fetch_async(connection, queries.ORDER, site=shop.number, number=number))[0]
        if payment.status == "succeeded":
            await _take_payment(connection, shop, order, payment)
        elif payment.status == "failed" and order.status in ("pending", "on_hold"):
            await move_order(connection, number, "failed")
            if order.status == "on_hold":  # the money was on its way, and the buyer has left
                await write_mail(connection, shop, order, "failed")
        elif payment.status == "held":
            await _hold(connection, order, payment.problem)
        elif payment.status == "processing" and order.status in ("pending", "failed"):
            await move_order(connection, number, "on_hold", "the buyer has paid, and the money is on its way")
            await connection.execute(KEEP_LONGER, (shop.number, f"order/{number}"))
            await write_mail(connection, shop, order, "on_its_way")
        elif payment.status == "cancelled" and order.status in ("pending", "failed", "on_hold"):
            await close_order(connection, shop, order)
            if order.status == "on_hold":
                await write_mail(connection, shop, order, "cancelled")
        elif payment.status == "pending" and payment.provider == "manual" and order.status == "pending":
            await move_order(connection, number, "on_hold", "waits for the payment")
            await write_mail(connection, shop, order, "waiting")

    async def note_refund(self, connection: Connection, shop: Shop, payment: PaymentRow, refund: int) -> None:
        number = int(payment.subject.partition("/")[2])
        await connection.execute(queries.LOCK_ORDER, (shop.number, number))
        row = await (await connection.execute(REFUND_DETAILS, (refund,))).fetchone()
        assert row is not None
        amount, details, reason = row
        bought = await fetch_async(connection, queries.ITEMS, number=number)
        done = await (await connection.execute(ADD_REFUNDED, (amount, number))).fetchone()
        await connection.execute(NOTE, (number, f"refunded {show_amount(amount, payment.currency)}{f': {reason}' if reason else ''}"))
        await return_goods(connection, shop, number, details, f"refund/{refund}")
        order = (await fetch_async(connection, queries.ORDER, site=shop.number, number=number))[0]
        if done is not None and done[0]:
            await move_order(connection, number, "refunded")
        lines: dict[str, int] = details.get("lines") or {}
        # After all locks of the stock: whoever refunds or pays at the same time waits for the number.
        await add_credit_note(connection, shop, order, refund, amount, [(item, lines[item.sku]) for item in bought if item.sku in lines])
        await write_mail(connection, shop, order, "refunded", amount)

    async def note_failed_refund(self, connection: Connection, shop: Shop, payment: PaymentRow, amount: int, *, was_made: bool) -> None:
        number = int(payment.subject.partition("/")[2])
        await connection.execute(queries.LOCK_ORDER, (shop.number, number))
        if was_made:
            await connection.execute(ADD_REFUNDED, (-amount, number))
        order = (await fetch_async(connection, queries.ORDER, site=shop.number, number=number))[0]
        if order.status == "refunded":
            await move_order(connection, number, "on_hold")
        await _tell_problem(connection, shop, order, payment.problem)

    async def note_dispute(self, connection: Connection, shop: Shop, payment: PaymentRow, dispute: Dispute) -> None:
        number = int(payment.subject.partition("/")[2])
        await connection.execute(queries.LOCK_ORDER, (shop.number, number))
        order = (await fetch_async(connection, queries.ORDER, site=shop.number, number=number))[0]
        await _tell_problem(connection, shop, order, describe_dispute(dispute, payment.currency))


PAYABLE: Final = _Payable()


def describe_dispute(dispute: Dispute | DisputeRow, currency: str) -> str:
    """A dispute for the shopkeeper, as one line."""
    due = f", answer until {dispute.due_at:%Y-%m-%d}" if dispute.due_at is not None and dispute.status in ("inquiry", "open") else ""
    reason = f", {dispute.reason}" if dispute.reason else ""
    return f"dispute {dispute.name} of {show_amount(dispute.amount, currency)}{reason}: {dispute.status}{due}"


async def _tell_problem(connection: Connection, shop: Shop, order: OrderRow, problem: str) -> None:
    await connection.execute(NOTE, (order.number, problem))
    await write_problem_mail(connection, shop, order, problem)


async def move_order(connection: Connection, number: int, status: str, note: str = "") -> None:
    """Give an order another status; the table of allowed moves decides whether it may have it."""
    await connection.execute(MOVE, (status, number, status))
    if note:
        await connection.execute(NOTE, (number, note))


async def close_order(connection: Connection, shop: Shop, order: OrderRow) -> None:
    """Cancel an order that is not yet cancelled: what is reserved for it is free again, and its coupon may be used again."""
    if order.coupon:
        await connection.execute(FREE_COUPON, (order.number,))  # before the move: an order that was cancelled once has freed it
    await move_order(connection, order.number, "cancelled")
    await connection.execute(RELEASE, (shop.number, f"order/{order.number}"))


async def return_goods(connection: Connection, shop: Shop, number: int, details: dict[str, Any], key: str) -> int:
    """Put goods back. details: ``restock``: whether; ``lines``: SKU of the order -> how many, all without it."""
    items = await fetch_async(connection, queries.ITEMS, number=number)
    lines: dict[str, int] | None = details.get("lines")
    if lines is None:
        await connection.execute(RETURNED_ALL, (number,)) if details.get("restock") else None
    for sku, quantity in (lines or {}).items():
        await connection.execute(RETURNED, (quantity, number, sku))
    if not details.get("restock"):
        return 0
    back = None if lines is None else _count_units(items, lines)
    from msgspec.json import encode

    row = await (
        await connection.execute(RESTOCK, (shop.number, f"order/{number}", None if back is None else encode(back).decode(), key))
    ).fetchone()
    return int(row[0]) if row is not None else 0


def _count_units(items: list[ItemRow], lines: dict[str, int]) -> dict[str, int]:
    """Units of the stock in these quantities of an order's lines: bundles as their parts."""
    units: dict[str, int] = {}
    for item in items:
        parts = item.metadata.get("parts") or {} if item.metadata.get("type") == "bundle" else {item.sku: 1}
        for sku, each in parts.items():
            units[sku] = units.get(sku, 0) + int(each) * lines.get(item.sku, 0)
    return units


async def _take_payment(connection: Connection, shop: Shop, order: OrderRow, payment: PaymentRow) -> None:
    """The money came. Where the goods are gone meanwhile, or the order was cancelled, it goes back."""
    if order.paid_at is not None:
        return
    await connection.execute(PAID, (payment.intent, order.number))
    items = await fetch_async(connection, queries.ITEMS, number=order.number)
    if order.status == "cancelled":
        await _give_back(connection, shop, order, payment, "the order had been cancelled")
        return
    if not await take_goods(connection, shop, order.number, items):
        await _give_back(connection, shop, order, payment, "the reservation had expired and the goods were sold to others")
        return
    await connection.execute(COUNT_SALES, (order.number,))
    for item in items:
        most = item.metadata.get("limit")
        for file in item.metadata.get("files") or ():
            await connection.execute(ADD_DOWNLOAD, (
                shop.number, order.number, item.sku, item.product_name, file, None if most in (None, -1) else int(most) * item.quantity, item.metadata.get("expiry"),
            ))  # fmt: skip
    is_digital = all(item.is_digital for item in items)
    await move_order(connection, order.number, "processing")
    if is_digital:
        await move_order(connection, order.number, "completed")
    await write_mail(connection, shop, order, "paid_digital" if is_digital else "paid")
    await connection.execute(
        NUMBER_INVOICE, {"site": shop.number, "number": order.number}
    )  # last: whoever pays at the same time waits for it


async def take_goods(connection: Connection, shop: Shop, number: int, items: list[ItemRow]) -> bool:
    """Take an order's goods out of the stock: those that are reserved, else what is left now. False, and nothing taken, where that is too little."""
    from msgspec.json import encode

    ref = f"order/{number}"
    row = await (await connection.execute(CONSUME, (shop.number, ref))).fetchone()
    if row is not None and row[0]:
        return True
    await connection.execute(RELEASE, (shop.number, ref))
    wanted = encode(_count_units(items, {item.sku: item.quantity for item in items})).decode()
    if await (await connection.execute(RESERVE, (shop.number, ref, wanted))).fetchall():
        return False
    row = await (await connection.execute(CONSUME, (shop.number, ref))).fetchone()
    return row is not None and bool(row[0])


async def _give_back(connection: Connection, shop: Shop, order: OrderRow, payment: PaymentRow, why: str) -> None:
    if order.status != "cancelled":
        await move_order(connection, order.number, "on_hold", f"paid, but {why}: the money goes back")
    try:
        await ask_refund(connection, shop.number, payment, payment.amount, "too-late", why)
    except RefundRefusedError:
        await connection.execute(NOTE, (order.number, "the money could not be given back"))


async def _hold(connection: Connection, order: OrderRow, problem: str) -> None:
    if order.status in ("pending", "failed", "cancelled", "processing"):
        await move_order(connection, order.number, "on_hold", f"the payment is not what was agreed on: {problem}")
