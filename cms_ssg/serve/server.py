"""A small local server for the output folder, with a live reload that it alone puts into pages."""

from __future__ import annotations

import os
import queue
import re
import threading
from collections.abc import Mapping
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from urllib.parse import quote, unquote_to_bytes

from cms_ssg.errors import fail
from cms_ssg.files.media_types import content_encoding
from cms_ssg.serve.answers import find_404, find_file, find_redirect, guess_type, parse_range, quote_path
from cms_ssg.serve.hosts import is_own_host, list_own_hosts

if TYPE_CHECKING:
    from cms_ssg.serve.api_proxy import ApiBehind

LIVE: Final = "/__live"
PORTS_TRIED: Final = 20
PING_S: Final = 15.0
AWAKE_S: Final = 0.5
"""No wait is longer: a Ctrl-C that comes just before one is noticed when it ends."""

SCRIPT: Final = (
    b"<script>if(!/Headless/.test(navigator.userAgent))(()=>{const s=new EventSource('/__live');let run;"
    b"s.addEventListener('run',e=>{if(run&&run!==e.data)location.reload();run=e.data});"
    b"s.addEventListener('reload',()=>location.reload())})()</script>"
)
"""Not for a browser that only takes pictures of pages: it waits for every answer to end, and this one never does."""
CHUNK: Final = 1 << 18
_BODY_END: Final = re.compile(rb"</body\s*>", re.IGNORECASE)


class SiteServer(ThreadingHTTPServer):
    """Serves one folder.

    base_path: of the site's base URL, "" or "/blog"; live: whether pages reload themselves; origin: of the base URL, which redirects in the
    folder name, and this server is at another.
    """

    daemon_threads = True
    allow_reuse_address = os.name == "posix"

    def __init__(self, address: tuple[str, int], folder: Path, base_path: str = "", live: bool = True, origin: str = "") -> None:
        self.folder = os.path.realpath(folder)
        self.base_path, self.origin = base_path, origin
        self.live = live
        self.own_hosts = list_own_hosts([address[0]])
        self.api: ApiBehind | None = None
        self.drafts: Mapping[str, tuple[bytes, str]] = {}
        self.run_id = f"{os.getpid()}-{os.urandom(4).hex()}"
        self._listeners: set[queue.SimpleQueue[str]] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def reload(self) -> None:
        """Tells every open page that something changed."""
        with self._lock:
            for listener in self._listeners:
                listener.put("reload")

    def listen(self) -> queue.SimpleQueue[str]:
        """A queue that hears of changes until forget is called."""
        listener: queue.SimpleQueue[str] = queue.SimpleQueue()
        with self._lock:
            self._listeners.add(listener)
        return listener

    def forget(self, listener: queue.SimpleQueue[str]) -> None:
        """The page that listened has gone."""
        with self._lock:
            self._listeners.discard(listener)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up is no news."""

    @property
    def url(self) -> str:
        """Where the site can be seen."""
        host, port = self.server_address[0], self.server_address[1]
        name = "localhost" if host in ("127.0.0.1", "::1", "0.0.0.0") else str(host)
        return f"http://{name}:{port}{self.base_path}/"


class _Handler(BaseHTTPRequestHandler):
    server: SiteServer
    protocol_version = "HTTP/1.1"
    server_version = "cms"
    sys_version = ""
    timeout = 60

    def do_GET(self) -> None:
        if not is_own_host(self.headers.get("Host"), self.server.own_hosts):
            said = b"This server answers to names of this machine. Another: cms serve --allow-host NAME\n"
            self._send(HTTPStatus.FORBIDDEN, said, "text/plain; charset=utf-8")
            return
        if self.server.api is not None and self.server.api.answer(self):
            return
        path = self.path.partition("?")[0].partition("#")[0]
        if path == LIVE and self.server.live:
            self._stream_changes()
            return
        inside = self._strip_base(path)
        if inside is None:
            self._redirect(f"{self.server.base_path}/") if path == "/" else self._send_missing("/")
            return
        if self._send_draft(inside):
            return
        file = find_file(self.server.folder, inside)
        if file is None:
            self._send_missing(inside)
        elif os.path.isdir(file):
            query = quote(self.path.partition("?")[2], safe="=&%+;,:@/?!$'()*~-._")
            self._redirect(f"{self.server.base_path}{quote_path(inside)}/" + (f"?{query}" if query else ""))
        else:
            self._send_file(file, HTTPStatus.OK)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        if not is_own_host(self.headers.get("Host"), self.server.own_hosts) or self.server.api is None or not self.server.api.answer(self):
            self._send(HTTPStatus.NOT_IMPLEMENTED, b"only the API takes this\n", "text/plain; charset=utf-8")

    do_PUT = do_PATCH = do_DELETE = do_POST  # noqa: N815 - names that the library asks for

    def _strip_base(self, path: str) -> str | None:
        base = self.server.base_path
        if base and path != base and not path.startswith(f"{base}/"):
            return None
        return path[len(base) :] or "/"

    def _send_draft(self, path: str) -> bool:
        """Give what shows drafts, which lies in no folder. Returns whether there is such a thing at the path."""
        drafts, text = self.server.drafts, unquote_to_bytes(path).decode("utf-8", "replace")
        if text in drafts:
            data, content_type = drafts[text]
            is_page = content_type.startswith("text/html")
            self._send(HTTPStatus.OK, add_script(data) if is_page and self._reloads() else data, content_type)
        elif f"{text}/" in drafts:
            self._redirect(f"{self.server.base_path}{quote_path(path)}/")
        return text in drafts or f"{text}/" in drafts

    def _send_file(self, file: str, status: HTTPStatus) -> None:
        content_type = guess_type(file)
        is_page = content_type.startswith("text/html")
        try:
            with open(file, "rb") as opened:
                if not is_page:
                    self._send_opened(opened, status, content_type)
                    return
                data = opened.read()
        except OSError:  # it went between the look and the reading
            self._send(HTTPStatus.NOT_FOUND, b"not found\n", "text/plain; charset=utf-8")
            return
        encoding = content_encoding(file, data)
        if (path := find_redirect(data, self.server.origin)) and status == HTTPStatus.OK:
            self._redirect(path)
        else:
            self._send(status, add_script(data) if self._reloads() and not encoding else data, content_type, encoding)

    def _reloads(self) -> bool:
        """Whether the live reload belongs into what is asked for: not into fragments, which are parts of pages that have it."""
        return self.server.live and not self.path.startswith(f"{self.server.base_path}/fragments/")

    def _send_opened(self, opened: BinaryIO, status: HTTPStatus, content_type: str) -> None:
        """A file, or the part of it that was asked for: browsers play a video only from a server that knows parts (RFC 9110, 14)."""
        stat = os.fstat(opened.fileno())
        tag, changed = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"', formatdate(stat.st_mtime, usegmt=True)
        part = None
        if status == HTTPStatus.OK and self.headers.get("If-Range", tag) in (tag, changed):
            part = parse_range(self.headers.get("Range", ""), stat.st_size)
        extra = {"Accept-Ranges": "bytes", "ETag": tag, "Last-Modified": changed}
        if encoding := content_encoding(opened.name, opened.read(4)):
            extra["Content-Encoding"] = encoding
        if part is not None:
            status = HTTPStatus.PARTIAL_CONTENT if part else HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
            extra["Content-Range"] = f"bytes {part[0]}-{part[-1]}/{stat.st_size}" if part else f"bytes */{stat.st_size}"
        else:
            part = range(stat.st_size)
        self._begin(status, len(part), content_type, extra)
        if self.command == "HEAD" or not part:
            return
        opened.seek(part[0])
        left = len(part)
        while left and (data := opened.read(min(left, CHUNK))):
            self.wfile.write(data)
            left -= len(data)
        self.close_connection = self.close_connection or left > 0  # it was cut meanwhile, and less was sent than was said

    def _send_missing(self, path: str) -> None:
        page = find_404(self.server.folder, path)
        if page:
            self._send_file(page, HTTPStatus.NOT_FOUND)
        else:
            self._send(HTTPStatus.NOT_FOUND, b"not found\n", "text/plain; charset=utf-8")

    def _redirect(self, path: str) -> None:
        self.send_response(HTTPStatus.MOVED_PERMANENTLY)
        self.send_header("Location", path)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, status: HTTPStatus, data: bytes, content_type: str, encoding: str = "") -> None:
        self._begin(status, len(data), content_type, {"Content-Encoding": encoding} if encoding else {})
        if self.command != "HEAD":
            self.wfile.write(data)

    def _begin(self, status: HTTPStatus, size: int, content_type: str, extra: Mapping[str, str]) -> None:
        self.send_response(status)
        headers = {
            "Content-Type": content_type,
            "Content-Length": str(size),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        for name, value in {**headers, **extra}.items():
            self.send_header(name, value)
        self.end_headers()

    def _stream_changes(self) -> None:
        """Server-sent events: ``run`` names this server's life, ``reload`` says that pages changed."""
        self.close_connection = True
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "HEAD":
            return
        listener = self.server.listen()
        try:
            self._say(f"retry: 500\nevent: run\ndata: {self.server.run_id}\n\n")
            while True:
                try:
                    self._say(f"event: {listener.get(timeout=PING_S)}\ndata: 1\n\n")
                except queue.Empty:
                    self._say(": still here\n\n")
        except OSError:
            pass
        finally:
            self.server.forget(listener)

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode())
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not logged: what matters is said by the build."""


def add_script(data: bytes) -> bytes:
    """A page with the live reload before its last </body>, or at its end."""
    ends = [found.start() for found in _BODY_END.finditer(data)]
    at = ends[-1] if ends else len(data)
    return data[:at] + SCRIPT + data[at:]


def open_server(host: str, port: int, folder: Path, base_path: str = "", live: bool = True, origin: str = "") -> SiteServer:
    """A server at port, or at the next free one. Raises CmsError serve.port or serve.host."""
    for number in [*range(port, min(port + PORTS_TRIED, 65536)), 0] if port else [0]:
        try:
            return SiteServer((host, number), folder, base_path, live, origin)
        except PermissionError:
            raise fail("serve.port", f"port {number} needs more rights", hint="Use one above 1023: cms serve --port 8000") from None
        except OSError as error:
            if error.errno is None or "name" in str(error).lower() or "assign" in str(error).lower():
                raise fail("serve.host", f"cannot listen at {host}: {error.strerror or error}", hint="Use --host 127.0.0.1") from None
    raise fail("serve.port", f"no port near {port} is free", hint="Use another: cms serve --port 9000")
