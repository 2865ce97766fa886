"""The second layer: Redis, or Valkey, shared by all processes. It may be slow, full or gone at any time; then answers go on without it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import Any, Final, TypeVar

import msgspec

from cms_ssg.errors import fail

TIMEOUT_S: Final = 0.1
"""An answer is made in less; waiting for longer helps nobody."""

OPEN_S: Final = 2.0
"""How long Redis is left alone after it failed; then one request tries again."""

LARGEST_BYTES: Final = 1 << 20

T = TypeVar("T")


class Stored(msgspec.Struct, frozen=True):
    """An answer as it lies in Redis: JSON, which can do nothing but be read."""

    snapshot: str
    tags: tuple[str, ...]
    made_at: float
    expires_at: float
    data: msgspec.Raw


class Breaker:
    """Keeps a failing neighbour from slowing everybody: closed, open for OPEN_S, then one try."""

    def __init__(self) -> None:
        self.failures = 0
        self._open_until = 0.0

    @property
    def is_open(self) -> bool:
        return time.monotonic() < self._open_until

    def enter(self) -> bool:
        """Whether to try. While it is half open, the first to ask does, and the others go without."""
        if self.failures and not self.is_open:
            self._open_until = time.monotonic() + OPEN_S
            return True
        return not self.is_open

    def succeed(self) -> None:
        self.failures, self._open_until = 0, 0.0

    def fail(self) -> None:
        self.failures += 1
        self._open_until = time.monotonic() + OPEN_S


class RedisLayer:
    """Answers under ``prefix`` in the Redis at a URL."""

    def __init__(self, url: str, prefix: str = "cms") -> None:
        from redis.asyncio import Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        self.client: Redis = Redis.from_url(
            url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0), max_connections=32, health_check_interval=0
        )  # fmt: skip
        self.prefix = prefix
        self.breaker = Breaker()
        self.last_error = ""

    async def find(self, key: str) -> Stored | None:
        """The answer under a key; None where there is none, or Redis does not answer."""
        data = await self.call(self.client.get(self._name(key)))
        if not isinstance(data, bytes):
            return None
        try:
            return msgspec.json.decode(data, type=Stored)
        except msgspec.DecodeError:  # somebody else's, or of another version of cms
            return None

    async def keep(self, key: str, stored: Stored, ttl_s: float) -> None:
        """Keep an answer if Redis takes it."""
        data = msgspec.json.encode(stored)
        if len(data) <= LARGEST_BYTES:
            await self.call(self.client.set(self._name(key), data, px=max(1, int(ttl_s * 1000))))

    async def call(self, command: Awaitable[T]) -> T | None:
        """The result of a command, None where Redis is left alone, slow, full or gone."""
        from redis.exceptions import RedisError

        if not self.breaker.enter():
            if asyncio.iscoroutine(command):
                command.close()
            return None
        try:
            async with asyncio.timeout(TIMEOUT_S * 2):
                result = await command
        except (RedisError, OSError, TimeoutError) as error:
            self.breaker.fail()
            self.last_error = type(error).__name__
            return None
        self.breaker.succeed()
        return result

    async def status(self) -> dict[str, Any]:
        """What is known of this layer."""
        keys = await self.call(self._count())
        return {"answers": keys, "is_open": self.breaker.is_open, "last_error": self.last_error}

    async def clear(self) -> int:
        """Remove our keys, a few at a time, without holding up the server. Returns how many."""
        gone = 0
        batch: list[bytes] = []
        async for name in self.client.scan_iter(match=f"{self.prefix}:*", count=500):
            batch.append(name)
            if len(batch) == 500:
                gone += int(await self.client.unlink(*batch))
                batch = []
        if batch:
            gone += int(await self.client.unlink(*batch))
        return gone

    async def close(self) -> None:
        """Give the connections back."""
        await self.client.aclose()

    async def _count(self) -> int:
        count = 0
        async for _ in self.client.scan_iter(match=f"{self.prefix}:*", count=1000):
            count += 1
        return count

    def _name(self, key: str) -> str:
        return f"{self.prefix}:{key}"


def clear_answers(url: str) -> int:
    """Remove all answers of the Redis at this address, for code that is not asynchronous. Returns how many. Raises CmsError cache.redis."""
    from redis.exceptions import RedisError

    async def clear() -> int:
        layer = RedisLayer(url)
        try:
            return await layer.clear()
        finally:
            await layer.close()

    try:
        return asyncio.run(clear())
    except (RedisError, OSError) as error:
        hint = "Answers of the API go on without it."
        raise fail("cache.redis", f"Redis does not answer: {type(error).__name__}", place="CMS_REDIS_URL", hint=hint) from None
