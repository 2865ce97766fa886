"""Every hook of cms_ssg, on one page: when it is called, with what, and how often. docs/extending.md shows a plugin.

An implementation is a function with the hook's name and the decorator ``hook``, in the site's own ``hooks.py`` or in a module
that an installed package names as an entry point of the group ``cms_ssg``. It may take fewer arguments than the hook has.

Arguments are frozen values, and hooks do not get a database connection. An exception in a hook is reported (``hooks.failed``, with its
file and line). It affects neither the build nor other hooks.

All hooks except ``build_before`` are called **at least once**: the event is written in the transaction that makes it true, and deleted
only after every implementation has returned or raised. After a kill, the next build, sync or ``cms hooks retry`` calls the hooks again with
the same ``event_id``: a hook whose effect must not be repeated remembers these. ``build_before`` is called once at the start of each
attempt, and its event is not stored. ``--dry-run``, ``cms plan`` and ``cms check`` call no hooks.
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
"""If one build saves or publishes more posts than this, post_bulk_updated is called for all of them together."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A saved piece of content. path: of its page, "" if it has none; title, path: as they are when the hook is called."""

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
    """Entries that were saved or changed. site: its name in the database."""

    site: str
    entries: tuple[Entry, ...]


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """A post whose page has been published. url: with base_url."""

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
    """Many posts at once. published: those that were published; changed: entry numbers of those that were saved."""

    event_id: str
    site: str
    published: tuple[Post, ...]
    changed: tuple[int, ...]


class PublishedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a feature's table that pages show. kind: such as review or update; fields: what pages may show of it, and for a review its ``entry``."""

    event_id: str
    site: str
    kind: str
    number: int
    fields: dict[str, Any]


class BuildStart(msgspec.Struct, frozen=True, kw_only=True):
    """A build that is about to read the files. root: the site's folder; target: the setting; full: every page is rendered again."""

    site: str
    env: str
    root: str
    base_url: str
    target: str
    full: bool


class BuildEnd(msgspec.Struct, frozen=True, kw_only=True):
    """A build that has ended. status: done; partial: something was left out; failed: it ended with an error; stopped: by Ctrl-C, or with
    the worker that ran it; killed: the next build found that it never ended. problems: the first 50. seconds: by step. ended_at: by the
    database's clock; for a killed build, when that was noticed.
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
    """What a build published. ended_at: when it was recorded; resumed: an earlier build was killed or failed halfway, so more than written
    and removed may have changed or, rarely, nothing at all; back_to: this was a rollback, to the state after that release.
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
    """A SKU of a shop whose stock is low. state: ``low``, ``on_backorder`` or ``out_of_stock``; free: units that are not reserved."""

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
    """A paid order of a shop. order: its number as people see it; note: what the buyer wrote; total: in minor units of the currency."""

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


class PaymentProblem(msgspec.Struct, frozen=True, kw_only=True):
    """A refund of a shop's order failed, or a buyer asked their bank for the money back. order: its number as people see it; amount: in minor units.

    status: of a dispute: ``inquiry`` (nothing was taken yet), ``open`` (the bank holds the money), ``won`` or ``lost``; ``""`` for a refund.
    """

    event_id: str
    site: str
    order: str
    kind: Literal["refund_failed", "dispute"]
    status: str
    amount: int
    currency: str
    reason: str


class Specs:
    """The hooks."""

    @_spec
    def build_before(self, build: BuildStart) -> None:
        """A build begins. The files have not been read yet, so files that this hook writes below content/ or data/ are part of the build.

        Called once for each attempt, before the build has the site's lease: two builders may call it at the same time.
        """

    @_spec
    def content_after_save(self, saved: ContentSaved) -> None:
        """Entries were saved or changed, from files or by SQL. At most 500 entries a call, in the order of their changes.

        Called at the end of the ``cms build`` or ``cms sync`` that noticed the change, whether or not the pages could be rendered.
        An entry that was saved twice before that is passed once, in its latest state. At least once.
        """

    @_spec
    def post_after_publish(self, post: Post) -> None:
        """A post's page has been published, and before that the post was in no list.

        Also if its ``publish_at`` has come, or if it was unpublished and published again; not if its text changes. For a post that fails
        to render it is called once it renders. Not called for posts of ``post_bulk_updated``. At least once.
        """

    @_spec
    def post_bulk_updated(self, update: PostsUpdated) -> None:
        """Many entries changed at once.

        One build saved or published more than BULK_AT posts, such as those of an import: at most 1,000 posts a call. Or ``cms bulk`` or
        the API changed many entries: all of them, of any type, in one call at the end of the next build or sync. At least once.
        """

    @_spec
    def row_after_publish(self, row: PublishedRow) -> None:
        """A row of a feature's table is shown for the first time: an approved review, an update of a live blog. At least once."""

    @_spec
    def build_after(self, build: BuildEnd) -> None:
        """A build has ended, with whatever status. If it was killed, or lost its database, the next build calls this. At least once."""

    @_spec
    def release_published(self, release: Release) -> None:
        """Pages were written or removed; everything that could be rendered is published and recorded. At least once."""

    @_spec
    def order_paid(self, order: OrderPaid) -> None:
        """An order was paid, and its goods have left the stock. Called within a minute while `cms watch`, `cms serve` or a worker runs. At least once."""

    @_spec
    def payment_problem(self, problem: PaymentProblem) -> None:
        """A refund of an order failed, or a dispute about its payment began or ended. Called within a minute while `cms watch`, `cms serve` or a worker runs.

        At least once, for each status of a dispute.
        """

    @_spec
    def stock_low(self, stock: StockLow) -> None:
        """The stock of a SKU fell to its low_stock_threshold, or to zero. Called within a minute while `cms watch`, `cms serve` or a worker runs. At least once."""
