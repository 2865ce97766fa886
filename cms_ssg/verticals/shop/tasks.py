"""What is done while something watches or works: reservations end, payments are asked about, refunds and e-mails are sent, old carts go, and what is low is told."""

from __future__ import annotations

from typing import Final, LiteralString

from cms_ssg.kinds.vertical import OpenSite, Task
from cms_ssg.mail.outbox import ADD, mail_values
from cms_ssg.mail.sending import TASKS as MAIL
from cms_ssg.payment.refunding import send_refunds
from cms_ssg.payment.run import run_in_shop
from cms_ssg.payment.settling import reconcile
from cms_ssg.selling.best_sellers import rank_best_sellers
from cms_ssg.selling.order_notices import notify_paid_orders
from cms_ssg.selling.problem_notices import notify_payment_problems
from cms_ssg.selling.refund_notices import notify_refunds
from cms_ssg.types import Problem
from cms_ssg.verticals.shop.carts import settings_of
from cms_ssg.verticals.shop.mails import translator_of
from cms_ssg.verticals.shop.orders import end_abandoned


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


LOW: Final[LiteralString] = """
SELECT a.sku, s.title, a.state, a.free, a.noted_at FROM cms.stock_alerts a
CROSS JOIN LATERAL (SELECT k.title FROM cms.skus k WHERE k.site = a.site AND k.sku = a.sku ORDER BY k.locale_rank, k.product LIMIT 1) s
WHERE a.site = %s ORDER BY a.sku LIMIT 500"""
TOLD: Final[LiteralString] = (
    "DELETE FROM cms.stock_alerts a USING unnest(%s::text[], %s::timestamptz[]) t (sku, at) WHERE a.site = %s AND a.sku = t.sku AND a.noted_at = t.at"
)


def notify_low_stock(opened: OpenSite) -> str:
    """Tell the hook ``stock_low`` and the shopkeeper of SKUs of which little is left. Each is forgotten once it was told: at least once for the hook.

    Returns what the hook failed with, for the log: the first failure and how many more there are.
    """
    from cms_ssg.events.plugins import find_plugins
    from cms_ssg.hooks import StockLow

    site, connection, number = opened
    rows = connection.execute(LOW, (number,)).fetchall()
    if not rows:
        return ""
    problems: list[Problem] = []
    plugins = find_plugins(site.root, site.settings)
    if plugins is not None and plugins.has("stock_low"):
        name = site.settings.store_name
        for sku, title, state, free, at in rows:
            event = f"{name}:stock:{sku}:{at.timestamp()}"
            plugins.call("stock_low", stock=StockLow(event_id=event, site=name, sku=sku, title=title, state=state, free=free))
        problems = [one for one in plugins.take_problems() if one.code == "hooks.failed"]
    with connection.transaction():
        connection.execute(TOLD, ([row[0] for row in rows], [row[4] for row in rows], number))
        if notify := settings_of(site).notify:
            t = translator_of(site, site.default_locale)
            body = "\n".join([t("shop_mail_low"), "", *(f"{sku}  {title}: {free}" for sku, title, _, free, _ in rows)])
            subject = f"{t('shop_mail_low_subject')} · {site.settings.title}"
            connection.execute(ADD, mail_values(number, notify, subject, body))
    if not problems:
        return ""
    first, more = problems[0], f", and {len(problems) - 1} more like it" if len(problems) > 1 else ""
    return f"{first.place}:{first.line}: {first.message} [{first.code}]{more}"


TASKS = (
    Task("shop.sweep", 60, sweep), Task("shop.forget-carts", 3600, forget_carts), Task("shop.low-stock", 60, notify_low_stock),
    Task("shop.paid-orders", 30, notify_paid_orders), Task("shop.refunds", 30, notify_refunds),
    Task("shop.payment-problems", 30, notify_payment_problems),
    Task("shop.best-sellers", 3600, rank_best_sellers), *MAIL,
)  # fmt: skip
