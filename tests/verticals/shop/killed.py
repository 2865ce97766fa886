"""Does a checkout and its payment in a process that ends by kill -9 at one step. Run as ``python -m tests.verticals.shop.killed STEP CART VERSION KEY``."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection

from cms_ssg.api.idempotency import KeyedRequest
from cms_ssg.payment import settling
from cms_ssg.payment.fake import FakeProvider
from cms_ssg.payment.provider import Event, Shop
from cms_ssg.store.open_store import open_store
from cms_ssg.verticals.shop import checkout, paying
from tests.verticals.shop.stand import ADDRESS

STEPS = (
    "key claimed", "order written", "order kept", "intent made", "intent kept", "answer kept", "paid at the provider", "event written", "goods taken", "payment kept",
)  # fmt: skip


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_after(module: Any, name: str) -> None:
    """The process ends when this function has done its work."""
    whole = getattr(module, name)

    async def work(*given: Any, **named: Any) -> Any:
        value = await whole(*given, **named)
        die()
        return value

    setattr(module, name, work)


def arrange(step: str) -> None:
    places = {
        "key claimed": (KeyedRequest, "claim"), "order written": (checkout, "_write_order"), "order kept": (checkout, "_make_order"), "intent made": (FakeProvider, "create"),
        "intent kept": (checkout, "begin_payment"), "answer kept": (KeyedRequest, "save"), "paid at the provider": (FakeProvider, "pay"),
        "event written": (paying, "take_goods"), "goods taken": (paying, "move_order"), "payment kept": (settling, "send_refunds"),
    }  # fmt: skip
    die_after(*places[step])


async def run(shop: Shop, cart: str, version: str, key: str) -> None:
    provider = FakeProvider(shop)
    buyer = checkout.Buyer(cart, version, "ann@example.org", "Ann", ADDRESS, None, "fake", "", "en")
    asked = KeyedRequest(shop.connect, shop.number, checkout.ROUTE, key, buyer.fingerprint())
    await asked.claim()
    placed = await checkout.place_order(shop, provider, buyer, key, lambda order: f"/{order}")
    await asked.save(201, {"order": str(placed.number)})
    intent = placed.page.rpartition("/")[2]
    report = await provider.pay(intent, "succeeded")
    await settling.settle_event(shop, provider, Event("evt_1", report))


def main(root: str, url: str, step: str, cart: str, version: str, key: str) -> None:
    os.environ["CMS_DATABASE_URL"] = url
    with open_store(Path(root), "") as (site, connection, row):
        secret = connection.execute("SELECT value FROM cms.secrets WHERE name = 'payments'").fetchone()
    assert secret is not None

    @asynccontextmanager
    async def connect() -> AsyncIterator[AsyncConnection[Any]]:
        async with await AsyncConnection.connect(url, autocommit=True) as one:
            yield one

    arrange(step)
    asyncio.run(run(Shop(site, row.id, connect, bytes(secret[0])), cart, version, key))


if __name__ == "__main__":
    main(*sys.argv[1:])
