"""Refunds: noted before the provider is asked, made once a key, and taken back where the provider reports later that the money did not arrive."""

from __future__ import annotations

from typing import Final, LiteralString

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from cms_ssg.payment.lookup import find_payable, find_payment, make_provider
from cms_ssg.payment.provider import FailedRefund, PaymentRow, ProviderError, Shop
from cms_ssg.text.money import show_amount

ASK: Final[LiteralString] = """
INSERT INTO cms.payment_refunds (site, payment, key, amount, reason, details)
SELECT p.site, p.number, %(key)s, %(amount)s::bigint, %(reason)s, %(details)s FROM cms.payments p
WHERE p.number = %(payment)s AND p.status = 'succeeded'
  AND %(amount)s::bigint <= p.amount - coalesce((SELECT sum(r.amount) FROM cms.payment_refunds r WHERE r.payment = p.number AND r.status <> 'failed'), 0)
    - cms.disputed(p.number)
ON CONFLICT (site, payment, key) DO NOTHING RETURNING number"""
KNOWN: Final[LiteralString] = "SELECT number, amount, status FROM cms.payment_refunds WHERE site = %s AND payment = %s AND key = %s"
PROBLEM: Final[LiteralString] = (
    "SELECT problem FROM cms.payment_refunds WHERE site = %s AND payment = %s AND key = %s AND status = 'failed'"
)
REQUESTED: Final[LiteralString] = """
SELECT r.number, r.id::text, r.amount, p.subject, CASE WHEN r.details ? 'by_hand' THEN 'manual' ELSE p.provider END, p.intent, p.currency
FROM cms.payment_refunds r JOIN cms.payments p ON p.number = r.payment
WHERE r.site = %s AND r.status = 'requested' ORDER BY r.number LIMIT 100"""
MADE: Final[LiteralString] = (
    "UPDATE cms.payment_refunds SET status = 'done', name = %s WHERE number = %s AND status = 'requested' RETURNING amount"
)
ADD_REFUNDED: Final[LiteralString] = (
    "UPDATE cms.payments SET refunded = refunded + %s, problem = '', updated_at = clock_timestamp() WHERE number = %s"
)
# One that was made before names were kept has none, nor has one whose failure is reported before its name is stored.
NAMED: Final[LiteralString] = """
SELECT number, amount, status FROM cms.payment_refunds WHERE payment = %s AND (name = %s OR name IS NULL AND amount = %s AND status <> 'failed')
ORDER BY name IS NULL, number LIMIT 1"""
FAILED: Final[LiteralString] = "UPDATE cms.payment_refunds SET status = 'failed', problem = %s, name = coalesce(name, %s) WHERE number = %s"
TAKE_BACK: Final[LiteralString] = (
    "UPDATE cms.payments SET refunded = refunded - %s, problem = %s, updated_at = clock_timestamp() WHERE number = %s"
)


class RefundRefusedError(Exception):
    """It was not paid, or less than this is left."""


async def ask_refund(
    connection: AsyncConnection[TupleRow], site: int, payment: PaymentRow, amount: int, key: str, reason: str = "", details: object = None
) -> int:
    """Note that money is to be given back, in the caller's transaction, which holds the payment's lock; `send_refunds` does it. One refund a key.

    Raises RefundRefusedError.
    """
    known = await (await connection.execute(KNOWN, (site, payment.number, key))).fetchone()
    if known is not None:
        if known[1] != amount:
            raise RefundRefusedError("a refund of another amount was asked for with this key")
        return int(known[0])
    values = {
        "key": key, "amount": amount, "reason": reason, "details": msgspec.json.encode(details or {}).decode(), "payment": payment.number,
    }  # fmt: skip
    row = await (await connection.execute(ASK, values)).fetchone()
    if row is None:
        raise RefundRefusedError("it was not paid, or less than this is left to give back")
    return int(row[0])


async def find_refund_problem(shop: Shop, payment: PaymentRow, key: str) -> str:
    """Why the refund of a key failed, ``""`` where it did not."""
    async with shop.connect() as connection:
        row = await (await connection.execute(PROBLEM, (shop.number, payment.number, key))).fetchone()
    return str(row[0]) if row is not None else ""


async def send_refunds(shop: Shop) -> int:
    """Ask the providers for every refund that is noted. One that does not answer is asked again later. Returns how many were made."""
    async with shop.connect() as connection:
        rows = await (await connection.execute(REQUESTED, (shop.number,))).fetchall()
    made = 0
    for number, key, amount, subject, provider, intent, currency in rows:
        problem = name = ""
        try:
            name = await make_provider(shop, provider).refund(intent, amount, currency, f"cms-{key}")
        except ProviderError as error:
            if error.temporary:
                continue
            problem, name = str(error), error.name
        async with shop.connect() as connection, connection.transaction():
            payment = await find_payment(connection, shop.number, subject, lock=True)
            assert payment is not None
            if problem:
                await _fail(connection, shop, payment, number, FailedRefund(name, payment.id, amount, currency, problem))
            elif await (await connection.execute(MADE, (name, number))).fetchone():
                await connection.execute(ADD_REFUNDED, (amount, payment.number))
                await find_payable(shop.site, subject).note_refund(
                    connection, shop, payment._replace(refunded=payment.refunded + amount), number
                )
                made += 1
    return made


async def record_failed_refund(connection: AsyncConnection[TupleRow], shop: Shop, payment: PaymentRow, failed: FailedRefund) -> None:
    """Take in that a refund failed after the provider had accepted it, in the caller's transaction, which holds the payment's lock. One of another
    program, such as the provider's own dashboard, changes nothing here.
    """
    row = await (await connection.execute(NAMED, (payment.number, failed.name, failed.amount))).fetchone()
    if row is not None:
        await _fail(connection, shop, payment, row[0], failed)


async def _fail(connection: AsyncConnection[TupleRow], shop: Shop, payment: PaymentRow, number: int, failed: FailedRefund) -> None:
    row = await (
        await connection.execute("SELECT amount, status FROM cms.payment_refunds WHERE number = %s FOR UPDATE", (number,))
    ).fetchone()
    if row is None or row[1] == "failed":
        return
    amount, was_made = int(row[0]), row[1] == "done"
    problem = f"the refund of {show_amount(amount, payment.currency)} failed: {failed.problem}"
    await connection.execute(FAILED, (failed.problem, failed.name or None, number))
    await connection.execute(TAKE_BACK, (amount if was_made else 0, problem, payment.number))
    changed = payment._replace(refunded=payment.refunded - (amount if was_made else 0), problem=problem)
    await find_payable(shop.site, payment.subject).note_failed_refund(connection, shop, changed, amount, was_made=was_made)
