"""What pages show of prices and stock: the price now, the state of the stock, and both for each variation."""

from typing import Final

from cms_ssg.kinds.row_kind import Fact

SOLD_PART: Final = """(
  SELECT o.* FROM (SELECT k.* FROM cms.skus k WHERE k.site = r.site AND k.sku = r.part ORDER BY k.locale_rank, k.product LIMIT 1) o WHERE o.is_sold)"""
"""What a row ``r`` of cms.sku_parts names, as cms.sellables has it: through that view, every SKU of the site would be sorted for each bundle."""

_NOW = """
  SELECT s.*, cms.is_on_sale(s.price, s.sale_price, s.sale_from, s.sale_until, %(now)s) AS on_sale,
    greatest(CASE WHEN s.sale_from <= %(now)s THEN s.sale_from END, CASE WHEN s.sale_until <= %(now)s THEN s.sale_until END) AS since,
    least(CASE WHEN s.sale_from > %(now)s THEN s.sale_from END, CASE WHEN s.sale_until > %(now)s THEN s.sale_until END) AS until
  FROM cms.skus s WHERE s.site = %(site)s AND s.product = ANY (%(subjects)s::text[]::bigint[]) AND s.price IS NOT NULL"""

PRICE = Fact(
    "price",
    f"""SELECT product::text, jsonb_build_object('currency', min(currency), 'amount', min(amount), 'many', min(amount) <> max(amount),
          'was', CASE WHEN min(amount) = max(amount) AND bool_and(on_sale) THEN min(price) END,
          'until', to_char(min(sale_until) FILTER (WHERE on_sale) AT TIME ZONE 'UTC', 'YYYY-MM-DD')),
          max(since), min(until)
        FROM (SELECT n.*, CASE WHEN on_sale THEN sale_price ELSE price END AS amount FROM ({_NOW}) n
              WHERE n.is_variation OR n.product_type <> 'variable') p
        GROUP BY product""",
    search={"price": "amount"},
)
"""Of an entry: currency, amount, many (it is the lowest of several), was (before the sale), until. Times decide about sales, so pages follow the clock."""

_FREE = """coalesce((SELECT sum(l.on_hand - l.reserved) FROM cms.stock_levels l WHERE l.site = s.site AND l.sku = {sku}), 0)"""
_STATES = f"""
  SELECT s.product, s.sku, s.is_variation, s.product_type,
    CASE WHEN s.product_type = 'bundle' THEN (
      SELECT max(array_position(ARRAY['in_stock', 'low', 'on_backorder', 'out_of_stock'], CASE WHEN q.sku IS NULL THEN 'out_of_stock'
        ELSE cms.stock_state({_FREE.format(sku="q.sku")}::bigint / r.quantity, q.manage_stock, q.backorders, s.low_stock_threshold) END))
      FROM cms.sku_parts r LEFT JOIN LATERAL {SOLD_PART} q ON true WHERE r.site = s.site AND r.product = s.product)
    ELSE array_position(ARRAY['in_stock', 'low', 'on_backorder', 'out_of_stock'],
      cms.stock_state({_FREE.format(sku="s.sku")}::bigint, s.manage_stock, s.backorders, s.low_stock_threshold)) END AS rank
  FROM cms.skus s WHERE s.site = %(site)s AND s.product = ANY (%(subjects)s::text[]::bigint[]) AND s.is_sold"""

STOCK = Fact(
    "stock",
    f"""SELECT product::text, to_jsonb((ARRAY['in_stock', 'low', 'on_backorder', 'out_of_stock'])[min(rank)]), NULL::timestamptz, NULL::timestamptz
        FROM ({_STATES}) s GROUP BY product""",
    search={"stock": ""},
)
"""Of an entry: in_stock, low, on_backorder or out_of_stock; none where it cannot be bought here."""

OFFERS = Fact(
    "offers",
    f"""SELECT n.product::text, jsonb_agg(jsonb_build_object('sku', n.sku, 'attributes', n.attributes, 'image', n.image, 'state',
            (ARRAY['in_stock', 'low', 'on_backorder', 'out_of_stock'])[t.rank],
            'amount', CASE WHEN n.on_sale THEN n.sale_price ELSE n.price END, 'was', CASE WHEN n.on_sale THEN n.price END) ORDER BY n.place, n.sku),
          max(n.since), min(n.until)
        FROM ({_NOW}) n JOIN ({_STATES}) t ON t.product = n.product AND t.sku = n.sku WHERE n.is_variation GROUP BY n.product""",
)
"""Of an entry: its variations, each with its price and state."""

BEST_SELLERS = Fact(
    "best_sellers",
    """SELECT 'all', jsonb_agg(b.product ORDER BY b.place), NULL::timestamptz, NULL::timestamptz FROM cms.best_sellers b
       JOIN cms.cards c ON c.entry = b.product AND c.live WHERE b.site = %(site)s AND 'all' = ANY (%(subjects)s) HAVING count(*) > 0""",
)
"""Of ``all``: the numbers of the products that sold best."""
