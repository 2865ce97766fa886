"""Stripe, in two ways. ``stripe`` is its hosted page (Checkout Sessions): the buyer pays at Stripe, no script of theirs runs here, and each session makes one
PaymentIntent. ``stripe_intents`` makes the PaymentIntent itself, for front ends that show Stripe's own form with the secret of it.

CMS_STRIPE_KEY is the secret key, CMS_STRIPE_WEBHOOK_SECRET the signing secret of the webhook; two of these with a space between them while one is replaced.
https://docs.stripe.com/api/checkout/sessions, https://docs.stripe.com/api/payment_intents, https://docs.stripe.com/webhooks, https://docs.stripe.com/currencies
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

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
from cms_ssg.text.money import find_exponent

TOLERANCE_S: Final = 300
ZERO: Final = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())
THREE: Final = frozenset("BHD JOD KWD OMR TND".split())
EVENTS: Final[dict[str, Status]] = {
    "checkout.session.completed": "processing",
    "checkout.session.async_payment_succeeded": "succeeded",
    "checkout.session.async_payment_failed": "cancelled",
    "checkout.session.expired": "cancelled",
}
"""What an event says of a session that was not paid at once: after ``completed`` its page takes no second try. https://docs.stripe.com/checkout/fulfillment"""
INTENT_STATUSES: Final[dict[str, Status]] = {
    "requires_action": "action",
    "processing": "processing",
    "succeeded": "succeeded",
    "canceled": "cancelled",
}
"""Of a PaymentIntent; the others mean that it is open. https://docs.stripe.com/payments/paymentintents/lifecycle"""
REFUND_FAILED: Final = ("failed", "canceled")
REFUND_EVENTS: Final = ("refund.failed", "refund.updated", "charge.refund.updated")
DISPUTE_EVENTS: Final = ("charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed")
DISPUTE_STATUSES: Final[dict[str, DisputeStatus]] = {
    "warning_needs_response": "inquiry", "warning_under_review": "inquiry", "warning_closed": "won",
    "needs_response": "open", "under_review": "open", "won": "won", "lost": "lost",
    "appeal_needs_response": "lost", "appeal_under_review": "lost", "prevented": "lost",
}  # fmt: skip
"""``prevented``: the buyer has the money without a decision. During an appeal, the buyer keeps what was lost. https://docs.stripe.com/api/disputes/object"""
IN_FLIGHT: Final = 409
"""A request with the same key is at work: https://docs.stripe.com/api/idempotent_requests. The answers of others, errors too, are given again for a day."""
TOO_SMALL: Final = "amount_too_small"
"""Code of an error: https://docs.stripe.com/error-codes#amount-too-small"""
EXPANDED: Final[Any] = {"expand": ["payment_intent"]}
"""With the PaymentIntent itself in the place of its id: it alone says whether the money of a completed session is still on its way."""


def to_stripe(amount: int, currency: str) -> int:
    """Minor units as Stripe counts them, whose decimals are not always those of ISO 4217. Raises ProviderError for an amount that it cannot charge."""
    scale = (0 if currency in ZERO else 3 if currency in THREE else 2) - find_exponent(currency)
    scaled, rest = (amount * int(10**scale), 0) if scale >= 0 else divmod(amount, int(10**-scale))
    if rest or (currency in THREE and scaled % 10):
        raise ProviderError(f"Stripe cannot charge {amount} minor units of {currency}")
    return scaled


def from_stripe(amount: int, currency: str) -> int:
    """What Stripe counts as minor units; -1 for an amount that is none."""
    scale = find_exponent(currency) - (0 if currency in ZERO else 3 if currency in THREE else 2)
    scaled, rest = (amount * int(10**scale), 0) if scale >= 0 else divmod(amount, int(10**-scale))
    return scaled if not rest else -1


class StripeProvider:
    """An account at Stripe. base_url: of another server, for tests."""

    name = "stripe"

    def __init__(self, shop: Shop, base_url: str = "") -> None:
        key = os.environ.get("CMS_STRIPE_KEY", "")
        if not key:
            raise ProviderError("CMS_STRIPE_KEY is not set")
        try:
            import stripe  # half a second, and nobody else needs it
        except ImportError:
            raise ProviderError("the package stripe is not installed: pip install 'cms-ssg[stripe]'") from None
        self.shop, self.stripe = shop, stripe
        self.is_live = key.startswith(("sk_live_", "rk_live_"))
        base = base_url or os.environ.get("CMS_STRIPE_URL", "")
        self.client = stripe.StripeClient(key, max_network_retries=2, base_addresses={"api": base} if base else {})

    async def create(self, request: IntentRequest) -> Intent:
        metadata = {"payment": request.payment, "subject": request.subject, "digest": request.digest}
        line: dict[str, Any] = {
            "quantity": 1,
            "price_data": {
                "currency": request.currency.lower(), "unit_amount": to_stripe(request.amount, request.currency),
                "product_data": {"name": f"{self.shop.site.settings.title}: {request.subject.rpartition('/')[2]}"},
            },
        }  # fmt: skip
        params: dict[str, Any] = {
            "mode": "payment", "line_items": [line], "metadata": metadata, "payment_intent_data": {"metadata": metadata}, "client_reference_id": request.subject,
            "success_url": request.return_url, "cancel_url": request.return_url,
        }  # fmt: skip
        if request.email:
            params["customer_email"] = request.email
        session = await self._call(lambda: self.client.v1.checkout.sessions.create(params, {"idempotency_key": request.key}))  # type: ignore[arg-type]
        return Intent(session.id, "pending", session.url or "")

    async def fetch(self, intent: str) -> Report:
        return _report(await self._call(lambda: self.client.v1.checkout.sessions.retrieve(intent, EXPANDED)))

    async def cancel(self, intent: str) -> Report:
        report = await self.fetch(intent)
        if report.status == "pending":
            try:
                report = _report(await self._call(lambda: self.client.v1.checkout.sessions.expire(intent)))
            except ProviderError:
                report = await self.fetch(intent)  # it was paid, or expired, in this moment
        return report

    async def refund(self, intent: str, amount: int, currency: str, key: str) -> str:
        session = await self._call(lambda: self.client.v1.checkout.sessions.retrieve(intent))
        return await self._refund(session.payment_intent, amount, currency, key)

    async def _refund(self, payment_intent: str, amount: int, currency: str, key: str) -> str:
        params: Any = {"payment_intent": payment_intent, "amount": to_stripe(amount, currency)}
        made = await self._call(lambda: self.client.v1.refunds.create(params, {"idempotency_key": key}))
        if made.status in REFUND_FAILED:
            reason = made["failure_reason"] if "failure_reason" in made else made.status  # noqa: SIM401 - Stripe's objects have no get
            raise ProviderError(f"Stripe could not give the money back ({reason})", name=str(made.id))
        return str(made.id)

    async def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Event | None:
        header = headers.get("stripe-signature", "")
        verify = self.stripe.WebhookSignature.verify_header
        for secret in os.environ.get("CMS_STRIPE_WEBHOOK_SECRET", "").split():
            try:
                verify(body, header, secret, TOLERANCE_S)
                break
            except (self.stripe.SignatureVerificationError, ValueError):
                continue
        else:
            raise BadWebhookError("the signature is wrong or too old")
        event: dict[str, Any] = msgspec.json.decode(body)
        if event.get("account"):
            raise BadWebhookError("it is about another account")
        if bool(event.get("livemode")) != self.is_live:
            raise BadWebhookError("it is of the other mode, live or test")
        kind, subject = str(event.get("type")), event["data"]["object"]
        is_later = kind in REFUND_EVENTS or kind in DISPUTE_EVENTS
        report = await self._read_later_event(kind, subject) if is_later else self._read_event(kind, subject)
        return Event(str(event["id"]), report) if report is not None else None

    def _read_event(self, kind: str, subject: Any) -> Report | None:
        """What an event of this name says of a payment; None where it is about something else."""
        return _report(subject, EVENTS[kind]) if kind in EVENTS else None

    async def _read_later_event(self, kind: str, subject: Any) -> FailedRefund | Dispute | None:
        """A refund that failed or a dispute. Both name the PaymentIntent, which knows of what payment it is."""
        if not subject.get("payment_intent") or (kind in REFUND_EVENTS and subject["status"] not in REFUND_FAILED):
            return None
        intent = _report_intent(await self._call(lambda: self.client.v1.payment_intents.retrieve(str(subject["payment_intent"]))))
        currency = str(subject["currency"]).upper()
        amount = from_stripe(int(subject["amount"]), currency)
        if kind in REFUND_EVENTS:
            problem = str(subject.get("failure_reason") or subject["status"])
            return FailedRefund(str(subject["id"]), intent.payment, amount, currency, problem)
        due = (subject.get("evidence_details") or {}).get("due_by")
        return Dispute(
            str(subject["id"]), intent.payment, DISPUTE_STATUSES.get(str(subject["status"]), "open"), amount, currency, str(subject.get("reason") or ""),
            datetime.fromtimestamp(int(due), UTC) if due else None,
        )  # fmt: skip

    async def _call(self, work: Callable[[], Any]) -> Any:
        try:
            return await asyncio.to_thread(work)
        except (self.stripe.APIConnectionError, self.stripe.RateLimitError) as error:
            raise ProviderError(str(error.user_message or "Stripe does not answer"), temporary=True) from None
        except self.stripe.StripeError as error:
            status = error.http_status or 0
            raise ProviderError(
                str(error.user_message or error), temporary=status >= 500, too_small=error.code == TOO_SMALL, is_final=status != IN_FLIGHT
            ) from None


class StripeIntentsProvider(StripeProvider):
    """PaymentIntents of an account at Stripe, which the buyer confirms in a front end of the shop's own."""

    name = "stripe_intents"

    async def create(self, request: IntentRequest) -> Intent:
        params: dict[str, Any] = {
            "amount": to_stripe(request.amount, request.currency), "currency": request.currency.lower(), "automatic_payment_methods": {"enabled": True},
            "metadata": {"payment": request.payment, "subject": request.subject, "digest": request.digest},
        } | ({"receipt_email": request.email} if request.email else {})  # fmt: skip
        made = await self._call(lambda: self.client.v1.payment_intents.create(params, {"idempotency_key": request.key}))  # type: ignore[arg-type]
        return Intent(made.id, _report_intent(made).status, "", made.client_secret or "")

    async def fetch(self, intent: str) -> Report:
        return _report_intent(await self._call(lambda: self.client.v1.payment_intents.retrieve(intent)))

    async def cancel(self, intent: str) -> Report:
        try:
            return _report_intent(await self._call(lambda: self.client.v1.payment_intents.cancel(intent)))
        except ProviderError as error:
            if error.temporary:
                raise
            return await self.fetch(intent)  # it was paid or cancelled before

    async def refund(self, intent: str, amount: int, currency: str, key: str) -> str:
        return await self._refund(intent, amount, currency, key)

    def _read_event(self, kind: str, subject: Any) -> Report | None:
        return _report_intent(subject) if kind.startswith("payment_intent.") else None


def _report_intent(intent: Any) -> Report:
    """What a PaymentIntent says; of one that was paid the amount that came."""

    def read(name: str) -> Any:
        return intent[name] if name in intent else None  # noqa: SIM401 - Stripe's objects have no get

    status = INTENT_STATUSES.get(str(read("status")), "failed" if read("last_payment_error") else "pending")
    currency = str(read("currency") or "").upper()
    metadata = read("metadata") or {}
    values = [str(metadata[name]) if name in metadata else "" for name in ("payment", "subject", "digest")]
    amount = int((read("amount_received") if status == "succeeded" else read("amount")) or 0)
    return Report(str(read("id")), status, from_stripe(amount, currency), currency, *values)


def _report(session: Any, told: Status | None = None) -> Report:
    """What a session says. told: by the event's name, where the session itself says no more."""

    def read(name: str) -> Any:
        return session[name] if name in session else None  # noqa: SIM401 - Stripe's objects have no get

    status: Status = told or "pending"
    if read("payment_status") in ("paid", "no_payment_required"):
        status = "succeeded"
    elif read("status") == "expired":
        status = "cancelled"
    elif read("status") == "complete" and told is None:
        intent = read("payment_intent")  # of an event it is an id alone
        is_open = intent is None or intent["status"] in ("processing", "requires_action")
        status = "processing" if is_open else "cancelled"
    currency = str(read("currency") or "").upper()
    metadata = read("metadata") or {}
    values = [str(metadata[name]) if name in metadata else "" for name in ("payment", "subject", "digest")]
    return Report(str(read("id")), status, from_stripe(int(read("amount_total") or 0), currency), currency, *values)
