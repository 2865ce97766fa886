"""``cms orders``, ``cms coupons`` and ``cms products``."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

from cms_ssg.errors import fail
from cms_ssg.kinds.vertical import Command, OpenSite
from cms_ssg.payment.run import run_in_shop
from cms_ssg.reporting.asking import confirm
from cms_ssg.selling.addresses import format_lines
from cms_ssg.selling.coupons.commands import COMMANDS as COUPON_COMMANDS
from cms_ssg.selling.coupons.commands import make_span
from cms_ssg.selling.stock_commands import COMMANDS as STOCK_COMMANDS
from cms_ssg.store.query import fetch
from cms_ssg.text.counting import count
from cms_ssg.text.money import parse_amount, show_amount, to_decimal
from cms_ssg.verticals.shop import queries
from cms_ssg.verticals.shop.carts import settings_of
from cms_ssg.verticals.shop.credit_notes import CREDIT_NOTES
from cms_ssg.verticals.shop.orders import RefundRequest, cancel_order, pay_order, price_refund, refund_order, ship_order
from cms_ssg.verticals.shop.paying import describe_dispute
from cms_ssg.verticals.shop.queries import OrderRow, RefundRow


def _find(opened: OpenSite, order: str) -> OrderRow:
    rows = fetch(opened.connection, queries.ORDER_BY_NAME, site=opened.number, name=order)
    if not rows:
        raise fail("shop.no-order", f"there is no order {order!r}", hint="cms orders list shows what there is.")
    return rows[0]


def _line(order: OrderRow) -> dict[str, Any]:
    return {
        "order": order.order_number, "status": order.status, "total": show_amount(order.total, order.currency),
        "payment": f"{order.payment_method} {order.payment_status or ''}".strip(), "customer": order.customer_name, "created": order.created_at,
    }  # fmt: skip


def list_orders(opened: OpenSite, *, status: str = "", limit: int = 50) -> list[dict[str, Any]]:
    """List orders, the newest first."""
    if status and status not in queries.STATUSES:
        raise fail("shop.status", f"there is no order status {status!r}", hint=f"One of: {', '.join(queries.STATUSES)}.")
    rows = fetch(opened.connection, queries.ORDERS, site=opened.number, status=status, before=2**62, limit=max(limit, 0))
    return [_line(row) for row in rows]


def show_order(opened: OpenSite, order: str) -> dict[str, Any]:
    """Show an order with its lines and its history."""
    found = _find(opened, order)
    items = fetch(opened.connection, queries.ITEMS, number=found.number)
    events = fetch(opened.connection, queries.EVENTS, number=found.number)
    refunds = fetch(opened.connection, queries.REFUNDS, site=opened.number, number=found.number)
    disputes = fetch(opened.connection, queries.DISPUTES, site=opened.number, number=found.number)
    address = found.shipping_address or found.billing_address
    return _line(found) | {
        "email": found.customer_email, "address": ", ".join(format_lines(address)), "shipping": found.shipping_method, "note": found.customer_note,
        "lines": "; ".join(f"{item.quantity} x {item.sku}" for item in items), "tax": str(to_decimal(found.tax_total, found.currency)),
        "refunded": str(to_decimal(found.refunded_total, found.currency)), "problem": found.payment_problem or "",
        "refundable": str(to_decimal(found.left if found.paid_at else 0, found.currency)),
        "refunds": "; ".join(_show_refund(one, found.currency) for one in refunds),
        "disputes": "; ".join(describe_dispute(one, found.currency) for one in disputes),
        "history": "; ".join(f"{event.at:%Y-%m-%d %H:%M} {event.said}" for event in events),
    }  # fmt: skip


def _show_refund(refund: RefundRow, currency: str) -> str:
    note = f"(credit note {refund.credit_note})" if refund.credit_note else ""
    return " ".join(filter(None, (show_amount(refund.amount, currency), refund.status, note, refund.problem)))


def cancel(opened: OpenSite, order: str, *, reason: str = "") -> dict[str, Any]:
    """Cancel an order.

    Reserved goods are released; payments are refunded and paid goods return to the stock.
    """
    return _line(run_in_shop(opened, lambda shop: cancel_order(shop, order, reason)))


def refund(
    opened: OpenSite, order: str, *, amount: str = "", line: tuple[str, ...] = (), restock: bool = False, reason: str = "", key: str = "",
    by_hand: bool = False, yes: bool = False, dry_run: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Give money back.

    An amount, that of some lines, or all that is left, which is asked first.
    """
    found = _find(opened, order)
    lines: dict[str, int] | None = None
    for text in line:
        sku, equals, quantity = text.rpartition("=")
        if not sku or not (quantity.isascii() and quantity.isdigit()):
            sku, quantity = text, "" if equals else "1"
        if not quantity:
            raise fail("shop.refund", f"{text!r} is not a SKU with a quantity", hint="Write MUG-1=2, or MUG-1 for one.")
        lines = {**(lines or {}), sku: int(quantity)}
    try:
        wanted = parse_amount(amount, found.currency) if amount else None
    except ValueError as error:
        raise fail("shop.refund", str(error), hint="Write it as 19.99.") from None
    asked = RefundRequest(key or secrets.token_hex(8), wanted, lines, restock, reason, by_hand)
    known, costs = run_in_shop(opened, lambda shop: price_refund(shop, order, asked))
    shown = show_amount(costs, found.currency)
    if dry_run:
        return {
            "order": found.order_number,
            "refund": "0" if known else shown,
            "status": "asked for before" if known else "not made: --dry-run",
        }
    if not (yes or known or amount or line):
        question = f"Refund {shown} of order {found.order_number}, which is all that is left?"
        if not confirm(question, "Add --yes, or say how much: --amount 19.99, --line MUG-1=2."):
            raise fail("shop.refund", "nothing was refunded", hint="--amount 19.99 or --line MUG-1=2 refund a part.")
    return _line(run_in_shop(opened, lambda shop: refund_order(shop, order, replace(asked, amount=costs))))


def ship(opened: OpenSite, order: str, *, carrier: str = "", tracking: str = "", url: str = "") -> dict[str, Any]:
    """Note that an order was sent, which completes it."""
    return _line(run_in_shop(opened, lambda shop: ship_order(shop, order, carrier, tracking, url)))


def pay(opened: OpenSite, order: str) -> dict[str, Any]:
    """Note that the money of an order came by hand."""
    return _line(run_in_shop(opened, lambda shop: pay_order(shop, order)))


def print_paper(opened: OpenSite, order: str, *, packing_slip: bool = False, credit_note: int = 0, out: str = "") -> str:
    """Write an invoice, a packing slip or a credit note.

    As HTML or PDF.
    """
    from cms_ssg.selling.printing import make_pdf, render_document
    from cms_ssg.verticals.shop.mails import translator_of
    from cms_ssg.verticals.shop.papers import locale_of_order, make_paper

    found = _find(opened, order)
    items = fetch(opened.connection, queries.ITEMS, number=found.number)
    notes = fetch(opened.connection, CREDIT_NOTES, number=found.number)
    kind = "packing-slip" if packing_slip else f"credit-note-{credit_note}" if credit_note else "invoice"
    html = render_document(
        make_paper(kind, opened.site, translator_of(opened.site, locale_of_order(opened.site, found)), found, items, notes)
    )
    path = Path(out or f"{kind}-{found.order_number}.html")
    _write(path, make_pdf(html) if path.suffix.lower() == ".pdf" else html.encode("utf-8", "replace"))
    return str(path)


def export_orders(opened: OpenSite, out: str, *, since: str = "", until: str = "", status: str = "") -> str:
    """Write orders as CSV, a row for each of their lines."""
    from cms_ssg.selling.sales import write_orders

    text = "".join(write_orders(opened.connection, make_span(opened, since, until) | {"status": status}))
    _write(Path(out), text.encode("utf-8", "replace"))
    return f"{count(text.count(chr(10)) - 1, 'line')} written to {out}"


def report_sales(opened: OpenSite, *, by: str = "month", since: str = "", until: str = "") -> list[dict[str, Any]]:
    """Report sales by day, month, year or product."""
    from cms_ssg.selling.sales import PERIODS, list_sales

    if by not in (*PERIODS, "product"):
        raise fail("shop.report", f"sales are not added up by {by!r}", hint="Write day, month, year or product.")
    return list_sales(opened.connection, make_span(opened, since, until), by)


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise fail(
            "shop.write", f"it cannot be written: {error.strerror}", place=str(path), hint="Name a file in a folder that is there."
        ) from None


def import_products(opened: OpenSite, file: str, *, dry_run: bool = False) -> str:
    """Import the products of another shop.

    Takes the CSV that WooCommerce exports, or the JSON of Saleor. All products with their variations; a second time it changes them.
    """
    from cms_ssg.selling.product_files.saving import import_products as import_file

    return str(import_file(opened, Path(file), settings_of(opened.site).currency, dry_run=dry_run))


def show_taxes(opened: OpenSite, file: str) -> str:
    """Convert tax rates exported from WooCommerce into settings.

    Prints tables for site.toml, and lists the lines that cannot be converted.
    """
    from cms_ssg.selling.product_files.taxes import write_taxes

    return write_taxes(Path(file))


COMMANDS = (
    Command("products taxes", show_taxes, "cms products taxes tax_rates.csv >> site.toml"),
    Command("products import", import_products, "cms products import products.csv\ncms products import saleor.json", {"dry_run": "Only say what would be imported."}),
    Command("orders list", list_orders, "cms orders list --status processing", {"status": "Only those with this status.", "limit": "How many."}),
    Command("orders show", show_order, "cms orders show 1001"),
    Command("orders pay", pay, "cms orders pay 1001"),
    Command("orders ship", ship, "cms orders ship 1001 --carrier DHL --tracking 123",
        {"carrier": "Who carries it.", "tracking": "Its number there.", "url": "Where it is followed."}),
    Command("orders cancel", cancel, "cms orders cancel 1001", {"reason": "For the order's history."}),
    Command("orders refund", refund, "cms orders refund 1001 --line MUG-1=2 --restock", {
        "amount": "How much; by default that of the lines.", "line": "SKU=quantity that comes back.", "restock": "Put it back into the stock.",
        "reason": "For the order's history.", "key": "The same one refunds once, however often it is called.",
        "by_hand": "It was given back another way, such as a bank transfer: the provider is not asked.",
        "yes": "Refund all that is left without asking.", "dry_run": "Only say how much it would be.",
    }),
    Command("orders invoice", print_paper, "cms orders invoice 1001 --out invoice.pdf\ncms orders invoice 1001 --packing-slip\ncms orders invoice 1001 --credit-note 3", {
        "packing_slip": "What goes into the parcel, without prices.", "credit_note": "The credit note of this number, for a refund.",
        "out": "The file, .html or .pdf; by default invoice-NUMBER.html."}),
    Command("orders export", export_orders, "cms orders export orders.csv --since 2026-01-01", {
        "since": "From this day on.", "until": "Up to this day.", "status": "Only those with this status."}),
    Command("orders report", report_sales, "cms orders report --by month\ncms orders report --by product --since 2026-01-01", {
        "by": "day, month, year or product.", "since": "From this day on.", "until": "Up to this day."}),
    *STOCK_COMMANDS, *COUPON_COMMANDS,
)  # fmt: skip
