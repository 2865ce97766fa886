"""One charge an order, of the amount that was agreed on, whatever is repeated, shuffled or forged."""

from __future__ import annotations

import asyncio
import random
import time

import httpx
import pytest

from tests.verticals.shop.stand import ADDRESS, Stand, make_order, new_address


def test_one_key_sent_50_times_at_once_makes_one_order_and_one_charge(shop: Stand) -> None:
    cart = shop.make_cart({"MUG": 1})

    async def one(client: httpx.AsyncClient) -> dict[str, object]:
        while True:
            answer = await client.post("/api/checkout", json=make_order(cart), headers={"Idempotency-Key": "the-same-key", **new_address()})
            if answer.status_code == 201:
                return dict(answer.json())
            assert answer.status_code in (409, 503), answer.text
            assert answer.json()["code"] in ("api.key-busy", "api.busy"), answer.text
            await asyncio.sleep(0.05)

    async def run() -> list[dict[str, object]]:
        async with httpx.AsyncClient(base_url=shop.api.client.base_url, timeout=60) as client:
            return await asyncio.gather(*(one(client) for _ in range(50)))

    answers = asyncio.run(run())
    assert all(answer == answers[0] for answer in answers)
    assert shop.query("SELECT count(*) FROM cms.orders UNION ALL SELECT count(*) FROM cms.fake_payments") == [(1,), (1,)]
    for _ in range(5):
        shop.decide(answers[0])
    assert shop.value("SELECT charges FROM cms.fake_payments") == 1
    assert shop.stock("MUG") == (49, 0)


def test_a_key_belongs_to_one_request_and_a_cart_makes_one_order_and_one_charge(shop: Stand) -> None:
    cart = shop.make_cart({"MUG": 1})
    assert shop.check_out(cart, "first-key").status_code == 201
    other = shop.check_out(cart, "first-key", email="other@example.org")
    assert (other.status_code, other.json()["code"]) == (422, "api.key-reused")
    second = shop.check_out(cart, "second-key")
    assert (second.status_code, second.json()["code"]) == (404, "shop.no-cart")
    assert shop.value("SELECT count(*) FROM cms.payments") == 1


@pytest.mark.parametrize("seed", range(4))
def test_webhook_events_five_times_each_and_the_return_in_any_order_come_to_the_same_end(shop: Stand, seed: int) -> None:
    order = shop.order({"MUG": 2, "BOWL": 1})
    shop.query("UPDATE cms.fake_payments SET status = 'succeeded', charges = 1")
    events = [(f"evt_{status}", shop.report(order, status)) for status in ("pending", "action", "failed", "succeeded")] * 5
    steps: list[tuple[str, object]] = [*events, ("return", None), ("return", None)]
    random.Random(seed).shuffle(steps)
    for event, report in steps:
        if event == "return":
            assert shop.api.client.get(order["order_page"]).status_code == 200
        else:
            assert shop.send_webhook(event, report).status_code == 200  # type: ignore[arg-type]
    assert shop.status(order) == "processing"
    assert (shop.stock("MUG"), shop.stock("BOWL")) == ((48, 0), (999, 0))
    assert shop.value("SELECT count(*) FROM cms.payment_events WHERE event LIKE 'evt%%'") == 4
    assert shop.value("SELECT sum(sales_count)::int FROM cms.product_sales") == 3
    shop.check_ledger()


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"amount": 1}, "0.01 EUR was paid instead of 45.00 EUR"),
        ({"currency": "JPY"}, "4500 JPY was paid instead of 45.00 EUR"),
        ({"subject": "shop/999999"}, "it was made for shop/999999, not for shop/"),
        ({"digest": "another"}, "it was made for a cart with other contents or prices"),
        ({"payment": "00000000-0000-0000-0000-000000000000"}, "it names another payment"),
    ],
)
def test_a_cheap_intent_for_a_dear_order_is_held_and_never_counts_as_a_charge(
    shop: Stand, changed: dict[str, object], problem: str
) -> None:
    order = shop.order({"MUG": 2})
    assert shop.send_webhook("evt_1", shop.report(order, "succeeded", **changed)).status_code == 200
    assert shop.status(order) == "on_hold"
    assert shop.query("SELECT paid_at FROM cms.orders") == [(None,)]
    assert shop.stock("MUG") == (50, 2)
    assert shop.value("SELECT status FROM cms.payments") == "held"
    assert shop.value("SELECT problem FROM cms.payments").startswith(problem)
    assert shop.value("SELECT note FROM cms.order_events WHERE note <> ''").startswith(f"the payment is not what was agreed on: {problem}")


def test_totals_that_a_client_sends_change_no_charge(shop: Stand) -> None:
    forged = {"total": 1, "subtotal": 1, "lines": [{"sku": "MUG", "unit_price": 0}], "currency": "JPY"}
    order = shop.check_out(shop.make_cart({"MUG": 2}), **forged).json()
    assert (order["total"], order["currency"]) == (4500, "EUR")
    assert shop.query("SELECT amount, currency FROM cms.fake_payments") == [(4500, "EUR")]


def test_a_price_that_changed_is_shown_before_it_is_a_charge(shop: Stand) -> None:
    cart = shop.make_cart({"MUG": 1})
    shop.query("UPDATE cms.skus SET price = 2500 WHERE sku = 'MUG'")
    try:
        answer = shop.check_out(cart)
        assert (answer.status_code, answer.json()["code"]) == (409, "shop.changed")
        again = shop.api.client.get(f"/api/carts/{cart['id']}").json()
        assert again["total"] == 3000
        assert shop.check_out(again).json()["total"] == 3000
    finally:
        shop.query("UPDATE cms.skus SET price = 2000 WHERE sku = 'MUG'")


def test_another_country_than_was_shown_is_no_charge_of_other_tax(shop: Stand) -> None:
    cart = shop.make_cart({"MUG": 1})
    answer = shop.check_out(cart, billing=ADDRESS | {"country": "DE"})
    assert (answer.status_code, answer.json()["code"]) == (409, "shop.changed")
    cart = shop.make_cart({"MUG": 1}, country="DE")
    order = shop.check_out(cart, billing=ADDRESS | {"country": "DE"})
    assert order.status_code == 201
    assert shop.value("SELECT tax_total FROM cms.orders") == round(2500 * 19 / 119)


@pytest.mark.parametrize("wrong", ["signature", "old", "other site", "no signature", "no JSON"])
def test_a_webhook_that_is_not_the_providers_changes_nothing(shop: Stand, wrong: str) -> None:
    order = shop.order({"MUG": 1})
    report = shop.report(order, "succeeded")
    if wrong == "old":
        answer = shop.send_webhook("evt_1", report, at=time.time() - 400)
    elif wrong == "no JSON":
        answer = shop.api.client.post("/api/payments/fake/webhook", content=b"\xff{", headers={"fake-signature": "t=1,v1=ab"})
    else:
        given = {"signature": "t=1,v1=00", "other site": f"t={int(time.time())},v1={'0' * 64}", "no signature": ""}[wrong]
        answer = shop.send_webhook("evt_1", report, headers={"fake-signature": given})
    assert (answer.status_code, answer.json()["code"]) == (400, "payment.webhook")
    assert shop.status(order) == "pending"


def test_a_declined_payment_can_be_tried_again_and_a_check_first_is_no_charge(shop: Stand) -> None:
    order = shop.order({"MUG": 1})
    shop.decide(order, "decline")
    assert shop.status(order) == "failed"
    shop.decide(order, "check")
    assert shop.value("SELECT status FROM cms.payments") == "action"
    shop.decide(order)
    assert shop.status(order) == "processing"
    assert shop.value("SELECT charges FROM cms.fake_payments") == 1


def test_a_late_charge_takes_the_goods_that_are_still_there_else_the_money_goes_back(shop: Stand) -> None:
    first, second = shop.order({"MUG": 50}), None
    shop.query("UPDATE cms.stock_reservations SET expires_at = clock_timestamp() - interval '1 minute'")
    second = shop.order({"MUG": 1})
    shop.decide(second)
    shop.decide(first)
    assert (shop.status(second), shop.status(first)) == ("processing", "refunded")
    assert shop.value("SELECT sum(value::int) FROM cms.fake_payments, jsonb_each_text(refunds)") == first["total"]
    assert shop.stock("MUG") == (49, 0)
    third = shop.order({"MUG": 49})
    shop.query("UPDATE cms.stock_reservations SET expires_at = clock_timestamp() - interval '1 minute' WHERE state = 'held'")
    shop.query("SELECT cms.release_rows(id, NULL, ARRAY['MUG'], true) FROM cms.sites")
    shop.decide(third)
    assert shop.status(third) == "processing"
    assert shop.stock("MUG") == (0, 0)
    shop.check_ledger()


def test_an_abandoned_order_is_cancelled_and_a_charge_for_it_goes_back(shop: Stand) -> None:
    order = shop.order({"MUG": 3})
    shop.pass_time(20)
    shop.sweep()
    assert shop.status(order) == "cancelled"
    assert shop.stock("MUG") == (50, 0)
    assert shop.value("SELECT status FROM cms.fake_payments") == "cancelled"
    shop.query("UPDATE cms.fake_payments SET status = 'succeeded', charges = 1")  # the provider let it through all the same
    shop.send_webhook("evt_late", shop.report(order, "succeeded"))
    assert shop.status(order) == "refunded"
    assert shop.stock("MUG") == (50, 0)


def test_a_webhook_that_was_lost_is_made_up_for_by_asking(shop: Stand) -> None:
    order = shop.order({"MUG": 1})
    shop.query("UPDATE cms.fake_payments SET status = 'succeeded', charges = 1")
    shop.pass_time(2)
    shop.sweep()
    assert shop.status(order) == "processing"


def test_a_transfer_waits_on_hold_until_somebody_says_it_came_and_is_one_charge(shop: Stand) -> None:
    from cms_ssg.verticals.shop.orders import pay_order

    order = shop.order({"MUG": 1}, payment="manual")
    assert shop.status(order) == "on_hold"
    shop.pass_time(60 * 24)
    shop.sweep()
    assert (shop.status(order), shop.stock("MUG")) == ("on_hold", (50, 1))
    for _ in range(2):
        shop.open().run(lambda opened: pay_order(opened, order["order"]))
    assert (shop.status(order), shop.stock("MUG")) == ("processing", (49, 0))
