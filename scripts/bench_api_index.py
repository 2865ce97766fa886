"""The rows of scripts/bench_api.py about the index: one save until it is found, and all documents from nothing."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

from bench_api_serve import Row, Size, fetch, run_cms, serve

SAVES = 5


def measure_save(folder: Path, size: Size) -> list[Row]:
    """A post is saved while `cms watch` runs; the API is asked for a word that only its new text has."""
    times = []
    watch = [sys.executable, "-m", "cms_ssg", "-C", str(folder), "watch"]
    with serve(folder) as (_, port), subprocess.Popen(watch, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for number in range(SAVES + 1):
                path, word = folder / f"content/posts/p{number * 7 % size.posts}.md", f"zzsaved{number}x{int(time.time())}"
                other = path.with_suffix(".new")
                other.write_text(f"{path.read_text()}\n{word}\n")
                begun = time.perf_counter()
                other.rename(path)
                while json.loads(fetch(port, f"/api/search?q={quote(word)}"))["total"] == 0:
                    if time.perf_counter() > begun + 120:
                        raise RuntimeError("the save was not found after 120 s")
                    time.sleep(0.02)
                times.append(time.perf_counter() - begun)
                time.sleep(0.5)
        finally:
            process.terminate()
            process.wait(60)
    times = times[1:]  # before the first one, watch was still starting
    figure = f"median {statistics.median(times):.2f} s, longest {max(times):.2f} s of {SAVES}, with cms watch"
    return [Row("one save until it is found", "<= 1 s", figure, statistics.median(times) <= 1)]


def measure_reindex(folder: Path, size: Size) -> list[Row]:
    """Every document anew from what is stored of its entry."""
    seconds = run_cms(folder, "search", "reindex")
    return [Row(f"index of {size.posts:,} documents from nothing, Postgres", "<= 60 s", f"{seconds:.0f} s", seconds <= 60)]


def measure_opensearch(folder: Path, size: Size) -> list[Row]:
    """The same in a node of OpenSearch with 512 MB."""
    from opensearch import Node, find_missing  # type: ignore[import-not-found]

    name = f"index of {size.posts:,} documents from nothing, OpenSearch"
    if missing := find_missing():
        return [Row(name, "<= 120 s", f"not measured: {missing} is not installed", None)]
    settings = folder / "site.toml"
    before = settings.read_text()
    with tempfile.TemporaryDirectory(prefix="cms-bench-") as text:
        node = Node(Path(text))
        try:
            node.wait()
            engine = f'\n[search]\nengine = "opensearch"\nurl = "{node.url}"\nshards = 1\nreplicas = 0\n'
            settings.write_text(before.replace("\n[search]\n", engine))
            seconds = run_cms(folder, "search", "reindex")
        finally:
            settings.write_text(before)
            node.stop()
    return [Row(name, "<= 120 s", f"{seconds:.0f} s", seconds <= 120)]
