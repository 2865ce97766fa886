"""Answers by key: from this process, from Redis, or made once however many ask; never older than what their tags allow."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import msgspec

from cms_ssg.cache.follow import Follower
from cms_ssg.cache.memory import Kept, MemoryLayer
from cms_ssg.cache.redis import RedisLayer, Stored
from cms_ssg.cache.versions import Snapshot, parse_snapshot
from cms_ssg.config.api_settings import AnswerCache

EARLY: Final = 0.9
"""From this part of its time on, one request makes an answer anew while the others still get the old one."""

JITTER: Final = 0.1
"""Times differ by so much, so that what was made together does not end together."""

SHARED_S: Final = 0.2
"""An answer that was begun no longer ago is shared also while nothing is heard of changes."""

STALE_S: Final = 86_400.0
"""How old an answer may be that is given where no new one can be made: the database is away."""

Fetch = Callable[[], Awaitable[Any]]


class Flight(NamedTuple):
    """An answer that is being made. snapshot: the last look at the database before it was begun."""

    snapshot: Snapshot
    tags: tuple[str, ...]
    task: asyncio.Task[bytes]
    begun_at: float


@dataclass(slots=True)
class Counts:
    """What a cache did, for the metrics."""

    memory: int = 0
    redis: int = 0
    made: int = 0
    shared: int = 0
    stale: int = 0


class CacheService:
    """The cache of one site. redis: None where there is none."""

    def __init__(self, site: int, follower: Follower, settings: AnswerCache, redis: RedisLayer | None = None) -> None:
        self.site, self.follower, self.settings, self.redis = site, follower, settings, redis
        self.memory = MemoryLayer(settings.memory_keys, settings.memory_mb << 20)
        self.counts = Counts()
        self._flights: dict[str, Flight] = {}
        self._background: set[asyncio.Task[Any]] = set()

    async def get(self, key: str, fetch: Fetch, tags: Sequence[str], ttl_s: float | None = None) -> Any:
        """The value under a key, as JSON can hold it; 0, "" and None are values like others."""
        return msgspec.json.decode(await self.load_json(key, fetch, tags, ttl_s))

    async def load_json(self, key: str, fetch: Fetch, tags: Sequence[str], ttl_s: float | None = None) -> bytes:
        """The same as JSON. fetch: makes the value; tags: what it depends on; ttl_s: for both layers, by default the settings' own.

        Raises what fetch raises, unless an old answer can stand in.
        """
        tags = tuple(tags)
        kept = self.memory.find(key)
        now = time.monotonic()
        if kept is not None and self.follower.is_current and now < kept.expires_at and self._is_valid(kept.tags, kept.snapshot):
            self.counts.memory += 1
            if now > kept.made_at + (kept.expires_at - kept.made_at) * EARLY and key not in self._flights:
                self._refresh(key, fetch, tags, ttl_s)
            return kept.data
        try:
            return await self._fly(key, fetch, tags, ttl_s)
        except Exception:
            if kept is not None and now < kept.made_at + STALE_S and not self.follower.is_current:
                self.counts.stale += 1
                return kept.data
            raise

    def find_fresh(self, key: str) -> bytes | None:
        """The value under a key as JSON, if this process has it and nobody needs to make it anew yet."""
        kept = self.memory.find(key)
        if kept is None or not self.follower.is_current or time.monotonic() > kept.made_at + (kept.expires_at - kept.made_at) * EARLY:
            return None
        return kept.data if self._is_valid(kept.tags, kept.snapshot) else None

    async def _fly(self, key: str, fetch: Fetch, tags: tuple[str, ...], ttl_s: float | None) -> bytes:
        """Make an answer, or wait for the one that is being made if it will be good enough."""
        flight = self._flights.get(key)
        if flight is not None and (time.monotonic() < flight.begun_at + SHARED_S or self.follower.is_current) and self._is_good(flight):
            self.counts.shared += 1
            return await asyncio.shield(flight.task)
        return await asyncio.shield(self._begin(key, fetch, tags, ttl_s))

    def _begin(self, key: str, fetch: Fetch, tags: tuple[str, ...], ttl_s: float | None, use_redis: bool = True) -> asyncio.Task[bytes]:
        """Start to make an answer. It goes on when whoever asked hangs up: others may wait for it."""
        versions = self.follower.versions
        task = asyncio.create_task(self._make(key, fetch, tags, ttl_s, (versions.snapshot, versions.text), use_redis))
        self._flights[key] = Flight(versions.snapshot, tags, task, time.monotonic())
        self._background.add(task)
        task.add_done_callback(lambda done: self._land(key, done))
        return task

    def _land(self, key: str, task: asyncio.Task[bytes]) -> None:
        self._background.discard(task)
        if (flight := self._flights.get(key)) is not None and flight.task is task:
            del self._flights[key]
        if not task.cancelled():
            task.exception()  # whoever waits has it; a refresh in the background may fail without a word

    def _refresh(self, key: str, fetch: Fetch, tags: tuple[str, ...], ttl_s: float | None) -> None:
        self._begin(key, fetch, tags, ttl_s, use_redis=False)

    async def _make(
        self, key: str, fetch: Fetch, tags: tuple[str, ...], ttl_s: float | None, looked: tuple[Snapshot, str], use_redis: bool
    ) -> bytes:
        """From Redis if it has a valid one, else by fetch. What is made is kept with the versions that were known before."""
        is_known = self.follower.is_current and bool(self.follower.store_name)
        if self.redis is not None and use_redis and is_known:
            stored = await self.redis.find(self._shared_key(key))
            if stored is not None and stored.tags == tags and self._is_usable(stored):
                self.counts.redis += 1
                data = bytes(stored.data)
                left_s = min(self._memory_ttl(ttl_s), stored.expires_at - time.time())
                self._keep(key, data, tags, parse_snapshot(stored.snapshot), left_s)
                return data
        self.counts.made += 1
        data = msgspec.json.encode(await fetch())
        if not is_known:  # it was made after no look at all
            return data
        self._keep(key, data, tags, looked[0], self._memory_ttl(ttl_s))
        if self.redis is not None:
            ttl = _vary(ttl_s if ttl_s is not None else float(self.settings.redis_ttl_s))
            stored = Stored(looked[1], tags, time.time(), time.time() + ttl, msgspec.Raw(data))
            self._later(self.redis.keep(self._shared_key(key), stored, ttl))
        return data

    def _keep(self, key: str, data: bytes, tags: tuple[str, ...], snapshot: Snapshot, ttl_s: float) -> None:
        now = time.monotonic()
        self.memory.keep(key, Kept(data, tags, snapshot, now, now + ttl_s))

    def _later(self, work: Awaitable[Any]) -> None:
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _is_good(self, flight: Flight) -> bool:
        return self._is_valid(flight.tags, flight.snapshot)

    def _is_valid(self, tags: tuple[str, ...], snapshot: Snapshot) -> bool:
        return self.follower.versions.are_valid(self.site, tags, snapshot)

    def _is_usable(self, stored: Stored) -> bool:
        try:
            snapshot = parse_snapshot(stored.snapshot)
        except ValueError:
            return False
        return time.time() < stored.expires_at and self._is_valid(stored.tags, snapshot)

    def _memory_ttl(self, ttl_s: float | None) -> float:
        most = float(self.settings.memory_ttl_s)
        return _vary(most if ttl_s is None else min(ttl_s, most))

    def _shared_key(self, key: str) -> str:
        return f"{self.follower.store_name}:{self.site}:{key}"

    async def close(self) -> None:
        """End what goes on in the background."""
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)


def _vary(ttl_s: float) -> float:
    return ttl_s * (1 + random.uniform(-JITTER, JITTER))
