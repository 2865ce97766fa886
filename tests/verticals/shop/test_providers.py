"""What every provider does alike. Stripe's other side is a double that knows Stripe's own parameters."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import force_setattr

from cms_ssg.payment.fake import FakeProvider
from cms_ssg.payment.provider import BadWebhookError, FailedRefund, IntentRequest, PaymentProvider, ProviderError, Shop
from cms_ssg.payment.stripe import StripeIntentsProvider, StripeProvider, from_stripe, to_stripe
from cms_ssg.verticals.shop.forms import COOKIE
from tests.verticals.shop.stand import ADDRESS, Stand, new_address
from tests.verticals.shop.stripe_double import KEY, SECRET, Double, open_double

REQUEST = IntentRequest(
    "cms-1", "11111111-1111-1111-1111-111111111111", "shop/1001", 4500, "EUR", "abc", "https://example.org/back", "ann@example.org"
)


def new_request() -> IntentRequest:
    """One with an idempotency key that no account has seen."""
    name = str(uuid4())
    return replace(REQUEST, key=f"cms-{name}", payment=name)


Message = tuple[dict[str, str], bytes]


@dataclass
class Case:
    """A provider and its other side. pay: what the buyer does there; webhook: a message of it about a payment; fail: that the refund of a payment, by
    its name, failed; dispute: how the dispute about a payment stands.
    """

    provider: PaymentProvider
    pay: Callable[[str], object]
    webhook: Callable[..., Message]
    fail: Callable[[str, str], Message] | None = None
    dispute: Callable[[str, str], Message] | None = None


def open_test_mode(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Case:
    """Stripe's test mode itself, with the key in CMS_TEST_STRIPE_KEY: a test card takes the buyer's place, and webhooks are signed here."""
    key = os.environ.get("CMS_TEST_STRIPE_KEY", "")
    if not key.startswith(("sk_test_", "rk_test_")):
        pytest.skip("CMS_TEST_STRIPE_KEY is not set")
    monkeypatch.setenv("CMS_STRIPE_KEY", key)
    provider = StripeIntentsProvider(shop)
    intents = provider.client.v1.payment_intents
    double = Double()

    def make_webhook(intent: str, at: float | None = None) -> tuple[dict[str, str], bytes]:
        double.intents[intent] = intents.retrieve(intent).to_dict()
        return double.make_webhook("payment_intent.succeeded", intent, at)

    return Case(
        provider, lambda intent: intents.confirm(intent, {"payment_method": "pm_card_visa", "return_url": REQUEST.return_url}), make_webhook
    )


@pytest.fixture(params=["fake", "stripe", "stripe_intents", "test mode"])
def case(request: pytest.FixtureRequest, shop: Stand, monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    opened = shop.open().shop
    if request.param == "fake":
        fake = FakeProvider(opened)
        run = asyncio.run
        yield Case(
            fake,
            lambda intent: run(fake.pay(intent, "succeeded")),
            lambda intent, at=None: fake.make_webhook("evt_1", run(fake.fetch(intent)), at),
            lambda intent, name: fake.make_webhook("evt_2", run(fake.fail_refund(intent, name))),
            lambda intent, status: fake.make_webhook(f"evt_{status}", run(fake.dispute(intent, status))),
        )
        return
    monkeypatch.setenv("CMS_STRIPE_KEY", KEY)
    monkeypatch.setenv("CMS_STRIPE_WEBHOOK_SECRET", f"whsec_older {SECRET}")
    if request.param == "test mode":
        yield open_test_mode(opened, monkeypatch)
        return
    kinds = {
        "stripe": (StripeProvider, "checkout.session.completed"),
        "stripe_intents": (StripeIntentsProvider, "payment_intent.succeeded"),
    }
    make, event = kinds[request.param]
    with open_double() as double:
        yield Case(
            make(opened, double.url), double.pay, lambda intent, at=None: double.make_webhook(event, intent, at),
            lambda intent, name: double.fail_refund(name), double.dispute,
        )  # fmt: skip


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


def test_one_key_begins_one_payment_and_it_carries_what_was_agreed_on(case: Case) -> None:
    request = new_request()
    first, second = run(case.provider.create(request)), run(case.provider.create(request))
    assert first.id == second.id
    report = run(case.provider.fetch(first.id))
    assert (report.status, report.amount, report.currency, report.payment, report.subject, report.digest) == (
        "pending", 4500, "EUR", request.payment, "shop/1001", "abc"
    )  # fmt: skip


def test_a_charge_is_reported_by_asking_and_by_webhook_alike(case: Case) -> None:
    intent = run(case.provider.create(new_request())).id
    case.pay(intent)
    report = run(case.provider.fetch(intent))
    assert report.status == "succeeded"
    event = run(case.provider.read_webhook(*case.webhook(intent)))
    assert event is not None
    assert event.report == report


def test_a_payment_is_cancelled_unless_it_was_made(case: Case) -> None:
    intent = run(case.provider.create(new_request())).id
    assert run(case.provider.cancel(intent)).status == "cancelled"
    assert run(case.provider.cancel(intent)).status == "cancelled"
    paid = run(case.provider.create(new_request())).id
    case.pay(paid)
    assert run(case.provider.cancel(paid)).status == "succeeded"


def test_a_refund_of_one_key_is_made_once_and_never_of_more_than_was_paid(case: Case) -> None:
    intent = run(case.provider.create(new_request())).id
    case.pay(intent)
    keys = [f"{intent}-{n}" for n in range(3)]
    assert run(case.provider.refund(intent, 4000, "EUR", keys[0])) == run(case.provider.refund(intent, 4000, "EUR", keys[0]))
    with pytest.raises(ProviderError):
        run(case.provider.refund(intent, 501, "EUR", keys[1]))
    run(case.provider.refund(intent, 500, "EUR", keys[2]))


def test_a_refund_that_fails_later_is_reported_by_the_name_that_it_was_made_with(case: Case) -> None:
    if case.fail is None:
        pytest.skip("nobody makes a refund fail there")
    request = new_request()
    intent = run(case.provider.create(request)).id
    case.pay(intent)
    name = run(case.provider.refund(intent, 1500, "EUR", f"{intent}-1"))
    event = run(case.provider.read_webhook(*case.fail(intent, name)))
    assert event.report == FailedRefund(name, request.payment, 1500, "EUR", "expired_or_canceled_card")


def test_a_dispute_is_reported_from_its_beginning_to_its_end(case: Case) -> None:
    if case.dispute is None:
        pytest.skip("nobody disputes a payment there")
    request = new_request()
    intent = run(case.provider.create(request)).id
    case.pay(intent)
    reports = [run(case.provider.read_webhook(*case.dispute(intent, status))).report for status in ("inquiry", "open", "won", "lost")]
    assert [one.status for one in reports] == ["inquiry", "open", "won", "lost"]
    assert {(one.name, one.payment, one.amount, one.currency, one.reason) for one in reports} == {
        (reports[0].name, request.payment, 4500, "EUR", "fraudulent")
    }


def test_a_webhook_with_a_wrong_or_old_signature_is_refused(case: Case) -> None:
    intent = run(case.provider.create(new_request())).id
    headers, body = case.webhook(intent)
    for wrong_headers, wrong_body in (({}, body), (headers, body + b" "), case.webhook(intent, time.time() - 400)):
        with pytest.raises(BadWebhookError):
            run(case.provider.read_webhook(wrong_headers, wrong_body))


def test_a_stripe_webhook_of_another_account_or_mode_is_refused_and_other_events_are_none(
    shop: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMS_STRIPE_KEY", KEY)
    monkeypatch.setenv("CMS_STRIPE_WEBHOOK_SECRET", SECRET)
    with open_double() as double:
        provider = StripeProvider(shop.open().shop, double.url)
        intent = run(provider.create(REQUEST)).id
        for changed in ({"account": "acct_1"}, {"livemode": True}):
            with pytest.raises(BadWebhookError):
                run(provider.read_webhook(*double.make_webhook("checkout.session.completed", intent, None, **changed)))
        assert run(provider.read_webhook(*double.make_webhook("customer.created", intent))) is None
        expired = run(provider.read_webhook(*double.make_webhook("checkout.session.expired", intent)))
        assert expired is not None
        assert expired.report.status == "cancelled"


def test_a_stripe_that_does_not_answer_may_be_asked_again_and_a_wrong_key_may_not(shop: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMS_STRIPE_KEY", "sk_test_wrong")
    with open_double() as double, pytest.raises(ProviderError) as refused:
        run(StripeProvider(shop.open().shop, double.url).create(REQUEST))
    assert not refused.value.temporary
    provider = StripeProvider(shop.open().shop, "http://127.0.0.1:9")
    provider.client = provider.stripe.StripeClient(KEY, max_network_retries=0, base_addresses={"api": "http://127.0.0.1:9"})
    with pytest.raises(ProviderError) as away:
        run(provider.create(REQUEST))
    assert away.value.temporary


@pytest.mark.parametrize(
    ("amount", "currency", "there"),
    [(1999, "USD", 1999), (1999, "JPY", 1999), (1230, "KWD", 1230), (5, "ISK", 500), (5, "UGX", 500), (500, "MGA", 5)],
)
def test_stripe_has_exponents_of_its_own(amount: int, currency: str, there: int) -> None:
    assert to_stripe(amount, currency) == there
    assert from_stripe(there, currency) == amount


@pytest.mark.parametrize(("amount", "currency"), [(1234, "KWD"), (501, "MGA")])
def test_an_amount_that_stripe_cannot_charge_is_refused(amount: int, currency: str) -> None:
    with pytest.raises(ProviderError):
        to_stripe(amount, currency)


@pytest.mark.parametrize(
    ("there", "error", "status"),
    [
        ("requires_action", None, "action"),
        ("processing", None, "processing"),
        ("requires_payment_method", {"code": "card_declined"}, "failed"),
        ("canceled", None, "cancelled"),
    ],
)
def test_a_payment_intent_is_open_declined_or_waits_for_a_check(
    shop: Stand, monkeypatch: pytest.MonkeyPatch, there: str, error: object, status: str
) -> None:
    monkeypatch.setenv("CMS_STRIPE_KEY", KEY)
    with open_double() as double:
        provider = StripeIntentsProvider(shop.open().shop, double.url)
        made = run(provider.create(new_request()))
        assert (made.page, made.secret) == ("", f"{made.id}_secret_x")
        double.intents[made.id] |= {"status": there, "last_payment_error": error}
        assert run(provider.fetch(made.id)).status == status


@pytest.mark.parametrize(
    ("paid", "event", "end"),
    [(True, "checkout.session.async_payment_succeeded", "succeeded"), (False, "checkout.session.async_payment_failed", "cancelled")],
)
def test_a_stripe_session_whose_money_takes_days_is_on_its_way_until_it_comes_or_does_not(
    shop: Stand, monkeypatch: pytest.MonkeyPatch, paid: bool, event: str, end: str
) -> None:
    monkeypatch.setenv("CMS_STRIPE_KEY", KEY)
    monkeypatch.setenv("CMS_STRIPE_WEBHOOK_SECRET", SECRET)
    with open_double() as double:
        provider = StripeProvider(shop.open().shop, double.url)
        intent = run(provider.create(new_request())).id

        def told(kind: str) -> list[str]:
            found = run(provider.read_webhook(*double.make_webhook(kind, intent)))
            return [run(provider.fetch(intent)).status, found.report.status if found is not None else ""]

        double.pay_slowly(intent)
        assert told("checkout.session.completed") == ["processing", "processing"]
        assert run(provider.cancel(intent)).status == "processing"  # its page is closed, and the bank is at work
        double.end_slow_payment(intent, paid=paid)
        assert told(event) == [end, end]


def test_a_refund_that_stripe_could_not_make_is_an_error(shop: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMS_STRIPE_KEY", KEY)
    with open_double() as double:
        provider = StripeProvider(shop.open().shop, double.url)
        intent = run(provider.create(new_request())).id
        double.pay(intent)
        double.refund_status = "failed"
        with pytest.raises(ProviderError, match="could not give the money back"):
            run(provider.refund(intent, 100, "EUR", f"{intent}-1"))


def test_a_total_that_is_too_small_for_the_provider_gives_the_cart_back(shop: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMS_STRIPE_KEY", KEY)
    settings = shop.api.sites.contexts[0].site.settings.vertical["shop"]
    payments = settings.payments
    force_setattr(settings, "payments", (*payments, "stripe"))
    try:
        with open_double() as double:
            monkeypatch.setenv("CMS_STRIPE_URL", double.url)
            cart = shop.make_cart({"MUG": 1}, country="IT", method="post")
            double.least = cart["total"] + 1
            for _ in range(2):
                refused = shop.check_out(cart, "one-key-of-its-own", payment="stripe")
                assert (refused.status_code, refused.json()["code"]) == (409, "shop.too-small")
                assert "must add up to at least that" in refused.json()["detail"]
            form = {**ADDRESS, "email": "ann@example.org", "payment": "stripe", "key": "another-key", "version": cart["version"]}
            cookie = {"cookie": f"{COOKIE}={cart['id']}", "accept": "text/html", **new_address()}
            page = shop.api.client.post("/api/checkout", data=form, headers=cookie)
            assert page.status_code == 409
            assert "This total is too small to be paid this way." in page.text
            assert 'value="ann@example.org"' in page.text
            assert shop.stock("MUG") == (50, 0)
            assert shop.query("SELECT status FROM cms.orders") == [("cancelled",)] * 3
            double.least = 0
            done = shop.check_out(cart, "one-key-of-its-own", payment="stripe")
            assert done.json()["payment_page"].startswith("https://checkout.stripe.com/")
            assert shop.stock("MUG") == (50, 1)
    finally:
        force_setattr(settings, "payments", payments)
