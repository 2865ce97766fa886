"""What a shopkeeper does: invoices, exports, the desk, the stock, coupons; and what a buyer needs afterwards."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from cms_ssg.errors import CmsError
from cms_ssg.selling import stock_commands
from cms_ssg.selling.coupons import commands as coupon_commands
from cms_ssg.selling.printer import PRINTER
from cms_ssg.verticals.shop import commands
from tests.verticals.shop.keeper import make_token, run
from tests.verticals.shop.stand import ADDRESS, Stand, new_address


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
    PRINTER.make("<p>ready</p>")  # as after a while on the order's page
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
        for empty in ({}, {line: "0"}, {line: "1", "all": "on"}):
            refused = client.post(f"{here}/refund", data={"csrf": csrf, "key": "no-key", **empty})
            assert refused.status_code == 422
            assert "choose quantities, an amount, or all that is left" in refused.text
        assert "so many were not bought" in client.post(f"{here}/refund", data={"csrf": csrf, "key": "another-key", line: "9"}).text
        assert "more decimals" in client.post(f"{here}/refund", data={"csrf": csrf, "key": "third-key", "amount": "1.005"}).text
        assert "Done." in client.post(f"{here}/note", data={"csrf": csrf, "note": "rang the buyer"}).text
        sent = client.post(f"{here}/ship", data={"csrf": csrf, "carrier": "DHL", "tracking": "123", "url": "https://example.org/123"}).text
        assert all(text in sent for text in ("completed", "DHL 123", "rang the buyer", "refunded 20.00 EUR: broken"))
        assert "Packing slip" in client.get(f"{here}/packing-slip").text
        assert (shop.status(order), shop.stock("MUG")) == ("completed", (48, 0))
        assert "All that is left: 45.00 EUR" in sent
        assert "Done." in client.post(f"{here}/refund", data={"csrf": csrf, "key": "last-key", "all": "on"}).text
    assert (shop.status(order), shop.stock("MUG")) == ("refunded", (48, 0))
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
        assert run(shop, stock_commands.move_stock, "MUG", 40, "main", "market") == "MUG: 50"
        assert run(shop, stock_commands.prefer_location, "market", 10) == "market has the priority 10, with 1 SKU"
        shop.buy({"MUG": 30})
        assert shop.query("SELECT location, on_hand FROM cms.stock_levels WHERE sku = 'MUG' ORDER BY 1") == [("main", 10), ("market", 10)]
        run(shop, stock_commands.move_stock, "MUG", 10, "market", "main")
        for units in (-18, -1):
            run(shop, stock_commands.adjust, "MUG", units)
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
        assert re.findall(r'name="(\w+)"[^>]*aria-invalid', wrong.text) == ["bill_line1", "bill_city"]
        assert "<details open>" in wrong.text
        bill = {"name": "Werk", "company": "Werk AG", "line1": "Weg 1", "city": "Berlin", "postcode": "10115", "country": "DE"}
        assert client.post("/api/checkout", data=form | {f"bill_{name}": value for name, value in bill.items()}).status_code == 303
    assert shop.query("SELECT billing_address ->> 'company', shipping_address ->> 'city', customer_name FROM cms.orders") == [
        ("Werk AG", "Roma", "Werk")
    ]


def test_a_coupon_has_its_days_and_can_be_deleted(shop: Stand) -> None:
    run(shop, coupon_commands.add_coupon, "early", percent="10", since="2999-01-01")
    run(shop, coupon_commands.add_coupon, "now", amount="1.50", since="2020-01-01", until="2998-12-31")
    cart = shop.make_cart({"MUG": 1})
    answers = [shop.api.client.post(f"/api/carts/{cart['id']}/coupon", json={"code": code}) for code in ("EARLY", "NOW")]
    assert [answer.status_code for answer in answers] == [422, 200]
    assert answers[1].json()["discount"] == 150
    run(shop, coupon_commands.add_coupon, "always", percent="5")
    assert [one["ends_at"] and one["ends_at"].year for one in run(shop, coupon_commands.list_coupons)] == [None, None, 2999]
    assert run(shop, coupon_commands.delete_coupon, "early") == "EARLY deleted"
    with pytest.raises(CmsError, match="no coupon"):
        run(shop, coupon_commands.delete_coupon, "early")


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


def test_the_hook_is_told_once_of_each_order_that_was_paid_and_not_of_those_before_it(shop: Stand) -> None:
    hooks, told = shop.root / "hooks.py", shop.root / "hooks.py.txt"
    told.unlink(missing_ok=True)
    shop.buy({"GUIDE": 1})
    shop.sweep()
    hooks.write_text(
        "from cms_ssg.hooks import hook\n\n@hook\ndef order_paid(order):\n    with open(__file__ + '.txt', 'a') as file:\n"
        "        file.write(f'{order.email} {order.note} {order.total} {[(one.sku, one.quantity) for one in order.lines]}\\n')\n"
    )
    try:
        shop.buy({"GUIDE": 2, "SHIRT-S": 1}, note="/listings/mill/")
        shop.order({"GUIDE": 1})
        for _ in range(2):
            shop.sweep()
        assert told.read_text() == "ann@example.org /listings/mill/ 3800 [('GUIDE', 2), ('SHIRT-S', 1)]\n"
    finally:
        hooks.unlink()


def test_a_hook_that_fails_is_noted_at_the_order_and_told_no_second_time(shop: Stand) -> None:
    hooks = shop.root / "hooks.py"
    shop.sweep()
    hooks.write_text("from cms_ssg.hooks import hook\n\n@hook\ndef order_paid(order):\n    raise ValueError('no such listing')\n")
    try:
        shop.buy({"GUIDE": 1})
        for _ in range(2):
            shop.sweep()
        notes = shop.query("SELECT note FROM cms.order_events WHERE note LIKE '%hook%'")
        assert len(notes) == 1 and "order_paid failed" in notes[0][0] and "no such listing" in notes[0][0]
    finally:
        hooks.unlink()
