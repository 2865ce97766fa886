#!/usr/bin/env python3
"""Measures a directory of many listings: import, import again, build, searches, one rating from API to page, a bulk update.

scripts/bench_directory.py --listings 100000
scripts/bench_directory.py --listings 10000 --cases import,search

The result is a table of Markdown with targets and verdicts. The targets are for 100,000 listings on two quiet cores.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import re
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

SITE = """name = "bench"
title = "Bench"
verticals = ["directory"]
page_size = 24
feeds = []
[home]
list = "type/listing"
[target]
url = "folder:build"
keep_releases = 0
[directory]
combinations = 3
[reviews]
per_hour = 1000
"""
KINDS = ("cafe", "bar", "bakery", "museum", "hotel", "shop", "garden", "school", "theatre", "garage")
WORDS = (
    "Golden",
    "Old",
    "Blue",
    "North",
    "River",
    "Stone",
    "Little",
    "Grand",
    "Corner",
    "Sunny",
    "Iron",
    "Green",
    "Royal",
    "Quiet",
    "Happy",
)


def write_listings(path: Path, count: int) -> None:
    """Made-up listings in 500 cities of 20 countries."""
    chance = random.Random(1)
    cities = [(f"City {n}", f"State {n % 60}", f"Country {n % 20}", chance.uniform(-60, 70), chance.uniform(-180, 180)) for n in range(500)]
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(
            [
                "id",
                "title",
                "description",
                "categories",
                "address",
                "city",
                "state",
                "country",
                "latitude",
                "longitude",
                "tier",
                "postal_code",
                "phone",
            ]
        )
        for number in range(count):
            city, state, country, lat, lng = cities[int(chance.paretovariate(0.6)) % 500]
            kind = chance.choice(KINDS)
            tier = chance.choices(("basic", "featured", "premium"), (95, 4, 1))[0]
            name = f"{chance.choice(WORDS)} {chance.choice(WORDS)} {kind.title()} {number}"
            rows.writerow([
                number, name, f"A {kind} with {chance.choice(WORDS).lower()} rooms and a {chance.choice(KINDS)}.", kind, f"{number % 200} Main Street", city,
                state, country, round(lat + chance.gauss(0, 0.1), 6), round(max(-180, min(180, lng + chance.gauss(0, 0.1))), 6), tier, number % 5, f"+1 503 55{number:05}"[:16],
            ])  # fmt: skip


class Figure(NamedTuple):
    """A line of the table. value, most: in unit; most: 0 where there is no target."""

    case: str
    value: float
    unit: str
    most: float = 0

    def line(self) -> str:
        """The line as Markdown."""
        target = f"<= {self.most:g} {self.unit}" if self.most else ""
        verdict = ("met" if self.value <= self.most else "missed") if self.most else ""
        return f"| {self.case} | {target} | {self.value:,.1f} {self.unit} | {verdict} |"


class Bench:
    """One site that is measured. figures: what was measured so far."""

    def __init__(self, site: Path) -> None:
        self.site = site
        self.figures: list[Figure] = []

    def add(self, case: str, value: float, unit: str, most: float = 0) -> None:
        """Note a figure, and say it at once."""
        self.figures.append(Figure(case, value, unit, most))
        print(f"{case}: {value:,.1f} {unit}", file=sys.stderr, flush=True)

    def run(self, *arguments: str) -> tuple[float, str]:
        """Run cms; its seconds and what it wrote. Ends the program where it fails."""
        started = time.perf_counter()
        done = subprocess.run([*self.command(*arguments)], check=False, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"cms {' '.join(arguments)}:\n{done.stdout}{done.stderr}")
        return time.perf_counter() - started, done.stdout

    def command(self, *arguments: str) -> list[str]:
        """A command of cms on this site."""
        return [sys.executable, "-m", "cms_ssg", arguments[0], "-C", str(self.site), *arguments[1:]] if arguments[0] in ONE_WORD else [
            sys.executable, "-m", "cms_ssg", *arguments[:2], "-C", str(self.site), *arguments[2:],
        ]  # fmt: skip

    @contextmanager
    def start(self, *arguments: str) -> Iterator[None]:
        """A command that runs until it is interrupted."""
        with (self.site / f"{arguments[0]}.log").open("w") as log:
            process = subprocess.Popen(self.command(*arguments), stdout=log, stderr=log)
            try:
                yield
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(60)


ONE_WORD = ("build", "api", "watch")


def measure_import(bench: Bench) -> None:
    """The same file twice."""
    arguments = ("import", "csv", str(bench.site / "listings.csv"), "--type", "listing", "--key", "id")
    bench.add("CSV upsert", bench.run(*arguments)[0], "s", 30)
    bench.add("the same again, unchanged", bench.run(*arguments)[0], "s", 8)
    bench.add("memory of both", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, "MB", 300)


def measure_searches(bench: Bench) -> None:
    """Mixed searches over one connection, each timed."""
    from cms_ssg.store.open_store import open_store

    chance = random.Random(2)
    with open_store(bench.site, "") as (_, connection, row):
        connection.execute("VACUUM ANALYZE cms.listings")
        lat, lng = connection.execute("SELECT latitude, longitude FROM cms.listings WHERE latitude IS NOT NULL LIMIT 1").fetchone()  # type: ignore[misc]
        kinds = {
            "no words": "p_limit => 20",
            "two words": "p_query => %(words)s",
            "category": "p_categories => ARRAY[%(kind)s]",
            "within 10 km by distance": "p_location_lat => %(lat)s::numeric, p_location_lng => %(lng)s::numeric, p_sort_by => 'distance'",
            "within 100 km, words": "p_query => %(word)s, p_location_lat => %(lat)s::numeric, p_location_lng => %(lng)s::numeric, p_radius_km => 100",
            "by rating": "p_sort_by => 'rating', p_min_rating => 1",
            "newest, page 10": "p_sort_by => 'newest', p_offset => 200",
            "one word that a fifth of all have": "p_query => %(kind)s",
        }
        every: list[float] = []
        for name, arguments in kinds.items():
            times = []
            for _ in range(30):
                values = {
                    "site": row.id, "words": f"{chance.choice(WORDS)} {chance.choice(WORDS)}", "word": chance.choice(WORDS), "kind": chance.choice(KINDS),
                    "lat": float(lat) + chance.gauss(0, 0.2), "lng": float(lng),
                }  # fmt: skip
                started = time.perf_counter()
                connection.execute(f"SELECT * FROM cms.search_listings(%(site)s, {arguments})", values).fetchall()  # type: ignore[arg-type]
                times.append((time.perf_counter() - started) * 1000)
            every += times
            bench.add(f"search_listings, {name}, p95", statistics.quantiles(times, n=20)[18], "ms")
        bench.add("search_listings, mixed, p95", statistics.quantiles(every, n=20)[18], "ms", 30)


def measure_ratings(bench: Bench, count: int = 20) -> None:
    """Ratings that are approved by the API, each until its page shows it, while `cms watch` runs."""
    from cms_ssg.store.open_store import open_store

    token = json.loads(bench.run("token", "create", "bench", "--scope", "moderate", "--json")[1])["token"]
    with open_store(bench.site, "") as (_, connection, row):
        found = connection.execute(
            "SELECT c.path FROM cms.listings l JOIN cms.cards c ON c.entry = l.number WHERE l.site = %s AND c.live ORDER BY l.number OFFSET 100 LIMIT %s",
            (row.id, count * 50),
        ).fetchall()
    paths = [path for (path,) in found[::50]]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    with bench.start("watch"), bench.start("api", "--port", address.rpartition(":")[2], "--quiet"):
        wait_for(lambda: ask(address, "/api/listings?limit=1", token) is not None, 60)
        times = [rate(bench, address, token, path, number) for number, path in enumerate(paths)]
        bench.add("one approved rating, API to file, p95", statistics.quantiles(times, n=20)[18], "s", 2)
        time.sleep(10)  # what was rendered before is not to be taken for what follows
        before = time.time() - 1
        rate(bench, address, token, paths[0], count)
        time.sleep(10)
        compare_pages(bench, paths[0], before)


def rate(bench: Bench, address: str, token: str, path: str, number: int) -> float:
    """Send a review and approve it; the seconds until the listing's page shows its text."""
    text = f"Review number {number} of the bench"
    ask(address, "/api/reviews", token, {"path": path, "rating": 1 + number % 5, "name": "Bench", "content": text})
    queue = ask(address, "/api/reviews/queue", token)
    waiting = [one["number"] for one in queue if one.get("content", one.get("text")) == text]
    page = bench.site / f"build{path}index.html"
    started = time.perf_counter()
    ask(address, f"/api/reviews/{waiting[0]}/decision", token, {"status": "approved"})
    wait_for(lambda: text in page.read_text("utf-8"), 60, 0.005)
    return time.perf_counter() - started


def compare_pages(bench: Bench, path: str, since: float) -> None:
    """Compare the files written since a moment with those that show a listing's stars: its own page, and those that have its card."""
    written: set[str] = set()
    showing: set[str] = set()
    card = re.compile(rf'<article class="card listing-card[^>]*>(?:(?!</article>).)*href="{re.escape(path)}"'.encode(), re.DOTALL)
    root = str(bench.site / "build")
    for folder, _, files in os.walk(root):
        for name in files:
            file = os.path.join(folder, name)
            if os.stat(file).st_mtime >= since:
                written.add(file)
            if name.endswith(".html"):
                with open(file, "rb") as opened:
                    data = opened.read()
                if f'"{path}"'.encode() in data and card.search(data):
                    showing.add(file)
    showing.add(f"{root}{path}index.html")
    bench.add("pages that show that rating", len(showing), "pages")
    bench.add("pages written for it beside these, and missing", len(written ^ showing), "pages", 0.5)


def ask(address: str, path: str, token: str, value: Any = None) -> Any:
    """An answer of the API, None where it does not answer yet."""
    request = urllib.request.Request(
        address + path,
        json.dumps(value).encode() if value is not None else None,
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        sys.exit(f"{path}: {error.code} {error.read().decode()}")
    except OSError:
        return None


def wait_for(is_done: Any, most_s: float, every_s: float = 0.2) -> None:
    """Wait until something is true. Ends the program where it does not become so."""
    until = time.monotonic() + most_s
    while not is_done():
        if time.monotonic() > until:
            sys.exit("it did not come in time")
        time.sleep(every_s)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listings", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="where to work; a folder that is deleted afterwards by default")
    parser.add_argument("--cases", default="import,search,build,rating,bulk", help="which to measure; later ones need earlier ones")
    options = parser.parse_args()
    cases = options.cases.split(",")
    with tempfile.TemporaryDirectory() as made:
        bench = Bench(options.folder or Path(made))
        bench.site.mkdir(parents=True, exist_ok=True)
        (bench.site / "site.toml").write_text(SITE)
        write_listings(bench.site / "listings.csv", options.listings)
        bench.run("db", "status")
        if "import" in cases:
            measure_import(bench)
        if "search" in cases:
            measure_searches(bench)
        if "build" in cases:
            bench.add("build into an empty folder", bench.run("build")[0], "s", 150)
            bench.add("build again, no change", bench.run("build")[0], "s")
        if "rating" in cases:
            measure_ratings(bench)
        if "bulk" in cases:
            few = ("--type", "listing", "--where", "postal_code=1", "--set", "verified=true")
            bench.add(f"bulk update of {options.listings // 5:,}", bench.run("bulk", "update", *few)[0], "s", 20)
            bench.add("build after it, one release", bench.run("build")[0], "s")
        bench.run("db", "stop")
        print(
            f"{options.listings:,} listings, {os.cpu_count()} cores\n\n| case | to reach | measured | verdict |\n| --- | --- | --- | --- |"
        )
        print("\n".join(figure.line() for figure in bench.figures))


if __name__ == "__main__":
    main()
