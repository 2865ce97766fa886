"""Limits of requests: a client may spend a minute's worth at once and then gets it back evenly (GCRA). In Redis where there is one, else here."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cms_ssg.cache.redis import RedisLayer

MOST_CLIENTS: Final = 100_000

SCRIPT: Final = """
local now = redis.call('TIME')
local at = now[1] * 1000 + math.floor(now[2] / 1000)
local full = tonumber(redis.call('GET', KEYS[1]) or at)
if full < at then full = at end
local step, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
if full + step - at > burst then return full + step - at - burst end
redis.call('SET', KEYS[1], full + step, 'PX', math.ceil(full + step - at))
return 0
"""
"""Milliseconds to wait; by Redis's clock, so that processes of several machines agree."""


class Limiter:
    """Counts by client and route. redis: where all processes count together."""

    def __init__(self, redis: RedisLayer | None) -> None:
        self.redis = redis
        self._full_at: OrderedDict[str, float] = OrderedDict()

    async def wait_s(self, key: str, per_minute: int) -> float:
        """Count a request. Returns 0, or in how many seconds another one will be taken."""
        step_ms, burst_ms = 60_000 / per_minute, 60_000.0
        if self.redis is not None:
            client = self.redis.client
            found = await self.redis.call(client.eval(SCRIPT, 1, f"{self.redis.prefix}:limit:{key}", step_ms, burst_ms))
            if found is not None:
                return float(found) / 1000
        return self._count(key, step_ms / 1000, burst_ms / 1000)

    def _count(self, key: str, step_s: float, burst_s: float) -> float:
        now = time.monotonic()
        full_at = max(self._full_at.get(key, now), now) + step_s
        if full_at - now > burst_s:
            return full_at - now - burst_s
        self._full_at[key] = full_at
        self._full_at.move_to_end(key)
        if len(self._full_at) > MOST_CLIENTS:
            self._full_at.popitem(last=False)
        return 0.0
