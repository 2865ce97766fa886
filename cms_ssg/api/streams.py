"""Server-sent events: one broadcaster a process, however many listen; a listener that is slow loses its connection, never the others their time.

A feature calls ``broadcaster_of(request).publish(channel, …)`` from whatever tells it of news, and returns ``stream(request, channel, …)`` from a route.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import StreamingResponse

from cms_ssg.api.problems import fail

HEARTBEAT_S: Final = 15.0
"""A comment so often keeps proxies from ending a stream, and shows that a listener has gone."""

QUEUE: Final = 64
"""Events that wait for one listener; who is further behind must come again, and says what came last."""

KEPT: Final = 256
"""Events of a channel that a listener who comes again is sent."""

MOST_LISTENERS: Final = 20_000
RETRY_MS: Final = 2000


class Event(NamedTuple):
    """One event. id: grows within a channel, as the store counts; name: of the kind; data: one line of JSON."""

    id: int
    name: str
    data: bytes

    def encode(self) -> bytes:
        """The event as it is sent."""
        return b"id: %d\nevent: %s\ndata: %s\n\n" % (self.id, self.name.encode(), self.data)


class Listener:
    """One connection. Its queue is bounded; is_lost: it was too slow."""

    __slots__ = ("events", "is_lost", "wake")

    def __init__(self) -> None:
        self.events: deque[Event] = deque()
        self.wake = asyncio.Event()
        self.is_lost = False

    def put(self, event: Event) -> None:
        """Hand an event over without waiting."""
        if len(self.events) >= QUEUE:
            self.is_lost = True
            self.events.clear()
        elif not self.is_lost:
            self.events.append(event)
        self.wake.set()


class Channel:
    """What is listened to together: its listeners and its last events."""

    __slots__ = ("kept", "listeners")

    def __init__(self) -> None:
        self.listeners: set[Listener] = set()
        self.kept: deque[Event] = deque(maxlen=KEPT)


class Broadcaster:
    """Passes events on to everybody who listens to a channel."""

    def __init__(self) -> None:
        self.channels: dict[str, Channel] = {}
        self.count = 0
        self.is_closed = False

    def publish(self, channel: str, number: int, name: str, value: Any) -> None:
        """Tell the listeners of a channel. number: above that of the channel's events before; what was told already is told once."""
        found = self.channels.get(channel)
        if found is None:  # nobody listens, and who comes later is told by the store
            return
        if found.kept and number <= found.kept[-1].id:
            return
        if not name.isidentifier():
            raise ValueError(f"an event is named by one word, not {name!r}")
        event = Event(number, name, msgspec.json.encode(value))
        found.kept.append(event)
        for listener in found.listeners:
            listener.put(event)

    def join(self, channel: str) -> Listener:
        """Begin to listen. Raises ApiError api.busy where too many do."""
        if self.count >= MOST_LISTENERS or self.is_closed:
            raise fail("api.busy", "no more streams are taken here", status=503, headers={"Retry-After": "5"})
        listener = Listener()
        self.channels.setdefault(channel, Channel()).listeners.add(listener)
        self.count += 1
        return listener

    def leave(self, channel: str, listener: Listener) -> None:
        """End listening. A channel without listeners is forgotten."""
        found = self.channels.get(channel)
        if found is not None and listener in found.listeners:
            found.listeners.discard(listener)
            self.count -= 1
            if not found.listeners:
                del self.channels[channel]

    def find_kept(self, channel: str, after: int) -> list[Event] | None:
        """The events after a number; None where they are no longer all kept."""
        found = self.channels.get(channel)
        if found is None or not found.kept or found.kept[0].id > after + 1:
            return None
        return [event for event in found.kept if event.id > after]

    def close(self) -> None:
        """End all streams: the process stops."""
        self.is_closed = True
        for channel in self.channels.values():
            for listener in channel.listeners:
                listener.is_lost = True
                listener.wake.set()


def close_at_signals(broadcaster: Broadcaster) -> None:
    """End streams as soon as the process is told to end: the server waits for answers that are being given before it stops the application."""
    import signal
    import threading

    if threading.current_thread() is not threading.main_thread():  # a test's; only the main thread hears signals
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        before = signal.getsignal(number)

        def end(signum: int, frame: Any, before: Any = before) -> None:
            loop.call_soon_threadsafe(broadcaster.close)
            if callable(before):
                before(signum, frame)

        signal.signal(number, end)


Catch = Callable[[int], Awaitable[Sequence[Event]]]
"""Loads the events after a number from the store."""


def broadcaster_of(request: Request) -> Broadcaster:
    """The broadcaster of the process."""
    broadcaster: Broadcaster = request.app.state.broadcaster
    return broadcaster


def stream(request: Request, channel: str, load_missed: Catch, after: int | None = None) -> StreamingResponse:
    """The answer that goes on. A listener who comes again with Last-Event-ID is sent what it missed, from memory or by load_missed.

    after: the last event that a listener knows who comes for the first time, None where it wants only what is new.
    """
    text = request.headers.get("last-event-id", "").strip()
    if text and not (text.isascii() and text.isdigit() and len(text) < 19):
        raise fail("api.invalid", "Last-Event-ID is no number that was sent here", status=422)
    broadcaster = broadcaster_of(request)
    listener = broadcaster.join(channel)
    body = _list_parts(broadcaster, channel, listener, int(text) if text else after, load_missed)
    return StreamingResponse(body, 200, {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}, "text/event-stream; charset=utf-8")


async def _list_parts(
    broadcaster: Broadcaster, channel: str, listener: Listener, last: int | None, load_missed: Catch
) -> AsyncIterator[bytes]:
    try:
        yield b"retry: %d\n\n" % RETRY_MS
        sent = last if last is not None else -1
        if last is not None:
            kept = broadcaster.find_kept(channel, last)
            for event in kept if kept is not None else await load_missed(last):
                if event.id > sent:
                    sent = event.id
                    yield event.encode()
        while not listener.is_lost:
            if not listener.events:
                listener.wake.clear()
                try:
                    async with asyncio.timeout(HEARTBEAT_S):
                        await listener.wake.wait()
                except TimeoutError:
                    yield b": still here\n\n"
                continue
            event = listener.events.popleft()
            if event.id > sent:
                sent = event.id
                yield event.encode()
    finally:
        broadcaster.leave(channel, listener)
