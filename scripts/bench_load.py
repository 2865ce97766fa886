"""An open-model load generator for HTTP on one machine: requests are due at fixed times whether the server keeps up or not.

A request's time counts from when it was due, so that a server that stalls cannot hide it by slowing whoever asks (coordinated omission).
"""

from __future__ import annotations

import asyncio
import resource
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass
class Load:
    """What became of a load. times: seconds of each answer from when it was due; statuses: 0 where there was no answer."""

    wanted_rate: float
    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    cpu_share: float = 0.0

    def row(self) -> str:
        """One line for people."""
        times = sorted(self.times) or [0.0]
        p50, p95, p99 = (times[min(len(times) - 1, int(len(times) * part))] * 1000 for part in (0.5, 0.95, 0.99))
        failed = sum(count for status, count in self.statuses.items() if not 200 <= status < 400)
        return (
            f"{len(self.times) / max(self.seconds, 0.001):,.0f} of {self.wanted_rate:,.0f} req/s, p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms, "
            f"{failed} failed of {sum(self.statuses.values()):,} {dict(self.statuses)}, generator {self.cpu_share:.0%} of a processor"
        )


class _Connection(asyncio.Protocol):
    """One connection: a request at a time. Answers must have a Content-Length, or none with 204 and 304."""

    def __init__(self, pool: _Pool) -> None:
        self.pool = pool
        self.due = 0.0
        self.data = bytearray()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.pool.take_back(self)

    def send(self, due: float, request: bytes) -> None:
        assert self.transport is not None
        self.due = due
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.data += data
        end = self.data.find(b"\r\n\r\n")
        if end < 0:
            return
        status, head = int(self.data[9:12]), self.data[:end].lower()
        at = head.find(b"\r\ncontent-length:")
        length = int(head[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self.data) < end + 4 + length:
            return
        self.data.clear()
        self.pool.answered(self.due, status)
        self.due = 0.0
        if b"\r\nconnection: close" in head:
            return
        self.pool.take_back(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.pool.lost(self)


class _Pool:
    def __init__(self, host: str, port: int, size: int, load: Load) -> None:
        self.host, self.port, self.size, self.load = host, port, size, load
        self.idle: deque[_Connection] = deque()
        self.waiting: deque[tuple[float, bytes]] = deque()
        self.open = self.unanswered = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, due: float, request: bytes) -> None:
        self.unanswered += 1
        while self.idle:
            connection = self.idle.pop()
            if connection.transport is not None and not connection.transport.is_closing():
                connection.send(due, request)
                return
        self.waiting.append((due, request))
        if self.open < self.size:
            self._connect()

    def _connect(self) -> None:
        self.open += 1
        task = asyncio.get_running_loop().create_task(self._open())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: _Connection(self), self.host, self.port)
        except OSError:
            self.open -= 1
            if self.waiting:
                due, _ = self.waiting.popleft()
                self.answered(due, 0)

    def take_back(self, connection: _Connection) -> None:
        if self.waiting:
            connection.send(*self.waiting.popleft())
        else:
            self.idle.append(connection)

    def answered(self, due: float, status: int) -> None:
        self.unanswered -= 1
        self.load.times.append(time.perf_counter() - due)
        self.load.statuses[status] += 1

    def lost(self, connection: _Connection) -> None:
        self.open -= 1
        if connection.due:
            self.answered(connection.due, 0)
        if self.waiting and self.open < self.size:
            self._connect()


async def run_load(
    port: int, rate: float, seconds: float, next_request: Callable[[int], bytes], connections: int = 64, events: Sequence[tuple[float, Callable[[], object]]] = ()
) -> Load:  # fmt: skip
    """Send requests at a rate for so long. next_request: the bytes of the nth; events: (second, what to do then, in a thread)."""
    load = Load(rate)
    pool = _Pool("127.0.0.1", port, connections, load)
    loop = asyncio.get_running_loop()
    begun, cpu = time.perf_counter(), _cpu_s()
    waiting, doing = deque(sorted(events, key=lambda event: event[0])), []
    number = 0
    while (now := time.perf_counter() - begun) < seconds:
        while waiting and waiting[0][0] <= now:
            doing.append(loop.run_in_executor(None, waiting.popleft()[1]))
        while number < now * rate:
            pool.ask(begun + number / rate, next_request(number))
            number += 1
        await asyncio.sleep(min(0.002, 1 / rate))
    await asyncio.gather(*doing)
    until = time.perf_counter() + 10
    while pool.unanswered and time.perf_counter() < until:  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0.01)
    load.seconds = seconds
    load.statuses[0] += pool.unanswered
    load.cpu_share = (_cpu_s() - cpu) / (time.perf_counter() - begun)
    return load


def make_get(path: str, host: str = "localhost", more: str = "") -> bytes:
    """The bytes of a GET."""
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n".encode()


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
