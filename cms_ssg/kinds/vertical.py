"""A vertical: a whole feature as one value, from its tables to its pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

from cms_ssg.files.bundled import folder as bundled_folder
from cms_ssg.kinds.list_kind import EntryRow, ListKind, ListRule
from cms_ssg.kinds.output_kind import OutputKind
from cms_ssg.kinds.row_kind import Fact, RowKind
from cms_ssg.types import Json, Problem

if TYPE_CHECKING:
    import msgspec
    from psycopg import Connection

    from cms_ssg.kinds.claim import ClaimRow
    from cms_ssg.site import Site

EntryClaims = Callable[["Site", EntryRow, dict[str, Json], "str | None"], "Iterator[ClaimRow]"]
ListClaims = Callable[["Site", str, ListRule, int], "Iterator[ClaimRow]"]
SiteClaims = Callable[["Site"], "Iterator[ClaimRow]"]
FieldsAt = Callable[[EntryRow, dict[str, Json], datetime], dict[str, Json]]


class OpenSite(NamedTuple):
    """A site whose store is open. connection: in autocommit mode; number: of the site in the store."""

    site: Site
    connection: Connection
    number: int


class Split(NamedTuple):
    """A page with several versions, of which each visitor gets one. name: of the experiment; path: of the page.

    shares: (path of a version, weight); the first one is the page itself.
    """

    name: str
    path: str
    shares: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Command:
    """A command below ``cms``: a function that returns a value, which the command line prints.

    name: its words, ``news breaking add``; run: (OpenSite, …) -> value; its other parameters become arguments, its keyword-only ones options,
    by their annotations: text, whole number, number, true or false, or a tuple of texts for what may be repeated; its docstring is the help.
    example: how it is called, a line each; options: what each option does. A value is printed as `str` has it, a list of structs as a table.
    """

    name: str
    run: Callable[..., Any]
    example: str
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """Work that is repeated while `cms api`, `cms watch`, `cms serve` or a worker runs. every_s: seconds from start to start; run: must be safe to repeat.

    A text that it returns is a warning for the log: the task is done nevertheless.
    """

    name: str
    every_s: float
    run: Callable[[OpenSite], object]


Check = Callable[[OpenSite], "Iterator[Problem]"]
"""Part of `cms check`."""


@dataclass(frozen=True, slots=True)
class Personal:
    """Where a feature stores personal data.

    export: a query with %(site)s and %(email)s that gives (name of the table, row as JSON); erase: statements with the same parameters.
    Both may use ``mentions``, which finds the address within a longer text.
    """

    export: LiteralString
    erase: tuple[LiteralString, ...]


def mentions(text: LiteralString) -> LiteralString:
    """A condition of ``Personal``: the address is in this SQL expression, not as a part of a longer one."""
    return f"(strpos(lower({text}), lower(%(email)s)) > 0 AND {text} ~* %(pattern)s)"


@dataclass(frozen=True, kw_only=True)
class Vertical:
    """A feature: see docs/extending.md. All fields but name and folder are optional.

    References are texts ``"package.module:NAME"``, resolved when they are used.

    name: of its folders and of its table in site.toml. folder: of its package, with ``strings``, ``assets`` and ``starter``.
    outputs, lists, rows, facts: its kinds.
    claims: (site, row, fields, path) -> further claims of a live entry. list_claims: (site, locale, rule, list id) -> claims of a list.
    site_claims: (site) -> claims of the site.
    fields_at: (row, fields, clock) -> the fields as they are valid at this time, from which cards and positions in lists are made. A field
    ``unlisted`` among them keeps the entry out of the lists of its type and terms. cms.entry_times says when the entry is derived again.
    needs: verticals that are switched on together with this one. collections, taxonomies: that each of its sites has.
    slots: place in base.html (``head``, ``top``, ``bottom``) -> template that every page includes there.
    templates: ``home`` or a group of lists -> template that is tried before the theme's own.
    view: reference to a class; an object of it is made for each page, and templates call its methods as ``NAME.method(…)``.
    fragments: the method of the view that the tag ``{% fragment "name" %}`` calls. values: names that its outputs pass to their templates.
    requests: reference to a tuple of stages, as of an OutputKind, for what the view reads on any page.
    settle: reference to a function (OpenSite, sorted numbers of entries, the listed ones among them). It is called in the transaction that
    derives these entries, before they are published. It updates tables that follow from entries, and reports the facts that changed.
    gather: reference to a function (OpenSite) -> whether it did something. It is called, each time in a transaction, until it did nothing,
    once all changes of a build were read.
    settings: the struct of its table in site.toml.
    commands: reference to a tuple of Command; groups: their first words with a summary each, so that ``cms --help`` need not import them.
    queues, desk_pages: references to tuples of Queue and DeskPage, for the desk. routes: references to routers of the API.
    tasks, checks: references to tuples of Task and Check. splits: reference to a function (OpenSite) -> Splits. hooks: reference to a pluggy plugin.
    tables: that a dump includes, each after those that it refers to. derived: tables that can be made again from the others.
    personal: where personal data is. payments: reference to a cms_ssg.payment.provider.Payable, which is called with results of payments.
    paid: reference to a function (OpenSite, OrderPaid) -> a note for the order, called once for each order that was paid.
    refunded: reference to a function (OpenSite, OrderPaid with the lines that were given back as a whole, notes of the order) -> a note for the
    order, called once for each refund.
    accepted: reference to a coroutine function (Request, text), called for each field ``_goal`` of a form of visitors that was accepted. The text is
    the visitor's, so what is wrong with it must not be an error.
    uses: assets of the bundled theme that only some sites need (those of the search page, forms.css) and that its pages load.
    sources: modules outside of its folder that count as its code: a change of them renders its rows and outputs again.
    begin: what to type after its starter was copied, a line each.
    """

    name: str
    folder: Path
    outputs: tuple[OutputKind, ...] = ()
    lists: tuple[ListKind, ...] = ()
    rows: tuple[RowKind, ...] = ()
    facts: tuple[Fact, ...] = ()
    claims: EntryClaims | None = None
    list_claims: ListClaims | None = None
    site_claims: SiteClaims | None = None
    fields_at: FieldsAt | None = None
    needs: tuple[str, ...] = ()
    collections: tuple[dict[str, Any], ...] = ()
    taxonomies: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    slots: Mapping[str, str] = field(default_factory=dict)
    templates: Mapping[str, str] = field(default_factory=dict)
    view: str = ""
    fragments: str = ""
    values: tuple[str, ...] = ()
    settle: str = ""
    gather: str = ""
    settings: type[msgspec.Struct] | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    commands: str = ""
    queues: str = ""
    desk_pages: str = ""
    requests: str = ""
    routes: tuple[str, ...] = ()
    tasks: str = ""
    checks: str = ""
    splits: str = ""
    hooks: str = ""
    tables: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()
    personal: tuple[Personal, ...] = ()
    payments: str = ""
    paid: str = ""
    refunded: str = ""
    accepted: str = ""
    uses: tuple[str, ...] = ()
    sources: tuple[Path, ...] = ()
    begin: str = ""

    def find_folder(self, kind: str) -> Path | None:
        """Its ``content_schema``, ``sql`` or ``templates``: the bundled place of its name, else in its own folder; None where it has none."""
        shared = "themes/base/templates" if kind == "templates" else kind
        head, _, rest = shared.partition("/")
        places = (bundled_folder(head) / rest / self.name, self.folder / kind)
        return next((place for place in places if place.is_dir()), None)

    @cached_property
    def digest(self) -> bytes:
        """Stands for its code: where it changes, what the code made is made again."""
        state = blake2b(digest_size=16)
        for path in (*sorted(self.folder.rglob("*.py")), *self.sources):
            name = path.relative_to(self.folder).as_posix() if path.is_relative_to(self.folder) else path.name
            state.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
        return state.digest()
