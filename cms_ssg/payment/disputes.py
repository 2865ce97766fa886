"""Disputes: a buyer asks their bank for the money back. What the bank holds or has given back cannot be refunded as well."""

from __future__ import annotations

from typing import Final, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from cms_ssg.payment.lookup import find_payable
from cms_ssg.payment.provider import Dispute, PaymentRow, Shop

KNOWN: Final[LiteralString] = "SELECT status FROM cms.payment_disputes WHERE site = %s AND payment = %s AND name = %s"
RECORD: Final[LiteralString] = """
INSERT INTO cms.payment_disputes (site, payment, name, status, amount, reason, due_at) VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (site, payment, name) DO UPDATE SET (status, amount, reason, due_at) = (excluded.status, excluded.amount, excluded.reason, excluded.due_at)"""
ORDER: Final = {"inquiry": 0, "open": 1, "won": 2, "lost": 2}
"""Messages come in any order: a status is not replaced by an earlier one."""


async def record_dispute(connection: AsyncConnection[TupleRow], shop: Shop, payment: PaymentRow, dispute: Dispute) -> None:
    """Take in how a dispute stands, in the caller's transaction, which holds the payment's lock."""
    row = await (await connection.execute(KNOWN, (shop.number, payment.number, dispute.name))).fetchone()
    known = str(row[0]) if row is not None else ""
    if known and ORDER[dispute.status] < ORDER[known]:
        return
    # In another currency, what the bank holds may differ from what was paid, so that all of it counts.
    amount = min(dispute.amount, payment.amount) if dispute.currency == payment.currency else payment.amount
    values = (shop.number, payment.number, dispute.name, dispute.status, amount, dispute.reason, dispute.due_at)
    await connection.execute(RECORD, values)
    if known != dispute.status:
        told = Dispute(dispute.name, payment.id, dispute.status, amount, payment.currency, dispute.reason, dispute.due_at)
        await find_payable(shop.site, payment.subject).note_dispute(connection, shop, payment, told)
