"""A small shop, built, with its API in a thread; what tests ask of it and do to it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg import AsyncConnection

from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.payment.fake import FakeProvider
from cms_ssg.payment.provider import Dispute, FailedRefund, Report, Shop
from cms_ssg.store.connect import connect
from cms_ssg.store.open_store import open_store
from cms_ssg.verticals.shop.tasks import TASKS
from tests.api.atlas import Api, build_site, serve_api
from tests.engine.siteonpage import database, parse_files

SITE = """-- site.toml --
name = "stand"
title = "Stand"
base_url = "http://localhost:8000"
verticals = ["shop"]
[home]
list = "type/product"
[api]
trusted_proxies = ["127.0.0.1"]
[visitors]
[shop]
currency = "EUR"
country = "IT"
countries = ["IT", "DE"]
payments = ["fake", "manual"]
eu_vat = true
seller = "Stand, Roma, IT00743110157"
[[shop.taxes]]
rate = 22
[[shop.taxes]]
country = "DE"
rate = 19
[[shop.shipping]]
id = "post"
name = "Post"
price = "5.00"
free_from = "100.00"
-- content/products/mug.md --
---
title: Mug
sku: MUG
price: 20.00
stock: 50
weight: 0.4
categories: [Ceramics]
---
A mug.
-- content/products/bowl.md --
---
title: Bowl
sku: BOWL
price: 30.50
stock: 1000
categories: [Ceramics]
---
A bowl.
-- content/products/set.md --
---
title: Set
sku: SET
price: 45.00
parts:
  - {sku: MUG}
  - {sku: BOWL, quantity: 1}
---
Both.
-- content/products/shirt.md --
---
title: Shirt
price: 15.00
cost_price: 4.25
variations:
  - {sku: SHIRT-S, attributes: {size: S}, stock: 4}
  - {sku: SHIRT-L, attributes: {size: L}, stock: 0, price: 17.00}
---
Cotton.
-- content/products/guide.md --
---
title: Guide
sku: GUIDE
price: 9.00
product_type: digital
files: [guide.txt]
download_limit: 3
---
To read.
-- content/products/order-only.md --
---
title: Made to order
sku: LATER
price: 80.00
stock: 1
backorders: notify
---
Later.
-- content/products/draft.md --
---
title: Draft
sku: DRAFT
price: 1.00
draft: true
---
Not yet.
-- downloads/guide.txt --
0123456789
"""

ADDRESS = {"name": "Ann", "line1": "Via 1", "city": "Roma", "country": "IT", "postcode": "00100", "region": "RM"}
FORGET = (
    "credit_notes", "payment_disputes", "payment_refunds", "payment_events", "payments", "fake_payments",
    "idempotent_answers", "order_events", "order_items", "downloads", "orders",
    "invoice_numbers", "best_sellers", "stock_alerts", "stock_locations", "mails", "cart_lines", "carts", "coupons", "stock_reservations", "stock_levels", "stock_moves",
    "product_sales", "task_runs",
)  # fmt: skip
FIRST_STOCK = {"MUG": 50, "BOWL": 1000, "SHIRT-S": 4, "LATER": 1}


@dataclass
class Stand:
    """The shop. api: its client and application."""

    root: Path
    url: str
    api: Api

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, sql: str, *values: object) -> Any:
        return self.query(sql, *values)[0][0]

    def reset(self) -> None:
        """As it was when it was built."""
        with connect(self.url, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            for table in FORGET:
                connection.execute(f"DELETE FROM cms.{table}")
            connection.execute("SET session_replication_role = origin")
            for sku, units in FIRST_STOCK.items():
                connection.execute(
                    "INSERT INTO cms.stock_moves (site, sku, delta, reason, ref) SELECT id, %s, %s, 'initial', 'entry' FROM cms.sites",
                    (sku, units),
                )

    def stock(self, sku: str) -> tuple[int, int]:
        """(on hand, reserved)."""
        return self.query("SELECT sum(on_hand)::int, sum(reserved)::int FROM cms.stock_levels WHERE sku = %s", sku)[0]  # type: ignore[return-value]

    def check_ledger(self) -> None:
        """What lies there is the sum of its moves, and what is reserved the sum of what is held."""
        assert self.query("""
            SELECT l.sku FROM cms.stock_levels l
            WHERE l.on_hand <> (SELECT coalesce(sum(delta), 0) FROM cms.stock_moves m WHERE (m.site, m.sku, m.location) = (l.site, l.sku, l.location))
              OR l.reserved <> (SELECT coalesce(sum(quantity), 0) FROM cms.stock_reservations r
                WHERE (r.site, r.sku, r.location) = (l.site, l.sku, l.location) AND r.state = 'held')
              OR l.on_hand < 0""") == []  # fmt: skip

    def make_cart(self, lines: dict[str, int], **shipping: str) -> dict[str, Any]:
        """A cart with these lines, as the API describes it."""
        client = self.api.client
        cart = client.post("/api/carts", json={}, headers=new_address()).json()
        for sku, quantity in lines.items():
            answer = client.post(f"/api/carts/{cart['id']}/lines", json={"sku": sku, "quantity": quantity}, headers=new_address())
            assert answer.status_code == 200, answer.text
            cart = answer.json()
        if shipping:
            cart = client.post(f"/api/carts/{cart['id']}/shipping", json=shipping, headers=new_address()).json()
        return dict(cart)

    def check_out(self, cart: dict[str, Any], key: str = "", **more: Any) -> httpx.Response:
        body = make_order(cart) | more
        return self.api.client.post("/api/checkout", json=body, headers={"Idempotency-Key": key or secrets.token_hex(8), **new_address()})

    def order(self, lines: dict[str, int], **more: Any) -> dict[str, Any]:
        """An order that waits for its payment."""
        answer = self.check_out(self.make_cart(lines), **more)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def decide(self, order: dict[str, Any], what: str = "pay") -> httpx.Response:
        """Press a button on the provider's page."""
        return self.api.client.post(order["payment_page"], data={"do": what}, headers=new_address())

    def buy(self, lines: dict[str, int], **more: Any) -> dict[str, Any]:
        """An order that is paid."""
        order = self.order(lines, **more)
        assert self.decide(order).status_code == 303
        return order

    def status(self, order: dict[str, Any]) -> str:
        return str(self.value("SELECT status FROM cms.orders WHERE order_number = %s", order["order"]))

    def pass_time(self, minutes: int) -> None:
        """What is stored becomes so much older."""
        for table, columns in {
            "stock_reservations": ("expires_at",), "payments": ("updated_at",), "idempotent_answers": ("started_at",), "orders": ("created_at",),
            "coupons": ("ends_at",), "downloads": ("expires_at",),
        }.items():  # fmt: skip
            for column in columns:
                self.query(f"UPDATE cms.{table} SET {column} = {column} - make_interval(mins => %s)", minutes)

    def sweep(self) -> None:
        """Run the shop's tasks."""
        with database(self.url), open_store(self.root, "") as (site, connection, row):
            for task in TASKS:
                task.run(OpenSite(site, connection, row.id))

    def open(self) -> OpenShop:
        """The shop as the API's own code knows it."""
        context = self.api.sites.contexts[0]
        secret = self.value(
            "INSERT INTO cms.secrets (site, name) VALUES (%s, 'payments') ON CONFLICT (site, name) DO UPDATE SET site = excluded.site RETURNING value",
            context.number,
        )

        @asynccontextmanager
        async def connect_async() -> AsyncIterator[AsyncConnection[Any]]:
            async with await AsyncConnection.connect(self.url, autocommit=True) as one:
                yield one

        return OpenShop(Shop(context.site, context.number, connect_async, bytes(secret)))

    def provider(self) -> FakeProvider:
        return FakeProvider(self.open().shop)

    def send_webhook(
        self, event: str, report: Report | FailedRefund | Dispute, at: float | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        signed, body = FakeProvider(self.open().shop).make_webhook(event, report, at)
        return self.api.client.post("/api/payments/fake/webhook", content=body, headers={**signed, **(headers or {}), **new_address()})

    def report(self, order: dict[str, Any], status: str, **changed: Any) -> Report:
        """What the provider says of an order's payment."""
        row = self.query(
            "SELECT p.intent, p.amount, p.currency, p.id::text, p.subject, p.digest FROM cms.payments p"
            " JOIN cms.orders o ON p.subject = 'shop/' || o.number WHERE o.order_number = %s",
            order["order"],
        )[0]
        values = (
            dict(zip(("intent", "amount", "currency", "payment", "subject", "digest"), row, strict=True)) | {"status": status} | changed
        )
        return Report(**values)


@dataclass
class OpenShop:
    """Runs the shop's asynchronous code from a test."""

    shop: Shop

    def run(self, work: Callable[[Shop], Awaitable[Any]]) -> Any:
        async def go() -> Any:
            return await work(self.shop)

        return asyncio.run(go())


def new_address() -> dict[str, str]:
    """Another client each time, so that limits of requests are not what is tested."""
    return {"X-Forwarded-For": f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}"}


def make_order(cart: dict[str, Any]) -> dict[str, Any]:
    """The body of a checkout."""
    return {"cart": cart["id"], "version": cart["version"], "email": "ann@example.org", "billing": ADDRESS, "payment": "fake"}


def write_stand(folder: Path, text: str = SITE) -> Path:
    for path, content in parse_files(text).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return folder


@contextmanager
def open_stand(folder: Path, url: str) -> Iterator[Stand]:
    """The shop, built, and served."""
    write_stand(folder)
    build_site(folder, url)
    with serve_api([folder], url) as api:
        yield Stand(folder, url, api)
