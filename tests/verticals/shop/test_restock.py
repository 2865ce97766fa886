"""What is sold comes back once: by a refund, a cancellation or a reservation that ends, in any order and two at a time."""

from __future__ import annotations

import asyncio
from itertools import permutations

import pytest

from cms_ssg.api.problems import ApiError
from cms_ssg.payment.provider import Shop
from cms_ssg.verticals.shop.orders import RefundRequest, cancel_order, refund_order
from tests.verticals.shop.stand import Stand


async def refund_one(opened: Shop, order: str) -> None:
    await refund_order(opened, order, RefundRequest("one-mug", lines={"MUG": 1}, restock=True))


async def refund_all(opened: Shop, order: str) -> None:
    await refund_order(opened, order, RefundRequest("all-of-it", restock=True))


async def cancel(opened: Shop, order: str) -> None:
    await cancel_order(opened, order)


STEPS = {"refund one": refund_one, "refund all": refund_all, "cancel": cancel}


async def run_step(opened: Shop, name: str, order: str) -> None:
    try:
        await STEPS[name](opened, order)
    except ApiError as error:
        if error.code not in ("shop.refund", "shop.status"):
            raise


@pytest.mark.parametrize("names", list(permutations(STEPS, 2)))
def test_refund_and_cancel_in_every_order_two_at_a_time_restock_once(shop: Stand, names: tuple[str, str]) -> None:
    order = shop.buy({"MUG": 3, "SET": 1})
    assert (shop.stock("MUG"), shop.stock("BOWL")) == ((46, 0), (999, 0))

    async def both(opened: Shop) -> None:
        for name in names:
            await asyncio.gather(run_step(opened, name, order["order"]), run_step(opened, name, order["order"]))
        await asyncio.gather(*(run_step(opened, name, order["order"]) for name in names))

    shop.open().run(both)
    assert (shop.stock("MUG"), shop.stock("BOWL")) == ((50, 0), (1000, 0))
    shop.check_ledger()
    given = shop.value("SELECT sum(value::int) FROM cms.fake_payments, jsonb_each_text(refunds)")
    assert given == order["total"] == shop.value("SELECT refunded_total FROM cms.orders")
    assert shop.status(order) == "refunded"


def test_a_cancelled_order_that_nobody_paid_gives_its_reservation_back_once(shop: Stand) -> None:
    order = shop.order({"MUG": 3})
    for _ in range(2):
        shop.open().run(lambda opened: cancel_order(opened, order["order"]))
    shop.pass_time(20)
    shop.sweep()
    assert (shop.status(order), shop.stock("MUG")) == ("cancelled", (50, 0))
    shop.check_ledger()


def test_an_order_that_is_deleted_leaves_the_ledger_true_and_restocks_nothing(shop: Stand) -> None:
    order = shop.buy({"MUG": 3})
    shop.query("DELETE FROM cms.orders WHERE order_number = %s", order["order"])
    assert shop.stock("MUG") == (47, 0)
    shop.check_ledger()


def test_lines_are_refunded_to_the_last_cent_and_no_further(shop: Stand) -> None:
    shop.query("INSERT INTO cms.coupons (site, code, kind, value) SELECT id, 'THIRD', 'percent', 3333 FROM cms.sites")
    cart = shop.make_cart({"MUG": 3})
    cart = shop.api.client.post(f"/api/carts/{cart['id']}/coupon", json={"code": "third"}).json()
    order = shop.check_out(cart).json()
    shop.decide(order)
    line = cart["lines"][0]["total"]

    async def back(opened: Shop) -> None:
        for number in range(3):
            await refund_order(opened, order["order"], RefundRequest(f"mug-number-{number}", lines={"MUG": 1}, restock=True))
        with pytest.raises(ApiError, match="back already"):
            await refund_order(opened, order["order"], RefundRequest("mug-number-4", lines={"MUG": 1}))
        with pytest.raises(ApiError, match="less than this"):
            await refund_order(opened, order["order"], RefundRequest("too-much-of-it", order["total"]))

    shop.open().run(back)
    assert shop.value("SELECT refunded_total FROM cms.orders") == line
    assert shop.stock("MUG") == (50, 0)
    shop.open().run(lambda opened: refund_order(opened, order["order"], RefundRequest("the-shipping")))
    assert shop.status(order) == "refunded"


def test_a_coupon_of_one_use_is_used_once_and_again_when_its_order_is_cancelled(shop: Stand) -> None:
    shop.query("INSERT INTO cms.coupons (site, code, kind, value, most_uses) SELECT id, 'ONE', 'amount', 500, 1 FROM cms.sites")
    carts = [shop.make_cart({"MUG": 1}) for _ in range(2)]
    carts = [shop.api.client.post(f"/api/carts/{cart['id']}/coupon", json={"code": "ONE"}).json() for cart in carts]
    order = shop.check_out(carts[0]).json()
    assert shop.check_out(carts[1]).json()["code"] == "shop.coupon"
    shop.open().run(lambda opened: cancel_order(opened, order["order"]))
    assert shop.check_out(carts[1]).status_code == 201
