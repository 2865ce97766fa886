"""Routes of payments: messages of providers, and the page of the provider for development."""

from __future__ import annotations

import secrets
from typing import Final
from urllib.parse import parse_qs

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cms_ssg.api.answers import HTML
from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.problems import ApiError, fail
from cms_ssg.api.routing import Router, site_of
from cms_ssg.api.sites import SiteContext
from cms_ssg.payment.fake import FakeProvider
from cms_ssg.payment.lookup import load_provider
from cms_ssg.payment.provider import BadWebhookError, Dispute, Event, FailedRefund, PaymentProvider, ProviderError, Report, Shop
from cms_ssg.payment.settling import settle_event
from cms_ssg.store.secrets import PAYMENTS, load_secret
from cms_ssg.text.money import format_amount

router = Router("Payments")
DECISIONS: Final = {"pay": "succeeded", "decline": "failed", "check": "action", "wait": "processing", "cancel": "cancelled"}
LATER: Final = {"dispute": "open", "win": "won", "lose": "lost"}
"""What may come of a payment that was made: button -> status of the dispute."""
PAGE: Final = Markup("""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark"><title>Test payment</title>
<style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:30rem;margin:3rem auto;padding:0 1rem}}button{{font:inherit;padding:.6rem 1.2rem;margin:.25rem .5rem .25rem 0}}</style>
<main><h1>Test payment</h1><p>Nothing is charged: this page takes the place of a payment provider while a shop is made.</p>
<p>To pay: <strong>{amount}</strong></p><p role="status">State: {status}</p>
<form method="post"><button name="do" value="pay">Pay</button><button name="do" value="decline">Decline</button>
<button name="do" value="check">Ask for a check first</button><button name="do" value="wait">Pay, and the money comes later</button>
<button name="do" value="cancel">Cancel</button></form>
<form method="post"><p>After the payment was made:</p><button name="do" value="fail">A refund fails</button><button name="do" value="dispute">Dispute it</button>
<button name="do" value="win">The shop wins</button><button name="do" value="lose">The shop loses</button></form></main></html>
""")


@router.post("/api/payments/{provider}/webhook", scope=PUBLIC, per_minute=3000, response_class=Response, summary="A provider reports")
async def take_webhook(request: Request, provider: str) -> Response:
    """The body is checked as it came. 200 means that it was taken in, now or before; anything else that it is to be sent again."""
    shop, found = await _find(site_of(request), provider)
    body = await request.body()
    try:
        event = await found.read_webhook({name.lower(): value for name, value in request.headers.items()}, body)
    except BadWebhookError as error:
        raise fail("payment.webhook", f"this message is not taken: {error}", status=400) from None
    except ProviderError as error:  # it is sent again later
        raise fail("payment.provider", f"the provider does not say more of this message: {error}", status=503) from None
    except (ValueError, KeyError, TypeError):
        raise fail("payment.webhook", "this message is not understood", status=400) from None
    if event is not None:
        await settle_event(shop, found, event)
    return Response(b'{"taken":true}', 200, media_type="application/json")


@router.get("/api/payments/fake/{intent}", scope=PUBLIC, response_class=Response, include_in_schema=False)
async def show_fake(request: Request, intent: str) -> Response:
    """The page on which a payment of the provider for development is made or declined."""
    _, provider = await _find(site_of(request), "fake")
    try:
        report = await provider.fetch(intent)
    except ProviderError:
        raise _no_payment() from None
    html = PAGE.format(amount=format_amount(report.amount, report.currency, "en"), status=report.status)
    return Response(html.encode(), 200, media_type=HTML)


@router.post("/api/payments/fake/{intent}", scope=PUBLIC, response_class=Response, include_in_schema=False)
async def decide_fake(request: Request, intent: str) -> Response:
    """A button was pressed: the payment comes to that, its message is taken in as a provider's, and the buyer goes back to the shop."""
    shop, provider = await _find(site_of(request), "fake")
    assert isinstance(provider, FakeProvider)
    chosen = parse_qs((await request.body()).decode("utf-8", "replace")).get("do", [""])[0]
    if chosen not in DECISIONS and chosen not in LATER and chosen != "fail":
        raise fail("api.invalid", "the request is not as it should be: do", status=422)
    report: Report | FailedRefund | Dispute
    try:
        if chosen in DECISIONS:
            report = await provider.pay(intent, DECISIONS[chosen])  # type: ignore[arg-type]
        elif chosen in LATER:
            report = await provider.dispute(intent, LATER[chosen])  # type: ignore[arg-type]
        else:
            report = await provider.fail_refund(intent, "")
        _, back = await provider.find(intent)
    except ProviderError:
        raise _no_payment() from None
    await settle_event(shop, provider, Event(f"evt_{secrets.token_hex(12)}", report))
    here = (
        request.url.path if chosen == "check" or not back else back.removeprefix(shop.site.origin)
    )  # under whatever name the site is seen
    return RedirectResponse(here, 303)


async def _find(context: SiteContext, name: str) -> tuple[Shop, PaymentProvider]:
    shop = await open_shop(context)
    provider = load_provider(shop, name)
    if provider is None:
        raise fail("payment.no-provider", f"this site takes no payments by {name[:30]!r}", status=404)
    return shop, provider


async def open_shop(context: SiteContext) -> Shop:
    """The site as providers and payments know it. Its secret is made at first use."""
    secret = context.extras.get("secret")
    if secret is None:
        async with context.connection() as connection:
            secret = context.extras["secret"] = await load_secret(connection, context.number, PAYMENTS)
    return Shop(context.site, context.number, context.connection, secret)


def _no_payment() -> ApiError:
    return fail("payment.unknown", "there is no such payment", status=404)
