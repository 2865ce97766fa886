"""Orders as buyers and shopkeepers see them: links, downloads, commands, erasure, and what is refused."""

from __future__ import annotations

import asyncio
import re
import secrets
from pathlib import Path
from typing import Any

import httpx
import pytest
from psycopg.errors import CheckViolation

from cms_ssg.errors import CmsError
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.store.open_store import open_store
from cms_ssg.verticals.shop import VERTICAL, commands
from tests.engine.siteonpage import database
from tests.verticals.shop.stand import ADDRESS, Stand, make_order, new_address


def run(shop: Stand, command: Any, *values: object, **options: object) -> Any:
    with database(shop.url), open_store(shop.root, "") as (site, connection, row):
        return command(OpenSite(site, connection, row.id), *values, **options)


def test_an_order_is_seen_by_its_link_and_by_nobody_else(shop: Stand) -> None:
    order = shop.buy({"MUG": 1})
    seen = shop.api.client.get(order["order_page"])
    assert seen.json()["items"][0]["sku"] == "MUG"
    path, _, key = order["order_page"].partition("?key=")
    for wrong in (
        path,
        f"{path}?key=",
        f"{path}?key={key[:-1]}0",
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
    run(shop, commands.refund, order["order"])
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
    assert run(shop, commands.adjust, "MUG", 10, ref="delivery-1", reason="received") == "MUG: 60"
    assert run(shop, commands.adjust, "MUG", 10, ref="delivery-1", reason="received") == "taken in before"
    assert run(shop, commands.move_stock, "MUG", 5, "main", "market") == "MUG: 60"
    assert run(shop, commands.set_stock, "MUG", 50) == "MUG: 55"
    assert [row["units"] for row in run(shop, commands.show_history, "MUG")] == [-5, 5, -5, 10, 50]
    with pytest.raises(CmsError, match="not there"):
        run(shop, commands.adjust, "MUG", -51)
    with pytest.raises(CmsError, match="no SKU"):
        run(shop, commands.adjust, "NONE", 1)
    shop.check_ledger()


def test_a_person_is_erased_from_orders_and_the_amounts_stay(shop: Stand) -> None:
    order = shop.buy({"MUG": 1})
    personal = VERTICAL.personal[0]
    values = {"site": shop.value("SELECT id FROM cms.sites"), "email": "ANN@example.org"}
    with database(shop.url), open_store(shop.root, "") as (_, connection, _row):
        assert [table for table, _ in connection.execute(personal.export, values)] == ["orders"]
        for sql in personal.erase:
            connection.execute(sql, values)
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


def make_token(shop: Stand, *scopes: str) -> str:
    from cms_ssg.store.tokens import digest_token

    token = "cms_" + secrets.token_hex(20)
    shop.query(
        "INSERT INTO cms.tokens (site, name, digest, scopes) SELECT id, %s, %s, %s FROM cms.sites", token, digest_token(token), list(scopes)
    )
    return token


def test_an_invoice_has_a_number_without_gaps_and_its_taxes_add_up_as_html_and_pdf(shop: Stand, tmp_path: Path) -> None:
    unpaid, first, second = (
        shop.order({"MUG": 1}),
        shop.buy({"MUG": 2, "GUIDE": 1}, billing=ADDRESS | {"name": "Ann & <Co>"}),
        shop.buy({"BOWL": 1}),
    )
    assert shop.query("SELECT order_number, invoice_number FROM cms.orders ORDER BY number") == [
        (unpaid["order"], None),
        (first["order"], 1),
        (second["order"], 2),
    ]
    path, _, key = first["order_page"].partition("?")
    page = shop.api.client.get(f"{path}/invoice?{key}")
    assert page.status_code == 200
    assert "Ann &amp; &lt;Co&gt;" in page.text
    assert "Tax 22 % of €44.27" in page.text  # 40 + 9 + 5 of shipping, 9.73 of which is tax
    assert "€54.00" in page.text
    assert "00100 ROMA RM" in page.text
    pdf = shop.api.client.get(f"{path}/invoice.pdf?{key}")
    assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    for wrong in (f"{path}/invoice", f"{path}/packing-slip?{key}", f"{path}/other?{key}", unpaid["order_page"].replace("?", "/invoice?")):
        assert shop.api.client.get(wrong).status_code == 404
    out = tmp_path / "slip.html"
    run(shop, commands.print_paper, first["order"], packing_slip=True, out=str(out))
    assert "MUG" in out.read_text()
    assert not any(word in out.read_text() for word in ("GUIDE", "€"))
    with pytest.raises(CmsError, match="was not paid"):
        run(shop, commands.print_paper, unpaid["order"], out=str(out))


def test_orders_are_exported_without_formulas_and_sales_are_added_up(shop: Stand, tmp_path: Path) -> None:
    shop.buy({"MUG": 2}, billing=ADDRESS | {"name": "=HYPERLINK(1)"})
    order = shop.buy({"MUG": 1, "BOWL": 1})
    run(shop, commands.refund, order["order"], line=("BOWL=1",))
    shop.order({"MUG": 1})
    out = tmp_path / "orders.csv"
    assert run(shop, commands.export_orders, str(out)) == f"4 lines written to {out}"
    lines = out.read_text().splitlines()
    assert "'=HYPERLINK(1)" in lines[1]
    assert ",20.00,0.00,7.21,40.00," in lines[1]
    month = run(shop, commands.report_sales)[0]
    assert (month["orders"], month["total"], month["refunded"], month["tax"]) == (2, "100.50", "30.50", "18.12")
    assert [(row["sku"], row["units"]) for row in run(shop, commands.report_sales, by="product")] == [("MUG", 3), ("BOWL", 0)]
    assert run(shop, commands.report_sales, until="2020-01-01") == []
    for wrong in ({"by": "week"}, {"since": "soon"}):
        with pytest.raises(CmsError):
            run(shop, commands.report_sales, **wrong)


def test_a_shopkeeper_finds_ships_and_refunds_an_order_at_the_desk(shop: Stand) -> None:
    order = shop.buy({"MUG": 3}, billing=ADDRESS | {"name": "<i>Ann</i>"})
    here = f"/desk/orders/{order['order']}"
    with httpx.Client(base_url=shop.api.client.base_url, headers=new_address(), follow_redirects=True, timeout=30) as client:
        assert "Sign in" in client.get(here).text
        assert client.post(f"{here}/cancel", data={"csrf": "x"}).status_code == 401
        client.post("/desk/sign-in", data={"token": make_token(shop, "shop")})
        waiting = client.get("/desk/orders").text
        assert f'href="{here}"' in waiting
        assert "3 × Mug" in waiting
        assert order["order"] in client.get("/desk/orders/all?q=ANN@example.org&status=processing").text
        assert "No order" in client.get("/desk/orders/all?q=nobody").text
        page = client.get(here).text
        assert "&lt;i&gt;Ann&lt;/i&gt;" in page
        csrf, key, line = (
            re.search(pattern, page)[1] for pattern in (r'name="csrf" value="([^"]+)"', r'name="key" value="([^"]+)"', r'name="(q\d+)"')
        )  # type: ignore[index]
        assert client.post(f"{here}/ship", data={"csrf": "wrong"}).status_code == 403
        for _ in range(2):  # the same form twice
            assert (
                "Done."
                in client.post(f"{here}/refund", data={"csrf": csrf, "key": key, line: "1", "restock": "on", "reason": "broken"}).text
            )
        assert "so many were not bought" in client.post(f"{here}/refund", data={"csrf": csrf, "key": "another-key", line: "9"}).text
        assert "more decimals" in client.post(f"{here}/refund", data={"csrf": csrf, "key": "third-key", "amount": "1.005"}).text
        assert "Done." in client.post(f"{here}/note", data={"csrf": csrf, "note": "rang the buyer"}).text
        sent = client.post(f"{here}/ship", data={"csrf": csrf, "carrier": "DHL", "tracking": "123", "url": "https://example.org/123"}).text
        assert all(text in sent for text in ("completed", "DHL 123", "rang the buyer", "refunded 2000 EUR: broken"))
        assert "Packing slip" in client.get(f"{here}/packing-slip").text
    assert (shop.status(order), shop.stock("MUG")) == ("completed", (48, 0))
    shop.check_ledger()
    with httpx.Client(base_url=shop.api.client.base_url, headers=new_address(), follow_redirects=True, timeout=30) as client:
        client.post("/desk/sign-in", data={"token": make_token(shop, "moderate")})
        assert order["order"] not in client.get(here).text


def test_a_lost_link_is_sent_to_the_orders_own_address_alone(shop: Stand) -> None:
    order = shop.buy({"MUG": 1})
    shop.query("DELETE FROM cms.mails")
    answers = [
        shop.api.client.post("/api/orders/link", json={"order": number, "email": email}, headers=new_address())
        for number, email in ((order["order"], "ANN@example.org"), (order["order"], "eve@example.org"), ("77", "ann@example.org"))
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(202, '{"status":"sent"}')}
    assert [to for (to,) in shop.query("SELECT recipient FROM cms.mails")] == ["ann@example.org"]
    assert order["order_page"] in shop.value("SELECT body FROM cms.mails")
    assert 'action="/api/orders/link"' in (shop.root / "build/order/index.html").read_text()


def test_low_stock_is_told_once_to_the_hook_and_goods_go_from_the_preferred_location(shop: Stand) -> None:
    hooks = shop.root / "hooks.py"
    hooks.write_text(
        "from cms_ssg.hooks import hook\n\n@hook\ndef stock_low(stock):\n    with open(__file__ + '.txt', 'a') as file:\n"
        "        file.write(f'{stock.sku} {stock.state} {stock.free}\\n')\n"
    )
    try:
        assert run(shop, commands.move_stock, "MUG", 40, "main", "market") == "MUG: 50"
        assert run(shop, commands.prefer_location, "market", 10) == "market has the priority 10, with 1 SKUs"
        shop.buy({"MUG": 30})
        assert shop.query("SELECT location, on_hand FROM cms.stock_levels WHERE sku = 'MUG' ORDER BY 1") == [("main", 10), ("market", 10)]
        run(shop, commands.move_stock, "MUG", 10, "market", "main")
        for units in (-18, -1):
            run(shop, commands.adjust, "MUG", units)
            shop.sweep()
        assert (shop.root / "hooks.py.txt").read_text() == "MUG low 2\n"
        assert shop.query("SELECT count(*) FROM cms.stock_alerts") == [(0,)]
    finally:
        hooks.unlink()


def test_a_business_of_another_member_state_pays_without_tax_and_its_invoice_says_why(shop: Stand) -> None:
    cart = shop.make_cart({"MUG": 2}, country="DE")
    path = f"/api/carts/{cart['id']}/shipping"
    assert (cart["total"], cart["tax"], cart["taxes_included"]) == (4500, 719, True)
    assert shop.api.client.post(path, json={"country": "DE", "vat_number": "DE1"}).json()["code"] == "shop.vat-number"
    cart = shop.api.client.post(path, json={"country": "DE", "vat_number": "DE 136695976"}).json()
    assert (cart["total"], cart["tax"], cart["is_reverse_charged"], cart["lines"][0]["unit_price"]) == (2 * 1681 + 420, 0, True, 1681)
    berlin = {"name": "Werk", "line1": "Weg 1", "city": "Berlin", "country": "DE", "postcode": "10115"}
    assert shop.check_out(cart, billing=ADDRESS).json()["code"] == "shop.changed"  # in Italy the number frees of nothing
    wrong = shop.check_out(cart, billing=berlin | {"postcode": "1"}).json()
    assert [error["field"] for error in wrong["errors"]] == ["billing.postcode"]
    order = shop.check_out(cart, billing=berlin).json()
    shop.decide(order)
    invoice = shop.api.client.get(order["order_page"].replace("?", "/invoice?")).text
    assert "Reverse charge" in invoice
    assert "DE136695976" in invoice
    assert "IT00743110157" in invoice
    assert shop.query("SELECT total, tax_total, taxes_included FROM cms.orders") == [(3782, 0, False)]


def test_a_form_may_name_another_address_for_the_bill_and_says_what_is_wrong_in_its_language(shop: Stand) -> None:
    with httpx.Client(base_url=shop.api.client.base_url, headers={**new_address(), "accept": "text/html"}, timeout=30) as client:
        client.post("/api/carts/mine/lines", data={"sku": "MUG"})
        page = client.get("/api/checkout").text
        key, version = (re.search(rf'name="{name}" value="([^"]+)"', page)[1] for name in ("key", "version"))  # type: ignore[index]
        assert '<option value="DE">Germany</option>' in page
        form = ADDRESS | {"key": key, "version": version, "email": "ann@example.org", "payment": "fake"}
        wrong = client.post("/api/checkout", data=form | {"postcode": "1", "bill_name": "Werk"})
        assert wrong.status_code == 422
        assert "Street and number: is missing" in wrong.text
        assert "<details open>" in wrong.text
        bill = {"name": "Werk", "company": "Werk AG", "line1": "Weg 1", "city": "Berlin", "postcode": "10115", "country": "DE"}
        assert client.post("/api/checkout", data=form | {f"bill_{name}": value for name, value in bill.items()}).status_code == 303
    assert shop.query("SELECT billing_address ->> 'company', shipping_address ->> 'city', customer_name FROM cms.orders") == [
        ("Werk AG", "Roma", "Werk")
    ]


def test_a_coupon_has_its_days_and_can_be_deleted(shop: Stand) -> None:
    run(shop, commands.add_coupon, "early", percent="10", since="2999-01-01")
    run(shop, commands.add_coupon, "now", amount="1.50", since="2020-01-01", until="2998-12-31")
    cart = shop.make_cart({"MUG": 1})
    answers = [shop.api.client.post(f"/api/carts/{cart['id']}/coupon", json={"code": code}) for code in ("EARLY", "NOW")]
    assert [answer.status_code for answer in answers] == [422, 200]
    assert answers[1].json()["discount"] == 150
    assert run(shop, commands.delete_coupon, "early") == "EARLY deleted"
    with pytest.raises(CmsError, match="no coupon"):
        run(shop, commands.delete_coupon, "early")


def test_a_till_moves_stock_by_the_api_each_delivery_once(shop: Stand) -> None:
    client, headers = shop.api.client, {"Authorization": f"Bearer {make_token(shop, 'shop')}"}
    assert client.post("/api/stock/MUG", json={"units": 5, "ref": "d1"}).status_code == 401
    for _ in range(2):
        moved = client.post("/api/stock/MUG", json={"units": 5, "ref": "d1", "reason": "received", "location": "till"}, headers=headers)
        assert [one["on_hand"] for one in moved.json()["locations"]] == [50, 5]
    wrong: list[dict[str, object]] = [
        {"units": 0, "ref": "x"},
        {"units": 1},
        {"units": 1, "ref": "x", "reason": "sale"},
        {"units": 0.5, "ref": "x"},
    ]
    assert {client.post("/api/stock/MUG", json=body, headers=headers).json()["code"] for body in wrong} == {"api.invalid"}
    assert client.post("/api/stock/MUG", json={"units": -51, "ref": "d2"}, headers=headers).json()["code"] == "shop.stock"
    assert client.post("/api/stock/NONE", json={"units": 1, "ref": "d3"}, headers=headers).json()["code"] == "shop.no-sku"
    assert client.get("/api/stock/MUG", headers=headers).json()["locations"][0]["free"] == 50
    shop.check_ledger()
