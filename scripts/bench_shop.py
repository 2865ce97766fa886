#!/usr/bin/env python3
"""Measures a shop at its full size and prints a table of targets, figures and verdicts: import and complete build of 50,000 products, another price for
50,000 SKUs, 2,000 sales that begin by the clock, checkouts at once with 20,000 orders there, and what 10,000 orders render.

scripts/bench_shop.py              about 12 minutes on a quiet machine with two processors
scripts/bench_shop.py --share 20   a twentieth of everything
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

SITE = """name = "bench"
title = "Bench"
verticals = ["shop"]
page_size = 24
feeds = []
[home]
list = "type/product"
[target]
url = "folder:build"
keep_releases = 0
[shop]
currency = "EUR"
country = "IT"
payments = ["manual"]
reserve_minutes = 600
[[shop.taxes]]
rate = 22
[[shop.shipping]]
id = "post"
name = "Post"
price = "5.00"
"""
COLUMNS = (
    "ID,Type,SKU,Name,Published,Description,Stock,Regular price,Sale price,Date sale price starts,Categories,Brands,Parent,"
    "Attribute 1 name,Attribute 1 value(s)"
).split(",")
ADDRESS = {"name": "Ann", "line1": "Via 1", "city": "Roma", "country": "IT", "postcode": "00100", "region": "RM"}


def write_products(path: Path, count: int, prices: float = 1.0, sale_from: str = "") -> None:
    """Made-up products in WooCommerce's columns: half of them simple, half with four variations. prices: factor; sale_from: all are on sale from then on."""
    chance = random.Random(1)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.DictWriter(file, COLUMNS)
        rows.writeheader()
        for number in range(count):
            price = f"{round(chance.uniform(5, 200) * prices, 2):.2f}"
            on_sale = {"Sale price": "1.00", "Date sale price starts": sale_from} if sale_from else {}
            about = {
                "ID": number, "SKU": f"P{number}", "Name": f"Product {number}", "Published": 1, "Description": f"The product with the number {number}. " * 4,
                "Categories": f"Category {number % 200}", "Brands": f"Brand {number % 50}",
            }  # fmt: skip
            if number % 2 == 0:
                rows.writerow({**about, "Type": "simple", "Stock": 20, "Regular price": price, **on_sale})
                continue
            rows.writerow({**about, "Type": "variable", "Regular price": price, **on_sale})
            for size in "SMLX":
                rows.writerow({
                    "Type": "variation", "SKU": f"P{number}-{size}", "Parent": f"P{number}", "Stock": 20, "Regular price": price, "Attribute 1 name": "Size",
                    "Attribute 1 value(s)": size, **({"Sale price": "1.00"} if sale_from else {}),
                })  # fmt: skip


def run(*arguments: str, site: Path, environ: dict[str, str] | None = None) -> tuple[float, str]:
    """Run cms; its seconds and what it printed. Ends the program where it fails."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "cms_ssg", "-C", str(site), *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, **(environ or {})})
    if done.returncode:
        sys.exit(f"cms {' '.join(arguments)}:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - started, done.stdout


def count_rendered(text: str) -> int:
    """Pages that a build rendered, by what `cms build --json` says."""
    return int(json.loads(text)["rendered"])


@asynccontextmanager
async def open_pool(site: Path, at_once: int) -> AsyncIterator[tuple[Any, Any]]:
    """A pool of connections to the site's database, and its shop as the API has it."""
    from psycopg_pool import AsyncConnectionPool

    from cms_ssg.kinds.vertical import OpenSite
    from cms_ssg.payment.run import open_shop
    from cms_ssg.store.open_store import open_store

    with open_store(site, "") as (opened, connection, row):
        shop = open_shop(OpenSite(opened, connection, row.id))
        url = connection.info.dsn + (f" password={connection.info.password}" if connection.info.password else "")
        async with AsyncConnectionPool(url, min_size=at_once, max_size=at_once, kwargs={"autocommit": True}) as pool:
            yield pool, type(shop)(shop.site, shop.number, pool.connection, shop.secret)


async def run_at_once(at_once: int, work: Callable[[int], Awaitable[None]], count: int) -> float:
    """Do work for each number below count, so many at once; seconds of all."""
    numbers = iter(range(count))

    async def go() -> None:
        for number in numbers:
            await work(number)

    started = time.perf_counter()
    await asyncio.gather(*(go() for _ in range(at_once)))
    return time.perf_counter() - started


async def place_orders(site: Path, orders: int, buy: Callable[[int], tuple[str, int]]) -> tuple[float, list[float]]:
    """Put orders by the code that the API calls, 20 at once: seconds of all, and of each from the start of the checkout to the reservation, sorted.

    Their carts are filled before. What is sold out is no order.
    """
    from cms_ssg.api.problems import ApiError
    from cms_ssg.verticals.shop import carts
    from cms_ssg.verticals.shop.checkout import Buyer, _make_order, retry

    async with open_pool(site, 20) as (pool, shop):
        buyers: list[Any] = []
        taken: list[float] = []

        async def fill(number: int) -> None:
            sku, quantity = buy(number)
            async with pool.connection() as one:
                cart = await carts.add_cart(one, shop.site, shop.number, "en")
                found = await carts.load_cart(one, shop.number, cart)
                await carts.put_line(one, shop.number, found, sku, quantity, add=True)
                quote = await carts.make_quote(one, shop.site, shop.number, found._replace(country="IT"))
            buyers.append(Buyer(cart, quote.version, f"b{number}@example.org", "Ann", ADDRESS, None, "manual"))

        async def order(number: int) -> None:
            started = time.perf_counter()
            try:
                await retry(lambda: _make_order(shop, buyers[number], f"bench-{number}-{time.time_ns()}"))
            except ApiError as error:
                if error.code != "shop.stock":
                    raise
                return
            taken.append(time.perf_counter() - started)

        await run_at_once(20, fill, orders)
        return await run_at_once(20, order, orders), sorted(taken)


def ask(site: Path, sql: str, *values: object) -> list[Any]:
    """The first column of what a query gives; %s is the site's number first."""
    from cms_ssg.store.open_store import open_store

    with open_store(site, "") as (_, connection, row):
        cursor = connection.execute(sql, (row.id, *values))  # type: ignore[arg-type]
        return [one[0] for one in cursor.fetchall()] if cursor.description is not None else []


def list_states(site: Path) -> dict[int, str]:
    """What the page of each product says of its stock."""
    from cms_ssg.selling.facts import STOCK
    from cms_ssg.store.open_store import open_store

    with open_store(site, "") as (_, connection, row):
        subjects = [str(number) for (number,) in connection.execute("SELECT DISTINCT product FROM cms.skus WHERE site = %s", (row.id,))]
        values = {"site": row.id, "subjects": subjects, "now": datetime.now(UTC)}
        return {int(subject): state for subject, state, _, _ in connection.execute(STOCK.query, values)}


MADE = """SELECT count(*) FROM cms.outputs WHERE site = %s AND path LIKE '/products/_%%' AND build = (SELECT max(build) FROM cms.outputs)"""
"""Pages of products that the last build rendered, whether their bytes differ or not."""
OLD_ORDERS = """
WITH put AS (
  INSERT INTO cms.orders (site, order_number, checkout_key, customer_email, customer_name, billing_address, subtotal, total, currency, taxes_included,
    payment_method, status, paid_at)
  SELECT %s, 'old-' || n, 'old-' || n, 'c' || n || '@example.org', 'Ann', '{"country": "IT"}', 1000, 1000, 'EUR', true, 'manual', 'completed', now() - make_interval(mins => n)
  FROM generate_series(1, %s) n RETURNING number, order_id, site, order_number),
items AS (
  INSERT INTO cms.order_items ("order", order_id, product, product_id, product_name, sku, quantity, unit_price, subtotal, total)
  SELECT p.number, p.order_id, s.product, s.id, s.title, s.sku, 1, 1000, 1000, 1000 FROM put p JOIN cms.skus s ON s.site = p.site AND s.sku = 'P' || (p.number %% %s) * 2),
paid AS (
  INSERT INTO cms.payments (site, provider, subject, amount, currency, digest, status) SELECT site, 'manual', 'shop/' || number, 1000, 'EUR', '', 'succeeded' FROM put)
INSERT INTO cms.stock_reservations (site, ref, sku, location, quantity, state, expires_at)
SELECT p.site, 'order/' || p.number, 'P' || (p.number %% %s) * 2, 'main', 1, 'consumed', now() FROM put p"""


class Table:
    """What was measured. Each row is printed as soon as it is known."""

    def __init__(self) -> None:
        self.failed = 0
        print("| case | target | figure | verdict |\n| --- | ---: | ---: | --- |", flush=True)

    def add(self, case: str, target: str, figure: str, is_met: bool) -> None:
        """One row."""
        self.failed += not is_met
        print(f"| {case} | {target} | {figure} | {'met' if is_met else 'not met'} |", flush=True)


def measure_catalogue(table: Table, site: Path, count: int) -> None:
    """Import and complete build, then another price for 50,000 SKUs."""
    file = site / "products.csv"
    write_products(file, count)
    seconds, _ = run("products", "import", str(file), site=site)
    table.add(f"import of {count:,} products with {count * 2:,} variations", "60 s", f"{seconds:.1f} s", seconds <= 60)
    seconds, told = run("build", "--json", site=site)
    table.add(f"complete build, {count_rendered(told):,} pages and files", "100 s", f"{seconds:.1f} s", seconds <= 100)
    dearer = count * 2 // 5
    write_products(file, dearer, 1.05)
    import_s, _ = run("products", "import", str(file), site=site)
    build_s, _ = run("build", "--json", site=site)
    pages = ask(site, MADE)[0]
    said = f"{import_s + build_s:.1f} s ({import_s:.1f} + {build_s:.1f}), {pages:,} pages of products"
    table.add(
        f"{dearer * 5 // 2:,} SKUs + 5 %: import and build", f"120 s, {dearer:,} pages", said, import_s + build_s <= 120 and pages == dearer
    )


def measure_sale(table: Table, site: Path, sales: int) -> None:
    """Sales that begin at a moment: the build after it."""
    file = site / "sales.csv"
    moment = datetime.now(UTC) + timedelta(seconds=30 + sales / 50)
    write_products(file, sales, 1.0, moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
    run("products", "import", str(file), site=site)
    run("build", site=site)
    written = "SELECT max(xmin::text::bigint) FROM (SELECT site, xmin FROM cms.skus UNION ALL SELECT site, xmin FROM cms.entries) r WHERE site = %s"
    before = ask(site, written)
    time.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds()))
    seconds, _ = run("build", "--json", site=site)
    pages = ask(site, MADE)[0]
    is_live = "€1.00" in (site / "build/products/product-0/index.html").read_text()
    is_met = seconds <= 60 and is_live and pages == sales and before == ask(site, written)
    rows = "no row written" if before == ask(site, written) else "rows written"
    table.add(
        f"{sales:,} sales begin by the clock: the next build",
        f"60 s, {sales:,} pages, no row written",
        f"{seconds:.1f} s, {pages:,} pages, {rows}",
        is_met,
    )


def measure_checkouts(table: Table, site: Path, count: int, orders: int, old: int) -> None:
    """Checkouts with other orders there."""
    ask(site, OLD_ORDERS, old, count // 2, count // 2)
    run("build", site=site)
    seconds, taken = asyncio.run(place_orders(site, orders, lambda number: (f"P{number * 2 % (count // 2 * 2)}", 1)))
    rate, p95 = len(taken) / seconds, taken[int(len(taken) * 0.95)] * 1000
    said = f"{rate:.0f}/s, p50 {taken[len(taken) // 2] * 1000:.0f} ms, p95 {p95:.0f} ms"
    table.add(
        f"{orders:,} checkouts, 20 at once, {old:,} orders there: start to reservation", "50/s, p95 150 ms", said, rate >= 50 and p95 <= 150
    )


def measure_sell_through(table: Table, site: Path, orders: int) -> None:
    """What orders render: pages of which the displayed state changed."""
    run("build", site=site)
    before, products = list_states(site), max(2, orders // 10)
    asyncio.run(place_orders(site, orders, lambda number: (f"P{number * 2 % (products * 2)}", 1 + number // products % 3)))
    run("build", site=site)
    pages = ask(site, MADE)[0]
    changed = sum(state != before[product] for product, state in list_states(site).items())
    table.add(
        f"{orders:,} orders over {products:,} products: pages of products rendered",
        f"{changed:,}, as changed what they show",
        f"{pages:,}",
        pages == changed,
    )


def main() -> None:
    """Run all of it and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=int, default=1, help="measure a part of everything: 20 for a twentieth")
    given = parser.parse_args()
    count, sales, orders, old, sold = (number // given.share for number in (50_000, 2_000, 2_000, 20_000, 10_000))
    print(f"load before: {os.getloadavg()[0]:.1f}, processors: {os.cpu_count()}\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder, "site")
        site.mkdir()
        (site / "site.toml").write_text(SITE)
        run("db", "migrate", site=site)
        table = Table()
        try:
            measure_catalogue(table, site, count)
            measure_sale(table, site, sales)
            measure_checkouts(table, site, count, orders, old)
            measure_sell_through(table, site, sold)
        finally:
            run("db", "stop", site=site)
    print(f"\nlargest process: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024} MB")
    sys.exit(1 if table.failed else 0)


if __name__ == "__main__":
    main()
