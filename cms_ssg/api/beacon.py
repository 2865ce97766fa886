"""Counts the reads that pages tell of themselves: without a cookie, without keeping anything of who read.

Counts are gathered in the process and written together, so that a page that everybody reads is one row and not one lock that all wait for.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections import Counter, OrderedDict
from datetime import UTC, date, datetime
from hashlib import blake2b
from typing import Final

import msgspec
from psycopg import Error
from psycopg_pool import PoolTimeout
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.callers import PUBLIC, is_foreign, is_program
from cms_ssg.api.problems import ApiError, fail
from cms_ssg.api.routing import Router, caller_of, site_of
from cms_ssg.api.sites import SiteContext
from cms_ssg.paths import canonical_path
from cms_ssg.store.arrays import int_array, text_array
from cms_ssg.store.receipts import ADD_HITS

router = Router("Statistics")

PER_MINUTE: Final = 120
FLUSH_S: Final = 30.0
"""How long counts are gathered; a process that is killed loses so much."""

MOST_PAGES: Final = 10_000
"""Pages that are gathered; they are written sooner when there are more."""

AGAIN_S: Final = 1800.0
"""The same page for the same visitor counts again after so long."""

MOST_SEEN: Final = 100_000


class View(msgspec.Struct, forbid_unknown_fields=True):
    """What a page says when it was shown."""

    path: str


class ViewCounter:
    """The reads that one process has gathered of one site, and what it must not count twice: digests that mean nothing after it ended."""

    def __init__(self, context: SiteContext) -> None:
        self.context = context
        self.counts: Counter[tuple[str, date]] = Counter()
        self._seen: OrderedDict[bytes, float] = OrderedDict()
        self._key = secrets.token_bytes(32)
        self._timer: asyncio.Task[None] | None = None
        context.at_end("views", self.flush)

    def add(self, path: str, visitor: str) -> None:
        """Count a read unless this visitor's was counted a moment ago."""
        now = time.monotonic()
        mark = blake2b(f"{visitor}\0{path}".encode("utf-8", "replace"), key=self._key, digest_size=12).digest()
        if now < self._seen.get(mark, 0.0):
            return
        self._seen[mark] = now + AGAIN_S
        self._seen.move_to_end(mark)
        while len(self._seen) > MOST_SEEN or next(iter(self._seen.values())) < now:
            self._seen.popitem(last=False)
        self.counts[path, datetime.now(UTC).date()] += 1
        if self._timer is None or self._timer.done():
            self._timer = asyncio.create_task(self._flush_later(), name="cms-views")

    async def _flush_later(self) -> None:
        until = time.monotonic() + FLUSH_S
        while time.monotonic() < until and len(self.counts) < MOST_PAGES:  # noqa: ASYNC110 - it is looked at rarely
            await asyncio.sleep(min(1.0, FLUSH_S))
        with contextlib.suppress(Error, PoolTimeout, OSError):
            await self.flush()

    async def flush(self) -> None:
        """Write what was gathered. It stays gathered where the database is away."""
        taken, self.counts = self.counts, Counter()
        if not taken:
            return
        paths, days = [path for path, _ in taken], [day for _, day in taken]
        try:
            async with self.context.connection() as connection:
                values = {"site": self.context.number, "paths": text_array(paths), "days": days, "hits": int_array(taken.values())}
                await connection.execute(ADD_HITS, values)
        except BaseException:
            if len(self.counts) + len(taken) <= MOST_PAGES * 2:
                self.counts.update(taken)
            raise


@router.post(
    "/api/views", scope=PUBLIC, per_minute=PER_MINUTE, response_class=Response, status_code=204, summary="Tell that a page was read"
)
async def count_view(request: Request) -> Response:
    """Count a read of a page, as pages of a site with `[statistics] beacon` tell it. Programs, and other sites' pages, are not counted."""
    context = site_of(request)
    if not context.site.settings.statistics.beacon:
        raise fail("api.no-route", "this site counts no reads by a beacon", status=404, hint="[statistics] beacon = true in site.toml.")
    try:
        path = canonical_path(msgspec.json.decode(await request.body(), type=View).path.removeprefix(context.base_path))
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        fields = (("path", str(error)[:200]),)
        raise ApiError(422, "api.invalid", "the request is not as it should be: path", "/docs says what is taken.", fields=fields) from None
    if not is_foreign(request, context.site.settings.api.cors) and not is_program(request):
        counter: ViewCounter = context.extra("views", ViewCounter)
        counter.add(path, f"{caller_of(request).address} {request.headers.get('user-agent', '')}")
    return Response(None, 204)
