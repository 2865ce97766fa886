"""A payment that could not begin can be begun again from the order's page: one order, one payment, while the goods are kept."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from html import unescape

import httpx
import pytest
from msgspec.structs import force_setattr

from cms_ssg.verticals.shop.forms import COOKIE
from tests.verticals.shop.stand import ADDRESS, Stand, new_address
from tests.verticals.shop.stripe_double import KEY, Double, open_double


@pytest.fixture
def double(shop: Stand, monkeypatch: pytest.MonkeyPatch) -> Iterator[Double]:
    """The shop takes cards."""
    settings = shop.api.sites.contexts[0].site.settings.vertical["shop"]
    payments = settings.payments
    force_setattr(settings, "payments", (*payments, "stripe"))
    monkeypatch.setenv("CMS_STRIPE_KEY", KEY)
    with open_double() as opened:
        monkeypatch.setenv("CMS_STRIPE_URL", opened.url)
        yield opened
    force_setattr(settings, "payments", payments)


def order_by_form(shop: Stand) -> httpx.Response:
    """A browser sends the form of the checkout, and follows."""
    cart = shop.make_cart({"MUG": 1}, country="IT", method="post")
    form = {**ADDRESS, "email": "ann@example.org", "payment": "stripe", "key": "a-key-of-its-own", "version": cart["version"]}
    headers = {"cookie": f"{COOKIE}={cart['id']}", "accept": "text/html", **new_address()}
    return shop.api.client.post("/api/checkout", data=form, headers=headers, follow_redirects=True)


def press(shop: Stand, page: str) -> httpx.Response:
    """Press *Pay now* on the order's page."""
    found = re.search(r'<form method="post" action="([^"]+/pay\?[^"]+)"', page)
    assert found is not None, page
    return shop.api.client.post(unescape(found[1]), data={"locale": "en"}, headers={"accept": "text/html", **new_address()})


@pytest.mark.parametrize("status", [500, 400, 402])
def test_a_provider_that_failed_is_asked_again_by_the_button_of_the_orders_page(shop: Stand, double: Double, status: int) -> None:
    double.failing = status
    page = order_by_form(shop)
    assert page.status_code == 200
    assert "Nothing was charged: please try again." in page.text
    again = press(shop, page.text)
    assert again.status_code == 502
    assert "Nothing was charged: please try again." in again.text
    double.failing = 0
    done = press(shop, again.text)
    assert (done.status_code, done.headers["location"][:28]) == (303, "https://checkout.stripe.com/")
    assert press(shop, page.text).headers["location"] == done.headers["location"]
    assert len(double.sessions) == 1
    assert shop.query("SELECT count(*) FROM cms.orders UNION ALL SELECT count(*) FROM cms.payments") == [(1,), (1,)]
    assert shop.stock("MUG") == (50, 1)
    assert done.headers["location"] in shop.api.client.get(str(page.url), headers={"accept": "text/html"}).text


def test_pressing_it_often_at_once_leads_to_one_payment(shop: Stand, double: Double) -> None:
    double.failing = 500
    page = order_by_form(shop).text
    double.failing = 0
    path = unescape(re.search(r'action="([^"]+/pay\?[^"]+)"', page)[1])  # type: ignore[index]

    async def run() -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=shop.api.client.base_url, timeout=60) as client:
            return await asyncio.gather(*(client.post(path, json={}, headers=new_address()) for _ in range(10)))

    answers = asyncio.run(run())
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["payment_page"] for answer in answers}) == 1
    assert shop.value("SELECT count(*) FROM cms.payments WHERE intent IS NOT NULL") == 1


def test_two_keys_at_once_show_the_buyer_one_payment_and_the_other_is_ended(shop: Stand, double: Double) -> None:
    double.failing = 500
    page = order_by_form(shop).text
    double.failing = 0
    first = press(shop, page).headers["location"]
    shop.query("UPDATE cms.payments SET attempts = attempts + 1")  # as if another request had met an error meanwhile
    assert press(shop, page).headers["location"] == first
    assert sorted(session["status"] for session in double.sessions.values()) == ["expired", "open"]


def test_once_the_goods_are_not_kept_any_more_the_page_says_so(shop: Stand, double: Double) -> None:
    double.failing = 500
    page = order_by_form(shop)
    double.failing = 0
    shop.pass_time(20)
    late = shop.api.client.get(str(page.url), headers={"accept": "text/html"}).text
    assert "The time to pay this order is over" in late
    assert "/pay?" not in late
    refused = press(shop, page.text)
    assert (refused.status_code, double.sessions) == (409, {})
    shop.sweep()
    assert shop.query("SELECT status FROM cms.orders") == [("cancelled",)]
    assert "The time to pay this order is over" in shop.api.client.get(str(page.url), headers={"accept": "text/html"}).text
    assert press(shop, page.text).status_code == 409
    assert shop.stock("MUG") == (50, 0)


def test_only_who_has_the_orders_link_begins_its_payment_and_a_paid_one_leads_to_its_page(shop: Stand) -> None:
    order = shop.order({"MUG": 1})
    path, _, key = order["order_page"].partition("?")
    assert shop.api.client.post(f"{path}/pay?key=wrong", json={}, headers=new_address()).status_code == 404
    assert shop.api.client.post(f"{path}/pay?{key}", json={}, headers=new_address()).json()["payment_page"] == order["payment_page"]
    shop.decide(order)
    answer = shop.api.client.post(f"{path}/pay?{key}", data={"locale": "en"}, headers=new_address())
    assert (answer.status_code, answer.headers["location"]) == (303, order["order_page"])


def test_a_provider_that_is_not_set_up_is_told_before_anything_is_ordered(
    shop: Stand, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CMS_STRIPE_KEY")
    answer = shop.check_out(shop.make_cart({"MUG": 1}), payment="stripe")
    assert (answer.status_code, answer.json()["code"]) == (502, "shop.payment")
    assert shop.value("SELECT count(*) FROM cms.orders") == 0
