"""Tells verticals of lines of paid orders that were given back as a whole, once for each refund."""

from __future__ import annotations

from functools import partial
from typing import Final, LiteralString

from cms_ssg.kinds.reference import resolve
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.selling.order_notices import NOTE, call_listeners

WAITING: Final[LiteralString] = """
SELECT r.number, o.number, o.order_id::text, o.order_number, o.customer_email, o.customer_name, o.customer_note, o.currency, o.total, o.paid_at
FROM cms.payment_refunds r JOIN cms.payments p ON p.number = r.payment JOIN cms.orders o ON p.subject = 'shop/' || o.number AND o.site = p.site
WHERE r.site = %s AND r.status = 'done' AND NOT r.details ? 'told' AND o.told_at IS NOT NULL ORDER BY r.number LIMIT 500"""
# All units of a line, or all the money of the order. A refund of an order of which lines were told before is about the others.
LINES: Final[LiteralString] = """
SELECT i.sku, i.product_name, i.quantity, i.total, coalesce(i.metadata -> 'attributes', '{}')
FROM cms.order_items i JOIN cms.orders o ON o.number = i."order" WHERE o.number = %s AND (i.refunded_quantity >= i.quantity OR o.refunded_total >= o.total)
  AND NOT EXISTS (SELECT FROM cms.payment_refunds e JOIN cms.payments p ON p.number = e.payment
    WHERE p.site = o.site AND p.subject = 'shop/' || o.number AND e.details -> 'told' ? i.sku) ORDER BY i.number"""
NOTES: Final[LiteralString] = """SELECT note FROM cms.order_events WHERE "order" = %s AND note <> '' ORDER BY number"""
TOLD: Final[LiteralString] = (
    "UPDATE cms.payment_refunds SET details = details || jsonb_build_object('told', to_jsonb(%s::text[])) WHERE number = %s"
)


def notify_refunds(opened: OpenSite) -> None:
    """Tell verticals of what was given back since the last time; what they did, and what went wrong, is noted at the order."""
    from cms_ssg.hooks import OrderLine, OrderPaid

    site, connection, number = opened
    listeners = [resolve(vertical.refunded) for vertical in site.features.verticals if vertical.refunded]
    if not listeners:
        return
    name = site.settings.store_name
    for refund, key, order_id, order, email, buyer, note, currency, total, paid_at in connection.execute(WAITING, (number,)).fetchall():
        lines = tuple(
            OrderLine(sku=sku, title=title, quantity=quantity, total=sum_, attributes=attributes)
            for sku, title, quantity, sum_, attributes in connection.execute(LINES, (key,))
        )
        if lines:
            told = OrderPaid(
                event_id=f"{name}:refund:{order_id}:{refund}", site=name, order=order, email=email, name=buyer, note=note, currency=currency,
                total=total, paid_at=paid_at, lines=lines,
            )  # fmt: skip
            notes = tuple(row[0] for row in connection.execute(NOTES, (key,)))
            for text in call_listeners(opened, [partial(listen, notes=notes) for listen in listeners], told):
                connection.execute(NOTE, (key, text[:1000]))
        connection.execute(TOLD, ([line.sku for line in lines], refund))
