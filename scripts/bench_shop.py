#!/usr/bin/env python3
"""Measures a shop: import, full build, a price change of every product, sales that begin by the clock, checkouts at once, and what selling out renders.

scripts/bench_shop.py --products 5000 --orders 2000
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
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

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


def write_products(path: Path, count: int, prices: float = 1.0, sale_from: str = "", sales: int = 0) -> None:
    """Made-up products in WooCommerce's columns: half of them simple, half with four variations. prices: factor; sales: how many are on sale from a time on."""
    chance = random.Random(1)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.DictWriter(file, COLUMNS)
        rows.writeheader()
        for number in range(count):
            price = f"{round(chance.uniform(5, 200) * prices, 2):.2f}"
            on_sale = {"Sale price": "1.00", "Date sale price starts": sale_from} if number < sales else {}
            about = {
                "ID": number, "SKU": f"P{number}", "Name": f"Product {number}", "Published": 1, "Description": f"The product with the number {number}. " * 4,
                "Categories": f"Category {number % 200}", "Brands": f"Brand {number % 50}",
            }  # fmt: skip
            if number % 2 == 0 or number < sales:
                rows.writerow({**about, "Type": "simple", "Stock": 20, "Regular price": price, **on_sale})
                continue
            rows.writerow({**about, "Type": "variable", "Regular price": price})
            for size in "SMLX":
                rows.writerow({
                    "Type": "variation", "SKU": f"P{number}-{size}", "Parent": f"P{number}", "Stock": 20, "Regular price": price, "Attribute 1 name": "Size",
                    "Attribute 1 value(s)": size,
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


async def place_orders(site: Path, orders: int, at_once: int, buy: Callable[[int], tuple[str, int]]) -> list[float]:
    """Put orders by the code that the API calls, so many at once; seconds of each from the cart to the reservation."""
    from psycopg_pool import AsyncConnectionPool

    from cms_ssg.api.problems import ApiError
    from cms_ssg.kinds.vertical import OpenSite
    from cms_ssg.payment.run import open_shop
    from cms_ssg.store.open_store import open_store
    from cms_ssg.verticals.shop import carts
    from cms_ssg.verticals.shop.checkout import Buyer, _make_order, retry

    with open_store(site, "") as (opened, connection, row):
        shop = open_shop(OpenSite(opened, connection, row.id))
        url = connection.info.dsn + (f" password={connection.info.password}" if connection.info.password else "")
        taken: list[float] = []
        async with AsyncConnectionPool(url, min_size=min(4, at_once), max_size=at_once, kwargs={"autocommit": True}) as pool:
            pooled = type(shop)(shop.site, shop.number, pool.connection, shop.secret)
            numbers = iter(range(orders))

            async def work() -> None:
                for number in numbers:
                    sku, quantity = buy(number)
                    async with pool.connection() as one:
                        cart = await carts.add_cart(one, shop.site, shop.number, "en")
                        found = await carts.load_cart(one, shop.number, cart)
                        await carts.put_line(one, shop.number, found, sku, quantity, add=True)
                        quote = await carts.make_quote(one, shop.site, shop.number, found._replace(country="IT"))
                    buyer = Buyer(cart, quote.version, f"b{number}@example.org", "Ann", ADDRESS, None, "manual")
                    started = time.perf_counter()
                    try:
                        await retry(lambda: _make_order(pooled, buyer, f"bench-{number}-{time.time_ns()}"))  # noqa: B023 - awaited at once
                    except ApiError as error:
                        if error.code != "shop.stock":
                            raise
                        continue
                    taken.append(time.perf_counter() - started)

            workers: list[Awaitable[None]] = [work() for _ in range(at_once)]
            await asyncio.gather(*workers)
        return taken


def list_states(site: Path) -> dict[int, str]:
    """What the page of each product says of its stock."""
    from cms_ssg.selling.facts import STOCK
    from cms_ssg.store.open_store import open_store

    with open_store(site, "") as (_, connection, row):
        subjects = [str(number) for (number,) in connection.execute("SELECT DISTINCT product FROM cms.skus WHERE site = %s", (row.id,))]
        values = {"site": row.id, "subjects": subjects, "now": datetime.now(UTC)}
        return {int(subject): state for subject, state, _, _ in connection.execute(STOCK.query, values)}


def say(**figures: object) -> None:
    """Print figures as soon as they are known."""
    for name, value in figures.items():
        print(f"{name:24} {value}", flush=True)


def measure_catalogue(site: Path, table: Path, count: int) -> None:
    """Import and complete build, then another price for everything."""
    say(import_s=round(run("products", "import", str(table), site=site)[0], 1))
    seconds, told = run("build", "--json", site=site)
    say(build_s=round(seconds, 1), build_rendered=count_rendered(told))
    write_products(table, count, 1.05)
    say(price_import_s=round(run("products", "import", str(table), site=site)[0], 1))
    seconds, told = run("build", "--json", site=site)
    say(price_build_s=round(seconds, 1), price_rendered=count_rendered(told))


def measure_sale(site: Path, table: Path, count: int, sales: int) -> None:
    """Sales that begin at a moment: the build after it."""
    moment = datetime.now(UTC) + timedelta(seconds=30 + count / 50)
    write_products(table, count, 1.05, moment.strftime("%Y-%m-%dT%H:%M:%SZ"), sales)
    run("products", "import", str(table), site=site)
    run("build", site=site)
    time.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds()))
    seconds, told = run("build", "--json", site=site)
    page = (site / "build/products/product-0/index.html").read_text()
    say(sale_build_s=round(seconds, 1), sale_rendered=count_rendered(told), sale_is_live="€1.00" in page)


def measure_orders(site: Path, count: int, orders: int) -> None:
    """Checkouts, 20 at once; then what selling out renders."""
    started = time.perf_counter()
    taken = sorted(asyncio.run(place_orders(site, orders, 20, lambda number: (f"P{number * 2 % (count // 2 * 2)}", 1))))
    say(
        orders=len(taken), orders_per_s=round(len(taken) / (time.perf_counter() - started), 1), reserve_p50_ms=round(taken[len(taken) // 2] * 1000, 1),
        reserve_p95_ms=round(taken[int(len(taken) * 0.95)] * 1000, 1),
    )  # fmt: skip
    run("build", site=site)
    before, started_at = list_states(site), time.time()
    asyncio.run(place_orders(site, orders, 20, lambda number: (f"P{number * 2 % max(2, orders // 5)}", 1 + number % 4)))
    run("build", site=site)
    after = list_states(site)
    pages = sum(page.stat().st_mtime >= started_at for page in site.glob("build/products/*/index.html"))
    say(sold_states_changed=sum(state != before[product] for product, state in after.items()), sold_product_pages=pages)


def main() -> None:
    """Run all of it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=5000)
    parser.add_argument("--orders", type=int, default=1000)
    parser.add_argument("--sales", type=int, default=200)
    parser.add_argument("--cases", default="sale,orders", help="what to measure besides import and builds")
    given = parser.parse_args()
    say(products=given.products, load_before=round(os.getloadavg()[0], 1))
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder, "site")
        site.mkdir()
        (site / "site.toml").write_text(SITE)
        table = site / "products.csv"
        write_products(table, given.products)
        run("db", "migrate", site=site)
        try:
            measure_catalogue(site, table, given.products)
            if "sale" in given.cases:
                measure_sale(site, table, given.products, given.sales)
            if "orders" in given.cases:
                measure_orders(site, given.products, given.orders)
        finally:
            run("db", "stop", site=site)
    say(peak_child_mb=resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)


if __name__ == "__main__":
    main()
