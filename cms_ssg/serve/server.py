"""A small local server for the output folder, with a live reload that it alone puts into pages."""

from __future__ import annotations

import os
import queue
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from email.utils import formatdate
from html import unescape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from urllib.parse import quote, unquote_to_bytes, urlsplit

from cms_ssg.config.settings import Settings
from cms_ssg.errors import fail
from cms_ssg.files.media_types import content_encoding, media_type
from cms_ssg.kinds.features import load_features
from cms_ssg.reporting.progress import Reporter
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
_TEXT: Final = ("text/", "application/json", "application/xml", "image/svg+xml", "application/manifest+json")
_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII)
_REFRESH: Final = re.compile(rb"<meta http-equiv=[\"']?refresh[\"']? content=[\"'][0-9. ]*;\s*url=([^\"'>]+)[\"']", re.IGNORECASE)
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
            self._send(HTTPStatus.OK, add_script(data) if is_page and self.server.live else data, content_type)
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
            self._send(status, add_script(data) if self.server.live and not encoding else data, content_type, encoding)

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
    found = media_type(file)
    return f"{found}; charset=utf-8" if found.startswith(_TEXT) else found


def parse_range(header: str, size: int) -> range | None:
    """The part of size bytes that a Range header asks for, empty where there is none of it; None for the whole, as for several parts at once."""
    match = _RANGE.fullmatch(header.strip())
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        return range(max(0, size - int(match[2])), size)
    first, last = int(match[1]), int(match[2]) if match[2] else size - 1
    if last < first and match[2]:
        return None
    return range(first, min(last + 1, size))


def find_redirect(data: bytes, origin: str) -> str:
    """Where a page sends its visitors on to within the site, without the origin; "" for any other page."""
    match = _REFRESH.search(data, 0, 4096)
    target = unescape(match[1].decode("utf-8", "replace")) if match else ""
    path = target.removeprefix(origin) if origin else ""
    return quote(path, safe="/%:@!$&'()*+,;=~-._?#") if path.startswith("/") and not path.startswith("//") else ""


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
    base = urlsplit(settings.base_url)
    server = open_server(host, port, root / rest, base.path.rstrip("/"), live=watched, origin=f"{base.scheme}://{base.netloc}")
    server.own_hosts |= list_own_hosts(hosts)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True, name="cms-serve")
    thread.start()
    if (
        settings.search is not None
        or settings.statistics.beacon
        or any(vertical.routes for vertical in load_features(settings.verticals).verticals)
    ):
        from cms_ssg.serve.api_proxy import ApiBehind

        server.api = ApiBehind(root, settings, env, server.base_path)
        server.api.start()
    try:
        if watched:
            from cms_ssg.serve.drafts import DraftShow
            from cms_ssg.serve.watch import watch

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
        if server.api is not None:
            server.api.stop()
