"""Queries of carts, products and orders, as SQL and the rows they give."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, LiteralString, NamedTuple

from cms_ssg.store.query import Query

STATUSES: Final = ("pending", "processing", "on_hold", "completed", "cancelled", "refunded", "failed")


class CartRow(NamedTuple):
    """A cart. ordered: the number of the order it became."""

    id: str
    country: str
    shipping: str
    coupon: str
    locale: str
    vat_number: str
    ordered: int | None


CART: Final = Query(
    "SELECT id::text, country, shipping, coupon, locale, vat_number, ordered FROM cms.carts WHERE site = %(site)s AND id = %(cart)s::uuid",
    CartRow,
)


class CartLine(NamedTuple):
    """A line of a cart."""

    sku: str
    quantity: int


LINES: Final = Query("SELECT sku, quantity FROM cms.cart_lines WHERE cart = %(cart)s::uuid ORDER BY added_at, sku", CartLine)


class Coupon(NamedTuple):
    """A coupon, and why it cannot be used now, ``""`` if it can."""

    code: str
    kind: str
    value: int
    minimum: int
    problem: str


COUPON: Final = Query(
    """
SELECT code, kind, value, minimum, CASE WHEN starts_at > clock_timestamp() THEN 'early' WHEN ends_at <= clock_timestamp() THEN 'expired'
  WHEN used >= most_uses THEN 'used' ELSE '' END
FROM cms.coupons WHERE site = %(site)s AND code = upper(%(code)s)""",
    Coupon,
)


class OrderRow(NamedTuple):
    """An order, with what became of its payment."""

    number: int
    order_id: str
    order_number: str
    status: str
    customer_email: str
    customer_name: str
    billing_address: dict[str, str]
    shipping_address: dict[str, str] | None
    shipping_method: str
    subtotal: int
    discount_total: int
    shipping_cost: int
    shipping_total: int
    tax_total: int
    total: int
    refunded_total: int
    currency: str
    taxes_included: bool
    coupon: str
    payment_method: str
    payment_method_title: str
    transaction_id: str | None
    paid_at: datetime | None
    customer_note: str
    tracking: list[dict[str, str]]
    metadata: dict[str, Any]
    locale: str
    created_at: datetime
    payment_status: str | None
    payment_page: str | None
    payment_problem: str | None
    invoice_number: int | None
    disputed_total: int

    @property
    def left(self) -> int:
        """What can still be refunded: the buyer has not got it, and no bank holds it."""
        return max(self.total - self.refunded_total - self.disputed_total, 0)

    @property
    def waits_for_hand(self) -> bool:
        """Its money is to come by hand, and has not."""
        return self.payment_method == "manual" and self.paid_at is None and self.status == "on_hold"


_ORDERS: Final[LiteralString] = """
SELECT o.number, o.order_id::text, o.order_number, o.status, o.customer_email, o.customer_name, o.billing_address, o.shipping_address, o.shipping_method, o.subtotal,
  o.discount_total, o.shipping_cost, o.shipping_total, o.tax_total, o.total, o.refunded_total, o.currency, o.taxes_included, o.coupon, o.payment_method,
  o.payment_method_title, o.transaction_id, o.paid_at, o.customer_note, o.tracking, o.metadata, o.locale, o.created_at, p.status, p.page, p.problem, o.invoice_number,
  cms.disputed(p.number)
FROM cms.orders o LEFT JOIN cms.payments p ON p.site = o.site AND p.subject = 'shop/' || o.number WHERE o.site = %(site)s"""
ORDER: Final = Query(_ORDERS + " AND o.number = %(number)s", OrderRow)
ORDER_BY_NAME: Final = Query(_ORDERS + " AND (o.order_number = %(name)s OR o.order_id::text = %(name)s)", OrderRow)
ORDERS: Final = Query(
    _ORDERS + " AND (%(status)s = '' OR o.status = %(status)s) AND o.number < %(before)s ORDER BY o.number DESC LIMIT %(limit)s", OrderRow
)

ORDERS_OF: Final = Query(
    _ORDERS + " AND lower(o.customer_email) = lower(%(email)s) AND o.number < %(before)s ORDER BY o.number DESC LIMIT %(limit)s", OrderRow
)

FOUND_ORDERS: Final = Query(
    _ORDERS
    + """ AND (%(status)s = '' OR o.status = %(status)s) AND o.number < %(before)s AND (%(q)s = '' OR o.order_number = %(q)s
  OR lower(o.customer_email) = lower(%(q)s) OR strpos(lower(o.customer_name), lower(%(q)s)) > 0) ORDER BY o.number DESC LIMIT %(limit)s""",
    OrderRow,
)


class EventRow(NamedTuple):
    """Something that happened to an order."""

    at: datetime
    said: str


EVENTS: Final = Query(
    """SELECT at, coalesce(from_status || ' -> ' || to_status, note) FROM cms.order_events WHERE "order" = %(number)s ORDER BY number""",
    EventRow,
)


class RefundRow(NamedTuple):
    """Money that was given back, or was to be. status: ``requested``, ``done`` or ``failed``."""

    amount: int
    status: str
    problem: str
    reason: str
    created_at: datetime
    credit_note: int | None


REFUNDS: Final = Query(
    """SELECT r.amount, r.status, r.problem, r.reason, r.created_at, c.number FROM cms.payment_refunds r JOIN cms.payments p ON p.number = r.payment
    LEFT JOIN cms.credit_notes c ON c.refund = r.number WHERE p.site = %(site)s AND p.subject = 'shop/' || %(number)s::bigint ORDER BY r.number""",
    RefundRow,
)


class DisputeRow(NamedTuple):
    """A buyer asked their bank for the money back. due_at: until when the shop may answer."""

    name: str
    status: str
    amount: int
    reason: str
    due_at: datetime | None


DISPUTES: Final = Query(
    """SELECT d.name, d.status, d.amount, d.reason, d.due_at FROM cms.payment_disputes d JOIN cms.payments p ON p.number = d.payment
    WHERE p.site = %(site)s AND p.subject = 'shop/' || %(number)s::bigint ORDER BY d.number""",
    DisputeRow,
)


class ItemRow(NamedTuple):
    """A line of an order, as it was bought."""

    number: int
    product: int
    product_name: str
    sku: str
    quantity: int
    unit_price: int
    subtotal: int
    discount_total: int
    tax_total: int
    total: int
    refunded_quantity: int
    metadata: dict[str, Any]

    @property
    def full_name(self) -> str:
        """The name with what tells a variation from the others: ``Apron (size: M, colour: slate)``."""
        attributes = ", ".join(f"{name}: {value}" for name, value in (self.metadata.get("attributes") or {}).items())
        return f"{self.product_name} ({attributes})" if attributes else self.product_name

    @property
    def is_digital(self) -> bool:
        """It is downloaded, not sent."""
        return self.metadata.get("type") == "digital"


ITEMS: Final = Query(
    """
SELECT number, product, product_name, sku, quantity, unit_price, subtotal, discount_total, tax_total, total, refunded_quantity, metadata
FROM cms.order_items WHERE "order" = %(number)s ORDER BY number""",
    ItemRow,
)


class DownloadRow(NamedTuple):
    """A file that an order may fetch."""

    number: int
    sku: str
    name: str
    file: str
    left: int | None
    expires_at: datetime | None


DOWNLOADS: Final = Query(
    """SELECT number, sku, name, file, most - used, expires_at FROM cms.downloads WHERE "order" = %(number)s ORDER BY number""", DownloadRow
)

LOCK_ORDER: Final[LiteralString] = "SELECT number FROM cms.orders WHERE site = %s AND number = %s FOR UPDATE"
