"""The rows of scripts/bench_api.py that are about speed: searches, cached answers, pages, streams, a hot key."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import parse_qs

from bench_api_serve import Row, Size, fetch, find_port, memory_kb, serve, serve_valkey
from bench_api_site import SEARCHED, make_search
from bench_load import Load, make_get, run_load, run_pipelined

HOT = 200
"""Searches that are asked for again and again."""


def measure_inprocess(folder: Path, size: Size) -> list[Row]:
    """Searches and suggestions by the index alone, one after another."""
    from cms_ssg.api.search import find_index
    from cms_ssg.api.sites import load_sites
    from cms_ssg.search.places import Near
    from cms_ssg.search.questions import Question
    from cms_ssg.search.words import parse_query

    chance, found = random.Random(7), []

    def make_question() -> Question:
        asked = parse_qs(make_search(chance).partition("?")[2])
        near = Near(float(asked["lat"][0]), float(asked["lng"][0]), float(asked["radius_km"][0]))
        return Question(terms=parse_query(asked["q"][0]), locale="en", filters={"section": tuple(asked["category"])}, near=near)

    async def run() -> tuple[list[float], list[float]]:
        sites = load_sites([folder])
        await sites.open()
        index, searches, suggestions = find_index(sites.contexts[0]), [], []
        try:
            for number in range(60 + max(50, int(600 * size.share))):
                question, beginning = make_question(), chance.choice(SEARCHED)[: chance.randint(2, 6)]
                begun = time.perf_counter()
                found.append((await index.search(question)).total)
                between = time.perf_counter()
                await index.suggest(beginning, "en", 10)
                if number >= 60:
                    searches.append(between - begun)
                    suggestions.append(time.perf_counter() - between)
        finally:
            await sites.close()
        return searches, suggestions

    searches, suggestions = (Load(0, times=times) for times in asyncio.run(run()))
    found.sort()
    p95, other = searches.percentile_ms(0.95), suggestions.percentile_ms(0.95)
    name = f"text, 3 sections, radius, facets and highlights in {size.posts:,} documents, Postgres, in process"
    return [
        Row(name, "p95 <= 30 ms", f"p50 {searches.percentile_ms(0.5):.1f}, p95 {p95:.1f} ms ({found[len(found) // 2]} hits in the median)", p95 <= 30),
        Row("suggestions, in process", "p95 <= 10 ms", f"p50 {suggestions.percentile_ms(0.5):.1f}, p95 {other:.1f} ms", other <= 10),
    ]  # fmt: skip


def measure_uncached(folder: Path, size: Size) -> list[Row]:
    """Searches of which no layer has an answer."""
    chance, rate = random.Random(2), 400 * size.share
    with serve(folder) as (_, port):
        asyncio.run(run_load(port, rate / 4, 4, lambda _: make_get(make_search(chance))))
        load = asyncio.run(run_load(port, rate, size.seconds, lambda _: make_get(make_search(chance))))
    is_reached = load.rate >= rate * 0.99 and load.percentile_ms(0.95) <= 100 and load.failed == 0
    return [Row("the same by HTTP, uncached, one worker", "400 req/s, p95 <= 100 ms", load.row(), is_reached)]


def measure_repeated(folder: Path, size: Size) -> list[Row]:
    """19 of 20 are one of 200 searches."""
    chance, rate = random.Random(3), 3000 * size.share
    hot = [make_get(make_search(chance)) for _ in range(HOT)]
    with serve_valkey() as (url, _), serve(folder, url) as (_, port):
        asyncio.run(run_load(port, 100, 4, lambda number: hot[number % HOT]))
        load = asyncio.run(run_load(port, rate, size.seconds, lambda n: hot[n % HOT] if n % 20 else make_get(make_search(chance))))
    is_reached = load.rate >= rate * 0.99 and load.percentile_ms(0.95) <= 50 and load.failed == 0
    return [Row("95 % repeated, L1 + Redis", "3,000 req/s, p95 <= 50 ms", load.row(), is_reached)]


def measure_nginx(folder: Path, size: Size) -> list[Row]:
    """Static pages by the configuration that `cms target config` writes."""
    if shutil.which("nginx") is None:
        return [Row("static pages by nginx", "30,000 req/s", "not measured: nginx is not installed", None)]
    rate, total = 30_000 * size.share, int(1_000_000 * size.share)
    with tempfile.TemporaryDirectory() as name:
        port = find_port()
        command = [sys.executable, "-m", "cms_ssg", "-C", str(folder), "target", "config", "nginx", "--listen", str(port)]
        Path(name, "site.conf").write_text(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        Path(name, "nginx.main").write_text(
            f"{'user root;' if os.getuid() == 0 else ''} daemon off; pid {name}/pid; error_log {name}/error.log; worker_processes 1; events {{ worker_connections 1024; }} "
            f"http {{ access_log off; keepalive_requests 10000000; open_file_cache max=2000; include {name}/site.conf; }}"
        )
        with subprocess.Popen(["nginx", "-c", f"{name}/nginx.main"]) as process:
            time.sleep(1)
            try:
                load = run_pipelined(port, rate, total, [f"/p{number}/" for number in range(min(500, size.posts))])
            finally:
                process.terminate()
    is_reached = load.rate >= rate * 0.99 and load.percentile_ms(0.95) <= 20 and load.failed == 0
    figure = f"{load.row()}; 16 requests at once on each connection"
    return [Row("static pages by nginx, our configuration", "30,000 req/s, p95 <= 20 ms, 0 errors in 1,000,000", figure, is_reached)]


def measure_hot(folder: Path, size: Size) -> list[Row]:
    """One key, asked for all the time, that is made stale three times."""
    from cms_ssg.store.open_store import open_store

    raised = 3
    with serve(folder) as (_, port), open_store(folder, "") as (_, connection, row):
        fetch(port, "/api/bench/hot")

        def raise_tag() -> None:
            connection.execute("SELECT cms.raise_tags(%s, ARRAY['bench'])", (row.id,))

        events = [(size.seconds * (number + 1) / (raised + 1), raise_tag) for number in range(raised)]
        before = int(fetch(port, "/api/bench/hot"))
        load = asyncio.run(
            run_load(port, 2000 * size.share, size.seconds, lambda _: make_get("/api/bench/hot"), connections=1024, events=events)
        )
        count = int(fetch(port, "/api/bench/hot")) - before
    name = "a hot key ends under 2,000 req/s, 300 ms to compute"
    return [Row(name, "<= 2 computations", f"{count} computations after it ended {raised} times; {load.row()}", count <= 2 * raised)]


def measure_streams(folder: Path, size: Size) -> list[Row]:
    """Idle streams with an event a second."""
    with serve(folder) as (process, port):
        figure, late_ms, each_kib, kept = asyncio.run(_measure_streams(process.pid, port, size, max(20, int(5000 * size.share))))
    target = "p95 <= 1 s, <= 40 KiB each, back to the base after"
    return [Row("idle streams, 1 update a second", target, figure, late_ms <= 1000 and each_kib <= 40 and kept)]


async def _measure_streams(pid: int, port: int, size: Size, count: int) -> tuple[str, float, float, bool]:
    late: list[float] = []

    async def follow() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=4096)
        writer.write(make_get("/api/bench/stream"))
        try:
            while line := await reader.readline():
                if line.startswith(b"data: "):
                    late.append(time.time() - float(line[6:]))
        finally:
            writer.close()

    async def wave(seconds: float) -> int:
        tasks = []
        for number in range(count):
            tasks.append(asyncio.create_task(follow()))
            if number % 100 == 99:
                await asyncio.sleep(0.1)
        await asyncio.sleep(3)
        late.clear()
        await asyncio.sleep(seconds)
        during_kb = memory_kb(pid)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(8)
        return during_kb

    before_kb = memory_kb(pid)
    during_kb = await wave(size.seconds)
    after_kb, measured = memory_kb(pid), Load(0, times=list(late))
    again_kb = await wave(3)
    each_kib, p95 = (during_kb - before_kb) / count, measured.percentile_ms(0.95)
    kept = after_kb <= before_kb + (during_kb - before_kb) * 0.2
    memory = f"{before_kb // 1024}, with them {during_kb // 1024}, after {after_kb // 1024}, with as many again {again_kb // 1024} MB"
    figure = f"{count:,} streams, {len(measured.times):,} events, p95 {p95:.0f} ms late, {each_kib:.1f} KiB each; memory before {memory}"
    return figure, p95, each_kib, kept
