"""An open-model load generator for HTTP on one machine: requests are due at fixed times whether the server keeps up or not.

A request's time counts from when it was due, so that a server that stalls cannot hide it by slowing whoever asks (coordinated omission).
"""

from __future__ import annotations

import asyncio
import resource
import select
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Check = Callable[[int, "bytes | bytearray"], bool]
"""Whether the answer to the nth request, with its head, is right."""


@dataclass
class Load:
    """What became of a load. times: seconds of each answer from when it was due; statuses: 0 where there was no answer; wrong: answers that
    are not what they should be; failed_at: seconds from the begin of the load of each that failed.
    """

    wanted_rate: float
    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    cpu_share: float = 0.0
    wrong: int = 0
    failed_at: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers a second that were good, until the last one came."""
        return (self.count - self.failed) / max(self.seconds, 0.001)

    @property
    def count(self) -> int:
        return sum(self.statuses.values())

    @property
    def failed(self) -> int:
        return sum(count for status, count in self.statuses.items() if not 200 <= status < 400)

    def percentile_ms(self, part: float) -> float:
        """Of the times of answers."""
        times = sorted(self.times) or [0.0]
        return times[min(len(times) - 1, int(len(times) * part))] * 1000

    def row(self) -> str:
        """One line for people."""
        p50, p95, p99 = (self.percentile_ms(part) for part in (0.5, 0.95, 0.99))
        others = {status: count for status, count in self.statuses.items() if status != 200 and count}
        return (
            f"{self.rate:,.0f} req/s of {self.wanted_rate:,.0f}, p50 {p50:.1f}, p95 {p95:.1f}, p99 {p99:.1f} ms, {self.failed} failed of {self.count:,}"
            + (f" {others}" if others else "") + f", generator {self.cpu_share:.0%} of a processor"
        )  # fmt: skip


class _Connection(asyncio.Protocol):
    """One connection: a request at a time. Answers must have a Content-Length, or none with 204 and 304."""

    def __init__(self, pool: _Pool) -> None:
        self.pool = pool
        self.due, self.number = 0.0, 0
        self.data = bytearray()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.pool.take_back(self)

    def send(self, due: float, request: bytes, number: int) -> None:
        assert self.transport is not None
        self.due, self.number = due, number
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
        self.pool.answered(self.due, status, self.number, self.data)
        self.data.clear()
        self.due = 0.0
        if b"\r\nconnection: close" in head:
            return
        self.pool.take_back(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.pool.lost(self)


class _Pool:
    def __init__(self, host: str, port: int, size: int, load: Load, check: Check | None) -> None:
        self.host, self.port, self.size, self.load, self.check = host, port, size, load, check
        self.begun = time.perf_counter()
        self.idle: deque[_Connection] = deque()
        self.waiting: deque[tuple[float, bytes, int]] = deque()
        self.open = self.unanswered = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, due: float, request: bytes, number: int) -> None:
        self.unanswered += 1
        while self.idle:
            connection = self.idle.pop()
            if connection.transport is not None and not connection.transport.is_closing():
                connection.send(due, request, number)
                return
        self.waiting.append((due, request, number))
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
                due, _, number = self.waiting.popleft()
                self.answered(due, 0, number, b"")

    def take_back(self, connection: _Connection) -> None:
        if self.waiting:
            connection.send(*self.waiting.popleft())
        else:
            self.idle.append(connection)

    def answered(self, due: float, status: int, number: int, answer: bytes | bytearray) -> None:
        self.unanswered -= 1
        now = time.perf_counter()
        self.load.times.append(now - due)
        self.load.statuses[status] += 1
        if not 200 <= status < 400:
            self.load.failed_at.append(now - self.begun)
        elif self.check is not None and not self.check(number, answer):
            self.load.wrong += 1

    def lost(self, connection: _Connection) -> None:
        self.open -= 1
        if connection.due:
            self.answered(connection.due, 0, connection.number, b"")
        if self.waiting and self.open < self.size:
            self._connect()


async def run_load(
    port: int, rate: float, seconds: float, next_request: Callable[[int], bytes], connections: int = 64,
    events: Sequence[tuple[float, Callable[[], object]]] = (), check: Check | None = None,
) -> Load:  # fmt: skip
    """Send requests at a rate for so long. next_request: the bytes of the nth; events: (second, what to do then, in a thread); check: whether
    the answer to the nth is right.
    """
    load = Load(rate)
    pool = _Pool("127.0.0.1", port, connections, load, check)
    loop = asyncio.get_running_loop()
    begun, cpu = time.perf_counter(), _cpu_s()
    waiting, doing = deque(sorted(events, key=lambda event: event[0])), []
    number = 0
    while (now := time.perf_counter() - begun) < seconds:
        while waiting and waiting[0][0] <= now:
            doing.append(loop.run_in_executor(None, waiting.popleft()[1]))
        while number < now * rate:
            pool.ask(begun + number / rate, next_request(number), number)
            number += 1
        await asyncio.sleep(min(0.002, 1 / rate))
    await asyncio.gather(*doing)
    until = time.perf_counter() + 10
    while pool.unanswered and time.perf_counter() < until:  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0.01)
    load.seconds = max(seconds, time.perf_counter() - begun)
    load.statuses[0] += pool.unanswered
    load.cpu_share = (_cpu_s() - cpu) / (time.perf_counter() - begun)
    return load


def run_pipelined(port: int, rate: float, total: int, paths: Sequence[str], depth: int = 16, connections: int = 32) -> Load:
    """So many requests at a rate, `depth` of them at once on a connection, so that whoever asks needs little of the machine. Every answer is
    counted by its status line and the length of all that came. A batch's time is from when its first request was due.
    """
    load, pages = Load(rate), {path: _fetch_whole(port, path) for path in paths}
    batches = []
    for start in range(0, len(paths), depth):
        part = [paths[(start + place) % len(paths)] for place in range(depth)]
        batches.append((b"".join(map(make_get, part)), sum(len(pages[path]) for path in part)))
    poll, sockets, idle, busy = select.epoll(), {}, deque(), {}
    for _ in range(connections):
        one = socket.create_connection(("127.0.0.1", port))
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        one.setblocking(False)
        sockets[one.fileno()] = one
        poll.register(one.fileno(), select.EPOLLIN)
        idle.append(one.fileno())
    begun, cpu, sent = time.perf_counter(), _cpu_s(), 0
    while (sent < total or busy) and time.perf_counter() - begun < total / rate + 60:
        while sent < total and idle and sent <= (time.perf_counter() - begun) * rate:
            number = idle.popleft()
            request, length = batches[sent // depth % len(batches)]
            sockets[number].sendall(request)
            busy[number] = [begun + sent / rate, length, 0]
            sent += depth
        for number, _ in poll.poll(0.0005):
            data = sockets[number].recv(1 << 20)
            waiting = busy.get(number)
            if waiting is None or not data:
                load.statuses[0] += depth
                poll.unregister(number)
                continue
            waiting[1] -= len(data)
            waiting[2] += data.count(b"HTTP/1.1 200 OK\r\n")
            if waiting[1] <= 0:
                load.times.append(time.perf_counter() - waiting[0])
                good = int(waiting[2]) if waiting[1] == 0 else 0
                load.statuses[200] += good
                load.statuses[0] += depth - good
                del busy[number]
                idle.append(number)
    load.statuses[0] += len(busy) * depth
    load.seconds = time.perf_counter() - begun
    load.cpu_share = (_cpu_s() - cpu) / load.seconds
    for one in sockets.values():
        one.close()
    return load


def _fetch_whole(port: int, path: str) -> bytes:
    """An answer with its head, as it comes on a connection that stays open."""
    with socket.create_connection(("127.0.0.1", port), 10) as one:
        one.sendall(make_get(path))
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0 or len(data) < end + 4 + _find_length(data[:end]):
            more = one.recv(1 << 16)
            if not more:
                raise RuntimeError(f"{path}: no answer")
            data += more
    if not data.startswith(b"HTTP/1.1 200 OK\r\n") or data.count(b"HTTP/1.1 200 OK\r\n") != 1:
        raise RuntimeError(f"{path}: {data[:100]!r}")
    return data


def _find_length(head: bytes) -> int:
    at = head.lower().find(b"\r\ncontent-length:")
    return int(head[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


def make_get(path: str, host: str = "localhost", more: str = "") -> bytes:
    """The bytes of a GET."""
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n".encode()


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
