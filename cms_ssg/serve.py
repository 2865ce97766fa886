"""A small local server for the output folder, with a live reload that it alone puts into pages."""

from __future__ import annotations

import mimetypes
import os
import queue
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote_to_bytes, urlsplit

from cms_ssg.errors import fail
from cms_ssg.reporter import Reporter
from cms_ssg.serve_hosts import is_own_host, list_own_hosts
from cms_ssg.settings import Settings

LIVE: Final = "/__live"
PORTS_TRIED: Final = 20
PING_S: Final = 15.0
AWAKE_S: Final = 0.5
"""No wait is longer: a Ctrl-C that comes just before one is noticed when it ends."""

SCRIPT: Final = (
    b"<script>(()=>{const s=new EventSource('/__live');let run;"
    b"s.addEventListener('run',e=>{if(run&&run!==e.data)location.reload();run=e.data});"
    b"s.addEventListener('reload',()=>location.reload())})()</script>"
)
TYPES: Final = {
    ".html": "text/html", ".htm": "text/html", ".css": "text/css", ".js": "text/javascript", ".txt": "text/plain",
    ".mjs": "text/javascript", ".json": "application/json", ".xml": "application/xml",
    ".webmanifest": "application/manifest+json", ".pdf": "application/pdf",
    ".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp",
    ".avif": "image/avif", ".ico": "image/x-icon", ".woff2": "font/woff2", ".woff": "font/woff", ".wasm": "application/wasm",
}  # fmt: skip
_TEXT: Final = ("text/", "application/json", "application/xml", "image/svg+xml", "application/manifest+json")
_BODY_END: Final = re.compile(rb"</body\s*>", re.IGNORECASE)


class SiteServer(ThreadingHTTPServer):
    """Serves one folder. base_path: of the site's base URL, "" or "/blog"; live: whether pages reload themselves."""

    daemon_threads = True
    allow_reuse_address = os.name == "posix"

    def __init__(self, address: tuple[str, int], folder: Path, base_path: str = "", live: bool = True) -> None:
        self.folder = os.path.realpath(folder)
        self.base_path = base_path
        self.live = live
        self.own_hosts = list_own_hosts([address[0]])
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
            self._redirect(f"{self.server.base_path}{quote_path(inside)}/")
        else:
            self._send_file(file, HTTPStatus.OK)

    def do_HEAD(self) -> None:
        self.do_GET()

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
            self._send(HTTPStatus.OK, add_script(data) if is_page and self.server.live else data, content_type)
        elif f"{text}/" in drafts:
            self._redirect(f"{self.server.base_path}{quote_path(path)}/")
        return text in drafts or f"{text}/" in drafts

    def _send_file(self, file: str, status: HTTPStatus) -> None:
        try:
            with open(file, "rb") as opened:
                data = opened.read()
        except OSError:  # it went between the look and the reading
            self._send(HTTPStatus.NOT_FOUND, b"not found\n", "text/plain; charset=utf-8")
            return
        content_type = guess_type(file)
        if self.server.live and content_type.startswith("text/html"):
            data = add_script(data)
        self._send(status, data, content_type)

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

    def _send(self, status: HTTPStatus, data: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

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


def find_file(folder: str, path: str) -> str | None:
    """The file that a URL path means, a folder where only a final slash is missing, None for anything else.

    folder: resolved. The path is decoded once; what leaves the folder, also by a symbolic link, or is hidden is not found.
    """
    try:
        text = unquote_to_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        return None
    parts = text.split("/")
    if (
        not text.startswith("/")
        or any(part in (".", "..") or "\0" in part or "\\" in part for part in parts)
        or (os.name == "nt" and ":" in text)
    ):
        return None
    if "" in parts[1:-1]:
        return None
    found = os.path.realpath(os.path.join(folder, *parts[1:]))
    if found != folder and not found.startswith(folder + os.sep):
        return None
    if any(part.startswith(".") and part != ".well-known" for part in found[len(folder) :].split(os.sep)):
        return None
    if os.path.isdir(found):
        index = os.path.realpath(os.path.join(found, "index.html"))
        if not os.path.isfile(index) or not index.startswith(folder + os.sep):
            return None
        return index if text.endswith("/") else found
    return found if os.path.isfile(found) and not text.endswith("/") else None


def find_404(folder: str, path: str) -> str:
    """The nearest 404.html at or above a path: a locale may have its own. "" for none."""
    parts = [part for part in path.split("/") if part]
    for depth in range(len(parts), -1, -1):
        found = find_file(folder, "/" + "/".join([*parts[:depth], "404.html"]))
        if found is not None and os.path.isfile(found):
            return found
    return ""


def quote_path(path: str) -> str:
    """A path as it was asked for, safe in a header, and never taken for another host."""
    return quote("/" + path.strip("/"), safe="/%:@!$&'()*+,;=~-._")


def guess_type(file: str) -> str:
    """The content type of a file, with its charset where it is text."""
    suffix = os.path.splitext(file)[1].lower()
    found = TYPES.get(suffix) or mimetypes.guess_type(file)[0] or "application/octet-stream"
    return f"{found}; charset=utf-8" if found.startswith(_TEXT) else found


def add_script(data: bytes) -> bytes:
    """A page with the live reload before its last </body>, or at its end."""
    ends = [found.start() for found in _BODY_END.finditer(data)]
    at = ends[-1] if ends else len(data)
    return data[:at] + SCRIPT + data[at:]


def open_server(host: str, port: int, folder: Path, base_path: str = "", live: bool = True) -> SiteServer:
    """A server at port, or at the next free one. Raises CmsError serve.port or serve.host."""
    for number in [*range(port, min(port + PORTS_TRIED, 65536)), 0] if port else [0]:
        try:
            return SiteServer((host, number), folder, base_path, live)
        except PermissionError:
            raise fail("serve.port", f"port {number} needs more rights", hint="Use one above 1023: cms serve --port 8000") from None
        except OSError as error:
            if error.errno is None or "name" in str(error).lower() or "assign" in str(error).lower():
                raise fail("serve.host", f"cannot listen at {host}: {error.strerror or error}", hint="Use --host 127.0.0.1") from None
    raise fail("serve.port", f"no port near {port} is free", hint="Use another: cms serve --port 9000")


def serve(
    root: Path, settings: Settings, *, env: str = "", host: str = "127.0.0.1", port: int = 8000, watched: bool = True, poll: bool = False,
    hosts: Sequence[str] = (), drafts: bool = False, reporter: Reporter | None = None, on_ready: Callable[[str], None] = lambda _url: None,
) -> None:  # fmt: skip
    """Serve the site's output until interrupted, building at every save if watched.

    hosts: names beside this machine's own that are answered; drafts: shown too, here alone; on_ready: told the URL once the first build is
    done. Raises CmsError serve.port, serve.host, serve.target.
    """
    scheme, _, rest = settings.target.url.partition(":")
    if scheme != "folder":
        raise fail("serve.target", "only a folder can be served", place="site.toml", hint='Such as [target] url = "folder:build".')
    server = open_server(host, port, root / rest, urlsplit(settings.base_url).path.rstrip("/"), live=watched)
    server.own_hosts |= list_own_hosts(hosts)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True, name="cms-serve")
    thread.start()
    try:
        if watched:
            from cms_ssg.serve_drafts import DraftShow
            from cms_ssg.watch import watch

            show = DraftShow(server, root, env, reporter or Reporter()).show if drafts else lambda: None
            watch(
                root, env=env, reporter=reporter, poll=poll, on_ready=lambda: on_ready(server.url), on_written=server.reload, on_built=show
            )
        else:
            on_ready(server.url)
            while thread.is_alive():
                thread.join(AWAKE_S)
    finally:
        server.shutdown()
        server.server_close()
