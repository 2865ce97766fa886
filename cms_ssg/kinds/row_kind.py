"""What pages read besides entries: rows of a feature's tables that are members of lists, and facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, LiteralString, NamedTuple

from cms_ssg.kinds.list_kind import Item
from cms_ssg.types import Json

if TYPE_CHECKING:
    from cms_ssg.site import Site


class Row(NamedTuple):
    """What is derived from a row. card: what pages may show of it; items: its places in lists."""

    card: dict[str, Json]
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class RowKind:
    """Rows of a table that are members of lists, like entries: live updates, reviews.

    name: of the kind. table: such as ``cms.reviews``; it has the columns ``site`` and ``number`` (from cms.entries_id_seq), and the triggers
    that ``SELECT cms.follow_rows(table)`` creates. load: a query with %(numbers)s that returns (number, fields as JSON) of rows that may be
    shown. derive: (site, number, fields) -> Row, None if the row is not to be shown. html: fields that hold sanitized HTML.
    follows: a query with %(entries)s that returns the numbers of rows to derive again when these entries change, because the paths of the
    rows contain theirs.
    """

    name: str
    table: LiteralString
    load: LiteralString
    derive: Callable[[Site, int, dict[str, Json]], Row | None]
    html: tuple[str, ...] = ()
    follows: LiteralString = ""
    vertical: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A named value that pages read but that is not an entry: the rating of a listing, the stock shown, the breaking news of a section.

    query: a query with %(site)s, %(subjects)s (texts) and %(now)s (the build's clock) that returns (subject, value as JSON, valid_from,
    valid_until). The two times are null unless the value changes with time: then the pages that read it are rendered again at that time. A
    subject without a row has no value, which is recorded as a read too. `cms.touch(site, 'fact/NAME/SUBJECT')` reports a changed value.
    search: what search stores of it if the subjects are entries: ``price`` (a whole number of minor units), ``rating`` or ``stock`` -> the key
    in the value, ``""`` for the value itself.
    """

    name: str
    query: LiteralString
    vertical: str = ""
    search: Mapping[str, str] = field(default_factory=dict)


def name_fact(fact: str, subject: object) -> str:
    """The name of the read, which is the name that a trigger touches and the tag of an answer: ``fact/rating/7``."""
    return f"fact/{fact}/{subject}"
