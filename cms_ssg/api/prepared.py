"""Answers that are given again as bytes, before any routing: whole answers to addresses, for as long as the value they show is in the cache."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple

from starlette.types import Message, Scope

from cms_ssg.api.answers import SHOWS, has_etag
from cms_ssg.api.callers import find_client
from cms_ssg.api.limits import Limit, Limiter, limit_of, refuse_if
from cms_ssg.api.sites import SiteContext

MOST_KEYS: Final = 2_000
MOST_BYTES: Final = 16 << 20
LARGEST_BYTES: Final = 256 << 10

BODILESS: Final = frozenset({b"content-length", b"content-type", b"content-encoding"})
"""Headers that an answer without a body does not have."""

Address = tuple[int, str, bytes, bytes]


class Prepared(NamedTuple):
    """One answer. key, data: what it shows of the site's cache; limit, route: of its route; headers, body: as the application gave them."""

    key: str
    data: bytes
    limit: Limit
    route: str
    etag: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @property
    def size_bytes(self) -> int:
        return len(self.data) + len(self.body) + 1_000


class Capture:
    """Takes in an answer while it is sent, to keep it if its route said what it shows."""

    def __init__(self) -> None:
        self.start: Message | None = None
        self.body = b""
        self.is_whole = False

    def take(self, message: Message) -> None:
        """One message of the answer."""
        if message["type"] == "http.response.start":
            self.start = message
        elif not message.get("more_body", False) and not self.body:
            self.body, self.is_whole = message.get("body", b""), True
        else:  # a stream
            self.body, self.is_whole = b"?", False


class PreparedAnswers:
    """Those of one process. limiter: counts who is answered so as everybody is counted."""

    def __init__(self, limiter: Limiter) -> None:
        self.limiter = limiter
        self.size_bytes = 0
        self._kept: OrderedDict[Address, Prepared] = OrderedDict()

    def find(self, scope: Scope, context: SiteContext, headers: dict[bytes, bytes]) -> Prepared | None:
        """The answer to a request, None where it is not known or no longer valid, or where it matters who asks."""
        if scope["method"] != "GET" or b"authorization" in headers:
            return None
        address = _make_address(scope, context, headers)
        found = self._kept.get(address)
        if found is None:
            return None
        if context.cache.find_fresh(found.key) is not found.data:
            self._drop(address)
            return None
        self._kept.move_to_end(address)
        context.cache.counts.memory += 1
        return found

    async def count(self, scope: Scope, context: SiteContext, prepared: Prepared) -> None:
        """Count the request. Raises ApiError api.limit."""
        client = find_client(scope, context.site.settings.api.trusted_proxies)
        refuse_if(
            await self.limiter.wait_s(f"{context.number}:{prepared.limit.name}:{client}", prepared.limit.per_minute),
            prepared.limit.per_minute,
        )

    def keep(self, scope: Scope, context: SiteContext, headers: dict[bytes, bytes], answer: Capture) -> None:
        """Keep an answer whose route said by which value of the cache it can be given again."""
        limit, start = limit_of(scope), answer.start
        if (
            SHOWS not in scope
            or limit is None
            or start is None
            or start["status"] != 200
            or not answer.is_whole
            or b"authorization" in headers
        ):
            return
        shown: tuple[str, bytes] = scope[SHOWS]
        key, data = shown
        if len(answer.body) + len(data) > LARGEST_BYTES or context.cache.find_fresh(key) is not data:
            return
        fields = tuple(start.get("headers", ()))
        etag = next((value.decode("latin-1") for name, value in fields if name == b"etag"), "")
        address = _make_address(scope, context, headers)
        self._drop(address)
        prepared = Prepared(key, data, limit, getattr(scope.get("route"), "path", ""), etag, fields, answer.body)
        self._kept[address] = prepared
        self.size_bytes += prepared.size_bytes
        while len(self._kept) > MOST_KEYS or self.size_bytes > MOST_BYTES:
            self._drop(next(iter(self._kept)))

    def _drop(self, address: Address) -> None:
        if (gone := self._kept.pop(address, None)) is not None:
            self.size_bytes -= gone.size_bytes


def make_messages(prepared: Prepared, if_none_match: bytes | None) -> tuple[Message, Message]:
    """The answer as the application would send it; without its body where the client has it."""
    if if_none_match and has_etag(if_none_match.decode("latin-1"), prepared.etag):
        kept = [field for field in prepared.headers if field[0] not in BODILESS]
        return {"type": "http.response.start", "status": 304, "headers": kept}, {"type": "http.response.body", "body": b""}
    return {"type": "http.response.start", "status": 200, "headers": prepared.headers}, {
        "type": "http.response.body",
        "body": prepared.body,
    }


def _make_address(scope: Scope, context: SiteContext, headers: dict[bytes, bytes]) -> Address:
    return context.number, scope["path"], scope["query_string"], headers.get(b"accept-encoding", b"")
