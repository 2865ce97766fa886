"""Money that does not stay where it was: refunds that fail days later, and buyers who ask their bank."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from msgspec.structs import force_setattr

from cms_ssg.verticals.shop import commands
from cms_ssg.verticals.shop.orders import RefundRequest, refund_order
from cms_ssg.verticals.shop.settings import ShopSettings
from tests.verticals.shop.keeper import make_token, run
from tests.verticals.shop.stand import Stand


def refund(shop: Stand, order: dict[str, object], key: str, amount: int | None = None, *, by_hand: bool = False) -> None:
    async def go(opened: object) -> None:
        await refund_order(opened, str(order["order"]), RefundRequest(key, amount, by_hand=by_hand))  # type: ignore[arg-type]

    shop.open().run(go)


def totals(shop: Stand) -> tuple[int, int, int]:
    """Refunded of the order, refunded of the payment, and what is left to refund."""
    order = shop.query("SELECT refunded_total FROM cms.orders")[0][0]
    payment, left = shop.query("SELECT refunded, amount - refunded - cms.disputed(number) FROM cms.payments")[0]
    return order, payment, left


def press(shop: Stand, order: dict[str, object], what: str) -> None:
    assert shop.decide(order, what).status_code == 303


def test_a_refund_that_fails_days_later_is_money_that_can_be_refunded_again(shop: Stand, notified: None) -> None:
    order = shop.buy({"MUG": 2})
    refund(shop, order, "first-refund")
    assert (shop.status(order), totals(shop)) == ("refunded", (4500, 4500, 0))
    press(shop, order, "fail")
    assert (shop.status(order), totals(shop)) == ("on_hold", (0, 0, 4500))
    problem = "the refund of 45.00 EUR failed: expired_or_canceled_card"
    shown = run(shop, commands.show_order, order["order"])
    assert (shown["problem"], shown["refundable"]) == (problem, "45.00")
    assert shown["refunds"] == "45.00 EUR failed (credit note 1) expired_or_canceled_card"
    assert problem in shown["history"]
    assert shop.query("SELECT recipient, body FROM cms.mails WHERE body LIKE 'the refund%%'")[0][0] == "keeper@example.org"
    refund(shop, order, "second-refund")
    assert (shop.status(order), totals(shop)) == ("refunded", (4500, 4500, 0))
    assert run(shop, commands.show_order, order["order"])["problem"] == ""


def test_the_same_failure_reported_in_any_order_and_often_counts_once(shop: Stand) -> None:
    order = shop.buy({"MUG": 2})
    for key in ("refund-of-ten", "refund-of-20"):
        refund(shop, order, key, 1000 if key == "refund-of-ten" else 2000)
    fake = shop.provider()
    name = shop.value("SELECT name FROM cms.payment_refunds WHERE amount = 1000")
    failed = shop.open().run(lambda _: fake.fail_refund(shop.value("SELECT intent FROM cms.payments"), name))
    for number in random.Random(3).choices(range(3), k=9):
        assert shop.send_webhook(f"evt_{number}", failed).status_code == 200
    assert totals(shop) == (2000, 2000, 2500)
    assert shop.query("SELECT amount, status FROM cms.payment_refunds ORDER BY number") == [(1000, "failed"), (2000, "done")]


def test_a_failure_that_is_reported_before_the_refund_is_noted_as_made_leaves_it_failed(shop: Stand) -> None:
    order = shop.buy({"MUG": 2})
    refund(shop, order, "first-refund", 1000)
    shop.query("UPDATE cms.payment_refunds SET status = 'requested', name = NULL")
    shop.query("UPDATE cms.payments SET refunded = 0")
    shop.query("UPDATE cms.orders SET refunded_total = 0")
    press(shop, order, "fail")
    shop.sweep()
    assert totals(shop) == (0, 0, 4500)
    assert shop.value("SELECT status FROM cms.payment_refunds") == "failed"


def test_money_that_was_given_back_another_way_is_noted_without_asking_the_provider(shop: Stand) -> None:
    order = shop.buy({"MUG": 2})
    refund(shop, order, "first-refund")
    press(shop, order, "fail")
    refund(shop, order, "by-transfer", by_hand=True)
    assert (shop.status(order), totals(shop)) == ("refunded", (4500, 4500, 0))
    assert shop.value("SELECT refunds FROM cms.fake_payments") == {}


@pytest.mark.parametrize(("end", "left"), [("win", 4500), ("lose", 0)])
def test_what_a_bank_holds_or_has_given_back_cannot_be_refunded_as_well(shop: Stand, notified: None, end: str, left: int) -> None:
    order = shop.buy({"MUG": 2})
    press(shop, order, "dispute")
    assert totals(shop) == (0, 0, 0)
    shown = run(shop, commands.show_order, order["order"])
    assert shown["refundable"] == "0.00"
    assert shown["disputes"].endswith("of 45.00 EUR, fraudulent: open")
    with pytest.raises(Exception, match="there is nothing to give back"):
        refund(shop, order, "while-disputed")
    press(shop, order, end)
    assert totals(shop)[2] == left
    press(shop, order, "dispute")  # a message that was late
    assert totals(shop)[2] == left
    history = run(shop, commands.show_order, order["order"])["history"]
    assert history.count("fraudulent: open") == 1
    assert history.count(f"fraudulent: {'won' if end == 'win' else 'lost'}") == 1
    assert shop.value("SELECT count(*) FROM cms.mails WHERE recipient = 'keeper@example.org' AND body LIKE 'dispute%%'") == 2
    assert shop.status(order) == "processing"


def test_an_inquiry_takes_nothing_yet_and_a_dispute_about_nothing_of_ours_changes_nothing(shop: Stand) -> None:
    order = shop.buy({"MUG": 2})
    fake = shop.provider()
    dispute = shop.open().run(lambda _: fake.dispute(shop.value("SELECT intent FROM cms.payments"), "inquiry"))
    assert shop.send_webhook("evt_1", dispute).status_code == 200
    assert totals(shop) == (0, 0, 4500)
    stranger = replace(dispute, payment="00000000-0000-0000-0000-000000000000", status="lost")
    assert shop.send_webhook("evt_2", stranger).status_code == 200
    assert totals(shop) == (0, 0, 4500)
    assert shop.status(order) == "processing"


def test_the_desk_shows_orders_whose_money_has_a_problem(shop: Stand) -> None:
    order = shop.buy({"GUIDE": 1})
    with httpx.Client(base_url=str(shop.api.client.base_url), follow_redirects=True) as client:
        client.post("/desk/sign-in", data={"token": make_token(shop, "shop")})
        assert str(order["order"]) not in client.get("/desk/orders").text
        press(shop, order, "dispute")
        assert "dispute open, fraudulent" in client.get("/desk/orders").text
        page = client.get(f"/desk/orders/{order['order']}").text
    assert "fraudulent: open" in page
    assert "With the buyer" in page
    assert "All that is left" not in page


def test_the_hook_is_told_once_of_each_problem_and_of_each_status(shop: Stand) -> None:
    hooks, told = shop.root / "hooks.py", shop.root / "told.txt"
    hooks.write_text(
        "from pathlib import Path\nfrom cms_ssg.hooks import hook\n\n@hook\ndef payment_problem(problem):\n"
        f"    with Path({str(told)!r}).open('a') as file:\n        print(problem.kind, problem.status, problem.amount, problem.order, file=file)\n"
    )
    try:
        order = shop.buy({"MUG": 2})
        refund(shop, order, "first-refund", 1000)
        for what in ("fail", "dispute", "lose"):
            press(shop, order, what)
            shop.sweep()
            shop.sweep()
        number = order["order"]
        assert told.read_text().splitlines() == [
            f"refund_failed  1000 {number}", f"dispute open 4500 {number}", f"dispute lost 4500 {number}",
        ]  # fmt: skip
    finally:
        hooks.unlink()


@pytest.fixture
def notified(shop: Stand) -> Iterator[None]:
    """The shop tells its keeper."""
    settings: ShopSettings = shop.api.sites.contexts[0].site.settings.vertical["shop"]
    force_setattr(settings, "notify", "keeper@example.org")
    yield
    force_setattr(settings, "notify", "")
