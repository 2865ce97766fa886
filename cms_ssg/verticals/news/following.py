"""Passes events of live blogs on to streams: told of a commit by the tag ``live/NUMBER``, it reads what came since and hands it to the broadcaster."""

from __future__ import annotations

import asyncio
from typing import Any

from cms_ssg.api.sites import SiteContext
from cms_ssg.api.streams import Broadcaster, Event
from cms_ssg.store.query import fetch_async
from cms_ssg.verticals.news import queries
from cms_ssg.verticals.news.texts import render_content

AT_ONCE = 500
NAME = "update"


class LiveFeed:
    """The live blogs of one site that somebody listens to in this process."""

    def __init__(self, context: SiteContext, broadcaster: Broadcaster) -> None:
        self.context, self.broadcaster = context, broadcaster
        self._told: dict[int, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        context.listen("news", self._note_tags)

    def join(self, blog: int, event: int) -> str:
        """The channel of a blog, whose last event so far is this one."""
        channel = f"{self.context.number}/live/{blog}"
        if channel not in self.broadcaster.channels:
            self._told[blog] = event
        return channel

    def _note_tags(self, tags: set[str]) -> None:
        for tag in tags:
            kind, _, number = tag.partition("/")
            if kind == "live" and number.isdigit() and int(number) in self._told:
                task = asyncio.ensure_future(self._send_events(int(number)))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _send_events(self, blog: int) -> None:
        channel = f"{self.context.number}/live/{blog}"
        if channel not in self.broadcaster.channels:
            self._told.pop(blog, None)
            return
        for event in await self._list(blog, self._told.get(blog, 0)):
            self._told[blog] = max(self._told.get(blog, 0), event.event)
            self.broadcaster.publish(channel, event.event, NAME, show_event(self.context, event))

    async def load_events(self, blog: int, after: int) -> list[Event]:
        """All events after a number, for a listener who was away."""
        import msgspec

        found: list[Event] = []
        while rows := await self._list(blog, after):
            found += [Event(row.event, NAME, msgspec.json.encode(show_event(self.context, row))) for row in rows]
            after = rows[-1].event
        return found

    async def _list(self, blog: int, after: int) -> list[queries.Event]:
        values = {"site": self.context.number, "blog": blog, "after": min(after, 2**31 - 1), "limit": AT_ONCE}
        async with self.context.connection() as connection:
            return await fetch_async(connection, queries.LIST_EVENTS, **values)


def feed_of(context: SiteContext, broadcaster: Broadcaster) -> LiveFeed:
    """The feed of a site in this process."""
    feed: LiveFeed = context.extra("news", lambda found: LiveFeed(found, broadcaster))
    return feed


def show_event(context: SiteContext, event: queries.Event) -> dict[str, Any]:
    """An event as a listener is sent it. Only the last event of an update has its text."""
    value: dict[str, Any] = {"event": event.event, "number": event.position, "action": event.action}
    if event.content is not None:
        value |= {
            "html": render_content(context.site, event.content), "author": event.author, "pinned": event.is_pinned,
            "important": event.is_important, "posted_at": event.posted_at,
        }  # fmt: skip
    return value
