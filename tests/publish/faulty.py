"""A proxy in front of a store that fails as stores do: it is busy, it does not answer, it answers into the void."""

from __future__ import annotations

import http.client
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import accumulate
from typing import Any
from urllib.parse import urlsplit

BUSY = b'<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>'
SKEWED = b'<?xml version="1.0"?><Error><Code>RequestTimeTooSkewed</Code><Message>The difference is too large.</Message></Error>'
TOO_LARGE = b'<?xml version="1.0"?><Error><Code>InvalidRequest</Code><Message>The copy source is larger than 5368709120.</Message></Error>'
SIGNED_WRONG = b'<?xml version="1.0"?><Error><Code>SignatureDoesNotMatch</Code><Message>Check your key.</Message></Error>'
ELSEWHERE = (
    b'<?xml version="1.0"?><Error><Code>AuthorizationHeaderMalformed</Code>'
    b"<Message>the region 'us-east-1' is wrong; expecting 'eu-west-1'</Message><Region>eu-west-1</Region></Error>"
)
KEY_TOO_LONG = b'<?xml version="1.0"?><Error><Code>KeyTooLongError</Code><Message>Your key is too long</Message></Error>'
INVALID = b'<?xml version="1.0"?><Error><Code>InvalidRequest</Code><Message>Not like this</Message></Error>'
DENIED = b'<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'


class FaultyStore(ThreadingHTTPServer):
    """busy, silent, lost: share of the requests that meet each; slow_s: how long silence lasts; clock_s: how far its clock is ahead. counts: requests by
    method and by fault; most: requests that were under way at once; denied: what in an address is refused, by which refusal;
    muted: what in it is met with silence; uncopied: source of a copy that counts as too large for one; unlisted: the key lacks s3:ListBucket, so that
    what is not there is denied; unwritten: part of a key -> (status, body) that writing or removing it is refused with, for the first such key alone where
    chosen is a dictionary; dropped: header that is ignored."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, behind: str, busy: float, silent: float, lost: float, slow_s: float, clock_s: float) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behind, self.busy, self.silent, self.lost, self.slow_s, self.clock_s = behind, busy, silent, lost, slow_s, clock_s
        self.random, self.lock, self.counts = random.Random(1), threading.Lock(), Counter[str]()
        self.refusal = DENIED
        self.unlisted, self.dropped = False, ""
        self.chosen: dict[str, str] | None = None
        self.unwritten: dict[str, tuple[int, bytes]] = {}
        self.under_way, self.most, self.denied, self.muted, self.uncopied = 0, 0, "", "", ""

    def choose(self, method: str) -> str:
        with self.lock:
            self.counts[method] += 1
            at = self.random.random()
            shares = zip(("busy", "silent", "lost"), accumulate((self.busy, self.silent, self.lost)), strict=True)
            fault = next((name for name, share in shares if at < share), "")
            self.counts[fault] += 1
            return fault


class Handler(BaseHTTPRequestHandler):
    """Hands a request on, or not."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer is one packet
    disable_nagle_algorithm = True
    server: FaultyStore

    def setup(self) -> None:
        super().setup()
        self.behind = http.client.HTTPConnection(urlsplit(self.server.behind).netloc, timeout=60)  # as long as the client's to us

    def finish(self) -> None:
        super().finish()
        self.behind.close()

    def handle_expect_100(self) -> bool:
        go_on = super().handle_expect_100()
        self.wfile.flush()
        return go_on

    def log_message(self, *arguments: Any) -> None:
        pass

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string(time.time() + self.server.clock_s)

    def refuse(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def act(self) -> None:
        with self.server.lock:
            self.server.under_way += 1
            self.server.most = max(self.server.most, self.server.under_way)
        try:
            self.answer()
        finally:
            with self.server.lock:
                self.server.under_way -= 1

    def answer(self) -> None:
        fault = self.server.choose(self.command)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if abs(self.server.clock_s) > 15 * 60:  # as S3 does
            self.refuse(403, SKEWED)
            return
        if self.server.denied and self.server.denied in self.path:
            self.refuse(403, self.server.refusal)
            return
        if self.server.unlisted and self.command == "GET" and "list-type=" in self.path:
            self.refuse(403, DENIED)
            return
        for part, (status, refusal) in self.server.unwritten.items():
            if part in self.path and self.command in ("PUT", "DELETE", "POST"):
                if self.server.chosen is not None and self.server.chosen.setdefault(part, self.path) != self.path:
                    continue
                self.server.counts["unwritten"] += 1
                self.refuse(status, refusal)
                return
        if self.server.uncopied and self.server.uncopied in self.headers.get("x-amz-copy-source", ""):
            self.refuse(400, TOO_LARGE)
            return
        if fault == "busy":
            self.refuse(503, BUSY)
            return
        if fault == "silent" or (self.server.muted and self.server.muted in self.path):
            time.sleep(self.server.slow_s)
            self.close_connection = True
            return
        self.behind.request(
            self.command, self.path, body, {n: v for n, v in self.headers.items() if n not in ("Expect", self.server.dropped)}
        )
        answer = self.behind.getresponse()
        data = answer.read()
        if self.server.unlisted and answer.status == 404 and self.command in ("GET", "HEAD", "PUT"):
            self.refuse(403, DENIED)
            return
        if fault == "lost":
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "content-length", "server", "date"):
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(data))
        self.send_header("Content-Length", length or "0")
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = act  # noqa: N815 - as http.server calls them


@contextmanager
def serve_faulty(
    behind: str, *, busy: float = 0, silent: float = 0, lost: float = 0, slow_s: float = 1, clock_s: float = 0
) -> Iterator[FaultyStore]:  # fmt: skip
    store = FaultyStore(behind, busy, silent, lost, slow_s, clock_s)
    thread = threading.Thread(target=store.serve_forever, daemon=True)
    thread.start()
    try:
        yield store
    finally:
        store.shutdown()
        store.server_close()
        thread.join()
