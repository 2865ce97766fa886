"""Finds what belongs to a payment: its row, its provider, and the vertical that sells what is paid."""

from __future__ import annotations

from typing import Final, LiteralString, cast

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from cms_ssg.kinds.reference import resolve
from cms_ssg.payment.provider import Payable, PaymentProvider, PaymentRow, Shop
from cms_ssg.site import Site

COLUMNS: Final = "number, id::text, provider, intent, subject, amount, currency, digest, status, refunded, page, problem, attempts"
FIND: Final[LiteralString] = f"SELECT {COLUMNS} FROM cms.payments WHERE site = %s AND subject = %s"
LOCK_SUBJECT: Final[LiteralString] = f"SELECT {COLUMNS} FROM cms.payments WHERE site = %s AND subject = %s FOR UPDATE"


def load_provider(shop: Shop, name: str) -> PaymentProvider | None:
    """The provider of this name, None where the site offers none such."""
    payables: list[Payable] = [resolve(vertical.payments) for vertical in shop.site.features.verticals if vertical.payments]
    if name not in {offered for payable in payables for offered in payable.list_providers(shop.site)}:
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


def find_payable(site: Site, subject: str) -> Payable:
    """Who sells the subject of a payment."""
    vertical = site.features.find(subject.partition("/")[0])
    assert vertical is not None, subject
    return cast("Payable", resolve(vertical.payments))


async def find_payment(connection: AsyncConnection[TupleRow], site: int, subject: str, *, lock: bool = False) -> PaymentRow | None:
    """The payment of a subject."""
    row = await (await connection.execute(LOCK_SUBJECT if lock else FIND, (site, subject))).fetchone()
    return PaymentRow(*row) if row is not None else None
