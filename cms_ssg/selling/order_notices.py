"""Tells verticals and the hook ``order_paid`` of orders that were paid: verticals once, the hook once or, where a process is killed, again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, LiteralString

from psycopg import OperationalError

from cms_ssg.errors import CmsError
from cms_ssg.kinds.reference import resolve
from cms_ssg.kinds.vertical import OpenSite

if TYPE_CHECKING:
    from cms_ssg.hooks import OrderPaid

PAID: Final[LiteralString] = """
SELECT o.number, o.order_id::text, o.order_number, o.customer_email, o.customer_name, o.customer_note, o.currency, o.total, o.paid_at,
  (SELECT jsonb_agg(jsonb_build_object('sku', i.sku, 'title', i.product_name, 'quantity', i.quantity, 'total', i.total,
    'attributes', coalesce(i.metadata -> 'attributes', '{}')) ORDER BY i.number) FROM cms.order_items i WHERE i."order" = o.number)
FROM cms.orders o WHERE o.site = %s AND o.paid_at IS NOT NULL AND o.told_at IS NULL AND o.status IN ('processing', 'completed') ORDER BY o.number LIMIT 500"""
TOLD: Final[LiteralString] = "UPDATE cms.orders SET told_at = clock_timestamp() WHERE number = %s"
TOLD_ALL: Final[LiteralString] = (
    "UPDATE cms.orders SET told_at = clock_timestamp() WHERE site = %s AND paid_at IS NOT NULL AND told_at IS NULL"
)
NOTE: Final[LiteralString] = """INSERT INTO cms.order_events ("order", note) VALUES (%s, %s)"""


def notify_paid_orders(opened: OpenSite) -> None:
    """Tell of each order that was paid since the last time. What goes wrong is noted at the order. A hook that is added later is not told of earlier ones."""
    from cms_ssg.events.plugins import find_plugins
    from cms_ssg.hooks import OrderLine, OrderPaid

    site, connection, number = opened
    plugins = find_plugins(site.root, site.settings)
    if plugins is not None and not plugins.has("order_paid"):
        plugins = None
    listeners = [resolve(vertical.paid) for vertical in site.features.verticals if vertical.paid]
    if plugins is None and not listeners:
        connection.execute(TOLD_ALL, (number,))
        return
    name = site.settings.store_name
    for key, order_id, order, email, buyer, note, currency, total, paid_at, lines in connection.execute(PAID, (number,)).fetchall():
        told = OrderPaid(
            event_id=f"{name}:order:{order_id}", site=name, order=order, email=email, name=buyer, note=note, currency=currency, total=total,
            paid_at=paid_at, lines=tuple(OrderLine(**line) for line in lines),
        )  # fmt: skip
        for text in call_listeners(opened, listeners, told):
            connection.execute(NOTE, (key, text[:1000]))
        if plugins is not None:
            plugins.call("order_paid", order=told)
            for problem in plugins.take_problems():
                connection.execute(NOTE, (key, problem.message[:1000]))
        connection.execute(TOLD, (key,))


def call_listeners(opened: OpenSite, listeners: list[Callable[[OpenSite, OrderPaid], str]], order: OrderPaid) -> Iterator[str]:
    """Call what verticals do about an order; what came of it."""
    for listen in listeners:
        try:
            with opened.connection.transaction():
                text: Any = listen(opened, order)
        except CmsError as error:
            text = "; ".join(problem.message for problem in error.problems)
        except OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - one order must not keep the others waiting
            text = f"{type(error).__name__}: {error}"
        if text:
            yield text
