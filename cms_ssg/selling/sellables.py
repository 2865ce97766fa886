"""What can be sold under a SKU, at this moment: its price, its state, and how many there are."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final, NamedTuple

from cms_ssg.selling.facts import SOLD_PART
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
  FROM cms.sku_parts r LEFT JOIN LATERAL """
    + SOLD_PART
    + """ q ON true
  WHERE r.site = s.site AND r.product = s.product) part ON s.product_type = 'bundle'
WHERE s.site = %(site)s AND s.sku = ANY (%(skus)s) AND s.is_sold""",
    Sellable,
)
