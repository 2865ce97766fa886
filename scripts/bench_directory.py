#!/usr/bin/env python3
"""Measures a directory of many listings: import, import again, build, searches, one rating from API to page, a bulk update.

scripts/bench_directory.py --listings 100000
scripts/bench_directory.py --listings 10000 --csv breweries.csv
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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
            ["id", "title", "description", "categories", "address", "city", "state", "country", "latitude", "longitude", "tier", "phone"]
        )
        for number in range(count):
            city, state, country, lat, lng = cities[int(chance.paretovariate(0.6)) % 500]
            kind = chance.choice(KINDS)
            tier = chance.choices(("basic", "featured", "premium"), (95, 4, 1))[0]
            name = f"{chance.choice(WORDS)} {chance.choice(WORDS)} {kind.title()} {number}"
            rows.writerow([
                number, name, f"A {kind} with {chance.choice(WORDS).lower()} rooms and a {chance.choice(KINDS)}.", kind, f"{number % 200} Main Street", city,
                state, country, round(lat + chance.gauss(0, 0.1), 6), round(max(-180, min(180, lng + chance.gauss(0, 0.1))), 6), tier, f"+1 555 {number:07}",
            ])  # fmt: skip


def run(*arguments: str, site: Path) -> float:
    """Run cms and return its seconds; ends the program where it fails."""
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "cms_ssg", "-C", str(site), *arguments], check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"cms {' '.join(arguments)}:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - started


def say(what: str, value: str) -> None:
    """Print a line of the table."""
    print(f"{what:55} {value}", flush=True)


def measure_searches(site: Path) -> None:
    """Mixed searches over one connection, each timed."""
    from cms_ssg.store.open_store import open_store

    chance = random.Random(2)
    with open_store(site, "") as (_, connection, row):
        connection.execute("ANALYZE cms.listings")
        lat, lng = connection.execute("SELECT latitude, longitude FROM cms.listings WHERE latitude IS NOT NULL LIMIT 1").fetchone()  # type: ignore[misc]
        kinds = {
            "no words": "p_limit => 20",
            "two words": "p_query => %(words)s",
            "category": "p_categories => ARRAY[%(kind)s]",
            "within 10 km by distance": "p_location_lat => %(lat)s::numeric, p_location_lng => %(lng)s::numeric, p_sort_by => 'distance'",
            "within 100 km, words": "p_query => %(word)s, p_location_lat => %(lat)s::numeric, p_location_lng => %(lng)s::numeric, p_radius_km => 100",
            "by rating": "p_sort_by => 'rating', p_min_rating => 1",
            "newest, page 10": "p_sort_by => 'newest', p_offset => 200",
            "one word that half of all have": "p_query => %(kind)s",
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
            say(f"search_listings, {name}", f"median {statistics.median(times):.1f} ms, p95 {statistics.quantiles(times, n=20)[18]:.1f} ms")
        say("search_listings, all", f"p95 {statistics.quantiles(every, n=20)[18]:.1f} ms")


def measure_rating(site: Path) -> None:
    """One approved rating, from its row to its page."""
    from cms_ssg.store.open_store import open_store

    times = []
    for number in range(3):
        with open_store(site, "") as (_, connection, row):
            connection.execute(
                "INSERT INTO cms.reviews (site, entry, author_name, rating, status) SELECT site, number, 'Bench', 4, 'approved' FROM cms.listings WHERE site = %s"
                " ORDER BY number OFFSET %s LIMIT 1",
                (row.id, number * 50),
            )
        times.append(run("build", site=site))
    say("one approved rating, with the start of cms build", f"median {statistics.median(times):.2f} s")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listings", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="where to work; a folder that is deleted afterwards by default")
    parser.add_argument("--no-build", action="store_true", help="only import and search")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        site = options.folder or Path(made)
        site.mkdir(parents=True, exist_ok=True)
        (site / "site.toml").write_text(SITE)
        write_listings(site / "listings.csv", options.listings)
        say("listings", f"{options.listings:,} on {os.cpu_count()} cores")
        arguments = ("import", "csv", str(site / "listings.csv"), "--type", "listing", "--key", "id")
        say("import", f"{run(*arguments, site=site):.1f} s")
        say("import again, unchanged", f"{run(*arguments, site=site):.1f} s")
        say("memory of the largest process", f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MB")
        measure_searches(site)
        if not options.no_build:
            say("build", f"{run('build', site=site):.1f} s")
            say("build again", f"{run('build', site=site):.1f} s")
            measure_rating(site)
            few = ("--type", "listing", "--where", "categories=cafe", "--set", "verified=true")
            say("bulk update of a tenth, without pages", f"{run('bulk', 'update', *few, site=site):.1f} s")
        run("db", "stop", site=site)


if __name__ == "__main__":
    main()
