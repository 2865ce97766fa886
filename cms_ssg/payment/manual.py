"""Payment outside the program: a bank transfer, cash on delivery. Somebody notes by hand that the money came."""

from __future__ import annotations

from collections.abc import Mapping

from cms_ssg.payment.provider import BadWebhookError, Event, Intent, IntentRequest, ProviderError, Report


class ManualProvider:
    """Every payment waits until `cms orders pay` says that it was made."""

    name = "manual"

    async def create(self, request: IntentRequest) -> Intent:
        return Intent(f"manual_{request.payment}", "pending")

    async def fetch(self, intent: str) -> Report:
        raise ProviderError("nobody but a person knows whether this was paid")

    async def cancel(self, intent: str) -> Report:
        return Report(intent, "cancelled", 0, "", intent.removeprefix("manual_"), "", "")

    async def refund(self, intent: str, amount: int, currency: str, key: str) -> str:
        return f"manual_{key}"

    async def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Event | None:
        raise BadWebhookError("there are no webhooks of payments by hand")
