"""``cms orders``, ``cms stock`` and ``cms coupons``."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any, Final, LiteralString

from psycopg.errors import CheckViolation, UniqueViolation

from cms_ssg.errors import fail
from cms_ssg.kinds.vertical import Command, OpenSite
from cms_ssg.payment.money import parse_amount, to_decimal
from cms_ssg.store.query import fetch
from cms_ssg.verticals.shop import queries
from cms_ssg.verticals.shop.carts import settings_of
from cms_ssg.verticals.shop.orders import cancel_order, pay_order, refund_order, ship_order
from cms_ssg.verticals.shop.queries import OrderRow
from cms_ssg.verticals.shop.run import run_in_shop

MOVE: Final[LiteralString] = """
INSERT INTO cms.stock_moves (site, sku, location, delta, reason, ref, author) VALUES (%s, %s, %s, %s, %s, %s, %s)"""
LEVELS: Final[LiteralString] = """
SELECT l.sku, l.location, l.on_hand, l.reserved, l.on_hand - l.reserved, l.priority FROM cms.stock_levels l
WHERE l.site = %s AND (%s = '' OR l.sku = %s) AND (NOT %s OR EXISTS (SELECT FROM cms.sellables s WHERE s.site = l.site AND s.sku = l.sku
  AND cms.stock_state(l.on_hand - l.reserved, s.manage_stock, s.backorders, s.low_stock_threshold) <> 'in_stock')) ORDER BY l.sku, l.location"""
HISTORY: Final[LiteralString] = """
SELECT moved_at, location, delta, reason, ref, author FROM cms.stock_moves WHERE site = %s AND sku = %s ORDER BY number DESC LIMIT %s"""


def _find(opened: OpenSite, order: str) -> OrderRow:
    rows = fetch(opened.connection, queries.ORDER_BY_NAME, site=opened.number, name=order)
    if not rows:
        raise fail("shop.no-order", f"there is no order {order!r}", hint="cms orders list shows what there is.")
    return rows[0]


def _line(order: OrderRow) -> dict[str, Any]:
    return {
        "order": order.order_number, "status": order.status, "total": f"{to_decimal(order.total, order.currency)} {order.currency}",
        "payment": f"{order.payment_method} {order.payment_status or ''}".strip(), "customer": order.customer_name, "created": order.created_at,
    }  # fmt: skip


def list_orders(opened: OpenSite, *, status: str = "", limit: int = 50) -> list[dict[str, Any]]:
    """List orders, the newest first."""
    rows = fetch(opened.connection, queries.ORDERS, site=opened.number, status=status, before=2**62, limit=limit)
    return [_line(row) for row in rows]


def show_order(opened: OpenSite, order: str) -> dict[str, Any]:
    """Show an order with its lines and its history."""
    found = _find(opened, order)
    items = fetch(opened.connection, queries.ITEMS, number=found.number)
    events = opened.connection.execute(
        "SELECT at, coalesce(from_status || ' -> ' || to_status, note) FROM cms.order_events WHERE \"order\" = %s ORDER BY number",
        (found.number,),
    )
    address = found.shipping_address or found.billing_address
    return _line(found) | {
        "email": found.customer_email, "address": ", ".join(address.values()), "shipping": found.shipping_method, "note": found.customer_note,
        "lines": "; ".join(f"{item.quantity} x {item.sku}" for item in items), "tax": str(to_decimal(found.tax_total, found.currency)),
        "refunded": str(to_decimal(found.refunded_total, found.currency)), "problem": found.payment_problem or "",
        "history": "; ".join(f"{at:%Y-%m-%d %H:%M} {said}" for at, said in events),
    }  # fmt: skip


def cancel(opened: OpenSite, order: str, *, reason: str = "") -> dict[str, Any]:
    """Cancel an order.

    Reserved goods are free again, what was paid is given back and its goods return to the stock.
    """
    return _line(run_in_shop(opened, lambda shop: cancel_order(shop, order, reason)))


def refund(
    opened: OpenSite, order: str, *, amount: str = "", line: tuple[str, ...] = (), restock: bool = False, reason: str = "", key: str = ""
) -> dict[str, Any]:
    """Give money back.

    An amount, that of some lines, or all that is left.
    """
    found = _find(opened, order)
    lines: dict[str, int] | None = None
    for text in line:
        sku, _, quantity = text.partition("=")
        lines = {**(lines or {}), sku: int(quantity) if quantity.isdigit() else 1}
    try:
        wanted = parse_amount(amount, found.currency) if amount else None
    except ValueError as error:
        raise fail("shop.refund", str(error), hint="Write it as 19.99.") from None
    return _line(run_in_shop(
        opened, lambda shop: refund_order(shop, order, key or secrets.token_hex(8), wanted, lines, restock=restock, reason=reason)
    ))  # fmt: skip


def ship(opened: OpenSite, order: str, *, carrier: str = "", tracking: str = "", url: str = "") -> dict[str, Any]:
    """Note that an order was sent, which completes it."""
    return _line(run_in_shop(opened, lambda shop: ship_order(shop, order, carrier, tracking, url)))


def pay(opened: OpenSite, order: str) -> dict[str, Any]:
    """Note that the money of an order came by hand."""
    return _line(run_in_shop(opened, lambda shop: pay_order(shop, order)))


def show_stock(opened: OpenSite, sku: str = "", *, low: bool = False) -> list[dict[str, Any]]:
    """Show what there is of each SKU, or of one."""
    names = ("sku", "location", "on_hand", "reserved", "free", "priority")
    return [dict(zip(names, row, strict=True)) for row in opened.connection.execute(LEVELS, (opened.number, sku, sku, low))]


def adjust(
    opened: OpenSite, sku: str, units: int, *, location: str = "main", ref: str = "", reason: str = "adjusted", author: str = ""
) -> str:
    """Add units to the stock of a SKU, or take them away. The same --ref is taken in once."""
    _check_sku(opened, sku)
    if reason not in ("received", "adjusted"):
        raise fail("shop.stock", f"{reason!r} is no reason for a change by hand", hint="Write received or adjusted.")
    return _move(opened, [(sku, location, units, reason, ref or secrets.token_hex(6), author)])


def set_stock(opened: OpenSite, sku: str, units: int, *, location: str = "main", author: str = "") -> str:
    """Note how many units were counted."""
    _check_sku(opened, sku)
    row = opened.connection.execute(
        "SELECT on_hand FROM cms.stock_levels WHERE site = %s AND sku = %s AND location = %s", (opened.number, sku, location)
    ).fetchone()
    delta = units - (row[0] if row is not None else 0)
    return _move(opened, [(sku, location, delta, "adjusted", secrets.token_hex(6), author)]) if delta else f"{sku} in {location}: {units}"


def move_stock(opened: OpenSite, sku: str, units: int, source: str, target: str, *, author: str = "") -> str:
    """Move units from one location to another."""
    ref = secrets.token_hex(6)
    return _move(opened, [(sku, source, -units, "transfer", ref, author), (sku, target, units, "transfer", ref, author)])


def show_history(opened: OpenSite, sku: str, *, limit: int = 50) -> list[dict[str, Any]]:
    """Show what moved the stock of a SKU, the last first."""
    names = ("at", "location", "units", "reason", "ref", "author")
    return [dict(zip(names, row, strict=True)) for row in opened.connection.execute(HISTORY, (opened.number, sku, limit))]


def _check_sku(opened: OpenSite, sku: str) -> None:
    if opened.connection.execute("SELECT FROM cms.skus WHERE site = %s AND sku = %s LIMIT 1", (opened.number, sku)).fetchone() is None:
        raise fail("shop.no-sku", f"there is no SKU {sku!r}", hint="A build or `cms sync` takes in new products.")


def _move(opened: OpenSite, moves: list[tuple[str, str, int, str, str, str]]) -> str:
    try:
        with opened.connection.transaction():
            for move in moves:
                opened.connection.execute(MOVE, (opened.number, *move))
    except CheckViolation:
        raise fail("shop.stock", "so many are not there, or are reserved", hint="cms stock show tells what is free.") from None
    except UniqueViolation:
        return "taken in before"
    row = opened.connection.execute(
        "SELECT sum(on_hand)::text FROM cms.stock_levels WHERE site = %s AND sku = %s", (opened.number, moves[0][0])
    ).fetchone()
    return f"{moves[0][0]}: {row[0] if row is not None else 0}"


def add_coupon(
    opened: OpenSite, code: str, *, percent: str = "", amount: str = "", free_shipping: bool = False, minimum: str = "", uses: int = 0
) -> str:
    """Add a coupon: a percentage, an amount, or free shipping."""
    currency = settings_of(opened.site).currency
    try:
        kind, value = (
            ("percent", int(float(percent) * 100))
            if percent
            else ("amount", parse_amount(amount, currency))
            if amount
            else ("free_shipping", 0)
        )
        least = parse_amount(minimum, currency) if minimum else 0
    except ValueError as error:
        raise fail("shop.coupon", str(error), hint="Write amounts as 19.99, percentages as 10.") from None
    if kind == "free_shipping" and not free_shipping:
        raise fail("shop.coupon", "say what it gives", hint="--percent 10, --amount 5.00 or --free-shipping")
    try:
        opened.connection.execute(
            "INSERT INTO cms.coupons (site, code, kind, value, minimum, most_uses) VALUES (%s, upper(%s), %s, %s, %s, %s)",
            (opened.number, code, kind, value, least, uses or None),
        )
    except UniqueViolation:
        raise fail("shop.coupon", f"there is a coupon {code.upper()} already", hint="Choose another code.") from None
    except CheckViolation:
        raise fail("shop.coupon", "a percentage is at most 100, an amount at least 0", hint="--percent 10") from None
    return f"{code.upper()} added"


def list_coupons(opened: OpenSite) -> list[dict[str, Any]]:
    """List coupons."""
    names = ("code", "kind", "value", "minimum", "most_uses", "used", "ends_at")
    rows = opened.connection.execute(
        "SELECT code, kind, value, minimum, most_uses, used, ends_at FROM cms.coupons WHERE site = %s ORDER BY code", (opened.number,)
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


def import_products(opened: OpenSite, file: str, *, dry_run: bool = False) -> str:
    """Import the CSV of products that WooCommerce exports.

    All products with their variations; a second time it changes them.
    """
    from cms_ssg.verticals.shop.woocommerce import import_file

    return str(import_file(opened, Path(file), dry_run=dry_run))


COMMANDS = (
    Command("products import", import_products, "cms products import products.csv", {"dry_run": "Only say what would be imported."}),
    Command("orders list", list_orders, "cms orders list --status processing", {"status": "Only those with this status.", "limit": "How many."}),
    Command("orders show", show_order, "cms orders show 1001"),
    Command("orders pay", pay, "cms orders pay 1001"),
    Command("orders ship", ship, "cms orders ship 1001 --carrier DHL --tracking 123",
        {"carrier": "Who carries it.", "tracking": "Its number there.", "url": "Where it is followed."}),
    Command("orders cancel", cancel, "cms orders cancel 1001", {"reason": "For the order's history."}),
    Command("orders refund", refund, "cms orders refund 1001 --line MUG-1=2 --restock", {
        "amount": "How much; by default that of the lines.", "line": "SKU=quantity that comes back.", "restock": "Put it back into the stock.",
        "reason": "For the order's history.",
        "key": "The same one refunds once, however often it is called.",
    }),
    Command("stock show", show_stock, "cms stock show --low", {"low": "Only what is low or out."}),
    Command("stock adjust", adjust, "cms stock adjust MUG-1 10 --reason received", {
        "location": "Where.", "ref": "What brought it, such as a delivery note; the same one is taken in once.", "reason": "received or adjusted.", "author": "Who."}),
    Command("stock set", set_stock, "cms stock set MUG-1 12", {"location": "Where.", "author": "Who."}),
    Command("stock move", move_stock, "cms stock move MUG-1 3 main shop", {"author": "Who."}),
    Command("stock history", show_history, "cms stock history MUG-1", {"limit": "How many."}),
    Command("coupons add", add_coupon, "cms coupons add SPRING --percent 10 --uses 100", {
        "percent": "Of the goods.", "amount": "Off the goods.", "free_shipping": "Shipping costs nothing.", "minimum": "What the goods must cost.",
        "uses": "How often in all; 0 for any.",
    }),
    Command("coupons list", list_coupons, "cms coupons list"),
)  # fmt: skip
