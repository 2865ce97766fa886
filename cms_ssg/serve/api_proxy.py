"""What ``cms serve`` does not find in the output folder because the API answers it: starts the API in the background and passes requests on."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import IO, Any, Final

from cms_ssg.config.settings import Settings
from cms_ssg.site import SEEN_AT

START_S: Final = 25.0
"""How long a request waits for an API that is starting; on a busy machine it goes on starting for the next requests."""

AGAIN_S: Final = 5.0
"""An API that ended is not started more often."""

LARGEST_BODY: Final = 100 << 20
"""The API has limits of its own."""

KEPT_HEADERS: Final = frozenset({"connection", "date", "server", "keep-alive", "transfer-encoding"})
"""Headers of an answer that are each server's own."""


class ApiBehind:
    """A ``cms api`` of this site in a process of its own. It ends with this one, and starts anew when site.toml changes."""

    def __init__(self, root: Path, settings: Settings, env: str, base_path: str, *, only_desk: bool = False, seen_at: str = "") -> None:
        """only_desk: the site has nothing else that the API would answer, so all other paths are its own; seen_at: where the site is served."""
        self.only_desk = only_desk
        self.seen_at = seen_at.rstrip("/")
        self.root, self.env, self.base_path = root, env, base_path
        self.search_paths = {
            f"{base_path}{locale.prefix or ''}/search" for locale in settings.locales if not (settings.search and settings.search.is_static)
        }
        self._process: subprocess.Popen[str] | None = None
        self._port = 0
        self._has_said = threading.Event()
        self._started = (-AGAIN_S, 0)
        self._lock = threading.Lock()

    def is_meant(self, path: str) -> bool:
        """Whether a path is the API's."""
        if path == f"{self.base_path}/desk" or path.startswith(f"{self.base_path}/desk/"):
            return True
        return not self.only_desk and (
            path.startswith((f"{self.base_path}/api/", f"{self.base_path}/docs/"))
            or path in self.search_paths
            or path == f"{self.base_path}/docs"
        )

    def answer(self, handler: BaseHTTPRequestHandler) -> bool:
        """Pass a request on. False where the API does not answer it, so that what is in the output folder can."""
        path = handler.path.partition("?")[0]
        if not self.is_meant(path) or (port := self._find_port()) == 0:
            return False
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            length = handler.headers.get("Content-Length", "0")
            body = handler.rfile.read(min(int(length), LARGEST_BODY)) if length.isdigit() and int(length) else None
            headers = {
                name: value
                for name, value in handler.headers.items()
                if name.lower() not in ("connection", "accept-encoding", "content-length")
            }
            headers["X-Forwarded-For"] = str(handler.client_address[0])
            connection.request(handler.command, handler.path, body, headers)
            response = connection.getresponse()
        except (OSError, http.client.HTTPException, ValueError):
            connection.close()
            return False
        try:
            self._send(handler, response)
        finally:
            connection.close()
        return True

    def _send(self, handler: BaseHTTPRequestHandler, response: http.client.HTTPResponse) -> None:
        handler.send_response(response.status)
        for name, value in response.getheaders():
            if name.lower() not in KEPT_HEADERS:
                handler.send_header(name, value)
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.close_connection = True
        while data := response.read1(65_536):
            handler.wfile.write(data)
            handler.wfile.flush()

    def start(self) -> None:
        """Begin to start it, without waiting."""
        threading.Thread(target=self._find_port, daemon=True).start()

    def stop(self) -> None:
        """End it."""
        with self._lock:
            self._end()

    def _find_port(self) -> int:
        with self._lock:
            stamp = self._read_stamp()
            is_running = self._process is not None and self._process.poll() is None
            if is_running and stamp != self._started[1]:
                self._end()
                is_running = False
            if not is_running and time.monotonic() > self._started[0] + (AGAIN_S if stamp == self._started[1] else 0):
                self._started = (time.monotonic(), stamp)
                self._begin()
            if self._process is None or not self._has_said.wait(START_S):
                return 0
            return self._port if self._process.poll() is None else 0

    def _begin(self) -> None:
        """Start the process, and have the address that it prints read."""
        environment = ["--env", self.env] if self.env else []
        command = [sys.executable, "-m", "cms_ssg", "-C", str(self.root), *environment, "--json", "--log-level", "warning", "api"]
        self._process = subprocess.Popen(
            [*command, "--port", "0", "--quiet", "--with-parent"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
            env={**os.environ, SEEN_AT: self.seen_at},
        )  # fmt: skip
        self._port, self._has_said = 0, threading.Event()
        threading.Thread(target=self._read_port, args=(self._process.stdout, self._has_said), daemon=True).start()

    def _read_port(self, output: IO[str], has_said: threading.Event) -> None:
        """Read the line that says the address; a process that ends before prints none."""
        try:
            value: dict[str, Any] = json.loads(output.readline())
            port = int(str(value["url"]).rstrip("/").rpartition(":")[2])
        except (KeyError, ValueError):  # ended, or its output was closed
            port = 0
        if has_said is self._has_said:
            self._port = port
        has_said.set()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()  # tells it to end
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()  # last: a thread may be reading it

    def _read_stamp(self) -> int:
        try:
            return (self.root / "site.toml").stat().st_mtime_ns
        except OSError:
            return 0
