"""Payments from their beginning to their end: begun at a provider, settled by what it reports. Each step may be repeated, in any order."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final, LiteralString, cast

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from cms_ssg.payment.disputes import record_dispute
from cms_ssg.payment.lookup import COLUMNS, find_payable, find_payment, make_provider
from cms_ssg.payment.provider import (
    Dispute,
    Event,
    FailedRefund,
    Intent,
    IntentRequest,
    PaymentProvider,
    PaymentRow,
    ProviderError,
    Report,
    Shop,
)
from cms_ssg.payment.refunding import record_failed_refund, send_refunds
from cms_ssg.text.money import show_amount

ADD: Final[LiteralString] = """
INSERT INTO cms.payments (site, provider, subject, amount, currency, digest) VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (site, subject) DO NOTHING"""
LOCK: Final[LiteralString] = f"""
SELECT {COLUMNS} FROM cms.payments WHERE site = %(site)s AND provider = %(provider)s AND (intent = %(intent)s OR intent IS NULL AND id::text = %(payment)s)
ORDER BY intent NULLS LAST LIMIT 1 FOR UPDATE"""
LOCK_ID: Final[LiteralString] = (
    f"SELECT {COLUMNS} FROM cms.payments WHERE site = %(site)s AND provider = %(provider)s AND id::text = %(payment)s FOR UPDATE"
)
BEGUN: Final[LiteralString] = """
UPDATE cms.payments SET intent = %(intent)s, page = %(page)s, attempts = %(attempts)s,
  status = CASE WHEN status = 'created' THEN %(status)s ELSE status END, updated_at = clock_timestamp()
WHERE number = %(number)s AND (intent IS NULL OR intent = %(intent)s)"""
NOT_BEGUN: Final[LiteralString] = "UPDATE cms.payments SET attempts = attempts + 1 WHERE number = %s AND attempts = %s AND intent IS NULL"
SET: Final[LiteralString] = """
UPDATE cms.payments SET status = %(status)s, intent = coalesce(intent, %(intent)s), problem = %(problem)s, updated_at = clock_timestamp() WHERE number = %(number)s"""
NOTE_EVENT: Final[LiteralString] = """
INSERT INTO cms.payment_events (site, provider, event, intent, status) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING 1"""
OPEN: Final[LiteralString] = f"""
SELECT {COLUMNS} FROM cms.payments WHERE site = %s AND status IN ('pending', 'action', 'processing', 'failed') AND intent IS NOT NULL
  AND updated_at < clock_timestamp() - make_interval(secs => CASE status WHEN 'processing' THEN 3600 ELSE %s END) ORDER BY updated_at LIMIT 100"""
SEEN: Final[LiteralString] = "UPDATE cms.payments SET updated_at = clock_timestamp() WHERE number = %s"
FINAL: Final = frozenset({"succeeded", "held"})
"""Nothing that is reported later changes these."""


async def begin_payment(shop: Shop, provider: PaymentProvider, payment: PaymentRow, return_url: str, email: str = "") -> Intent:
    """Begin a payment at the provider, whose row is stored already. May be repeated, and at the same time: the buyer is shown one payment of the provider.

    Raises ProviderError. After an error that its key would be answered with again, the next attempt has another key.
    """
    key = f"cms-{payment.id}" + (f"-{payment.attempts}" if payment.attempts else "")
    try:
        intent = await provider.create(
            IntentRequest(key, payment.id, payment.subject, payment.amount, payment.currency, payment.digest, return_url, email)
        )
    except ProviderError as error:
        if error.is_final:
            async with shop.connect() as connection:
                await connection.execute(NOT_BEGUN, (payment.number, payment.attempts))
        raise
    async with shop.connect() as connection, connection.transaction():
        values = {"intent": intent.id, "page": intent.page, "status": intent.status, "number": payment.number, "attempts": payment.attempts}
        await connection.execute(BEGUN, values)
        begun = await find_payment(connection, shop.number, payment.subject, lock=True)
        assert begun is not None
        if payment.status == "created" and begun.status == "pending":
            await find_payable(shop.site, begun.subject).settle(connection, shop, begun)
    if begun.intent != intent.id:  # another request has begun it meanwhile, with another key
        with suppress(ProviderError):  # nobody was shown it
            await provider.cancel(intent.id)
        return Intent(begun.intent or "", intent.status, begun.page)
    return intent


async def settle_event(shop: Shop, provider: PaymentProvider, event: Event) -> bool:
    """Take in what the provider reported. Its effect and the event's id are one transaction. False where it is known, or about no payment of ours."""
    report = event.report
    name, status = _describe(report)
    async with shop.connect() as connection, connection.transaction():
        if not await (await connection.execute(NOTE_EVENT, (shop.number, provider.name, event.id, name, status))).fetchone():
            return False
        values = {"site": shop.number, "provider": provider.name, "intent": name, "payment": report.payment}
        row = await (await connection.execute(LOCK if isinstance(report, Report) else LOCK_ID, values)).fetchone()
        if row is None:
            return False
        payment, settled = PaymentRow(*row), False
        if isinstance(report, Report):
            settled = await _settle(connection, shop, payment, report)
        elif isinstance(report, Dispute):
            await record_dispute(connection, shop, payment, report)
        else:
            await record_failed_refund(connection, shop, payment, report)
    if settled:
        await send_refunds(shop)
    return True


def _describe(report: Report | FailedRefund | Dispute) -> tuple[str, str]:
    """What a report is about, and its status, for the table of events."""
    if isinstance(report, Report):
        return report.intent, report.status
    return report.name, f"dispute_{report.status}" if isinstance(report, Dispute) else "refund_failed"


async def _settle(connection: AsyncConnection[TupleRow], shop: Shop, payment: PaymentRow, report: Report) -> bool:
    if payment.status in FINAL or payment.status == report.status:
        return False
    status, problem = str(report.status), ""
    if status == "succeeded" and (problem := _find_difference(payment, report)):
        status = "held"
    await connection.execute(SET, {"status": status, "intent": report.intent, "problem": problem, "number": payment.number})
    settled = payment._replace(status=status, intent=payment.intent or report.intent, problem=problem)
    await find_payable(shop.site, payment.subject).settle(connection, shop, settled)
    return True


def _find_difference(payment: PaymentRow, report: Report) -> str:
    """What of a payment is not as it was agreed on, for the shopkeeper; ``""`` where all of it is."""
    found = []
    if (report.amount, report.currency) != (payment.amount, payment.currency):
        found.append(f"{show_amount(report.amount, report.currency)} was paid instead of {show_amount(payment.amount, payment.currency)}")
    if report.subject != payment.subject:
        found.append(f"it was made for {report.subject or 'something else'}, not for {payment.subject}")
    elif report.payment != payment.id:
        found.append("it names another payment")
    elif report.digest != payment.digest:
        found.append("it was made for a cart with other contents or prices")
    return "; ".join(found)


async def settle_by_hand(shop: Shop, payment: PaymentRow, status: str) -> bool:
    """Take in what a person says of a payment of the provider ``manual``, or that one was cancelled."""
    report = Report(
        payment.intent or f"manual_{payment.id}", cast("Any", status), payment.amount, payment.currency, payment.id, payment.subject, payment.digest
    )  # fmt: skip
    async with shop.connect() as connection, connection.transaction():
        locked = await find_payment(connection, shop.number, payment.subject, lock=True)
        assert locked is not None
        settled = await _settle(connection, shop, locked, report)
    if settled:
        await send_refunds(shop)
    return settled


async def reconcile(shop: Shop, age_s: int) -> int:
    """Ask the providers about payments that have been open for so long: a message may have been lost. Returns how many changed."""
    async with shop.connect() as connection:
        rows = await (await connection.execute(OPEN, (shop.number, age_s))).fetchall()
    changed = 0
    for payment in map(PaymentRow._make, rows):
        changed += await reconcile_payment(shop, payment)
    return changed


async def reconcile_payment(shop: Shop, payment: PaymentRow) -> bool:
    """Ask the provider about one payment. A provider that does not answer changes nothing."""
    if payment.provider == "manual" or payment.intent is None or payment.status in FINAL:
        return False
    try:
        provider = make_provider(shop, payment.provider)
        report = await provider.fetch(payment.intent)
    except ProviderError:
        return False
    async with shop.connect() as connection:
        await connection.execute(SEEN, (payment.number,))
    if report.status == payment.status:
        return False
    return await settle_event(shop, provider, Event(f"fetched:{report.intent}:{report.status}", report))
