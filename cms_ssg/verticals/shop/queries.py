"""Queries of carts, products and orders, as SQL and the rows they give."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Final, LiteralString, NamedTuple

from cms_ssg.store.query import Query


class Sellable(NamedTuple):
    """What can be sold under a SKU, at this moment. free: units that nobody has spoken for; most: that can be bought, None for any number."""

    sku: str
    product: int
    id: str
    product_id: str
    is_variation: bool
    title: str
    attributes: dict[str, Any]
    path: str
    image: str
    currency: str
    price: int
    was: int | None
    tax_class: str
    tax_status: str
    kg: Decimal
    shipping_class: str
    product_type: str
    parts: dict[str, int]
    files: list[str]
    download_limit: int | None
    download_expiry: int | None
    state: str
    most: int | None


_FREE: Final = (
    "(coalesce((SELECT sum(l.on_hand - l.reserved) FROM cms.stock_levels l WHERE l.site = {0}.site AND l.sku = {0}.sku), 0)"
    " + coalesce((SELECT sum(r.quantity) FROM cms.stock_reservations r WHERE r.site = {0}.site AND r.sku = {0}.sku AND r.state = 'held'"
    " AND r.expires_at <= clock_timestamp()), 0))::bigint"
)
"""What nobody has spoken for; a reservation whose time is over holds nothing, whether it was swept or not."""

SELLABLES: Final = Query(
    """
SELECT s.sku, s.product, s.id::text,
  (SELECT p.id::text FROM cms.skus p WHERE p.site = s.site AND p.product = s.product AND NOT p.is_variation), s.is_variation, s.title, s.attributes, s.path, s.image,
  s.currency, CASE WHEN sale.active THEN s.sale_price ELSE s.price END, CASE WHEN sale.active THEN s.price END, s.tax_class, s.tax_status, coalesce(s.weight, 0), s.shipping_class,
  s.product_type, s.parts, s.files, s.download_limit, s.download_expiry,
  CASE WHEN s.product_type = 'bundle' THEN part.state ELSE cms.stock_state(own.free, s.manage_stock, s.backorders, s.low_stock_threshold) END,
  CASE WHEN s.product_type = 'bundle' THEN part.most WHEN s.manage_stock AND s.backorders = 'no' THEN own.free END
FROM cms.sellables s
CROSS JOIN LATERAL (SELECT cms.is_on_sale(s.price, s.sale_price, s.sale_from, s.sale_until, clock_timestamp()) AS active) sale
CROSS JOIN LATERAL (SELECT """
    + _FREE.format("s")
    + """ AS free) own
LEFT JOIN LATERAL (
  SELECT (ARRAY['in_stock', 'low', 'on_backorder', 'out_of_stock'])[max(array_position(ARRAY['in_stock', 'low', 'on_backorder', 'out_of_stock'],
      CASE WHEN q.sku IS NULL THEN 'out_of_stock' ELSE cms.stock_state("""
    + _FREE.format("q")
    + """ / r.quantity, q.manage_stock, q.backorders, s.low_stock_threshold) END))] AS state,
    min(CASE WHEN q.sku IS NULL THEN 0 WHEN q.manage_stock AND q.backorders = 'no' THEN """
    + _FREE.format("q")
    + """ / r.quantity END) AS most
  FROM cms.sku_parts r LEFT JOIN cms.sellables q ON q.site = r.site AND q.sku = r.part AND q.is_sold
  WHERE r.site = s.site AND r.product = s.product) part ON s.product_type = 'bundle'
WHERE s.site = %(site)s AND s.sku = ANY (%(skus)s) AND s.is_sold""",
    Sellable,
)


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


_ORDERS: Final[LiteralString] = """
SELECT o.number, o.order_id::text, o.order_number, o.status, o.customer_email, o.customer_name, o.billing_address, o.shipping_address, o.shipping_method, o.subtotal,
  o.discount_total, o.shipping_cost, o.shipping_total, o.tax_total, o.total, o.refunded_total, o.currency, o.taxes_included, o.coupon, o.payment_method,
  o.payment_method_title, o.transaction_id, o.paid_at, o.customer_note, o.tracking, o.metadata, o.locale, o.created_at, p.status, p.page, p.problem, o.invoice_number
FROM cms.orders o LEFT JOIN cms.payments p ON p.site = o.site AND p.subject = 'shop/' || o.number WHERE o.site = %(site)s"""
ORDER: Final = Query(_ORDERS + " AND o.number = %(number)s", OrderRow)
ORDER_BY_NAME: Final = Query(_ORDERS + " AND (o.order_number = %(name)s OR o.order_id::text = %(name)s)", OrderRow)
ORDERS: Final = Query(
    _ORDERS + " AND (%(status)s = '' OR o.status = %(status)s) AND o.number < %(before)s ORDER BY o.number DESC LIMIT %(limit)s", OrderRow
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
