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
    """A page that a web server or CDN is to answer in several ways, each visitor in one. name: of the experiment; path: of the page.

    shares: (path of the page to answer with, weight); the first one is the page itself.
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
    """Work that is done now and then while `cms watch`, `cms serve` or a worker runs. every_s: seconds from start to start; run: must be safe to repeat."""

    name: str
    every_s: float
    run: Callable[[OpenSite], object]


Check = Callable[[OpenSite], "Iterator[Problem]"]
"""Part of `cms check`."""


@dataclass(frozen=True, slots=True)
class Personal:
    """Where a feature keeps what people said of themselves.

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
    """A feature. See docs/extending.md.

    name: the word of its places and of its table in site.toml; folder: of its package, where ``strings``, ``assets`` and ``starter`` lie.
    outputs, lists, rows, facts: the kinds it brings. claims: more outputs of an entry: (site, row, fields, path); list_claims: of a list:
    (site, locale, rule, list id); site_claims: of the site. fields_at: (row, fields, clock) -> the fields as they count at this time, of which
    cards and places in lists are made; cms.entry_times says when to look again.
    Among them ``unlisted``: it is in no list of its type or terms. needs: verticals that are on wherever this one is.
    collections, taxonomies: that a site has without naming them.
    slots: place in base.html (``head``, ``top``, ``bottom``) -> template that every page has there. templates: ``home`` or a group of lists -> template
    of their pages, tried before the theme's own. view: reference to a class, made with the page, whose methods templates call as ``NAME.method(…)``;
    fragments: the view's method that the tag ``{% fragment "name" %}`` calls; values: names of what its outputs hand to their templates besides;
    requests: to a tuple of stages, as of an OutputKind, for what the view asks on any page.
    settle: reference to a function (OpenSite, sorted numbers of entries, set of those among them that are listed), called in the transaction
    that derives these entries, before they are published: it brings tables up to date that follow from entries, and touches what changed.
    gather: reference to a function (OpenSite) -> whether it did something, called again until it did nothing, when all changes of a build were taken:
    for what costs less if it is done for many entries at once. Each call is a transaction.
    settings: the struct of its table in site.toml. References, resolved when used: commands (a tuple of Command, whose first words ``groups`` may
    name with a line about each, so that `cms --help` need not load them), queues (a tuple of Queue, of
    the desk), desk_pages (a tuple of DeskPage, which
    routes of its own answer at /desk/NAME), routes (routers of the API), tasks (a tuple of Task), checks (a tuple of Check), splits (a function OpenSite -> Splits), hooks (a
    pluggy plugin). tables: that a dump holds, each after those it refers to; derived: those that follow from the others;
    personal: where people are; begin: what to type after its starter
    was copied, a line each. paid: reference to a function (OpenSite, OrderPaid) -> what is noted at the order, called once for each order that was paid;
    payments: reference to an object that is told what became of payments
    (cms_ssg.payment.provider.Payable). uses: assets of the search page that its own pages load, so that they are published where search is off.
    sources: modules outside of folder that make rows or outputs of it: where their code changes, these are made again.
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
