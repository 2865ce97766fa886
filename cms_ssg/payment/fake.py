"""A provider for development and tests: a page with buttons takes the place of a card. What a provider would remember is in cms.fake_payments."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Any, Final, LiteralString

import msgspec
from psycopg.rows import TupleRow

from cms_ssg.payment.provider import (
    BadWebhookError,
    Dispute,
    DisputeStatus,
    Event,
    FailedRefund,
    Intent,
    IntentRequest,
    ProviderError,
    Report,
    Shop,
    Status,
)

TOLERANCE_S: Final = 300
SIGNATURE: Final = "fake-signature"

CREATE: Final[LiteralString] = """
INSERT INTO cms.fake_payments (intent, site, key, amount, currency, metadata, return_url) VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""
FIND: Final[LiteralString] = (
    "SELECT intent, status, amount, currency, metadata, return_url FROM cms.fake_payments WHERE site = %s AND intent = %s"
)
MOVE: Final[LiteralString] = """
UPDATE cms.fake_payments SET status = %(status)s, charges = charges + (%(status)s = 'succeeded')::int
WHERE site = %(site)s AND intent = %(intent)s AND status NOT IN ('succeeded', 'cancelled') RETURNING status"""
REFUND: Final[LiteralString] = """
UPDATE cms.fake_payments SET refunds = refunds || jsonb_build_object(%(key)s::text, %(amount)s::bigint)
WHERE site = %(site)s AND intent = %(intent)s AND status = 'succeeded'
  AND (refunds ? %(key)s OR amount >= %(amount)s + coalesce((SELECT sum(value::bigint) FROM jsonb_each_text(refunds)), 0)) RETURNING 1"""

FAIL: Final[LiteralString] = """
UPDATE cms.fake_payments f SET refunds = f.refunds - r.key FROM cms.fake_payments o, jsonb_each_text(o.refunds) r
WHERE f.site = %s AND f.intent = %s AND o.intent = f.intent AND %s IN ('', 'refund_' || r.key) RETURNING 'refund_' || r.key, r.value::bigint"""
KINDS: Final = {"report": Report, "failed_refund": FailedRefund, "dispute": Dispute}
"""Name in a message -> what it reports."""


class FakeProvider:
    """Payments of a shop in its own database."""

    name = "fake"

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    async def create(self, request: IntentRequest) -> Intent:
        intent = f"fake_{request.payment}"
        metadata = {"payment": request.payment, "subject": request.subject, "digest": request.digest}
        async with self.shop.connect() as connection:
            await connection.execute(CREATE, (
                intent, self.shop.number, request.key, request.amount, request.currency, msgspec.json.encode(metadata).decode(), request.return_url,
            ))  # fmt: skip
        return Intent(intent, "pending", f"{self.shop.site.base_path}/api/payments/fake/{intent}")

    async def fetch(self, intent: str) -> Report:
        report, _ = await self.find(intent)
        return report

    async def find(self, intent: str) -> tuple[Report, str]:
        """A payment, and where the buyer goes afterwards. Raises ProviderError."""
        async with self.shop.connect() as connection:
            row: TupleRow | None = await (await connection.execute(FIND, (self.shop.number, intent.replace("\0", "")))).fetchone()
        if row is None:
            raise ProviderError(f"there is no payment {intent[:80]}")
        data = row[4]
        return Report(row[0], row[1], row[2], row[3], data["payment"], data["subject"], data["digest"]), row[5]

    async def pay(self, intent: str, status: Status) -> Report:
        """What the buyer does on the page. One that succeeded stays so."""
        async with self.shop.connect() as connection:
            await connection.execute(MOVE, {"status": status, "site": self.shop.number, "intent": intent.replace("\0", "")})
        return await self.fetch(intent)

    async def cancel(self, intent: str) -> Report:
        report = await self.fetch(intent)
        return report if report.status == "processing" else await self.pay(intent, "cancelled")

    async def refund(self, intent: str, amount: int, currency: str, key: str) -> str:
        async with self.shop.connect() as connection:
            done = await (
                await connection.execute(REFUND, {"key": key, "amount": amount, "site": self.shop.number, "intent": intent})
            ).fetchone()
        if done is None:
            raise ProviderError("it was not paid, or that much is not left of it")
        return f"refund_{key}"

    async def fail_refund(self, intent: str, name: str) -> FailedRefund:
        """The money of a refund comes back. name: as `refund` returned it, ``""`` for any. Raises ProviderError where there is no such refund."""
        report = await self.fetch(intent)
        async with self.shop.connect() as connection:
            row = await (await connection.execute(FAIL, (self.shop.number, intent, name))).fetchone()
        if row is None:
            raise ProviderError(f"there is no refund {name[:80]}")
        return FailedRefund(row[0], report.payment, int(row[1]), report.currency, "expired_or_canceled_card")

    async def dispute(self, intent: str, status: DisputeStatus) -> Dispute:
        """The buyer asks their bank for the money back, or the bank decides. Raises ProviderError."""
        report = await self.fetch(intent)
        return Dispute(f"dispute_{report.payment}", report.payment, status, report.amount, report.currency, "fraudulent")

    def make_webhook(self, event: str, report: Report | FailedRefund | Dispute, at: float | None = None) -> tuple[dict[str, str], bytes]:
        """Headers and body of a message, signed as read_webhook wants it."""
        kind = next(name for name, made in KINDS.items() if isinstance(report, made))
        body = msgspec.json.encode({"id": event, kind: {name: getattr(report, name) for name in report.__slots__}})
        stamp = str(int(at if at is not None else time.time()))
        return {SIGNATURE: f"t={stamp},v1={self._sign(stamp, body)}"}, body

    async def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Event | None:
        parts = dict(part.partition("=")[::2] for part in headers.get(SIGNATURE, "").split(","))
        stamp = parts.get("t", "")
        if not hmac.compare_digest(parts.get("v1", "").encode(), self._sign(stamp, body).encode()):
            raise BadWebhookError("the signature is wrong")
        if not stamp.isdigit() or abs(time.time() - int(stamp)) > TOLERANCE_S:
            raise BadWebhookError("the message is too old")
        value: dict[str, Any] = msgspec.json.decode(body)
        kind = next((name for name in KINDS if name in value), "")
        return Event(str(value["id"]), msgspec.convert(value[kind], KINDS[kind]))

    def _sign(self, stamp: str, body: bytes) -> str:
        return hmac.new(self.shop.secret, b"fake." + stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
