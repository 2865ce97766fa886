"""A process that is killed between any two steps of a checkout loses no order that was paid, and no stock."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.verticals.shop.killed import STEPS
from tests.verticals.shop.stand import ADDRESS, Stand

REPOSITORY = Path(__file__).parents[3]
SOME = ("order written", "paid at the provider")


def kill_at(shop: Stand, step: str) -> tuple[str, str]:
    """The cart and the version of a checkout that ended by force."""
    shop.open()  # the site has its secret
    cart = shop.make_cart({"MUG": 2, "SET": 1})
    command = [
        sys.executable,
        "-m",
        "tests.verticals.shop.killed",
        str(shop.root),
        shop.url,
        step,
        cart["id"],
        cart["version"],
        "the-killed-key",
    ]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert done.returncode == -9, done.stderr
    shop.check_ledger()
    return cart["id"], cart["version"]


def crash(shop: Stand, step: str) -> None:
    """Both ways out: the buyer comes back with the same key, or never."""
    cart, version = kill_at(shop, step)
    shop.query("UPDATE cms.idempotent_answers SET started_at = started_at - interval '1 minute'")
    body = {"cart": cart, "version": version, "email": "ann@example.org", "billing": ADDRESS, "payment": "fake"}
    answer = shop.api.client.post("/api/checkout", json=body, headers={"Idempotency-Key": "the-killed-key"})
    assert answer.status_code == 201, answer.text
    if "payment_page" in answer.json():
        shop.decide(answer.json())
    shop.pass_time(2)
    shop.sweep()
    if shop.value("SELECT status FROM cms.fake_payments") == "pending":  # the answer was kept, the buyer pays by the link in it
        shop.query("UPDATE cms.fake_payments SET status = 'succeeded', charges = 1")
        shop.pass_time(2)
        shop.sweep()
    assert shop.query("SELECT status FROM cms.orders") == [("processing",)]
    assert shop.query("SELECT charges FROM cms.fake_payments") == [(1,)]
    assert shop.stock("MUG") == (47, 0)
    shop.check_ledger()
    shop.reset()
    kill_at(shop, step)
    was_paid = shop.query("SELECT count(*) FROM cms.fake_payments WHERE status = 'succeeded'") == [(1,)]
    shop.pass_time(20)
    shop.sweep()
    assert shop.stock("MUG") == ((47, 0) if was_paid else (50, 0))
    ends = ([("processing",)],) if was_paid else ([("cancelled",)], [])
    assert shop.query("SELECT status FROM cms.orders") in ends
    shop.check_ledger()


@pytest.mark.parametrize("step", SOME)
def test_a_crash_at_this_step_loses_no_paid_order_and_no_stock(shop: Stand, step: str) -> None:
    crash(shop, step)


@pytest.mark.long
@pytest.mark.parametrize("step", [step for step in STEPS if step not in SOME])
def test_a_crash_at_every_other_step_loses_no_paid_order_and_no_stock(shop: Stand, step: str) -> None:
    crash(shop, step)
