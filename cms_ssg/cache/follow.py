"""Hears of raised tags: one listening connection a database. A notification is a doorbell; the table is read then, and several times a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from hashlib import blake2b
from typing import Final, LiteralString

from psycopg import AsyncConnection, Error
from psycopg.errors import InsufficientPrivilege
from psycopg.rows import TupleRow

from cms_ssg.cache.versions import Versions
from cms_ssg.store.pool import connect_listener

POLL_S: Final = 0.25
FRESH_S: Final = 0.8
"""Without a look for longer than this, nothing that is cached may be taken for fresh."""

LOST_S: Final = 2.0

KEPT: Final = "1 day"
"""How long a raised tag is remembered: longer than any answer is kept."""

LOOK: Final[LiteralString] = """
SELECT pg_current_snapshot()::text, t.site, t.tag, t.version::text
FROM (SELECT) one LEFT JOIN cms.tag_versions t ON t.version >= %s::text::xid8"""
FORGET: Final[LiteralString] = "DELETE FROM cms.tag_versions WHERE raised_at < now() - %s::text::interval"
WHICH: Final[LiteralString] = """
SELECT (SELECT system_identifier FROM pg_control_system())::text || '.' || (SELECT oid FROM pg_database WHERE datname = current_database())::text"""


class Follower:
    """Keeps Versions up to date. on_raised: told which tags are new, after they count."""

    def __init__(self, url: str, on_raised: Callable[[set[tuple[int, str]]], None] = lambda _: None) -> None:
        self.url, self.on_raised = url, on_raised
        self.versions = Versions()
        self.store_name = ""
        self.looked_at = time.monotonic() - FRESH_S
        self._task: asyncio.Task[None] | None = None
        self._looked = asyncio.Event()

    @property
    def is_current(self) -> bool:
        """Whether a commit of more than FRESH_S ago would be known here."""
        return time.monotonic() - self.looked_at < FRESH_S

    @property
    def is_lost(self) -> bool:
        """Whether the database has not answered for so long that it must be away."""
        return time.monotonic() - self.looked_at > LOST_S

    def start(self) -> None:
        """Begin to follow, in the running loop."""
        self._task = asyncio.create_task(self._follow(), name="cms-follow-tags")

    async def wait(self, timeout_s: float) -> bool:
        """Wait for the first look. Returns whether there was one."""
        try:
            await asyncio.wait_for(self._looked.wait(), timeout_s)
        except TimeoutError:
            return False
        return True

    async def stop(self) -> None:
        """End following."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _follow(self) -> None:
        wait_s = 0.05
        while True:
            try:
                async with await connect_listener(self.url) as connection:
                    await connection.execute("LISTEN cms_tags")
                    self.store_name = self.store_name or await self._name_store(connection)
                    await connection.execute(FORGET, (KEPT,))
                    wait_s = 0.05
                    await self._look_until_lost(connection)
            except (Error, OSError, TimeoutError):
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, 1.0)

    async def _name_store(self, connection: AsyncConnection[TupleRow]) -> str:
        """What tells this database from every other, so that two never share answers in one Redis."""
        try:
            row = await (await connection.execute(WHICH)).fetchone()
        except InsufficientPrivilege:  # some hosts keep it to themselves
            row = None
        return str(row[0]) if row else blake2b(self.url.encode(), digest_size=8).hexdigest()

    async def _look_until_lost(self, connection: AsyncConnection[TupleRow]) -> None:
        while True:
            begun = time.monotonic()
            async with asyncio.timeout(3.0):  # a server that hangs is one that is lost
                rows = await (await connection.execute(LOOK, (str(self.versions.snapshot.bottom),))).fetchall()
            new = self.versions.learn(rows[0][0], [(site, tag, int(version)) for _, site, tag, version in rows if tag is not None])
            self.looked_at = begun
            self._looked.set()
            if new:
                self.on_raised(new)
            async for _ in connection.notifies(timeout=POLL_S, stop_after=1):
                pass
