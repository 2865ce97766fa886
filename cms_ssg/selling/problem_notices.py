"""Tells the hook ``payment_problem`` of refunds that failed and of disputes: once or, where a process is killed, again."""

from __future__ import annotations

from typing import Final, LiteralString

from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.selling.order_notices import NOTE

_ORDER: Final[LiteralString] = " JOIN cms.orders o ON o.site = p.site AND p.subject = 'shop/' || o.number "
WAITING: Final[LiteralString] = f"""
SELECT 'refund_failed', r.number, r.id::text, '', r.amount, p.currency, r.problem, o.number, o.order_number
FROM cms.payment_refunds r JOIN cms.payments p ON p.number = r.payment {_ORDER} WHERE r.site = %(site)s AND r.status = 'failed' AND NOT r.problem_told
UNION ALL
SELECT 'dispute', d.number, d.name, d.status, d.amount, p.currency, d.reason, o.number, o.order_number
FROM cms.payment_disputes d JOIN cms.payments p ON p.number = d.payment {_ORDER} WHERE d.site = %(site)s AND d.told_status <> d.status ORDER BY 1, 2 LIMIT 500"""
TOLD: Final[dict[str, LiteralString]] = {
    "refund_failed": "UPDATE cms.payment_refunds SET problem_told = true WHERE number = %(number)s AND %(status)s = ''",
    "dispute": "UPDATE cms.payment_disputes SET told_status = %(status)s WHERE number = %(number)s",
}


def notify_payment_problems(opened: OpenSite) -> None:
    """Tell of what happened since the last time. A hook that fails is noted at the order; one that is added later is not told of earlier problems."""
    from cms_ssg.events.plugins import find_plugins
    from cms_ssg.hooks import PaymentProblem

    site, connection, number = opened
    rows = connection.execute(WAITING, {"site": number}).fetchall()
    plugins = find_plugins(site.root, site.settings) if rows else None
    name = site.settings.store_name
    for kind, key, id_, status, amount, currency, reason, order, order_number in rows:
        if plugins is not None and plugins.has("payment_problem"):
            told = PaymentProblem(
                event_id=f"{name}:{kind}:{id_}:{status}", site=name, order=order_number, kind=kind, status=status, amount=amount,
                currency=currency, reason=reason,
            )  # fmt: skip
            plugins.call("payment_problem", problem=told)
            for problem in plugins.take_problems():
                connection.execute(NOTE, (order, problem.message[:1000]))
        connection.execute(TOLD[kind], {"number": key, "status": status})
