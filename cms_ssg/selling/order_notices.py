"""Tells the hook ``order_paid`` of orders, each once or, where a process is killed, again."""

from __future__ import annotations

from typing import Final, LiteralString

from cms_ssg.kinds.vertical import OpenSite

PAID: Final[LiteralString] = """
SELECT o.number, o.order_id::text, o.order_number, o.customer_email, o.customer_name, o.customer_note, o.currency, o.total, o.paid_at,
  (SELECT jsonb_agg(jsonb_build_object('sku', i.sku, 'title', i.product_name, 'quantity', i.quantity, 'total', i.total,
    'attributes', coalesce(i.metadata -> 'attributes', '{}')) ORDER BY i.number) FROM cms.order_items i WHERE i."order" = o.number)
FROM cms.orders o WHERE o.site = %s AND o.paid_at IS NOT NULL AND o.told_at IS NULL AND o.status IN ('processing', 'completed') ORDER BY o.number LIMIT 500"""
TOLD: Final[LiteralString] = "UPDATE cms.orders SET told_at = clock_timestamp() WHERE number = %s"
TOLD_ALL: Final[LiteralString] = (
    "UPDATE cms.orders SET told_at = clock_timestamp() WHERE site = %s AND paid_at IS NOT NULL AND told_at IS NULL"
)


def notify_paid_orders(opened: OpenSite) -> None:
    """Call the hook for each order that was paid since it was last called. A hook that is added later is not told of earlier ones."""
    from cms_ssg.events.plugins import find_plugins
    from cms_ssg.hooks import OrderLine, OrderPaid

    site, connection, number = opened
    plugins = find_plugins(site.root, site.settings)
    if plugins is None or not plugins.has("order_paid"):
        connection.execute(TOLD_ALL, (number,))
        return
    name = site.settings.store_name
    for key, order_id, order, email, buyer, note, currency, total, paid_at, lines in connection.execute(PAID, (number,)).fetchall():
        told = OrderPaid(
            event_id=f"{name}:order:{order_id}", site=name, order=order, email=email, name=buyer, note=note, currency=currency, total=total,
            paid_at=paid_at, lines=tuple(OrderLine(**line) for line in lines),
        )  # fmt: skip
        plugins.call("order_paid", order=told)
        connection.execute(TOLD, (key,))
