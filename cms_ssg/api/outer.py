"""What surrounds every request: its id and log line, the site it is about, limits of size and time, and an answer for every error."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import time
from collections.abc import Callable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cms_ssg.api.limits import TAKE_FILES, Limiter
from cms_ssg.api.prepared import Capture, Prepared, PreparedAnswers, make_messages
from cms_ssg.api.problems import ApiError, fail, make_problem
from cms_ssg.api.sites import SiteContext, Sites
from cms_ssg.api.validators import CONDITIONS, mark_encoding, take_off_encoding

MOST_BODY_BYTES: Final = 1 << 20
MOST_QUERY_BYTES: Final = 8192
OPERATIONS: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Paths that are about the process and not about a site."""

UPLOADS: Final = "/desk/images"
"""Where pictures are sent to: a body may be larger there, and take its time."""

UPLOAD_S: Final = 120.0

BODY_S: Final = 10.0
"""How long each part of a body may take to arrive; all of it has the time of the answer."""

MOST_DRAINED_BYTES: Final = 32 << 20
DRAIN_S: Final = 5.0
"""So much of a body that an answer did not wait for is still read, for so long: a connection that is closed while its client sends is reset, and the
client never sees the answer.
"""

UNSTORABLE: Final = frozenset({None, "22003", "22021", "22P05"})
"""What the database says of texts and numbers that it has no room for; None is its driver, of NUL."""

_ID: Final = re.compile(rb"[A-Za-z0-9._-]{8,64}")

Log = Callable[..., None]
"""Told of each request: method, path, status, duration_ms, request_id."""


class Outer:
    """The outermost layer of the application. on_answer: told of each request once it was answered; end_streams: lets the process stop soon; limiter:
    counts those who are answered here.
    """

    def __init__(
        self, app: ASGIApp, sites: Sites, on_answer: Log = lambda **_: None, end_streams: Callable[[], None] = lambda: None,
        limiter: Limiter | None = None,
    ) -> None:  # fmt: skip
        self.app, self.sites, self.on_answer, self.end_streams = app, sites, on_answer, end_streams
        self.prepared = PreparedAnswers(limiter or Limiter(None))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        await _Exchange(self, scope, receive, send).run()


class _Exchange:
    """One request and its answer."""

    def __init__(self, outer: Outer, scope: Scope, receive: Receive, send: Send) -> None:
        self.method: str = scope["method"]
        if self.method == "HEAD":  # routes know only GET
            scope = {**scope, "method": "GET"}
        self.outer, self.scope, self._receive, self._send = outer, scope, receive, send
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        if not CONDITIONS.isdisjoint(self.headers):
            scope["headers"] = take_off_encoding(scope["headers"])
            self.headers = dict(scope["headers"])
        given = self.headers.get(b"x-request-id", b"")
        self.id = given.decode() if _ID.fullmatch(given) else secrets.token_hex(8)
        self.status = 0
        self.read_bytes, self.most_bytes = 0, MOST_BODY_BYTES
        self.limit_s = 0.0
        self.has_body = False
        self.asked, self.drains, self.is_receiving = False, False, False
        self.context: SiteContext | None = None
        self.capture: Capture | None = None
        self.timeout: asyncio.Timeout | None = None
        self.origin = ""
        self.cors: tuple[str, ...] = ()

    async def run(self) -> None:
        begun, scope = time.perf_counter(), self.scope
        scope["cms_request_id"] = self.id
        path, route = scope["path"], ""
        try:
            self._find_site()
            if self.context is not None:
                prepared = self.outer.prepared.find(scope, self.context, self.headers)
                if prepared is not None:
                    route = prepared.route
                    await self._answer_prepared(self.context, prepared)
                    return
                self.capture = Capture() if scope["method"] == "GET" else None
            limit_s = self.limit_s or (scope["cms_site"].site.settings.api.timeout_s if "cms_site" in scope else 5.0)
            async with asyncio.timeout(limit_s) as self.timeout:
                await self._answer()
            if self.capture is not None and self.context is not None:
                self.outer.prepared.keep(scope, self.context, self.headers, self.capture)
        except ApiError as error:
            await self._refuse(error)
        except TimeoutError:
            await self._refuse(_sent_slowly() if self.is_receiving else _timed_out())
        except Exception as error:  # noqa: BLE001 - the last net: no traceback reaches a client, and the process goes on
            await self._refuse(explain(error, scope))
        finally:
            route = route or getattr(scope.get("route"), "path", "")
            self.outer.on_answer(
                method=self.method, path=path, route=route, status=self.status, duration_ms=round((time.perf_counter() - begun) * 1000, 1),
                request_id=self.id,
            )  # fmt: skip

    async def _answer(self) -> None:
        if self._is_preflight():
            await self._send_preflight()
            return
        await self.outer.app(self.scope, self._read, self._write)

    async def _answer_prepared(self, context: SiteContext, prepared: Prepared) -> None:
        await self.outer.prepared.count(self.scope, context, prepared)
        for message in make_messages(prepared, self.headers.get(b"if-none-match")):
            await self._write(message)

    def _find_site(self) -> None:
        scope = self.scope
        if len(scope.get("query_string", b"")) > MOST_QUERY_BYTES:
            raise fail("api.too-large", f"the query is longer than {MOST_QUERY_BYTES:,} bytes", status=414)
        if scope["path"] in OPERATIONS:
            self._check_length()
            return
        host = self.headers.get(b"host", b"").decode("latin-1")
        context = self.outer.sites.find(host)
        if context is None:
            hint = "A site answers to the host of its base_url and to [api] hosts."
            raise fail("api.no-site", "no site answers to this host name", status=404, hint=hint)
        scope["cms_site"] = self.context = context
        self.origin, self.cors = self.headers.get(b"origin", b"").decode("latin-1"), context.site.settings.api.cors
        base = context.base_path
        if base and scope["path"].startswith(f"{base}/"):
            scope["path"] = scope["path"][len(base) :]
            scope["raw_path"] = scope["path"].encode()
        kind = TAKE_FILES.get(scope["path"]) if scope.get("method") == "POST" else None
        if kind is not None and self.headers.get(b"content-type", b"").lower().startswith(kind):
            self.most_bytes, self.limit_s = context.site.settings.api.upload_mb << 20, UPLOAD_S
        if scope["path"] == UPLOADS:
            self.most_bytes, self.limit_s = context.site.settings.desk.upload_mb << 20, UPLOAD_S
        self._check_length()

    def _check_length(self) -> None:
        length = self.headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > self.most_bytes:
            raise fail("api.too-large", f"the body is larger than {self.most_bytes:,} bytes", status=413)

    async def _read(self) -> Message:
        self.asked, self.is_receiving = True, not self.has_body
        try:
            async with asyncio.timeout(None if self.has_body else BODY_S):  # afterwards it is waited for that the client goes
                message = await self._receive()
        except TimeoutError:
            raise _sent_slowly() from None
        self.is_receiving = False
        if message["type"] == "http.request":
            self.has_body = not message.get("more_body", False)
            self.read_bytes += len(message.get("body", b""))
            if self.read_bytes > self.most_bytes:
                raise fail("api.too-large", f"the body is larger than {self.most_bytes:,} bytes", status=413)
        return message

    async def _write(self, message: Message) -> None:
        if self.capture is not None:
            self.capture.take(message)
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.timeout is not None and not self.timeout.expired():
                self.timeout.reschedule(None)  # a stream may go on for as long as it likes
            headers = list(message.get("headers", ()))
            names = {name.lower() for name, _ in headers}
            headers.append((b"x-request-id", self.id.encode()))
            if b"content-encoding" in names:
                mark_encoding(headers)
            if b"cache-control" not in names:
                headers.append((b"cache-control", b"no-store"))
            if b"x-content-type-options" not in names:
                headers.append((b"x-content-type-options", b"nosniff"))
            headers.extend(self._list_cors())
            headers.extend(self._prepare_drain())
            message = {**message, "headers": headers}
            if self.method == "HEAD":  # the rest is left out, and of a stream nothing is waited for
                await self._send(message)
                message = {"type": "http.response.body", "body": b""}
        elif self.method == "HEAD":
            return
        elif self.drains and not message.get("more_body", False):
            await self._send({**message, "more_body": True})
            await self._drain()
            message = {"type": "http.response.body", "body": b""}
        await self._send(message)

    def _prepare_drain(self) -> list[tuple[bytes, bytes]]:
        """Where the body is not read yet, it is drained behind the answer. Returns the headers for that: the connection ends if there is too much."""
        length = self.headers.get(b"content-length", b"")
        if self.has_body or (length in (b"", b"0") and b"transfer-encoding" not in self.headers):
            return []
        waits = (
            self.headers.get(b"expect", b"").lower() == b"100-continue" and not self.asked
        )  # to be told to send; so nothing is on its way
        self.drains = not waits
        is_short = length.isdigit() and int(length) <= MOST_DRAINED_BYTES
        return [] if is_short and not waits else [(b"connection", b"close")]

    async def _drain(self) -> None:
        """Read on until the body ends, or for as long as that is allowed."""
        try:
            async with asyncio.timeout(DRAIN_S):
                while self.read_bytes < MOST_DRAINED_BYTES and not self.has_body:
                    message = await self._receive()
                    self.has_body = message["type"] != "http.request" or not message.get("more_body", False)
                    self.read_bytes += len(message.get("body", b""))
        except TimeoutError:
            return

    def _list_cors(self) -> list[tuple[bytes, bytes]]:
        if not self.cors:
            return []
        allowed = [(b"vary", b"Origin")]
        if self.origin in self.cors or "*" in self.cors:
            value = self.origin if self.origin in self.cors else "*"
            allowed.append((b"access-control-allow-origin", value.encode("latin-1")))
            allowed.append((b"access-control-expose-headers", b"ETag, Retry-After, X-Request-Id"))
        return allowed

    def _is_preflight(self) -> bool:
        return bool(self.cors and self.scope["method"] == "OPTIONS" and b"access-control-request-method" in self.headers)

    async def _send_preflight(self) -> None:
        headers = [
            (b"access-control-allow-methods", b"GET, POST, PUT, PATCH, DELETE"), (b"access-control-max-age", b"600"), (b"content-length", b"0"),
            (b"access-control-allow-headers", b"Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key"),
        ]  # fmt: skip
        await self._write({"type": "http.response.start", "status": 204, "headers": headers})
        await self._write({"type": "http.response.body", "body": b""})

    async def _refuse(self, error: ApiError) -> None:
        if self.status:  # the answer has begun; all that is left is to end it
            return
        self.timeout = None  # it ended with the route
        response = make_problem(error, self.id)
        await response(self.scope, self._receive, self._write)


def explain(error: Exception, scope: Scope) -> ApiError:
    """What an unexpected exception is to the caller."""
    from psycopg import DataError, Error
    from psycopg_pool import PoolTimeout, TooManyRequests

    if isinstance(error, DataError) and error.sqlstate in UNSTORABLE:
        hint = "Leave NUL characters out, and numbers that no table has room for."
        return fail("api.invalid", "the request holds a text or a number that cannot be stored", status=422, hint=hint)

    if isinstance(error, PoolTimeout | TooManyRequests):
        return fail("api.busy", "the database has no free connection for this", status=503, headers={"Retry-After": "2"})
    if isinstance(error, Error) and error.sqlstate == "57014":
        return _timed_out()
    if isinstance(error, Error) and (error.sqlstate is None or error.sqlstate[:2] in ("08", "57")):
        return fail("api.no-database", "the database does not answer", status=503, headers={"Retry-After": "2"})
    from cms_ssg.reporting.crash import log_crash
    from cms_ssg.reporting.redact import Redactor

    site = scope["cms_site"].site if "cms_site" in scope else None
    redactor = Redactor(os.environ, [site.settings.database_url] if site is not None else [])
    log_crash(site.root if site is not None else None, error, redactor.redact)
    return fail("api.internal", "an error in cms itself", status=500, hint="The log names this request's id.")


def _sent_slowly() -> ApiError:
    hint = "Send it again over a faster connection, or send less at once."
    return fail("api.timeout", "the body took too long to arrive", status=408, hint=hint)


def _timed_out() -> ApiError:
    said, hint = "this took too long and was given up", "Try it again a little later."
    return fail("api.timeout", said, status=503, hint=hint, headers={"Retry-After": "2"})
