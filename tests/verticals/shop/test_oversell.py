"""Stock never goes below nothing, however many buy at once."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.verticals.shop.stand import Stand, make_order, new_address


def check_out_at_once(shop: Stand, carts: list[dict[str, Any]]) -> list[httpx.Response]:
    """Order all these carts at the same moment; who is told that the shop is busy asks again, as people do."""

    async def one(client: httpx.AsyncClient, cart: dict[str, Any]) -> httpx.Response:
        headers = {"Idempotency-Key": secrets.token_hex(8), **new_address()}
        while True:
            answer = await client.post("/api/checkout", json=make_order(cart), headers=headers)
            if answer.status_code not in (503, 504) and answer.json().get("code") != "api.key-busy":
                return answer
            await asyncio.sleep(0.1)

    async def run() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=300)
        async with httpx.AsyncClient(base_url=shop.api.client.base_url, timeout=60, limits=limits) as client:
            return await asyncio.gather(*(one(client, cart) for cart in carts))

    return asyncio.run(run())


def copy_cart(shop: Stand, lines: dict[str, int], copies: int) -> list[dict[str, Any]]:
    """As many carts with these lines; all cost the same, so they have one version."""
    first = shop.make_cart(lines)
    rows = shop.query(
        "INSERT INTO cms.carts (site, country) SELECT site, country FROM cms.carts, generate_series(2, %s) WHERE id = %s RETURNING id::text",
        copies,
        first["id"],
    )
    for sku, quantity in lines.items():
        shop.query(
            "INSERT INTO cms.cart_lines (cart, sku, quantity) SELECT id::uuid, %s, %s FROM unnest(%s::text[]) id",
            sku,
            quantity,
            [row[0] for row in rows],
        )
    return [first, *({"id": row[0], "version": first["version"]} for row in rows)]


def test_200_buyers_at_once_never_oversell_50_units(shop: Stand) -> None:
    carts = [
        *copy_cart(shop, {"MUG": 1}, 60), *copy_cart(shop, {"BOWL": 1, "MUG": 1}, 40), *copy_cart(shop, {"MUG": 1, "BOWL": 2, "SET": 1}, 40),
        *copy_cart(shop, {"SET": 1}, 40), *copy_cart(shop, {"SHIRT-S": 1, "MUG": 2}, 20),
    ]  # fmt: skip
    answers = check_out_at_once(shop, sorted(carts, key=lambda cart: str(cart["id"])))
    assert {answer.status_code for answer in answers} == {201, 409}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"shop.stock"}
    assert shop.stock("MUG") == (50, 50)
    shop.check_ledger()
    orders = shop.value("SELECT count(*) FROM cms.orders")
    assert orders == Counter(answer.status_code for answer in answers)[201]
    for number, page in shop.query(
        "SELECT o.order_number, p.page FROM cms.orders o JOIN cms.payments p ON p.subject = 'shop/' || o.number"
    ):
        shop.decide({"order": number, "payment_page": page})
    assert shop.stock("MUG") == (0, 0)
    assert shop.query("SELECT DISTINCT status FROM cms.orders") == [("processing",)]
    shop.check_ledger()


def test_lines_of_one_sku_and_the_parts_of_bundles_are_summed_so_a_cart_does_not_oversell(shop: Stand) -> None:
    cart = shop.make_cart({"MUG": 30})
    again = shop.api.client.post(f"/api/carts/{cart['id']}/lines", json={"sku": "MUG", "quantity": 10}).json()
    assert [line["quantity"] for line in again["lines"]] == [40]
    again = shop.api.client.post(f"/api/carts/{cart['id']}/lines", json={"sku": "SET", "quantity": 20}).json()
    answer = shop.check_out(again)
    assert (answer.status_code, answer.json()["code"]) == (409, "shop.stock")
    assert shop.stock("MUG") == (50, 0)
    assert shop.query("SELECT * FROM cms.orders") == []


@pytest.mark.parametrize("quantity", [-1, 0, 10**9, 0.5, "two", True, None])
def test_a_quantity_that_is_none_cannot_oversell(shop: Stand, quantity: object) -> None:
    cart = shop.make_cart({})
    answer = shop.api.client.post(f"/api/carts/{cart['id']}/lines", json={"sku": "MUG", "quantity": quantity})
    assert (answer.status_code, answer.json()["code"]) == (422, "shop.quantity")
    assert shop.query("SELECT * FROM cms.cart_lines") == []


def test_what_a_reservation_held_is_free_again_when_its_time_is_over_without_oversell(shop: Stand) -> None:
    shop.order({"MUG": 50})
    assert shop.check_out(shop.make_cart({"BOWL": 1})).status_code == 201
    cart = shop.make_cart({"BOWL": 1})
    shop.query("INSERT INTO cms.cart_lines VALUES (%s, 'MUG', 1)", cart["id"])
    refused = shop.api.client.get(f"/api/carts/{cart['id']}").json()
    assert [problem["code"] for problem in refused["problems"]] == ["stock"]
    shop.pass_time(20)
    shop.sweep()
    assert shop.stock("MUG") == (50, 0)
    assert shop.check_out(shop.api.client.get(f"/api/carts/{cart['id']}").json()).status_code == 201
    shop.check_ledger()


def test_a_product_on_backorder_is_sold_beyond_the_stock_but_never_below_nothing(shop: Stand) -> None:
    shop.buy({"LATER": 3})
    assert shop.stock("LATER") == (0, 0)
    assert shop.value("SELECT sum(backordered) FROM cms.stock_reservations WHERE sku = 'LATER'") == 2
    shop.check_ledger()


def test_nobody_takes_out_by_hand_what_is_reserved(shop: Stand) -> None:
    shop.order({"MUG": 50})
    with pytest.raises(Exception, match="stock_levels"):
        shop.query("INSERT INTO cms.stock_moves (site, sku, delta, reason, ref) SELECT id, 'MUG', -1, 'adjusted', 'x' FROM cms.sites")
    assert shop.stock("MUG") == (50, 50)


def test_what_two_places_have_is_sold_from_the_first_that_has_all_of_it(shop: Stand) -> None:
    shop.query("INSERT INTO cms.stock_levels (site, sku, location, priority) SELECT id, 'MUG', 'shop', 10 FROM cms.sites")
    shop.query(
        "INSERT INTO cms.stock_moves (site, sku, location, delta, reason, ref) SELECT id, 'MUG', 'shop', 3, 'received', 'd1' FROM cms.sites"
    )
    shop.buy({"MUG": 2})
    shop.buy({"MUG": 2})
    shop.buy({"MUG": 49})
    assert shop.query("SELECT location, on_hand FROM cms.stock_levels WHERE sku = 'MUG' ORDER BY location") == [("main", 0), ("shop", 0)]
    shop.check_ledger()
