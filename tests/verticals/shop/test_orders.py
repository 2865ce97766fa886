"""Orders as buyers and shopkeepers see them: links, downloads, commands, erasure, and what is refused."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from psycopg.errors import CheckViolation

from cms_ssg.errors import CmsError
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.privacy.people import erase_person, find_person
from cms_ssg.selling import stock_commands
from cms_ssg.store.open_store import open_store
from cms_ssg.verticals.shop import commands
from tests.engine.siteonpage import database
from tests.verticals.shop.keeper import run
from tests.verticals.shop.stand import ADDRESS, Stand, make_order, new_address


def test_an_order_is_seen_by_its_link_and_by_nobody_else(shop: Stand) -> None:
    order = shop.buy({"MUG": 1})
    seen = shop.api.client.get(order["order_page"])
    assert seen.json()["items"][0]["sku"] == "MUG"
    path, _, key = order["order_page"].partition("?key=")
    for wrong in (
        path,
        f"{path}?key=",
        f"{path}?key={key[:-1]}{'1' if key.endswith('0') else '0'}",
        f"/api/orders/{order['order']}?key={key}",
        "/api/orders/00000000-0000-0000-0000-000000000000?key=" + key,
    ):
        assert shop.api.client.get(wrong).status_code == 404
    assert shop.api.client.get("/api/orders").status_code == 401
    page = shop.api.client.get(order["order_page"], headers={"accept": "text/html"})
    assert "Paid. We are preparing your order." in page.text
    assert "cost" not in seen.text.replace("shipping_cost", "")


def test_a_script_in_a_name_is_text_on_every_page(shop: Stand) -> None:
    evil = "<script>alert(1)</script>"
    order = shop.order({"MUG": 1}, billing=ADDRESS | {"name": evil, "city": evil}, note=evil)
    page = shop.api.client.get(order["order_page"], headers={"accept": "text/html"}).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_a_download_is_counted_exactly_under_20_requests_at_once_and_gives_ranges(shop: Stand) -> None:
    order = shop.buy({"GUIDE": 1})
    assert shop.status(order) == "completed"
    link = shop.api.client.get(order["order_page"]).json()["downloads"][0]["url"]

    async def fetch_all() -> list[int]:
        async with httpx.AsyncClient(base_url=shop.api.client.base_url, timeout=30) as client:
            return [answer.status_code for answer in await asyncio.gather(*(client.get(link, headers=new_address()) for _ in range(20)))]

    codes = asyncio.run(fetch_all())
    assert (codes.count(200), codes.count(410)) == (3, 17)
    part = shop.api.client.get(link, headers={"Range": "bytes=4-6"})
    assert (part.status_code, part.text) == (206, "456")
    assert shop.api.client.get(link.partition("?")[0]).status_code == 404
    assert not list((shop.root / "build").rglob("guide.txt"))


def test_a_refunded_or_unpaid_order_gives_no_download(shop: Stand) -> None:
    order = shop.buy({"GUIDE": 1})
    link = shop.api.client.get(order["order_page"]).json()["downloads"][0]["url"]
    run(shop, commands.refund, order["order"], yes=True)
    assert shop.status(order) == "refunded"
    assert shop.api.client.get(link).status_code == 410


def test_commands_show_ship_refund_and_cancel_orders(shop: Stand) -> None:
    order = shop.buy({"MUG": 2})
    assert run(shop, commands.list_orders)[0]["total"] == "45.00 EUR"
    shown = run(shop, commands.show_order, order["order"])
    assert (shown["lines"], shown["status"], shown["tax"]) == ("2 x MUG", "processing", "8.11")
    assert run(shop, commands.refund, order["order"], line=("MUG=1",), restock=True)["status"] == "processing"
    assert run(shop, commands.ship, order["order"], carrier="DHL", tracking="1")["status"] == "completed"
    with pytest.raises(CmsError, match="cannot be cancelled"):
        run(shop, commands.cancel, order["order"])
    with pytest.raises(CmsError, match="no order"):
        run(shop, commands.show_order, "nothing")
    assert shop.stock("MUG") == (49, 0)
    with pytest.raises(CheckViolation):
        shop.query("UPDATE cms.orders SET status = 'pending'")


def test_each_thing_that_happens_to_an_order_is_told_by_one_mail_with_its_link(shop: Stand) -> None:
    shop.query("DELETE FROM cms.mails")
    order = shop.buy({"MUG": 1})
    for _ in range(3):
        shop.send_webhook("evt_again", shop.report(order, "succeeded"))
        run(shop, commands.ship, order["order"], carrier="DHL", tracking="123")
    run(shop, commands.refund, order["order"], amount="5.00")
    shop.order({"MUG": 1}, payment="manual")
    mails = shop.query("SELECT recipient, subject, body FROM cms.mails ORDER BY number")
    words = ("preparing", "on its way", "goes back", "transfer")
    assert [next(word for word in words if word in body.partition("\n")[0]) for *_, body in mails] == list(words)
    assert all((to, subject) == ("ann@example.org", f"Order {order['order']} · Stand") for to, subject, _ in mails[:3])
    assert all(f"http://localhost:8000{order['order_page']}" in body for _, _, body in mails[:3])
    assert "DHL 123" in mails[1][2]


def test_commands_move_stock_and_take_each_delivery_in_once(shop: Stand) -> None:
    assert run(shop, stock_commands.adjust, "MUG", 10, ref="delivery-1", reason="received") == "MUG: 60"
    assert run(shop, stock_commands.adjust, "MUG", 10, ref="delivery-1", reason="received") == "taken in before"
    assert run(shop, stock_commands.move_stock, "MUG", 5, "main", "market") == "MUG: 60"
    assert run(shop, stock_commands.set_stock, "MUG", 50) == "MUG: 55"
    assert [row["units"] for row in run(shop, stock_commands.show_history, "MUG")] == [-5, 5, -5, 10, 50]
    with pytest.raises(CmsError, match="free units"):
        run(shop, stock_commands.adjust, "MUG", -51)
    with pytest.raises(CmsError, match="no SKU"):
        run(shop, stock_commands.adjust, "NONE", 1)
    shop.check_ledger()


def test_a_person_is_erased_from_orders_and_the_amounts_stay(shop: Stand) -> None:
    order = shop.buy({"MUG": 1})
    with database(shop.url), open_store(shop.root, "") as (site, connection, row):
        opened = OpenSite(site, connection, row.id)
        assert [found.table for found in find_person(opened, "ANN@example.org")].count("orders") == 1
        erase_person(opened, "ANN@example.org")
        assert find_person(opened, "ANN@example.org") == []
    kept = shop.value("SELECT to_jsonb(o)::text FROM cms.orders o")
    assert not any(word in kept for word in ("ann@", "Ann", "Via 1", "Roma"))
    assert shop.query("SELECT total, billing_address FROM cms.orders") == [(order["total"], {"country": "IT"})]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"email": "nobody"}, "api.invalid"), ({"billing": {}}, "api.invalid"), ({"payment": "gold"}, "api.invalid"), ({"billing": ADDRESS | {"country": "XX"}}, "shop.country"),
        ({"version": "older"}, "shop.changed"), ({"shipping": {"name": "x"}}, "api.invalid"), ({"note": "x" * 3000}, "api.invalid"), ({"email": ["a"]}, "api.invalid"),
    ],
)  # fmt: skip
def test_a_checkout_that_is_not_as_it_should_be_is_refused_and_nothing_is_lost(shop: Stand, change: dict[str, object], code: str) -> None:
    cart = shop.make_cart({"MUG": 1})
    answer = shop.check_out(cart, "the-only-key", **change)
    assert (answer.json()["code"], answer.headers["content-type"]) == (code, "application/problem+json")
    assert shop.query("SELECT count(*) FROM cms.orders") == [(0,)]
    assert shop.check_out(cart, "the-only-key").status_code == 201


@pytest.mark.parametrize("sku", ["NONE", "DRAFT", "shirt", "", "x" * 100, "'; DROP TABLE cms.orders; --", "MU\x00G"])
def test_what_is_unknown_hidden_or_no_sku_goes_into_no_cart(shop: Stand, sku: str) -> None:
    cart = shop.make_cart({})
    answer = shop.api.client.post(f"/api/carts/{cart['id']}/lines", json={"sku": sku})
    assert answer.status_code in (404, 422), answer.text
    assert answer.json()["code"] in ("shop.no-sku", "api.invalid")
    assert shop.check_out({"id": "nothing", "version": "x"}).json()["code"] == "shop.no-cart"
    for path in (
        "/api/products/%00",
        "/api/products/a%ff",
        "/api/payments/fake/%00",
        "/api/payments/gold/x",
        "/api/orders/%00",
        "/api/carts/%00",
        "/api/downloads/1?key=%00",
    ):
        assert shop.api.client.get(path).status_code in (404, 405, 422), path


def test_a_cart_holds_100_things_and_a_coupon_must_be_valid(shop: Stand) -> None:
    cart = shop.make_cart({"MUG": 1})
    shop.query("INSERT INTO cms.cart_lines (cart, sku, quantity) SELECT %s, 'X' || n, 1 FROM generate_series(1, 99) n", cart["id"])
    full = shop.api.client.post(f"/api/carts/{cart['id']}/lines", json={"sku": "BOWL"})
    assert (full.status_code, full.json()["code"]) == (422, "shop.cart-full")
    assert shop.api.client.post(f"/api/carts/{cart['id']}/lines", json={"sku": "MUG", "quantity": 2}).status_code == 200
    shop.query(
        "INSERT INTO cms.coupons (site, code, kind, value, ends_at) SELECT id, 'OLD', 'percent', 1000, now() - interval '1 day' FROM cms.sites"
    )
    for code in ("OLD", "NONE"):
        answer = shop.api.client.post(f"/api/carts/{cart['id']}/coupon", json={"code": code})
        assert (answer.status_code, answer.json()["code"]) == (422, "shop.coupon")


def test_a_price_in_another_currency_is_in_no_order(shop: Stand) -> None:
    shop.query("UPDATE cms.skus SET currency = 'USD' WHERE sku = 'BOWL'")
    try:
        cart = shop.make_cart({"MUG": 1, "BOWL": 1})
        assert [problem["sku"] for problem in cart["problems"]] == ["BOWL"]
        assert shop.check_out(cart).json()["code"] == "shop.sku"
    finally:
        shop.query("UPDATE cms.skus SET currency = 'EUR' WHERE sku = 'BOWL'")


def test_refunds_by_the_api_need_the_scope_and_a_key(shop: Stand) -> None:
    order = shop.buy({"MUG": 1})
    path = f"/api/orders/{order['order']}/refund"
    assert shop.api.client.post(path, json={}).status_code == 401
    from cms_ssg.store.tokens import digest_token

    token = "cms_" + "a" * 43
    shop.query(
        "INSERT INTO cms.tokens (site, name, digest, scopes) SELECT id, 'till', %s, '{shop}' FROM cms.sites ON CONFLICT DO NOTHING",
        digest_token(token),
    )
    headers = {"Authorization": f"Bearer {token}"}
    assert shop.api.client.post(path, json={}, headers=headers).json()["code"] == "api.invalid"
    for _ in range(2):
        answer = shop.api.client.post(path, json={"amount": 100}, headers={**headers, "Idempotency-Key": "refund-of-a-euro"})
        assert answer.json()["refunded_total"] == 100
    assert shop.api.client.get("/api/orders", headers=headers).json()["orders"][0]["order_number"] == order["order"]
    assert make_order({"id": "x", "version": "y"})["payment"] == "fake"
