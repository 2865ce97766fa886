"""Limits of requests: a client may spend a minute's worth at once and then gets it back evenly (GCRA). In Redis where there is one, else here."""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

from cms_ssg.api.problems import fail

if TYPE_CHECKING:
    from starlette.types import Scope

    from cms_ssg.cache.redis import RedisLayer

MOST_CLIENTS: Final = 100_000

SHARE: Final = 100
"""A process takes a hundredth of a minute's worth from Redis at once and spends it by itself, so that not every request asks Redis."""

TAKE_FILES: Final[dict[str, bytes]] = {}
"""Path of a route that takes files -> how the Content-Type begins of bodies that may be as large as [api] upload_mb allows."""

TOKEN_FACTOR: Final = 10
"""A caller with a token may ask so many times as often as one without."""

LIMIT: Final = "cms_limit"
"""Where a request's scope has the limit that it was counted by."""

SCRIPT: Final = """
local now = redis.call('TIME')
local at = now[1] * 1000 + math.floor(now[2] / 1000)
local full = tonumber(redis.call('GET', KEYS[1]) or at)
if full < at then full = at end
local step, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local wanted = math.min(tonumber(ARGV[3]), math.floor((burst - (full - at)) / step + 1e-9))
if wanted < 1 then return -math.ceil(full + step - at - burst) end
full = full + step * wanted
redis.call('SET', KEYS[1], string.format('%.17g', full), 'PX', math.ceil(full - at))
return wanted
"""
"""How many requests may be taken, or, negative, the milliseconds to wait; by Redis's clock, so that processes of several machines agree."""


class Limit(NamedTuple):
    """How many requests a minute one client may send, and what they are counted as."""

    name: str
    per_minute: int


class Lease(NamedTuple):
    """What this process has of Redis for a client: so many requests until then; none: it is refused until then."""

    left: int
    until: float


class Limiter:
    """Counts by client and route. redis: where all processes count together."""

    def __init__(self, redis: RedisLayer | None) -> None:
        self.redis = redis
        self._full_at: OrderedDict[str, float] = OrderedDict()
        self._leases: OrderedDict[str, Lease] = OrderedDict()
        self._asked: dict[str, asyncio.Event] = {}  # clients for whom Redis is being asked

    async def wait_s(self, key: str, per_minute: int) -> float:
        """Count a request. Returns 0, or in how many seconds another one will be taken."""
        step_s = 60 / per_minute
        if self.redis is not None:
            found = await self._spend(key, step_s, max(1, per_minute // SHARE))
            if found is not None:
                return found
        return self._count(key, step_s)

    async def _spend(self, key: str, step_s: float, wanted: int) -> float | None:
        """Spend one of what this process has of Redis for a client, or take more there: requests at once let one of them ask, since each share that
        another one replaced would be lost to the client. None where Redis does not answer.
        """
        while True:
            lease, now = self._leases.get(key), time.monotonic()
            if lease is not None and now < lease.until:
                if not lease.left:
                    return lease.until - now
                if lease.left > 1:
                    self._leases[key] = Lease(lease.left - 1, lease.until)
                else:
                    del self._leases[key]
                return 0.0
            if (asked := self._asked.get(key)) is None:
                break
            await asked.wait()
        asked = self._asked[key] = asyncio.Event()
        try:
            return await self._take(key, step_s, wanted)
        finally:
            del self._asked[key]
            asked.set()

    async def _take(self, key: str, step_s: float, wanted: int) -> float | None:
        """Take some of a client's requests from Redis, and spend the first. None where Redis does not answer."""
        assert self.redis is not None
        name = f"{self.redis.prefix}:limit:{key}"
        found = await self.redis.call(self.redis.client.eval(SCRIPT, 1, name, step_s * 1000, 60_000, wanted))
        if found is None:
            return None
        now, taken = time.monotonic(), int(found)
        # What a slow client does not spend is lost; in twice the time it comes back in, that never brings it to the limit.
        lease = Lease(taken - 1, now + 2 * step_s * taken) if taken > 1 else Lease(0, now - taken / 1000) if taken < 1 else None
        if lease is not None:
            self._leases[key] = lease
            self._leases.move_to_end(key)
            if len(self._leases) > MOST_CLIENTS:
                self._leases.popitem(last=False)
        return 0.0 if taken > 0 else max(-taken / 1000, 0.001)

    def _count(self, key: str, step_s: float) -> float:
        now = time.monotonic()
        full_at = max(self._full_at.get(key, now), now) + step_s
        if full_at - now > 60.0 + step_s / 1e6:
            return full_at - now - 60.0
        self._full_at[key] = full_at
        self._full_at.move_to_end(key)
        if len(self._full_at) > MOST_CLIENTS:
            self._full_at.popitem(last=False)
        return 0.0


def refuse_if(wait_s: float, most: int) -> None:
    """Refuse a request that has to wait. Raises ApiError api.limit."""
    if wait_s:
        seconds = str(max(1, math.ceil(wait_s)))
        hint = f"Wait {seconds} s. A token is allowed {TOKEN_FACTOR} times as much."
        raise fail("api.limit", f"more than {most} requests a minute", status=429, hint=hint, headers={"Retry-After": seconds})


def limit_of(scope: Scope) -> Limit | None:
    """The limit that a request was counted by, if one was."""
    limit: Limit | None = scope.get(LIMIT)
    return limit
