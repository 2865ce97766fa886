"""Credit notes: numbered without gaps, and their taxes add up to those of the invoice."""

from __future__ import annotations

import random
import re
from decimal import Decimal
from pathlib import Path

import pytest

from cms_ssg.errors import CmsError
from cms_ssg.selling.printer import PRINTER
from cms_ssg.verticals.shop import commands
from cms_ssg.verticals.shop.credit_notes import share_amount
from cms_ssg.verticals.shop.orders import RefundRequest, refund_order
from tests.verticals.shop.keeper import run
from tests.verticals.shop.stand import Stand


def refund(shop: Stand, order: dict[str, object], key: str, amount: int | None = None, lines: dict[str, int] | None = None) -> None:
    async def go(opened: object) -> None:
        await refund_order(opened, str(order["order"]), RefundRequest(key, amount, lines))  # type: ignore[arg-type]

    shop.open().run(go)


def taxes(shop: Stand) -> list[tuple[int, dict[Decimal, int]]]:
    """Of each credit note, the amount and the tax by rate."""
    rows = shop.query(
        "SELECT r.amount, c.taxes FROM cms.credit_notes c JOIN cms.payment_refunds r ON r.number = c.refund ORDER BY c.number"
    )
    assert all(amount == sum(net + tax for _, net, tax in found) for amount, found in rows)
    return [(amount, {Decimal(rate): tax for rate, _, tax in found}) for amount, found in rows]


def test_each_refund_has_a_credit_note_that_the_buyer_finds_on_the_page_and_in_the_mail(shop: Stand, tmp_path: Path) -> None:
    order = shop.buy({"MUG": 2, "GUIDE": 1})
    refund(shop, order, "one-mug-back", lines={"MUG": 1})
    refund(shop, order, "three-euros", 300)
    page = shop.api.client.get(order["order_page"], headers={"accept": "text/html"}).text
    links = re.findall(r'href="([^"]+/credit-note-([0-9]+)\?[^"]+)"', page)
    assert [number for _, number in links] == ["1", "2"]
    first, second = (shop.api.client.get(link.replace("&amp;", "&")).text for link, _ in links)
    assert all(text in first for text in ("Credit note 1", "Mug", "€20.00", "Tax 22 % of €16.40", "€3.60", "Invoice number"))
    assert all(text in second for text in ("Credit note 2", f"Order {order['order']}", "€3.00", "€0.54"))
    body = shop.value("SELECT body FROM cms.mails WHERE body LIKE '%%Credit note 1%%'")
    assert f"{order['order_page'].partition('?')[0]}/credit-note-1?key=" in body
    PRINTER.make("<p>ready</p>")
    assert shop.api.client.get(links[0][0].replace("?", ".pdf?")).content[:5] == b"%PDF-"
    out = tmp_path / "note.html"
    run(shop, commands.print_paper, order["order"], credit_note=2, out=str(out))
    assert "Credit note 2" in out.read_text()
    with pytest.raises(CmsError, match="has no credit note 3"):
        run(shop, commands.print_paper, order["order"], credit_note=3, out=str(out))
    other = shop.buy({"MUG": 1})
    for wrong in (
        links[0][0].partition("?")[0],
        other["order_page"].replace("?", "/credit-note-1?"),
        links[0][0].replace("note-1", "note-0"),
    ):
        assert shop.api.client.get(wrong).status_code == 404
    assert "(credit note 1)" in run(shop, commands.show_order, order["order"])["refunds"]


@pytest.mark.parametrize("seed", range(4))
def test_the_taxes_of_all_credit_notes_of_an_order_are_those_of_its_invoice(shop: Stand, seed: int) -> None:
    chance = random.Random(seed)
    order = shop.buy({"MUG": 3, "BOWL": 1, "GUIDE": 2})
    left = order["total"]
    for number in range(chance.randrange(1, 4)):
        amount = chance.randrange(1, left // 2)
        refund(shop, order, f"refund-{number}", amount)
        left -= amount
    refund(shop, order, "all-the-rest")
    assert sum(amount for amount, _ in taxes(shop)) == order["total"]
    assert sum(sum(found.values()) for _, found in taxes(shop)) == shop.value("SELECT tax_total FROM cms.orders")
    assert shop.query("SELECT number FROM cms.credit_notes ORDER BY number") == [(n + 1,) for n in range(len(taxes(shop)))]


def test_a_refund_that_fails_later_voids_its_credit_note_and_the_next_one_has_the_next_number(shop: Stand) -> None:
    order = shop.buy({"MUG": 1})
    refund(shop, order, "first-refund")
    shop.decide(order, "fail")
    link = order["order_page"].replace("?", "/credit-note-1?")
    assert "this credit note is void" in shop.api.client.get(link).text
    assert "credit-note-1" not in shop.api.client.get(order["order_page"], headers={"accept": "text/html"}).text
    refund(shop, order, "second-refund")
    assert "is void" not in shop.api.client.get(link.replace("note-1", "note-2")).text
    assert taxes(shop)[0] == taxes(shop)[1]


def test_an_order_without_an_invoice_has_no_credit_note(shop: Stand) -> None:
    order = shop.order({"MUG": 3})
    shop.pass_time(20)
    shop.sweep()
    shop.query("UPDATE cms.fake_payments SET status = 'succeeded', charges = 1")
    shop.send_webhook("evt_late", shop.report(order, "succeeded"))
    assert shop.status(order) == "refunded"
    assert shop.query("SELECT number FROM cms.credit_notes") == []


def test_an_amount_is_divided_among_the_rates_and_its_tax_is_rounded_half_up() -> None:
    rates = {Decimal("0.22"): (1000, 220), Decimal("0.05"): (1000, 50), Decimal(0): (10, 0)}
    for amount in (0, 1, 7, 1000, 2280):
        found = share_amount(amount, rates)
        assert sum(map(sum, found.values())) == amount
    assert share_amount(2280, rates) == rates
    assert share_amount(1220, {Decimal("0.22"): (5000, 1100)}) == {Decimal("0.22"): (1000, 220)}
