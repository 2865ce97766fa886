"""A queue of the desk as a value: what waits, and what can be done about it. Verticals name theirs in ``Vertical.queues``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

if TYPE_CHECKING:
    from psycopg import AsyncConnection, Connection


class Waiting(NamedTuple):
    """One thing that waits. key: names it in an action; url: of the page it is about; lines: (what, text) shown below its title, as text."""

    key: str
    title: str
    url: str
    status: str
    lines: Mapping[str, str]


Act = Callable[["Connection[Any]", int, str, str, str], bool]
"""(connection, site, key, note, who) -> whether there was such a thing. Runs in a transaction of its own."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something that can be done. name: its word in addresses; text: on the button; note: whether it takes a text; run: does it."""

    name: str
    text: str
    run: Act
    note: bool = False


@dataclass(frozen=True, slots=True)
class Queue:
    """name: its word in addresses; title; scope: that a token must have; list: a query with %(site)s, %(limit)s that gives rows of Waiting."""

    name: str
    title: str
    list: LiteralString
    actions: tuple[Action, ...]
    scope: str = "moderate"


async def list_waiting(connection: AsyncConnection[Any], queue: Queue, site: int, limit: int = 50) -> list[Waiting]:
    """What waits in a queue, the longest first."""
    cursor = await connection.execute(queue.list, {"site": site, "limit": limit})
    return [Waiting(*row) for row in await cursor.fetchall()]
