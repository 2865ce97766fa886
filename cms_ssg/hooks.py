"""Every hook of cms_ssg, on one page: when it is called, with what, and how often. docs/extending.md shows a plugin.

An implementation is a function with the hook's name and the decorator ``hook``, in the site's own ``hooks.py`` or in a module
that an installed package names as an entry point of the group ``cms_ssg``. It may take fewer arguments than the hook has.

What a hook is told it cannot change: arguments are frozen values, and no hook is handed a connection. What it raises is
reported (``hooks.failed``, with its file and line) and changes neither the build nor what other hooks are told.

All hooks but ``build_before`` are called **at least once**: what they tell is written in the transaction that makes it true, and
taken back only after every implementation has returned or raised. After a kill the next build, sync or ``cms hooks retry`` tells it again,
with the same ``event_id``: a hook whose effect must not be repeated remembers those. ``build_before`` tells nothing that is
true afterwards; it is called once at the start of each try. None is called by ``--dry-run``, ``cms plan`` or ``cms check``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec
import pluggy

from cms_ssg.types import Problem

PROJECT = "cms_ssg"
hook = pluggy.HookimplMarker(PROJECT)
_spec = pluggy.HookspecMarker(PROJECT)

BULK_AT = 100
"""More posts than this in one build are told together."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A saved piece of content. path: of its page, "" where it has none; title, path: as they are when the hook is told."""

    event_id: str
    entry: int
    action: Literal["added", "changed", "removed"]
    file: str
    type: str
    locale: str
    title: str
    path: str
    is_post: bool


class ContentSaved(msgspec.Struct, frozen=True, kw_only=True):
    """Entries that the store holds in a new form. site: its name in the database."""

    site: str
    entries: tuple[Entry, ...]


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """A post whose page is at the target. url: with base_url."""

    event_id: str
    site: str
    entry: int
    file: str
    type: str
    locale: str
    title: str
    path: str
    url: str


class PostsUpdated(msgspec.Struct, frozen=True, kw_only=True):
    """Many posts at once. published: those that went out; changed: entry numbers of those that were saved."""

    event_id: str
    site: str
    published: tuple[Post, ...]
    changed: tuple[int, ...]


class PublishedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a feature's table that pages show. kind: such as review or update; fields: what pages may show of it, of a review its ``entry`` too."""

    event_id: str
    site: str
    kind: str
    number: int
    fields: dict[str, Any]


class BuildStart(msgspec.Struct, frozen=True, kw_only=True):
    """A build that is about to look at the files. root: the site's folder; target: the setting; full: every page is made again."""

    site: str
    env: str
    root: str
    base_url: str
    target: str
    full: bool


class BuildEnd(msgspec.Struct, frozen=True, kw_only=True):
    """A build that is over. status: done; partial: something was left out; failed: it ended with an error; stopped: by Ctrl-C, or with
    the worker that made it; killed: it never ended, and the build after it found that out. problems: the first 50. seconds: by step. ended_at: in the
    database's time; for a killed build, when that was found out.
    """

    event_id: str
    site: str
    build_id: int
    status: Literal["done", "partial", "failed", "stopped", "killed"]
    ended_at: datetime
    planned: int = 0
    rendered: int = 0
    written: int = 0
    unchanged: int = 0
    removed: int = 0
    failed: int = 0
    seconds: dict[str, float] = {}
    problems: tuple[Problem, ...] = ()


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """What a build put at the target. ended_at: when it was recorded; resumed: a build before this one was killed or failed on
    the way, so that more than written and removed may have changed, or, rarely, nothing at all; back_to: a rollback, to the state after that release.
    """

    event_id: str
    site: str
    build_id: int
    base_url: str
    status: Literal["done", "partial"]
    written: int
    removed: int
    ended_at: datetime
    resumed: bool = False
    back_to: int | None = None


class StockLow(msgspec.Struct, frozen=True, kw_only=True):
    """A SKU of a shop of which little is left. state: ``low``, ``on_backorder`` or ``out_of_stock``; free: units that nobody has spoken for."""

    event_id: str
    site: str
    sku: str
    title: str
    state: str
    free: int


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an order. total: in minor units of the order's currency, with tax; attributes: of a variation."""

    sku: str
    title: str
    quantity: int
    total: int
    attributes: Mapping[str, Any]


class OrderPaid(msgspec.Struct, frozen=True, kw_only=True):
    """An order of a shop that was paid. order: its number for people; note: what the buyer wrote; total: in minor units of the currency."""

    event_id: str
    site: str
    order: str
    email: str
    name: str
    note: str
    currency: str
    total: int
    paid_at: datetime
    lines: tuple[OrderLine, ...]


class Specs:
    """The hooks."""

    @_spec
    def build_before(self, build: BuildStart) -> None:
        """A build begins; the files were not looked at yet, so what this writes below content/ or data/ is part of it.

        Called once a try, before the build has the site for itself: two builders may call it at the same time.
        """

    @_spec
    def content_after_save(self, saved: ContentSaved) -> None:
        """The store holds what was saved: from a file, or by SQL. At most 500 entries a call, in the order of their changes.

        Called at the end of the ``cms build`` or ``cms sync`` that learned of it, whether or not the pages could be made.
        An entry that was saved twice before is told once, as it is then. At least once.
        """

    @_spec
    def post_after_publish(self, post: Post) -> None:
        """A post went out: its page is at the target as the store has it, and a moment ago it was in no list.

        Also when its time came, or it was taken back and published again; not when its text changes. A post that fails
        to render is told once it renders. Not called where ``post_bulk_updated`` tells of it. At least once.
        """

    @_spec
    def post_bulk_updated(self, update: PostsUpdated) -> None:
        """Many entries changed at once.

        One build saved or published more than BULK_AT posts, such as those of an import: at most 1,000 posts a call. Or somebody ran
        ``cms bulk``, or the API did: all entries of any type that this changed, in one call, at the end of the next build or sync. At least once.
        """

    @_spec
    def row_after_publish(self, row: PublishedRow) -> None:
        """A row of a feature's table is shown that was not shown before: a review that was approved, an update of a live blog. At least once."""

    @_spec
    def build_after(self, build: BuildEnd) -> None:
        """A build is over, whatever it came to. For one that was killed, or lost its database, the next build calls this. At least once."""

    @_spec
    def release_published(self, release: Release) -> None:
        """Pages were written or removed; what could be made is at the target, in every phase, and recorded. At least once."""

    @_spec
    def order_paid(self, order: OrderPaid) -> None:
        """An order was paid, and its goods have left the stock. Called within a minute while something watches or works. At least once."""

    @_spec
    def stock_low(self, stock: StockLow) -> None:
        """The stock of a SKU fell to its low_stock_threshold, or to nothing. Called within a minute while something watches or works. At least once."""
