"""What sold best lately, as pages show it."""

from __future__ import annotations

from typing import Final, LiteralString

from cms_ssg.kinds.vertical import OpenSite

BEST: Final[LiteralString] = """
SELECT i.product FROM cms.orders o JOIN cms.order_items i ON i."order" = o.number JOIN cms.cards c ON c.entry = i.product AND c.live
WHERE o.site = %s AND o.paid_at > clock_timestamp() - interval '90 days' AND o.status IN ('processing', 'completed')
GROUP BY i.product ORDER BY sum(i.quantity) DESC, i.product LIMIT 24"""


def rank_best_sellers(opened: OpenSite) -> None:
    """Count what sold best in the last 90 days; pages are made again only where the order of the first 24 changed."""
    _, connection, number = opened
    best = [row[0] for row in connection.execute(BEST, (number,))]
    known = [row[0] for row in connection.execute("SELECT product FROM cms.best_sellers WHERE site = %s ORDER BY place", (number,))]
    if best != known:
        with connection.transaction():
            connection.execute("DELETE FROM cms.best_sellers WHERE site = %s", (number,))
            connection.execute(
                "INSERT INTO cms.best_sellers (site, place, product) SELECT %s, n, p FROM unnest(%s::bigint[]) WITH ORDINALITY u (p, n)",
                (number, best),
            )
            connection.execute("SELECT cms.touch(%s, 'fact/best_sellers/all')", (number,))
