"""`cms orders refund` says how much it is before it gives all of it back."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from cms_ssg.errors import UsageError
from cms_ssg.verticals.shop import commands
from tests.engine.siteonpage import database
from tests.verticals.shop.keeper import run
from tests.verticals.shop.stand import Stand


def refunded(shop: Stand) -> int:
    return int(shop.value("SELECT coalesce(sum(value::int), 0) FROM cms.fake_payments, jsonb_each_text(refunds)"))


def answer(shop: Stand, order: dict[str, object], text: str) -> tuple[int, str]:
    """Run the command in a terminal, and type this; its exit code, and what it showed there."""
    ours, theirs = pty.openpty()
    with database(shop.url):
        command = [sys.executable, "-m", "cms_ssg", "-C", str(shop.root), "orders", "refund", str(order["order"])]
        process = subprocess.Popen(command, stdin=theirs, stderr=theirs, stdout=subprocess.DEVNULL, env=dict(os.environ))
    os.close(theirs)
    os.write(ours, text.encode())
    shown = b""
    try:
        while part := os.read(ours, 1000):
            shown += part
    except OSError:  # the other side was closed
        pass
    os.close(ours)
    return process.wait(60), shown.decode()


def test_all_that_is_left_is_refunded_only_after_a_yes(shop: Stand) -> None:
    order = shop.buy({"MUG": 2})
    code, shown = answer(shop, order, "\n")
    assert (code, refunded(shop)) == (1, 0), shown
    assert f"Refund 45.00 EUR of order {order['order']}, which is all that is left? [y/N]" in shown
    code, shown = answer(shop, order, "y\n")
    assert (code, refunded(shop)) == (0, 4500), shown


def test_where_nobody_can_be_asked_all_that_is_left_needs_the_option_yes(shop: Stand) -> None:
    order = shop.buy({"MUG": 2})
    with pytest.raises(UsageError, match=r"Refund 45.00 EUR .* Nobody can be asked here") as refused:
        run(shop, commands.refund, order["order"])
    assert (refused.value.exit_code, refunded(shop)) == (2, 0)
    run(shop, commands.refund, order["order"], yes=True, key="the-same-key")
    run(shop, commands.refund, order["order"], key="the-same-key")  # it was made before: nothing is asked
    assert refunded(shop) == 4500


def test_a_dry_run_says_how_much_it_would_be_and_refunds_nothing(shop: Stand) -> None:
    order = shop.buy({"MUG": 2})
    for options, amount in (({}, "45.00 EUR"), ({"line": ("MUG=1",)}, "20.00 EUR"), ({"amount": "3.50"}, "3.50 EUR")):
        assert run(shop, commands.refund, order["order"], dry_run=True, **options)["refund"] == amount
    assert refunded(shop) == 0
