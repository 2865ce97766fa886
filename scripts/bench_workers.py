#!/usr/bin/env python3
"""Measure a distributed build: every page again by the builder alone, then with one worker and with two, each one process; the same bytes each time.

    bench_workers.py --articles 20000 [--json]

The articles are in the store already: what is measured is planning, rendering, writing and recording. Where the machine has fewer cores than
processes, or its processors are threads of one core, the figures say so of the machine and not of the program. docs/performance.md explains each.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import bench_measure
from bench_builders import CmsSite, put_aside
from bench_corpus import write_corpus

TOOLS = Path(sys.executable).parent
HELPERS = (0, 1, 2)
SETTLE_S = 3.0
"""For workers to start."""


@contextmanager
def run_workers(site: CmsSite, count: int) -> Iterator[None]:
    """So many workers of one process each."""
    command = [*site.command, "worker", "--jobs", "1"]
    processes = [
        subprocess.Popen(command, cwd=site.folder, env=bench_measure.ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(count)
    ]
    try:
        time.sleep(SETTLE_S if count else 0)
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(60)


def digest_tree(folder: Path) -> str:
    """Stands for every path and byte below a folder."""
    state = blake2b(digest_size=16)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            state.update(f"{path.relative_to(folder).as_posix()}\0".encode() + blake2b(path.read_bytes()).digest())
    return state.hexdigest()


def measure(articles: int, work: Path) -> dict[str, Any]:
    """All figures of one site."""
    figures: dict[str, Any] = {"articles": articles, "machine": bench_measure.describe_machine()}
    write_corpus(work / "corpus", articles, 1)
    site = CmsSite(work / "site", work / "corpus", [str(TOOLS / "cms")])
    settings = site.folder / "site.toml"
    settings.write_text(settings.read_text("utf-8").replace("[target]\n", "[target]\nkeep_releases = 0\n"), "utf-8")
    try:
        figures["pages"] = site.build()[1]["rendered"]
        seen = {digest_tree(site.folder / "build")}
        for helpers in HELPERS:
            put_aside(site.folder / "build")
            with run_workers(site, helpers):
                done, report = site.build("--no-sync", "--distributed", "--jobs", "1")
            seen.add(digest_tree(site.folder / "build"))
            steps = {step: round(seconds, 2) for step, seconds in report["seconds"].items() if step != "total"}
            figures[f"helpers_{helpers}"] = {"seconds": round(done.seconds, 2), "shards_by_workers": report["helped"], **steps}
        if len(seen) != 1:
            raise RuntimeError("the builds differ")
    finally:
        site.stop()
    alone = figures["helpers_0"]["seconds"]
    for helpers in HELPERS[1:]:
        figures[f"speedup_{helpers + 1}_processes"] = round(alone / figures[f"helpers_{helpers}"]["seconds"], 2)
    return figures


def main() -> None:
    """Measure as asked, and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--json", action="store_true", help="print the figures as one line of JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cms-bench-workers-") as work:
        figures = measure(arguments.articles, Path(work))
    bench_measure.say_figures(figures, as_json=arguments.json)


if __name__ == "__main__":
    main()
