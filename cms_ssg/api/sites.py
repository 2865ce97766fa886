"""The sites that one API process answers for, found by host name; what each needs: its store, cache and search index."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from cms_ssg.cache.follow import Follower
from cms_ssg.cache.layers import CacheService
from cms_ssg.cache.redis import RedisLayer
from cms_ssg.errors import fail
from cms_ssg.site import Site
from cms_ssg.store.connect import database_url
from cms_ssg.store.open_store import open_store
from cms_ssg.store.pool import WAIT_S, Pool, make_pool

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow

    from cms_ssg.render.strings import Translator

POOL_SIZE: Final = 10

FIRST_LOOK_S: Final = 2.0
"""How long the process waits for its first look at what is stale before it answers: until then it keeps nothing."""

END_S: Final = 2.0
"""How long a room may take for what it does at the end of the process."""

LOST_S: Final = 0.2
"""How long a request waits for a connection while the database is away."""


@dataclass(slots=True)
class SiteContext:
    """What a route knows of the site that it was asked about. extras: for what other rooms keep a site, by their own name."""

    site: Site
    number: int
    pool: Pool
    follower: Follower
    cache: CacheService
    extras: dict[str, Any] = field(default_factory=dict)
    listeners: dict[str, Callable[[set[str]], None]] = field(default_factory=dict)
    endings: dict[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    _translators: dict[str, Translator] = field(default_factory=dict)

    @property
    def base_path(self) -> str:
        return self.site.base_path

    def connection(self) -> AbstractAsyncContextManager[AsyncConnection[TupleRow]]:
        """A connection of the pool for a moment. A database that is known to be away is not waited for."""
        return self.pool.connection(timeout=LOST_S if self.follower.is_lost else WAIT_S)

    def extra(self, name: str, make: Callable[[SiteContext], Any]) -> Any:
        """What a room keeps for this site, made at its first use."""
        if name not in self.extras:
            self.extras[name] = make(self)
        return self.extras[name]

    def listen(self, name: str, listener: Callable[[set[str]], None]) -> None:
        """Have a room told which tags of this site were raised, in the running loop. name: its own, so that it is told once."""
        self.listeners[name] = listener

    def at_end(self, name: str, end: Callable[[], Awaitable[None]]) -> None:
        """Have a room do something before the process ends, in END_S at most. name: its own."""
        self.endings[name] = end

    def translate(self, locale: str) -> Translator:
        """The texts of the site's theme in a locale, as pages have them."""
        if locale not in self._translators:
            from cms_ssg.render.strings import load_strings, make_t
            from cms_ssg.render.theme_chain import theme_folders

            folders = theme_folders(self.site.root, self.site.settings).strings
            self._translators[locale] = make_t(load_strings(folders, locale, self.site.root))
        return self._translators[locale]

    def forget_texts(self) -> None:
        """Read them again at the next use: pages were built since."""
        self._translators.clear()


class Sites:
    """All sites of the process. Those of one database share its connections and the ear for changes."""

    def __init__(self, contexts: Sequence[SiteContext]) -> None:
        self.contexts = tuple(contexts)
        self.pools = tuple({id(c.pool): c.pool for c in contexts}.values())
        self.followers = tuple({id(c.follower): c.follower for c in contexts}.values())
        self.layers = tuple({id(c.cache.redis): c.cache.redis for c in contexts if c.cache.redis is not None}.values())
        self._by_host = {host: context for context in contexts for host in list_hosts(context.site)}
        names = Counter(map(_strip_port, self._by_host))
        for host, context in tuple(self._by_host.items()):  # a proxy may leave the port out
            if names[_strip_port(host)] == 1:
                self._by_host[_strip_port(host)] = context

    def find(self, host: str) -> SiteContext | None:
        """The site of a Host header. Where there is only one, it answers to every name."""
        if len(self.contexts) == 1:
            return self.contexts[0]
        return self._by_host.get(host.lower()) or self._by_host.get(_strip_port(host.lower()))

    def addresses(self) -> list[str]:
        """Those of the databases."""
        return [context.site.settings.database_url for context in self.contexts]

    async def open(self) -> None:
        """Connect, and follow what becomes stale, without waiting for a database that is away."""
        for pool in self.pools:
            await pool.open(wait=False)
        for follower in self.followers:
            follower.start()
        await asyncio.gather(*(follower.wait(FIRST_LOOK_S) for follower in self.followers))

    async def close(self) -> None:
        """Give all connections back."""
        for context in self.contexts:
            for end in context.endings.values():
                with contextlib.suppress(Exception):  # it cannot hold up the end
                    async with asyncio.timeout(END_S):
                        await end()
            await context.cache.close()
        for follower in self.followers:
            await follower.stop()
        for layer in self.layers:
            await layer.close()
        for pool in self.pools:
            await pool.close(timeout=2)


def list_hosts(site: Site) -> list[str]:
    """The host names a site answers to, with and without a port."""
    named = urlsplit(site.settings.base_url).netloc.rpartition("@")[2].lower()
    return [host.lower() for host in dict.fromkeys((named, *site.settings.api.hosts)) if host]


def _strip_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


def load_sites(folders: Sequence[Path], env: str = "") -> Sites:
    """Open the sites in these folders. Raises CmsError settings.*, db.*, search.*, api.same-host."""
    pools: dict[str, Pool] = {}
    followers: dict[str, Follower] = {}
    layers: dict[str, RedisLayer] = {}
    contexts: list[SiteContext] = []
    hosts: dict[str, Path] = {}
    for folder in folders:
        with open_store(folder, env) as (site, _, row):
            settings, number = site.settings, row.id
        if settings.search is not None and settings.search.has_server:
            from cms_ssg.search.open_engine import open_engine

            open_engine(site, number, os.environ)  # what is wrong with its settings is said at the start, not to visitors
        url = database_url(site.root, settings.database_url, os.environ)
        if url not in pools:
            pools[url] = make_pool(url, POOL_SIZE, settings.api.timeout_s)
            followers[url] = Follower(url, lambda raised: _notify_contexts(contexts, raised))
        redis_url = os.environ.get("CMS_REDIS_URL", "") or settings.cache.redis_url
        if redis_url and redis_url not in layers:
            layers[redis_url] = RedisLayer(redis_url)
        for host in list_hosts(site):
            if host in hosts and len(folders) > 1:
                hint = f"{hosts[host]} has it too. Give each its own base_url, or one of them other [api] hosts."
                raise fail("api.same-host", f"two sites answer to {host}", place=str(folder / "site.toml"), hint=hint)
            hosts[host] = folder
        cache = CacheService(number, followers[url], settings.cache, layers.get(redis_url))
        contexts.append(SiteContext(site, number, pools[url], followers[url], cache))
    return Sites(contexts)


def _notify_contexts(contexts: Sequence[SiteContext], raised: set[tuple[int, str]]) -> None:
    for context in contexts:
        if (context.number, "search") in raised:
            context.forget_texts()
        if context.listeners and (tags := {tag for number, tag in raised if number == context.number}):
            for listener in context.listeners.values():
                listener(tags)
