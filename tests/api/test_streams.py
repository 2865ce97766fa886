"""Streams: what is published is heard in order, what was missed comes again, and a slow listener slows nobody."""

from __future__ import annotations

import asyncio
import gc
import threading
import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.routing import Router
from cms_ssg.api.streams import KEPT, QUEUE, Broadcaster, Event, broadcaster_of, stream
from tests.api.atlas import Api, serve_api

router = Router("Streams")


@router.get("/api/news", scope="public", per_minute=10_000)
async def listen(request: Request) -> Response:
    """A stream whose store has every number up to 5."""

    async def load_missed(after: int) -> Sequence[Event]:
        return [Event(number, "update", b"%d" % number) for number in range(after + 1, 6)]

    return stream(request, "news", load_missed)


@router.post("/api/news/{number}", scope="public", per_minute=10_000)
async def publish(request: Request, number: int) -> dict[str, int]:
    """Publish one event."""
    broadcaster_of(request).publish("news", number, "update", number)
    return {"listeners": broadcaster_of(request).count}


@pytest.fixture(scope="module")
def news(atlas: tuple[Path, str]) -> Iterator[Api]:
    with serve_api([atlas[0]], atlas[1], routers=("cms_ssg.api.operations:router", f"{__name__}:router")) as running:
        yield running


def read_events(lines: Iterator[str], count: int) -> list[tuple[int, str]]:
    found, number = [], 0
    for line in lines:
        if line.startswith("id: "):
            number = int(line[4:])
        elif line.startswith("data: "):
            found.append((number, line[6:]))
            if len(found) == count:
                break
    return found


def test_what_is_published_is_heard_once_and_in_order(news: Api) -> None:
    with news.client.stream("GET", "/api/news") as answer, httpx.Client(base_url=news.client.base_url) as other:
        lines = answer.iter_lines()
        assert next(lines) == "retry: 2000"
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        assert "content-encoding" not in answer.headers
        for number in (1, 2, 2, 1, 3):
            assert other.post(f"/api/news/{number}").json() == {"listeners": 1}
        assert read_events(lines, 3) == [(1, "1"), (2, "2"), (3, "3")]


def test_who_comes_again_is_sent_what_it_missed(news: Api) -> None:
    with news.client.stream("GET", "/api/news", headers={"Last-Event-ID": "2"}) as answer:
        assert read_events(answer.iter_lines(), 3) == [(3, "3"), (4, "4"), (5, "5")]
    assert news.get("/api/news", headers={"Last-Event-ID": "x"}).status_code == 422


def test_a_slow_listener_is_let_go_and_a_channel_without_any_is_forgotten() -> None:
    async def test() -> None:
        broadcaster = Broadcaster()
        slow, quick = broadcaster.join("a"), broadcaster.join("a")
        for number in range(QUEUE + 10):
            broadcaster.publish("a", number, "update", {})
            if quick.events:
                quick.events.popleft()
        assert slow.is_lost
        assert not slow.events
        assert not quick.is_lost
        kept = broadcaster.find_kept("a", QUEUE)
        assert [event.id for event in kept or ()] == list(range(QUEUE + 1, QUEUE + 10))
        for number in range(QUEUE + 10, QUEUE + 10 + KEPT):
            broadcaster.publish("a", number, "update", {})
        assert broadcaster.find_kept("a", 0) is None
        for listener in (slow, quick, quick):
            broadcaster.leave("a", listener)
        assert (broadcaster.channels, broadcaster.count) == ({}, 0)
        broadcaster.publish("a", 1, "update", {})
        assert broadcaster.channels == {}

    asyncio.run(test())


def test_streams_end_when_the_process_is_told_to(atlas: tuple[Path, str]) -> None:
    ended = threading.Event()
    with serve_api([atlas[0]], atlas[1], routers=(f"{__name__}:router",)) as running:
        begun = threading.Event()

        def listen_on() -> None:
            with httpx.Client(base_url=running.client.base_url, timeout=30) as client, client.stream("GET", "/api/news") as answer:
                for _ in answer.iter_lines():
                    begun.set()
            ended.set()

        thread = threading.Thread(target=listen_on)
        thread.start()
        assert begun.wait(20)
    assert ended.wait(5)
    thread.join()


def test_listeners_who_leave_take_their_memory_with_them() -> None:
    """Objects and traced bytes are the same after each wave; what the allocator keeps of the pages is measured by scripts/bench_api.py."""

    async def listen_and_leave(broadcaster: Broadcaster, wave: int) -> None:
        async def load_missed(_: int) -> Sequence[Event]:
            return []

        async def ask(scope: dict[str, object]) -> None:
            answer = stream(Request(scope), "news", load_missed)
            body = answer.body_iterator
            with suppress(asyncio.CancelledError):
                async for part in body:
                    assert part
            await body.aclose()  # type: ignore[attr-defined]

        class App:
            state = type("State", (), {"broadcaster": broadcaster})

        tasks = [asyncio.create_task(ask({"type": "http", "headers": [], "app": App})) for _ in range(200)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert broadcaster.count == len(tasks)
        for number in range(5):
            broadcaster.publish("news", wave * 100 + number, "update", {"text": "x" * 1000})
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks)
        assert (broadcaster.count, broadcaster.channels) == (0, {})

    async def run() -> list[tuple[int, int]]:
        broadcaster, after = Broadcaster(), []
        for wave in range(6):
            await listen_and_leave(broadcaster, wave)
            gc.collect()
            after.append((len(gc.get_objects()), tracemalloc.get_traced_memory()[0]))
        return after

    tracemalloc.start()
    try:
        after = asyncio.run(run())
    finally:
        tracemalloc.stop()
    # 800 more have listened since the second wave; one that stayed behind holds several objects and more than a kilobyte
    assert after[-1][0] - after[1][0] < 400, after
    assert after[-1][1] - after[1][1] < 100_000, after
