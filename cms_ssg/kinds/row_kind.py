"""What pages read that is no entry: rows of a feature's tables that are members of lists, and facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, LiteralString, NamedTuple

from cms_ssg.kinds.list_kind import Item
from cms_ssg.types import Json

if TYPE_CHECKING:
    from cms_ssg.site import Site


class Row(NamedTuple):
    """A row on its way to pages. card: what they may show of it; items: its places in lists."""

    card: dict[str, Json]
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class RowKind:
    """Rows of a table that are members of lists as entries are: a live update, a review.

    name: of the kind; table: ``cms.reviews``, with the columns ``site`` and ``number``, which comes from cms.entries_id_seq (SQL:
    ``cms.follow_rows(table)`` makes the triggers that note its changes); load: a query with %(numbers)s that gives (number, fields as JSON) of the
    rows that may be shown; derive: (site, number, fields) -> Row, None where it is not to be shown; html: fields that hold sanitized HTML;
    follows: a query with %(entries)s that gives the numbers of rows to derive again with these entries, whose paths are part of theirs.
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
    """A named value that pages read and that is no entry: the rating of a listing, the stock shown, the breaking news of a section.

    query: a query with %(site)s, %(subjects)s (texts) and %(now)s (the build's clock) that gives (subject, value as JSON, valid_from,
    valid_until); the two times are null where time alone does not change it, else the pages that read it are made again then. A subject that
    it gives no row for has no value, which is a read too. `cms.touch(site, 'fact/NAME/SUBJECT')` says that a value changed.
    search: what search holds of it, where the subjects are entries: ``price`` (a whole number of minor units), ``rating`` or ``stock`` -> the key
    in the value, ``""`` for the value itself.
    """

    name: str
    query: LiteralString
    vertical: str = ""
    search: Mapping[str, str] = field(default_factory=dict)


def name_fact(fact: str, subject: object) -> str:
    """The name of the read, which is the name that a trigger touches and the tag of an answer: ``fact/rating/7``."""
    return f"fact/{fact}/{subject}"
