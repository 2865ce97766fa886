#!/usr/bin/env python3
"""Measure what keeping releases costs a build, and how long it takes to go back: one release, several, and forward again.

    bench_releases.py --articles 5000 [--bucket] [--json]

A release here is a change of the theme that touches every page, the worst case. With --bucket the pages go to a local server that speaks S3's
protocol (moto, one Python process: it is the limit). docs/performance.md explains each figure.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import bench_measure
from bench_builders import CmsSite
from bench_corpus import write_corpus
from bench_s3 import TOOLS, serve_store

RELEASES, TRIES = 10, 3


def run_cms(site: CmsSite, *words: str) -> dict[str, Any]:
    """Run a command; its result."""
    done = subprocess.run(
        [*site.command, *words, "--json"], cwd=site.folder, env=bench_measure.ENVIRONMENT, capture_output=True, text=True, check=True
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def change_pages(site: CmsSite, words: str) -> None:
    """Change every page by its theme."""
    base = site.folder / "themes/bench/templates/base.html"
    text = base.read_text("utf-8")
    start = text.index("<footer>") + len("<footer>")
    end = text.index("<!-- -->", start) + 8 if "<!-- -->" in text else start
    base.write_text(f"{text[:start]}{words}<!-- -->{text[end:]}", "utf-8")


def set_keep(site: CmsSite, number: int) -> None:
    """Say how many releases are kept."""
    settings = site.folder / "site.toml"
    lines = [line for line in settings.read_text("utf-8").splitlines() if not line.startswith("keep_releases")]
    lines.insert(lines.index("[target]") + 1, f"keep_releases = {number}")
    settings.write_text("\n".join(lines) + "\n", "utf-8")


def time_builds(site: CmsSite, name: str, tries: int) -> float:
    """The shortest of some builds of every page, in seconds: of all, and of publishing and recording."""
    times = []
    for number in range(tries):
        change_pages(site, f"{name} {number} ")
        started = time.perf_counter()
        result = run_cms(site, "build")
        times.append(time.perf_counter() - started)
        assert result["written"] == result["planned"], result
    return round(min(times), 2)


@contextmanager
def open_site(work: Path, articles: int, bucket: bool) -> Iterator[CmsSite]:
    """The site of the other benchmarks."""
    with serve_store() if bucket else nullcontext():
        write_corpus(work / "corpus", articles, 1)
        site = CmsSite(work / "site", work / "corpus", [str(TOOLS / "cms")])
        if bucket:
            settings = site.folder / "site.toml"
            settings.write_text(settings.read_text("utf-8").replace("folder:build", "s3://pages"), "utf-8")
        try:
            yield site
        finally:
            site.stop()


def measure(articles: int, bucket: bool, work: Path) -> dict[str, Any]:
    """All figures of one site."""
    figures: dict[str, Any] = {"articles": articles, "bucket": bucket, "machine": bench_measure.describe_machine()}
    with open_site(work, articles, bucket) as site:
        set_keep(site, 0)
        figures["objects"] = run_cms(site, "build")["written"]
        figures["build_0_s"] = time_builds(site, "plain", TRIES)
        set_keep(site, RELEASES)
        figures["build_10_s"] = time_builds(site, "kept", TRIES)
        set_keep(site, 0)
        figures["again_0_s"] = time_builds(site, "plain again", TRIES)
        set_keep(site, RELEASES)
        time_builds(site, "release", RELEASES)
        numbers = [one["number"] for one in run_cms(site, "releases", "list")["releases"]]
        assert len(numbers) == RELEASES, numbers
        before = copy_tree(site, work / "before")
        for name, number in (("back_one_s", numbers[1]), ("back_nine_s", numbers[-1]), ("forward_s", numbers[0])):
            result = run_cms(site, "releases", "rollback", str(number))
            figures[name] = round(result["seconds"], 2)
            figures[name.replace("_s", "_written")] = result["written"]
        if before is not None:
            subprocess.run(["diff", "-r", before, site.folder / "build"], check=True)
            kept = site.folder / ".cms" / "kept"
            figures["kept_mb"] = round(sum(path.stat().st_size for path in kept.rglob("*") if path.is_file()) / 1e6)
    return figures


def copy_tree(site: CmsSite, place: Path) -> Path | None:
    """The output as it is, None where it is in a bucket."""
    if not (site.folder / "build").is_dir():
        return None
    shutil.copytree(site.folder / "build", place)
    return place


def main() -> None:
    """Measure as asked, and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--articles", type=int, default=5000)
    parser.add_argument("--bucket", action="store_true", help="publish to a bucket of a local server")
    parser.add_argument("--json", action="store_true", help="print the figures as one line of JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cms-bench-releases-") as work:
        figures = measure(arguments.articles, arguments.bucket, Path(work))
    bench_measure.say_figures(figures, as_json=arguments.json)


if __name__ == "__main__":
    main()
