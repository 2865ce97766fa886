"""What is reported of refunds to other features, and of hooks that fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from cms_ssg.errors import CmsError
from cms_ssg.hooks import OrderPaid
from cms_ssg.kinds.vertical import OpenSite, Task, Vertical
from cms_ssg.selling import stock_commands
from cms_ssg.selling.refund_notices import notify_refunds
from cms_ssg.store.open_store import open_store
from cms_ssg.verticals.shop import commands
from cms_ssg.verticals.shop.orders import RefundRequest, refund_order
from cms_ssg.verticals.shop.tasks import notify_low_stock
from cms_ssg.workers.tasks import run_task
from tests.engine.siteonpage import database
from tests.verticals.shop.keeper import run
from tests.verticals.shop.stand import Stand

LISTENER = Vertical(name="listener", folder=Path(__file__).parent, refunded=f"{__name__}:listen")


def listen(opened: OpenSite, order: OrderPaid, notes: Sequence[str]) -> str:
    return f"told of {', '.join(f'{line.quantity} {line.sku}' for line in order.lines)} since: {any(note.startswith('refunded') for note in notes)}"


def notify(shop: Stand, order: dict[str, object]) -> list[str]:
    """Two runs, and what was noted at the order by now."""
    with database(shop.url), open_store(shop.root, "") as (site, connection, row):
        vars(site)["features"] = replace(site.features, verticals=(*site.features.verticals, LISTENER))
        for _ in range(2):
            notify_refunds(OpenSite(site, connection, row.id))
    return [note for (note,) in shop.query("SELECT note FROM cms.order_events WHERE note LIKE 'told of%%' ORDER BY number")]


def test_a_line_that_is_given_back_as_a_whole_is_told_once(shop: Stand) -> None:
    order = shop.buy({"MUG": 2, "GUIDE": 1, "BOWL": 1})
    shop.sweep()
    for key, lines, told in (
        ("mug-number-1", {"MUG": 1}, []),
        ("mug-number-2", {"MUG": 1, "GUIDE": 1}, ["told of 2 MUG, 1 GUIDE since: True"]),
        ("all-the-rest", None, ["told of 2 MUG, 1 GUIDE since: True", "told of 1 BOWL since: True"]),
    ):

        async def refund(opened: object, key: str = key, lines: dict[str, int] | None = lines) -> None:
            await refund_order(opened, order["order"], RefundRequest(key, lines=lines))  # type: ignore[arg-type]

        shop.open().run(refund)
        assert notify(shop, order) == told


def test_a_stock_hook_that_fails_is_reported_with_its_line_and_the_task_is_done(shop: Stand) -> None:
    hooks = shop.root / "hooks.py"
    shop.sweep()
    hooks.write_text("from cms_ssg.hooks import hook\n\n@hook\ndef stock_low(stock):\n    raise ValueError('no such till')\n")
    try:
        for sku in ("MUG", "BOWL"):
            run(shop, stock_commands.set_stock, sku, 1)
        with database(shop.url), open_store(shop.root, "") as (site, connection, row):
            said = [run_task(connection, site, row.id, Task("low", 0, notify_low_stock)) for _ in range(2)]
        assert said[0].startswith("The task low warns: hooks.py:5: the hook stock_low failed") and "no such till" in said[0]
        assert said[0].endswith("[hooks.failed], and 1 more like it") and said[1] == ""
        assert shop.query("SELECT count(*) FROM cms.stock_alerts") == [(0,)]
    finally:
        hooks.unlink()


def test_an_order_s_e_mail_says_how_much_tax_is_included(shop: Stand) -> None:
    shop.query("DELETE FROM cms.mails")
    shop.buy({"MUG": 2, "BOWL": 1})
    body = shop.value("SELECT body FROM cms.mails WHERE recipient = 'ann@example.org'")
    assert "Total: €75.50\nTax of €13.61 is included." in body, body  # 7.21 of 40, 5.50 of 30.50, 0.90 of shipping


def test_e_mails_after_a_partial_refund_say_what_came_back_and_what_is_sent(shop: Stand) -> None:
    shop.query("DELETE FROM cms.mails")
    order = shop.buy({"SHIRT-S": 2, "BOWL": 1, "GUIDE": 1})
    run(shop, commands.refund, order["order"], line=("SHIRT-S=1", "BOWL=1"))
    run(shop, commands.ship, order["order"], carrier="DHL", tracking="123")
    paid, refunded, sent = (
        body for (body,) in shop.query("SELECT body FROM cms.mails WHERE recipient = 'ann@example.org' ORDER BY number")
    )
    assert "2 × Shirt (size: S)  €30.00\n" in paid
    assert refunded.startswith(f"Hello Ann, €45.50 of your order {order['order']} goes back to you.\n")
    assert "2 × Shirt (size: S)  €30.00 (1 refunded)\n1 × Bowl  €30.50 (1 refunded)\n1 × Guide  €9.00\n" in refunded
    assert "€45.50 was refunded." in refunded
    assert sent.split("\n\n")[1] == "1 × Shirt (size: S)\nDHL 123"
    page = shop.api.client.get(order["order_page"], headers={"accept": "text/html"}).text
    assert page.count("<small>1 refunded</small>") == 2


def test_an_order_of_files_alone_is_not_told_that_it_is_prepared(shop: Stand) -> None:
    shop.query("DELETE FROM cms.mails")
    order = shop.buy({"GUIDE": 1})
    (body,) = (body for (body,) in shop.query("SELECT body FROM cms.mails"))
    assert body.startswith(f"Thank you, Ann. Your order {order['order']} is paid, and you can download it now.\n")


def test_a_business_reads_in_its_e_mail_and_on_its_order_s_page_that_it_owes_the_tax(shop: Stand) -> None:
    shop.query("DELETE FROM cms.mails")
    cart = shop.make_cart({"MUG": 2}, country="DE", vat_number="DE136695976")
    berlin = {"name": "Werk", "line1": "Weg 1", "city": "Berlin", "country": "DE", "postcode": "10115"}
    order = shop.check_out(cart, billing=berlin).json()
    shop.decide(order)
    said = "Reverse charge: the buyer owes the value added tax. VAT number of the buyer: DE136695976."
    assert f"Total: €37.82\n{said}\n" in shop.value("SELECT body FROM cms.mails")
    assert said in shop.api.client.get(order["order_page"], headers={"accept": "text/html"}).text


def test_money_on_its_way_keeps_the_goods_until_it_comes(shop: Stand) -> None:
    shop.query("DELETE FROM cms.mails")
    order = shop.order({"MUG": 2})
    assert shop.decide(order, "wait").status_code == 303
    shop.pass_time(60)
    shop.sweep()
    assert (shop.status(order), shop.stock("MUG")) == ("on_hold", (50, 2))
    assert "Your payment is on its way" in shop.api.client.get(order["order_page"], headers={"accept": "text/html"}).text
    with pytest.raises(CmsError, match="the money is on its way"):
        run(shop, commands.cancel, order["order"])
    shop.decide(order)
    assert (shop.status(order), shop.stock("MUG")) == ("processing", (48, 0))
    bodies = [body for (body,) in shop.query("SELECT body FROM cms.mails ORDER BY number")]
    assert ["on its way" in bodies[0], "is paid" in bodies[1], len(bodies)] == [True, True, 2]


def test_a_buyer_is_told_when_an_order_on_hold_is_cancelled_or_its_payment_fails(shop: Stand) -> None:
    transfer, ended, failed = shop.order({"MUG": 1}, payment="manual"), shop.order({"MUG": 1}), shop.order({"MUG": 1})
    for order in (ended, failed):
        shop.decide(order, "wait")
    shop.query("DELETE FROM cms.mails")
    run(shop, commands.cancel, transfer["order"])
    shop.decide(ended, "cancel")
    shop.decide(failed, "decline")
    shop.pass_time(60)
    shop.sweep()
    assert [shop.status(order) for order in (transfer, ended, failed)] == ["cancelled"] * 3
    assert shop.stock("MUG") == (50, 0)
    told = [body.partition("\n")[0] for (body,) in shop.query("SELECT body FROM cms.mails ORDER BY number")]
    assert told == [
        f"Hello Ann, your order {transfer['order']} was cancelled.",
        f"Hello Ann, your order {ended['order']} was cancelled.",
        f"Hello Ann, the payment of your order {failed['order']} failed. Nothing was charged.",
    ]


def test_a_refund_that_the_provider_refuses_is_an_error_and_noted_at_the_order(shop: Stand) -> None:
    order = shop.buy({"MUG": 1})
    shop.query("UPDATE cms.fake_payments SET amount = 1")  # as if the account had too little
    with pytest.raises(CmsError, match="the provider refused the refund"):
        run(shop, commands.refund, order["order"], amount="5.00")
    assert shop.value("SELECT refunded_total FROM cms.orders") == 0
    notes = [note for (note,) in shop.query("SELECT note FROM cms.order_events WHERE note <> ''")]
    assert notes == ["the refund of 5.00 EUR failed: it was not paid, or that much is not left of it"]
