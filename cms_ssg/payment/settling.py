"""Payments from their beginning to their end: begun at a provider, settled by what it reports, refunded. Each step may be repeated, in any order."""

from __future__ import annotations

from typing import Any, Final, LiteralString, cast

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from cms_ssg.kinds.reference import resolve
from cms_ssg.payment.provider import (
    Event,
    Intent,
    IntentRequest,
    Payable,
    PaymentProvider,
    PaymentRow,
    ProviderError,
    Report,
    Shop,
)
from cms_ssg.site import Site
from cms_ssg.text.money import show_amount

COLUMNS: Final = "number, id::text, provider, intent, subject, amount, currency, digest, status, refunded, page, problem"
ADD: Final[LiteralString] = """
INSERT INTO cms.payments (site, provider, subject, amount, currency, digest) VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (site, subject) DO NOTHING"""
FIND: Final[LiteralString] = f"SELECT {COLUMNS} FROM cms.payments WHERE site = %s AND subject = %s"
LOCK: Final[LiteralString] = f"""
SELECT {COLUMNS} FROM cms.payments WHERE site = %(site)s AND provider = %(provider)s AND (intent = %(intent)s OR intent IS NULL AND id::text = %(payment)s)
ORDER BY intent NULLS LAST LIMIT 1 FOR UPDATE"""
LOCK_SUBJECT: Final[LiteralString] = f"SELECT {COLUMNS} FROM cms.payments WHERE site = %s AND subject = %s FOR UPDATE"
BEGUN: Final[LiteralString] = """
UPDATE cms.payments SET intent = %(intent)s, page = %(page)s, status = CASE WHEN status = 'created' THEN %(status)s ELSE status END, updated_at = clock_timestamp()
WHERE number = %(number)s AND (intent IS NULL OR intent = %(intent)s)"""
SET: Final[LiteralString] = """
UPDATE cms.payments SET status = %(status)s, intent = coalesce(intent, %(intent)s), problem = %(problem)s, updated_at = clock_timestamp() WHERE number = %(number)s"""
NOTE_EVENT: Final[LiteralString] = """
INSERT INTO cms.payment_events (site, provider, event, intent, status) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING 1"""
OPEN: Final[LiteralString] = f"""
SELECT {COLUMNS} FROM cms.payments WHERE site = %s AND status IN ('pending', 'action', 'processing', 'failed') AND intent IS NOT NULL
  AND updated_at < clock_timestamp() - make_interval(secs => CASE status WHEN 'processing' THEN 3600 ELSE %s END) ORDER BY updated_at LIMIT 100"""
SEEN: Final[LiteralString] = "UPDATE cms.payments SET updated_at = clock_timestamp() WHERE number = %s"
ASK_REFUND: Final[LiteralString] = """
INSERT INTO cms.payment_refunds (site, payment, key, amount, reason, details)
SELECT p.site, p.number, %(key)s, %(amount)s::bigint, %(reason)s, %(details)s FROM cms.payments p
WHERE p.number = %(payment)s AND p.status = 'succeeded'
  AND %(amount)s::bigint <= p.amount - coalesce((SELECT sum(r.amount) FROM cms.payment_refunds r WHERE r.payment = p.number AND r.status <> 'failed'), 0)
ON CONFLICT (site, payment, key) DO NOTHING RETURNING number"""
KNOWN_REFUND: Final[LiteralString] = "SELECT number, amount, status FROM cms.payment_refunds WHERE site = %s AND payment = %s AND key = %s"
REFUND_PROBLEM: Final[LiteralString] = (
    "SELECT problem FROM cms.payment_refunds WHERE site = %s AND payment = %s AND key = %s AND status = 'failed'"
)
REQUESTED: Final[LiteralString] = """
SELECT r.number, r.id::text, r.amount, p.subject, p.provider, p.intent, p.currency FROM cms.payment_refunds r JOIN cms.payments p ON p.number = r.payment
WHERE r.site = %s AND r.status = 'requested' ORDER BY r.number LIMIT 100"""
REFUNDED: Final[LiteralString] = (
    "UPDATE cms.payment_refunds SET status = 'done' WHERE number = %s AND status = 'requested' RETURNING amount"
)
NOT_REFUNDED: Final[LiteralString] = (
    "UPDATE cms.payment_refunds SET status = 'failed', problem = %s WHERE number = %s AND status = 'requested'"
)
ADD_REFUNDED: Final[LiteralString] = "UPDATE cms.payments SET refunded = refunded + %s, updated_at = clock_timestamp() WHERE number = %s"

FINAL: Final = frozenset({"succeeded", "held"})
"""Nothing that is reported later changes these."""


class RefundRefusedError(Exception):
    """It was not paid, or less than this is left."""


def load_provider(shop: Shop, name: str) -> PaymentProvider | None:
    """The provider of this name, None where the site offers none such."""
    if name not in {offered for payable in _list_payables(shop.site) for offered in payable.list_providers(shop.site)}:
        return None
    return make_provider(shop, name)


def make_provider(shop: Shop, name: str) -> PaymentProvider:
    """The provider of this name. Raises ProviderError where it is not set up."""
    if name == "fake":
        from cms_ssg.payment.fake import FakeProvider

        return FakeProvider(shop)
    if name in ("stripe", "stripe_intents"):
        from cms_ssg.payment.stripe import StripeIntentsProvider, StripeProvider

        return StripeProvider(shop) if name == "stripe" else StripeIntentsProvider(shop)
    from cms_ssg.payment.manual import ManualProvider

    return ManualProvider()


def _list_payables(site: Site) -> list[Payable]:
    return [resolve(vertical.payments) for vertical in site.features.verticals if vertical.payments]


def find_payable(site: Site, subject: str) -> Payable:
    """Who sells the subject of a payment."""
    vertical = site.features.find(subject.partition("/")[0])
    assert vertical is not None, subject
    return cast("Payable", resolve(vertical.payments))


async def find_payment(connection: AsyncConnection[TupleRow], site: int, subject: str, *, lock: bool = False) -> PaymentRow | None:
    """The payment of a subject."""
    row = await (await connection.execute(LOCK_SUBJECT if lock else FIND, (site, subject))).fetchone()
    return PaymentRow(*row) if row is not None else None


async def begin_payment(shop: Shop, provider: PaymentProvider, payment: PaymentRow, return_url: str, email: str = "") -> Intent:
    """Begin a payment at the provider, whose row is stored already. May be repeated. Raises ProviderError."""
    intent = await provider.create(IntentRequest(
        f"cms-{payment.id}", payment.id, payment.subject, payment.amount, payment.currency, payment.digest, return_url, email
    ))  # fmt: skip
    async with shop.connect() as connection, connection.transaction():
        await connection.execute(BEGUN, {"intent": intent.id, "page": intent.page, "status": intent.status, "number": payment.number})
        begun = await find_payment(connection, shop.number, payment.subject, lock=True)
        assert begun is not None
        if payment.status == "created" and begun.status == "pending":
            await find_payable(shop.site, begun.subject).settle(connection, shop, begun)
    return intent


async def settle_event(shop: Shop, provider: PaymentProvider, event: Event) -> bool:
    """Take in what the provider reported. Its effect and the event's id are one transaction. False where it is known, or about no payment of ours."""
    report = event.report
    async with shop.connect() as connection, connection.transaction():
        if not await (
            await connection.execute(NOTE_EVENT, (shop.number, provider.name, event.id, report.intent, report.status))
        ).fetchone():
            return False
        row = await (
            await connection.execute(
                LOCK, {"site": shop.number, "provider": provider.name, "intent": report.intent, "payment": report.payment}
            )
        ).fetchone()
        if row is None:
            return False
        settled = await _settle(connection, shop, PaymentRow(*row), report)
    if settled:
        await send_refunds(shop)
    return True


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


async def ask_refund(
    connection: AsyncConnection[TupleRow], site: int, payment: PaymentRow, amount: int, key: str, reason: str = "", details: object = None
) -> int:
    """Note that money is to be given back, in the caller's transaction, which holds the payment's lock; `send_refunds` does it. One refund a key.

    Raises RefundRefusedError.
    """
    known = await (await connection.execute(KNOWN_REFUND, (site, payment.number, key))).fetchone()
    if known is not None:
        if known[1] != amount:
            raise RefundRefusedError("a refund of another amount was asked for with this key")
        return int(known[0])
    values = {
        "key": key, "amount": amount, "reason": reason, "details": msgspec.json.encode(details or {}).decode(), "payment": payment.number,
    }  # fmt: skip
    row = await (await connection.execute(ASK_REFUND, values)).fetchone()
    if row is None:
        raise RefundRefusedError("it was not paid, or less than this is left to give back")
    return int(row[0])


async def find_refund_problem(shop: Shop, payment: PaymentRow, key: str) -> str:
    """Why the provider refused the refund of a key, ``""`` where it did not."""
    async with shop.connect() as connection:
        row = await (await connection.execute(REFUND_PROBLEM, (shop.number, payment.number, key))).fetchone()
    return str(row[0]) if row is not None else ""


async def send_refunds(shop: Shop) -> int:
    """Ask the providers for every refund that is noted. One that does not answer is asked again later. Returns how many were made."""
    async with shop.connect() as connection:
        rows = await (await connection.execute(REQUESTED, (shop.number,))).fetchall()
    made = 0
    for number, key, amount, subject, name, intent, currency in rows:
        problem = ""
        try:
            await make_provider(shop, name).refund(intent, amount, currency, f"cms-{key}")
        except ProviderError as error:
            if error.temporary:
                continue
            problem = str(error)
        async with shop.connect() as connection, connection.transaction():
            payment = await find_payment(connection, shop.number, subject, lock=True)
            assert payment is not None
            if problem:
                if (await connection.execute(NOT_REFUNDED, (problem, number))).rowcount:
                    await find_payable(shop.site, subject).note_failed_refund(connection, payment, amount, problem)
            elif await (await connection.execute(REFUNDED, (number,))).fetchone():
                await connection.execute(ADD_REFUNDED, (amount, payment.number))
                await find_payable(shop.site, subject).note_refund(
                    connection, shop, payment._replace(refunded=payment.refunded + amount), number
                )
                made += 1
    return made
