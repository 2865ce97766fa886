"""What was sold: orders as rows of a table, and sums by day, month or product."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any, Final, LiteralString

from psycopg import Connection

from cms_ssg.bulk.guard import guard_cell
from cms_ssg.text.money import to_decimal

PERIODS: Final = {"day": "YYYY-MM-DD", "month": "YYYY-MM", "year": "YYYY"}

SALES: Final[LiteralString] = """
SELECT to_char(o.paid_at AT TIME ZONE %(zone)s, %(format)s) AS period, o.currency, count(*), sum(o.total), sum(o.tax_total), sum(o.shipping_total), sum(o.discount_total),
  sum(o.refunded_total), sum(cms.disputed(p.number))
FROM cms.orders o LEFT JOIN cms.payments p ON p.site = o.site AND p.subject = 'shop/' || o.number
WHERE o.site = %(site)s AND o.paid_at >= %(since)s::timestamp AT TIME ZONE %(zone)s AND o.paid_at < %(until)s::timestamp AT TIME ZONE %(zone)s
  AND o.status <> 'cancelled'
GROUP BY 1, 2 ORDER BY 1, 2"""

PRODUCTS: Final[LiteralString] = """
SELECT i.sku, min(i.product_name), o.currency, sum(i.quantity - i.refunded_quantity), sum(i.total), count(DISTINCT o.number)
FROM cms.orders o JOIN cms.order_items i ON i."order" = o.number
WHERE o.site = %(site)s AND o.paid_at >= %(since)s::timestamp AT TIME ZONE %(zone)s AND o.paid_at < %(until)s::timestamp AT TIME ZONE %(zone)s AND o.status <> 'cancelled'
GROUP BY i.sku, o.currency ORDER BY 4 DESC, 1 LIMIT 1000"""

LINES: Final[LiteralString] = """
SELECT o.order_number, o.status, to_char(o.created_at AT TIME ZONE %(zone)s, 'YYYY-MM-DD HH24:MI'), to_char(o.paid_at AT TIME ZONE %(zone)s, 'YYYY-MM-DD HH24:MI'),
  o.invoice_number, o.customer_name, o.customer_email, coalesce(o.shipping_address, o.billing_address) ->> 'country', o.payment_method, o.coupon, o.currency, i.sku,
  i.product_name, i.quantity, i.refunded_quantity, i.unit_price, i.discount_total, i.tax_total, i.total, o.shipping_total, o.total, o.refunded_total
FROM cms.orders o JOIN cms.order_items i ON i."order" = o.number
WHERE o.site = %(site)s AND o.created_at >= %(since)s::timestamp AT TIME ZONE %(zone)s AND o.created_at < %(until)s::timestamp AT TIME ZONE %(zone)s
  AND (%(status)s = '' OR o.status = %(status)s) ORDER BY o.number, i.number"""
COLUMNS: Final = (
    "order", "status", "created", "paid", "invoice", "customer", "email", "country", "payment", "coupon", "currency", "sku", "product", "quantity", "refunded_quantity",
    "unit_price", "discount", "tax", "total", "order_shipping", "order_total", "order_refunded",
)  # fmt: skip
_AMOUNTS: Final = frozenset(("unit_price", "discount", "tax", "total", "order_shipping", "order_total", "order_refunded"))


def list_sales(connection: Connection[Any], values: dict[str, Any], by: str) -> list[dict[str, Any]]:
    """Sums of paid orders. values: site, zone, since, until (days); by: a period, or ``product``."""
    names: tuple[str, ...]
    if by == "product":
        names = ("sku", "product", "currency", "units", "total", "orders")
        rows = [dict(zip(names, row, strict=True)) for row in connection.execute(PRODUCTS, values)]
    else:
        names = ("period", "currency", "orders", "total", "tax", "shipping", "discount", "refunded", "disputed")
        rows = [dict(zip(names, row, strict=True)) for row in connection.execute(SALES, {**values, "format": PERIODS[by]})]
    for row in rows:
        for name in ("total", "tax", "shipping", "discount", "refunded", "disputed"):
            if name in row:
                row[name] = str(to_decimal(int(row[name]), row["currency"]))
    return rows


def write_orders(connection: Connection[Any], values: dict[str, Any]) -> Iterator[str]:
    """Orders as CSV, a line for each line of an order; no cell is one that a spreadsheet would run. values: as `list_sales`, and status."""

    def write(cells: tuple[str, ...]) -> str:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerow(cells)
        return buffer.getvalue()

    yield write(COLUMNS)
    with connection.transaction(), connection.cursor(name="orders") as cursor:
        cursor.execute(LINES, values)
        for row in cursor:
            cells = dict(zip(COLUMNS, row, strict=True))
            yield write(tuple(
                str(to_decimal(value, cells["currency"])) if name in _AMOUNTS else guard_cell("" if value is None else str(value)) for name, value in cells.items()
            ))  # fmt: skip
