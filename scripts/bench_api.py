#!/usr/bin/env python3
"""Measures the API of a made-up site of 100,000 posts under an open-model load, and prints a table.

scripts/bench_api.py --posts 2000 --seconds 3 --share 0.05   # on a machine that has other things to do
scripts/bench_api.py --cases inprocess,uncached

A case is a row of the table, or several; docs/performance.md says what each is. With all cases and sizes it takes a quarter of an hour.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parent))

import bench_api_faults as faults
import bench_api_index as index
import bench_api_load as load
from bench_api_serve import Row, Size, run_cms, serve_here
from bench_api_site import write_posts

CASES: Final[dict[str, Callable[[Path, Size], list[Row]]]] = {
    "inprocess": load.measure_inprocess, "uncached": load.measure_uncached, "repeated": load.measure_repeated, "nginx": load.measure_nginx,
    "streams": load.measure_streams, "hot": load.measure_hot, "redis": faults.measure_redis, "engine": faults.measure_engine,
    "postgres": faults.measure_postgres, "restart": faults.measure_restart, "save": index.measure_save, "reindex": index.measure_reindex,
    "opensearch": index.measure_opensearch,
}  # fmt: skip


def measure(case: str, folder: Path, size: Size) -> list[Row]:
    """The rows of one case; one that cannot be measured here says why."""
    begun = time.perf_counter()
    try:
        rows = CASES[case](folder, size)
    except Exception as error:  # noqa: BLE001 - the other rows are still wanted
        traceback.print_exc()
        rows = [Row(case, "", "not measured: " + " ".join(f"{type(error).__name__}: {error}".split())[:200], None)]
    for row in rows:
        print(f"{time.perf_counter() - begun:6.1f} s  {row.case}: {row.figure}", file=sys.stderr, flush=True)
    return rows


def main() -> int:
    """Measure what was asked for. Returns how many rows miss their target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=20, help="how long each load lasts")
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--share", type=float, default=1.0, help="of rates, requests and streams")
    parser.add_argument("--work", type=Path, help="a folder that stays, with its site where it was made before")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.serve:
        serve_here(told.serve)
        return 0
    unknown = set(told.cases.split(",")) - set(CASES)
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    begun, load_before = time.perf_counter(), os.getloadavg()[0]
    size = Size(told.posts, told.seconds, told.share)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="cms-bench-") as name:
        folder = told.work or Path(name)
        try:
            if not (folder / "site.toml").exists():
                write_posts(folder, told.posts)
            built = time.perf_counter()
            run_cms(folder, "build")
            print(f"{time.perf_counter() - built:6.1f} s  {told.posts:,} posts built and indexed", file=sys.stderr, flush=True)
            for case in told.cases.split(","):
                rows += measure(case, folder, size)
        finally:
            subprocess.run([sys.executable, "-m", "cms_ssg", "-C", str(folder), "db", "stop"], check=False, capture_output=True)
    scale = f"{told.posts:,} posts, loads of {told.seconds:.0f} s at {told.share:.0%} of the rates"
    print(f"{scale}; load average before: {load_before:.1f}; {time.perf_counter() - begun:.0f} s in all\n")
    print("| case | to reach | measured | reached? |\n| --- | --- | --- | --- |")
    for row in rows:
        verdict = "" if row.is_reached is None else "yes" if row.is_reached else "**no**"
        print(f"| {row.case} | {row.target} | {row.figure} | {verdict} |")
    return sum(row.is_reached is False for row in rows)


if __name__ == "__main__":
    sys.exit(main())
