"""Credit notes: for each refund of an order that has an invoice, what came back and its taxes, as they stay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, LiteralString, NamedTuple

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from cms_ssg.payment.provider import Shop
from cms_ssg.store.query import Query, fetch_async
from cms_ssg.text.money import split_amount
from cms_ssg.verticals.shop import queries
from cms_ssg.verticals.shop.papers import rate_of_item, sum_taxes
from cms_ssg.verticals.shop.queries import ItemRow, OrderRow

Taxes = dict[Decimal, tuple[int, int]]
"""Rate -> (what is taxed at it, the tax)."""

ADD: Final[LiteralString] = """
WITH next AS (
  INSERT INTO cms.invoice_numbers AS i (site, last, last_credit_note) VALUES (%(site)s, 0, 1)
  ON CONFLICT (site) DO UPDATE SET last_credit_note = i.last_credit_note + 1 RETURNING last_credit_note
)
INSERT INTO cms.credit_notes (site, number, "order", refund, lines, taxes)
SELECT %(site)s, next.last_credit_note, %(order)s, %(refund)s, %(lines)s, %(taxes)s FROM next"""


class CreditNote(NamedTuple):
    """A credit note. is_void: the refund failed after it was written."""

    number: int
    amount: int
    lines: list[tuple[str, str, int, int]]
    taxes: list[tuple[str, int, int]]
    made_at: datetime
    is_void: bool


CREDIT_NOTES: Final = Query(
    """SELECT c.number, r.amount, c.lines, c.taxes, c.made_at, r.status = 'failed' FROM cms.credit_notes c JOIN cms.payment_refunds r ON r.number = c.refund
    WHERE c."order" = %(number)s ORDER BY c.number""",
    CreditNote,
)


async def add_credit_note(
    connection: AsyncConnection[TupleRow], shop: Shop, order: OrderRow, refund: int, amount: int, back: Sequence[tuple[ItemRow, int]]
) -> None:
    """Write the credit note of a refund that was made. back: lines as they were before, and how many of each came back; none for an amount.

    An order without an invoice gets none.
    """
    if order.invoice_number is None:
        return
    items = await fetch_async(connection, queries.ITEMS, number=order.number)
    parts = [(item, quantity, part_of(item.total, item, quantity), part_of(item.tax_total, item, quantity)) for item, quantity in back]
    of_order = sum_taxes(order, items)
    taxed: Taxes = {}
    for item, _, gross, tax in parts:
        net, before = taxed.get(rate_of_item(item), (0, 0))
        taxed[rate_of_item(item)] = (net + gross - tax, before + tax)
    rest = take_away(of_order, await fetch_async(connection, CREDIT_NOTES, number=order.number))
    taxes = (
        rest if sum(map(sum, rest.values())) == amount and min(map(min, rest.values())) >= 0 else share_amount(amount, taxed or of_order)
    )
    named = [(item.sku, item.full_name, quantity, gross) for item, quantity, gross, _ in parts]
    is_exact = sum(line[3] for line in named) == amount
    values = {
        "site": shop.number, "order": order.number, "refund": refund, "lines": msgspec.json.encode(named if is_exact else []).decode(),
        "taxes": msgspec.json.encode([(str(rate), net, tax) for rate, (net, tax) in taxes.items()]).decode(),
    }  # fmt: skip
    await connection.execute(ADD, values)


def part_of(amount: int, item: ItemRow, quantity: int) -> int:
    """What of an amount of a line belongs to its next units that come back: all such parts of a line add up to it."""
    before = amount * item.refunded_quantity // item.quantity
    return amount * min(item.refunded_quantity + quantity, item.quantity) // item.quantity - before


def take_away(taxes: Taxes, notes: list[CreditNote]) -> Taxes:
    """What is left of an order's taxes after its credit notes."""
    left = dict(taxes)
    for note in notes:
        for rate, net, tax in [] if note.is_void else note.taxes:
            before = left.get(Decimal(rate), (0, 0))
            left[Decimal(rate)] = (before[0] - net, before[1] - tax)
    return {rate: rest for rate, rest in left.items() if any(rest)} or {Decimal(0): (0, 0)}


def share_amount(amount: int, taxes: Taxes) -> Taxes:
    """An amount with tax, divided among the rates as these amounts are. The parts add up to it; tax is rounded half up."""
    shares = split_amount(amount, [net + tax for net, tax in taxes.values()])
    found: Taxes = {}
    for (rate, (net, tax)), share in zip(taxes.items(), shares, strict=True):
        part = int((Decimal(share * tax) / (net + tax)).quantize(Decimal(1), ROUND_HALF_UP)) if net + tax else 0
        found[rate] = (share - part, part)
    return found
