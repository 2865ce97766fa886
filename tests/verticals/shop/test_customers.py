"""Somebody whose address is proved orders without naming it, and sees the orders of that address and no others."""

from __future__ import annotations

import time

from cms_ssg.store.secrets import sign
from cms_ssg.visitors.identity import SECRET
from tests.verticals.shop.stand import Stand, make_order, new_address


def prove(shop: Stand, email: str) -> dict[str, str]:
    """The cookie of a visitor who has opened a link."""
    add = "INSERT INTO cms.secrets (site, name) SELECT id, %s FROM cms.sites ON CONFLICT (site, name) DO UPDATE SET site = excluded.site RETURNING value"
    secret = bytes(shop.value(add, SECRET))
    value = f"{email.encode().hex()}.{int(time.time()) + 3600}.word"
    return {"Cookie": f"cms_visitor={value}.{sign(secret, value)}"}


def test_an_order_of_a_visitor_belongs_to_them_and_to_nobody_else(shop: Stand) -> None:
    client, ann = shop.api.client, prove(shop, "Ann@Example.org")
    body = make_order(shop.make_cart({"MUG": 1}))
    del body["email"]
    assert client.post("/api/checkout", json=body, headers={"Idempotency-Key": "a-guest-1", **new_address()}).status_code == 422
    answer = client.post("/api/checkout", json=body, headers={"Idempotency-Key": "of-ann-01", **ann, **new_address()})
    assert answer.status_code == 201, answer.text
    shop.order({"BOWL": 1})  # as a guest, with the same address in other letters
    shop.order({"BOWL": 1}, email="bob@example.org")
    assert shop.query("SELECT customer_email, customer_id IS NULL FROM cms.orders ORDER BY number") == [
        ("Ann@Example.org", False), ("ann@example.org", True), ("bob@example.org", True)
    ]  # fmt: skip
    found = client.get("/api/orders/mine", headers=ann).json()["orders"]
    assert [one["customer_email"] for one in found] == ["ann@example.org", "Ann@Example.org"]
    assert client.get(found[0]["page"], headers={"Accept": "application/json"}).json()["order_number"] == found[0]["order_number"]
    assert client.get("/api/orders/mine").status_code == 401
    assert client.get("/api/orders/mine", headers=prove(shop, "eve@example.org")).json() == {"orders": []}


def test_a_visitor_may_order_for_another_address_which_then_is_no_customer(shop: Stand) -> None:
    body = make_order(shop.make_cart({"MUG": 1}))
    headers = {"Idempotency-Key": "for-bob-1", **prove(shop, "ann@example.org"), **new_address()}
    assert shop.api.client.post("/api/checkout", json=body | {"email": "bob@example.org"}, headers=headers).status_code == 201
    assert shop.query("SELECT customer_email, customer_id FROM cms.orders") == [("bob@example.org", None)]
