"""What is reported of refunds to other features, and of hooks that fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cms_ssg.hooks import OrderPaid
from cms_ssg.kinds.vertical import OpenSite, Task, Vertical
from cms_ssg.selling import stock_commands
from cms_ssg.selling.refund_notices import notify_refunds
from cms_ssg.store.open_store import open_store
from cms_ssg.verticals.shop.orders import refund_order
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
            await refund_order(opened, order["order"], key, lines=lines)  # type: ignore[arg-type]

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
