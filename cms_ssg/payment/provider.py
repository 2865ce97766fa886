"""What a payment provider is to the rest of the program, and what passes between the two."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow

    from cms_ssg.site import Site

Status = Literal["pending", "action", "processing", "succeeded", "failed", "cancelled"]
"""Of a payment at the provider. action: the buyer has something to do, such as 3-D Secure; processing: the buyer has paid and the money is on its way, which may take days;
failed: may be tried again.
"""

DisputeStatus = Literal["inquiry", "open", "won", "lost"]
"""Of money that a buyer asks their bank for. inquiry: the bank asks, and has taken nothing; open: it has taken the money until it decides;
won: the shop has the money; lost: the buyer has it.
"""


class ProviderError(Exception):
    """The provider refused, or does not answer. temporary: such a request may succeed later; too_small: it charges no amount as small as this.

    is_final: a request with the same key is answered so again; name: of a refund that was made and failed at once.
    """

    def __init__(self, message: str, *, temporary: bool = False, too_small: bool = False, is_final: bool = False, name: str = "") -> None:
        super().__init__(message)
        self.temporary, self.too_small, self.is_final, self.name = temporary, too_small, is_final, name


class BadWebhookError(Exception):
    """A webhook that is not signed by the provider, too old, or about another account."""


@dataclass(frozen=True, slots=True)
class IntentRequest:
    """What is to be paid. key: the provider makes one payment for it, however often it is asked; payment: id of our row; digest: of what was agreed on;
    return_url: where the buyer goes afterwards.
    """

    key: str
    payment: str
    subject: str
    amount: int
    currency: str
    digest: str
    return_url: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class Intent:
    """A payment at the provider. page: where the buyer pays, ``""`` where there is nothing to do there; secret: for the provider's own script."""

    id: str
    status: Status
    page: str = ""
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What the provider says of a payment, with all that must be as it was agreed on."""

    intent: str
    status: Status
    amount: int
    currency: str
    payment: str
    subject: str
    digest: str


@dataclass(frozen=True, slots=True)
class FailedRefund:
    """The provider had accepted a refund, and the money did not arrive. name: of the refund, as `refund` returned it; payment: id of our row."""

    name: str
    payment: str
    amount: int
    currency: str
    problem: str


@dataclass(frozen=True, slots=True)
class Dispute:
    """A buyer asks their bank for the money back. name: the provider's; payment: id of our row; reason: a word of the provider;
    due_at: until when the shop may answer, None where it may not.
    """

    name: str
    payment: str
    status: DisputeStatus
    amount: int
    currency: str
    reason: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """What the provider sent. id: the same however often it is sent."""

    id: str
    report: Report | FailedRefund | Dispute


class PaymentProvider(Protocol):
    """A provider. Every method may be repeated without another effect."""

    @property
    def name(self) -> str: ...

    async def create(self, request: IntentRequest) -> Intent:
        """Begin a payment. Raises ProviderError."""
        ...

    async def fetch(self, intent: str) -> Report:
        """How a payment stands. Raises ProviderError."""
        ...

    async def cancel(self, intent: str) -> Report:
        """End a payment that was not made; one that succeeded, or whose money is on its way, stays as it is. Raises ProviderError."""
        ...

    async def refund(self, intent: str, amount: int, currency: str, key: str) -> str:
        """Give money back; the provider's name of the refund. Raises ProviderError."""
        ...

    async def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Event | None:
        """A message of the provider, None where it is about nothing of ours. Raises BadWebhookError, and ProviderError where it has to be asked more."""
        ...


class Connections(Protocol):
    """Gives connections in autocommit mode, as the API's pool does."""

    def __call__(self) -> AbstractAsyncContextManager[AsyncConnection[TupleRow]]: ...


class PaymentRow(NamedTuple):
    """A payment as it is stored. attempts: how often it could not begin at the provider."""

    number: int
    id: str
    provider: str
    intent: str | None
    subject: str
    amount: int
    currency: str
    digest: str
    status: str
    refunded: int
    page: str
    problem: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Shop:
    """The site that is paid. connect: its store; secret: of the site, for what it signs itself."""

    site: Site
    number: int
    connect: Connections
    secret: bytes


class Payable(Protocol):
    """A vertical that is paid, as `Vertical.payments` names it. Its name is the first word of the subjects."""

    def list_providers(self, site: Site) -> tuple[str, ...]:
        """Names of the providers that the site offers."""
        ...

    async def settle(self, connection: AsyncConnection[TupleRow], shop: Shop, payment: PaymentRow) -> None:
        """A payment came to another status, in the transaction in which that is written."""
        ...

    async def note_refund(self, connection: AsyncConnection[TupleRow], shop: Shop, payment: PaymentRow, refund: int) -> None:
        """A refund was made, in the transaction in which that is written."""
        ...

    async def note_failed_refund(
        self, connection: AsyncConnection[TupleRow], shop: Shop, payment: PaymentRow, amount: int, *, was_made: bool
    ) -> None:
        """A refund failed, in the transaction in which that is written: the payment's problem says why. was_made: it had been noted as made."""
        ...

    async def note_dispute(self, connection: AsyncConnection[TupleRow], shop: Shop, payment: PaymentRow, dispute: Dispute) -> None:
        """A dispute began or came to another status, in the transaction in which that is written."""
        ...
