"""A CDN in a thread: Cloudflare's and Fastly's interfaces with their documented limits, CloudFront's when it is full, and an edge cache
in front of an output folder. Its clock can be moved by hand."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from cms_ssg.publish.cdn import Clock

PLANS = {
    "free": (800, 5 / 60, 25, 100),
    "pro": (1500, 5.0, 25, 100),
    "business": (1500, 10.0, 50, 100),
    "enterprise": (3000, 50.0, 500, 500),
}
"""URLs in any second; calls by tag, prefix or everything a second, and at once; URLs a call."""


class HandClock(Clock):
    """A time that passes only when somebody sleeps. slept: how long in all."""

    def __init__(self) -> None:
        self.at, self.slept = datetime.now(UTC), 0.0

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.at += timedelta(seconds=seconds)


@dataclass
class Limits:
    """What Cloudflare's documents allow an account."""

    clock: Clock
    urls_a_second: int
    calls_a_second: float
    burst: float
    urls_a_call: int
    window: deque[tuple[datetime, int]] = field(default_factory=deque)
    tokens: float = 0.0
    at: datetime | None = None

    def take_urls(self, count: int) -> bool:
        """A moving second."""
        now = self.clock.now()
        while self.window and (now - self.window[0][0]).total_seconds() >= 1:
            self.window.popleft()
        if sum(n for _, n in self.window) + count > self.urls_a_second:
            return False
        self.window.append((now, count))
        return True

    def take_call(self) -> bool:
        """A bucket."""
        now = self.clock.now()
        self.tokens = (
            self.burst if self.at is None else min(self.burst, self.tokens + (now - self.at).total_seconds() * self.calls_a_second)
        )
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass
class FakeCdn:
    """calls: (kind, values) that were taken; refusals: answers of 429; fetches: paths that the edge asked the folder for; after_call: what to
    do when a call was taken; answers: (status, headers, body) to give to the next calls instead."""

    plan: str = "free"
    clock: Clock = field(default_factory=Clock)
    origin: Path = Path("/nowhere")
    calls: list[tuple[str, list[str]]] = field(default_factory=list)
    refusals: int = 0
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    fetches: list[str] = field(default_factory=list)
    cache: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    answers: list[tuple[int, dict[str, str], Any]] = field(default_factory=list)
    bad_urls: set[str] = field(default_factory=set)
    after_call: Callable[[], None] = lambda: None
    lock: Any = field(default_factory=threading.RLock)

    def __enter__(self) -> Self:
        self.limits = Limits(self.clock, *PLANS[self.plan])
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), {"cdn": self}))
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def url(self) -> str:
        """The edge's address."""
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    @property
    def api_url(self) -> str:
        return f"{self.url}/-api"

    def use(self, plan: str, clock: Clock) -> None:
        """Another plan, by another clock."""
        self.limits = Limits(clock, *PLANS[plan])

    def purged(self) -> list[str]:
        """Paths of URLs that were purged one by one, in order."""
        return [urlsplit(value).path for kind, values in self.calls if kind in ("files", "url") for value in values]

    def read(self, path: str) -> bytes:
        """What a visitor gets."""
        return self.visit(path)[1]

    def visit(self, path: str) -> tuple[int, bytes]:
        """What a visitor gets: from the cache, or from the folder and into the cache. Also what is not there is kept."""
        with self.lock:
            if path not in self.cache:
                self.fetches.append(path)
                file = self.origin / (unquote(path).lstrip("/") + ("index.html" if path.endswith("/") else ""))
                self.cache[path] = (200, file.read_bytes()) if file.is_file() else (404, b"not found")
            return self.cache[path]

    def forget(self, kind: str, values: list[str]) -> None:
        if kind in ("files", "url"):
            for value in values:
                self.cache.pop(urlsplit(value).path, None)
        elif kind == "prefixes":
            below = tuple(value.partition("/")[1] + value.partition("/")[2] for value in values)
            self.cache = {path: kept for path, kept in self.cache.items() if not path.startswith(below)}
        else:
            self.cache.clear()


class _Handler(BaseHTTPRequestHandler):
    cdn: FakeCdn
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        status, body = self.cdn.visit(self.path)
        self._answer(status, {}, body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        cdn = self.cdn
        with cdn.lock:
            cdn.asked.append((self.path, dict(self.headers)))
            if cdn.answers:
                status, headers, value = cdn.answers.pop(0)
                self._answer(status, headers, value if isinstance(value, bytes) else json.dumps(value).encode())
                return
            if self.path.startswith("/-api/zones/"):
                self._cloudflare(json.loads(body))
            else:
                self._fastly(json.loads(body) if body else {})

    def _cloudflare(self, body: dict[str, Any]) -> None:
        cdn, ((kind, values),) = self.cdn, body.items()
        if self.headers["Authorization"] != "Bearer secret-of-cloudflare":
            self._refuse(403, 10000, f"Authentication error for {self.headers['Authorization']}")
        elif kind == "files" and (len(values) > cdn.limits.urls_a_call or cdn.bad_urls & set(values)):
            self._refuse(400, 1012, "Request must contain only URLs of this zone")
        elif kind in ("tags", "prefixes") and len(values) > {"tags": 100, "prefixes": 30}[kind]:
            self._refuse(400, 1012, "too many")
        elif not (cdn.limits.take_urls(len(values)) if kind == "files" else cdn.limits.take_call()):
            cdn.refusals += 1
            self._refuse(429, 971, "rate limited", {"Retry-After": "1"})
        else:
            self._take(kind, values if isinstance(values, list) else [], {"success": True, "errors": [], "result": {"id": "x"}})

    def _fastly(self, body: dict[str, Any]) -> None:
        path = self.path.removeprefix("/-api")
        if self.headers["Fastly-Key"] != "secret-of-fastly":
            self._answer(401, {}, f"no such token {self.headers['Fastly-Key']}".encode())
        elif path.startswith("/purge/"):
            self._take("url", ["http://" + path.removeprefix("/purge/")], {"status": "ok"})
        elif path.endswith("/purge_all"):
            self._take("all", [], {"status": "ok"})
        elif len(body["surrogate_keys"]) > 256:
            self._answer(400, {}, b"too many keys")
        else:
            self._take("keys", body["surrogate_keys"], {"ok": "ok"})

    def _take(self, kind: str, values: list[str], answer: Any) -> None:
        self.cdn.calls.append((kind, values))
        self.cdn.forget(kind, values)
        self.cdn.after_call()
        self._answer(200, {}, json.dumps(answer).encode())

    def _refuse(self, status: int, code: int, message: str, headers: dict[str, str] | None = None) -> None:
        self._answer(status, headers or {}, json.dumps({"success": False, "errors": [{"code": code, "message": message}]}).encode())

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
