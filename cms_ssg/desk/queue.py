"""A queue of the desk as a value: what waits, and what can be done about it. Verticals name theirs in ``Vertical.queues``, pages in ``Vertical.desk_pages``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import LiteralString, NamedTuple


class DeskPage(NamedTuple):
    """A page of the desk in its navigation. name: its word in the address; scope: that a token must have to see it."""

    name: str
    title: str
    scope: str = "moderate"


class Waiting(NamedTuple):
    """One thing that waits. key: names it in an action; path: of the page it is about, '' for none; lines: (what, text) below its title, as text;
    offers: the names of the queue's actions that its state allows, None for all; pages: paths of further pages that it is about.
    """

    key: str
    title: str
    path: str
    status: str
    lines: Mapping[str, str]
    offers: Sequence[str] | None = None
    pages: Sequence[str] = ()


class Pressed(NamedTuple):
    """A button that somebody pressed. key: what was sent, whatever that is; note: a text, '' for none; who: is signed in."""

    key: str
    note: str
    who: str


@dataclass(frozen=True, slots=True)
class Action:
    """Something that can be done. name: its word in addresses; text: on the button; note: whether it takes a text.

    run: reference to a function (OpenSite, Pressed) -> whether there was such a thing, for what one statement cannot do; else
    sql: a statement with %(site)s, %(key)s (a text, whatever was sent), %(note)s and %(who)s, which changes or returns rows where there was
    such a thing. It runs in a transaction of its own.
    """

    name: str
    text: str
    sql: LiteralString = ""
    note: bool = False
    run: str = ""


@dataclass(frozen=True, slots=True)
class Queue:
    """name: its word in addresses; title; scope: that a token must have; list: a query with %(site)s, %(limit)s that gives rows of Waiting.

    links: (path, text) of pages beside it.
    """

    name: str
    title: str
    list: LiteralString
    actions: tuple[Action, ...]
    scope: str = "moderate"
    links: tuple[tuple[str, str], ...] = ()
