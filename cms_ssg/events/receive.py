"""``cms hooks serve``: takes in signed messages of pushes and builds, one build at a time. docs/extending.md says how to set it up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from psycopg import OperationalError

from cms_ssg.config.settings import Receiver
from cms_ssg.content.git.run import REPOSITORY_VARIABLES
from cms_ssg.errors import CmsError, fail
from cms_ssg.events.pushes import Verdict, judge
from cms_ssg.store import received as store
from cms_ssg.store.connect import connect

MOST_BYTES: Final = 1 << 20
PATIENCE_S: Final = 10.0
"""For a whole request."""

MOST_AT_ONCE: Final = 16
PULL_TIMEOUT_S: Final = 300
BUILD_TIMEOUT_S: Final = 6 * 3600
AGAIN_S: Final = 60.0
FOR_NOW: Final = frozenset({"build.busy", "build.lease-lost", "db.unreachable", "db.busy", "db.lost"})
"""A build that failed for one of these is tried again after AGAIN_S."""

KEPT_DAYS: Final = 30


@dataclass
class Builder:
    """Pulls and builds in a thread of its own, once for all that was received before it began. options: more of them for ``cms build``."""

    root: Path
    env: str
    url: str
    site_id: int
    receiver: Receiver
    note: Callable[[str], None]
    options: tuple[str, ...] = ()
    state: dict[str, Any] = field(default_factory=lambda: {"status": "ok", "building": False, "last": "nothing yet", "builds": 0})
    _asked: threading.Event = field(default_factory=threading.Event)
    _ended: threading.Event = field(default_factory=threading.Event)
    _child: subprocess.Popen[bytes] | None = None

    def ask(self) -> None:
        """Something was received."""
        self._asked.set()

    def end(self) -> None:
        """Start nothing more; a build that goes on is told to stop. What was accepted stays in the database."""
        self._ended.set()
        self._asked.set()
        child = self._child
        if child is not None and child.poll() is None:
            child.terminate()

    def run(self) -> None:
        """Until end is called. What an earlier life of this process accepted comes first."""
        self._asked.set()
        while not self._ended.is_set():
            self._asked.wait(AGAIN_S)
            self._asked.clear()
            if self._ended.is_set():
                return
            try:
                self._answer_waiting()
            except (CmsError, OperationalError) as error:
                self._fail(f"the database did not answer: {str(error).splitlines()[0]}")

    def _answer_waiting(self) -> None:
        with connect(self.url, autocommit=True) as connection:
            waiting = store.list_waiting(connection, self.site_id)
        if not waiting:
            return
        self.state["building"] = True
        try:
            outcome, is_over = self._pull_and_build()
        finally:
            self.state["building"] = False
        if is_over:
            with connect(self.url, autocommit=True) as connection:
                connection.execute(store.DONE, (outcome, waiting))
                connection.execute(store.FORGET_OLD, (self.site_id, KEPT_DAYS))

    def _pull_and_build(self) -> tuple[str, bool]:
        """(what it came to, whether that is an answer to what was received; otherwise it is tried again)."""
        if self.receiver.pull:
            code, _ = self._run(["git", "pull", "--ff-only", "--quiet"], PULL_TIMEOUT_S)
            if code is None:
                return "ended", False
            if code:
                return self._fail(f"git pull --ff-only ended with {code}"), True
        command = [
            sys.executable,
            "-m",
            "cms_ssg",
            "build",
            "--json",
            "-C",
            str(self.root),
            *(["--env", self.env] if self.env else []),
            *self.options,
        ]
        code, said = self._run(command, BUILD_TIMEOUT_S)
        self.state["builds"] += 1
        if code is None:
            return "ended", False
        if code not in (0, 3):
            codes = _read_codes(said)
            return self._fail(f"cms build ended with {code}: {' '.join(codes)}"), not FOR_NOW.intersection(codes)
        outcome = "built" if code == 0 else "built; something was left out"
        self.state.update(status="ok", last=outcome)
        self.note(outcome)
        return outcome, True

    def _run(self, command: list[str], timeout_s: float) -> tuple[int | None, bytes]:
        """A command's exit code, None where this receiver was told to end, and what it printed. Its errors go to stderr."""
        environ = {name: value for name, value in os.environ.items() if name not in REPOSITORY_VARIABLES} | {"GIT_TERMINAL_PROMPT": "0"}
        try:
            self._child = subprocess.Popen(command, cwd=self.root, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        except OSError as error:
            self.note(f"{command[0]} cannot be started: {error.strerror}")
            return 127, b""
        try:
            said, _ = self._child.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.communicate()
            return 124, b""
        return None if self._ended.is_set() else self._child.returncode, said

    def _fail(self, outcome: str) -> str:
        self.state.update(status="failed", last=outcome)
        self.note(outcome)
        return outcome


def _read_codes(said: bytes) -> list[str]:
    """The codes of the problems in a build's JSON."""
    try:
        return sorted({str(problem["code"]) for problem in json.loads(said)["problems"]})
    except (ValueError, KeyError, TypeError):
        return []


class ReceivingServer(ThreadingHTTPServer):
    """Takes in messages, MOST_AT_ONCE at a time."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], builder: Builder, secrets: tuple[str, ...]) -> None:
        self.builder, self.secrets = builder, secrets
        self.free = threading.BoundedSemaphore(MOST_AT_ONCE)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self.free.acquire(blocking=False):
            try:
                request.settimeout(0.5)
                request.sendall(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            except OSError:  # it has gone already
                pass
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        timer = threading.Timer(PATIENCE_S, self.shutdown_request, (request,))  # a header may come a byte at a time
        timer.daemon = True
        timer.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            timer.cancel()
            self.free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that hangs up, or is cut off, is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: ReceivingServer
    protocol_version = "HTTP/1.1"
    server_version = "cms"
    sys_version = ""
    timeout = PATIENCE_S

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/health":
            self._answer(404, {"message": "POST / takes messages, GET /health says how this is"})
            return
        state = self.server.builder.state
        self._answer(200 if state["status"] == "ok" else 503, state)

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or "Transfer-Encoding" in self.headers:
            self._answer(411, {"message": "the length of the body is not given"})
            return
        if int(length) > MOST_BYTES:
            self._answer(413, {"message": f"more than {MOST_BYTES:,} bytes"})
            return
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        verdict = judge(headers, body, self.server.builder.receiver, self.server.secrets, time.time())
        if verdict.names:
            verdict = self._keep(verdict)
        self._answer(verdict.status, {"message": verdict.text})
        if verdict.status == 202:
            self.server.builder.ask()

    def _keep(self, verdict: Verdict) -> Verdict:
        """Write it down before it is answered."""
        builder = self.server.builder
        try:
            with connect(builder.url, autocommit=True) as connection:
                is_new = store.add_received(connection, builder.site_id, verdict.source, verdict.names)
        except (CmsError, OperationalError):
            return Verdict(503, "the database does not answer; send it again")
        return verdict if is_new else Verdict(200, "received before")

    def _answer(self, status: int, value: dict[str, Any]) -> None:
        data = json.dumps(value).encode()
        self.close_connection = True
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not logged: anybody may send them."""


def serve(builder: Builder, secrets: tuple[str, ...], host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Listen until interrupted. secrets: of which one must have signed a message; on_ready: told the address.

    Raises CmsError hooks.secret, hooks.port.
    """
    if not secrets:
        hint = "Whoever knows the address could start builds. Set it to the secret that the sender signs with."
        raise fail("hooks.secret", f"the variable {builder.receiver.secret_env} is empty", place="site.toml", hint=hint)
    try:
        server = ReceivingServer((host, port), builder, secrets)
    except OSError as error:
        raise fail(
            "hooks.port", f"cannot listen at {host}:{port}: {error.strerror or error}", hint="Use another --host or --port."
        ) from None
    threads = [
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True),
        threading.Thread(target=builder.run, daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        on_ready(f"http://{server.server_address[0]!s}:{server.server_address[1]}/")
        while all(thread.is_alive() for thread in threads):
            time.sleep(0.2)
    finally:
        server.shutdown()
        server.server_close()
        builder.end()
        threads[1].join(30)
