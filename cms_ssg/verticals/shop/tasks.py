"""What is done while something watches or works: reservations end, payments are asked about, refunds are sent, old carts go."""

from __future__ import annotations

from cms_ssg.kinds.vertical import OpenSite, Task
from cms_ssg.payment.settling import reconcile, send_refunds
from cms_ssg.verticals.shop.carts import settings_of
from cms_ssg.verticals.shop.orders import end_abandoned
from cms_ssg.verticals.shop.run import run_in_shop


def sweep(opened: OpenSite) -> None:
    """Give back what is reserved beyond its time, end orders that nobody paid, ask about payments whose message may be lost, send refunds that are noted."""
    minutes = settings_of(opened.site).reserve_minutes
    run_in_shop(opened, lambda shop: reconcile(shop, 60))
    run_in_shop(opened, lambda shop: end_abandoned(shop, minutes))
    run_in_shop(opened, send_refunds)


def forget_carts(opened: OpenSite) -> None:
    """Delete carts that nobody touched for a month, and answers that nobody will ask for again."""
    for sql in (
        "DELETE FROM cms.carts WHERE site = %s AND updated_at < clock_timestamp() - interval '30 days'",
        "DELETE FROM cms.idempotent_answers WHERE site = %s AND started_at < clock_timestamp() - interval '7 days'",
    ):
        opened.connection.execute(sql, (opened.number,))


TASKS = (Task("shop.sweep", 60, sweep), Task("shop.forget-carts", 3600, forget_carts))
