"""What one output reads while it is made: every value a template sees passes through here and is written down."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cms_ssg.content.frontmatter.values import UNSTORABLE
from cms_ssg.reads import CARD, HIGH, LIST, LOW, entry_key, name_key
from cms_ssg.types import Problem

MOST_ASKED = 10_000
"""After so many new requests a try is ended early."""


class Missing(Exception):
    """A template asked for things that were not loaded with the batch; requests say which."""

    def __init__(self, *requests: tuple[Any, ...]) -> None:
        super().__init__(requests)
        self.requests = requests


@dataclass(slots=True)
class Reads:
    """The reads of one output. names: of hashed keys, so that `cms why` can say them; named: all of these; windows: (list, low, high)."""

    keys: set[int] = field(default_factory=set)
    names: dict[int, str] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    windows: set[tuple[int, bytes, bytes]] = field(default_factory=set)
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    problems: list[Problem] = field(default_factory=list)
    unmeasured: set[str] = field(default_factory=set)
    """Digests of images that nobody has looked at yet."""
    shows: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    """Sets of images' variants, name -> path -> spec."""
    wants: set[str] = field(default_factory=set)
    """Those sets of which a variant is not published yet."""

    @property
    def waits(self) -> bool:
        """Whether something must be made before the output can be published; then it is rendered again."""
        return bool(self.unmeasured or self.wants)

    def name(self, name: str) -> None:
        """A read by name: template/…, setting/…, data/…, string/…, asset/…, claim/…. Raises ValueError for what can be no name."""
        if name in self.named:  # most are read again and again
            return
        if "\0" in name:
            raise ValueError(f"{name!r} cannot be a name")
        self.named.add(name)
        key = name_key(name)
        self.keys.add(key)
        self.names[key] = name

    def entry(self, aspect: int, number: int) -> None:
        """One aspect of an entry, or a list's card."""
        self.keys.add(entry_key(aspect, number))

    def span(self, valid_from: datetime, valid_until: datetime) -> None:
        """The output holds from valid_from until just before valid_until; spans intersect."""
        self.valid_from = valid_from if self.valid_from is None else max(self.valid_from, valid_from)
        self.valid_until = valid_until if self.valid_until is None else min(self.valid_until, valid_until)


def check_request(request: tuple[Any, ...]) -> None:
    """Raise ValueError for a request with a text that no store can hold: it fails the page that made it, not all that are loaded with it."""
    for part in request:
        if isinstance(part, str) and UNSTORABLE.search(part):
            raise ValueError(f"{part!r} cannot be a name")


class Reader:
    """Values of a batch as one output sees them.

    What was not loaded is noted in `asked` and answered as if it did not exist, so that one try of a template asks for as much
    as it can; the output of a try that asked for anything is thrown away.
    """

    __slots__ = ("asked", "found", "reads")

    def __init__(self, found: dict[tuple[Any, ...], Any]) -> None:
        self.found = found
        self.reads = Reads()
        self.asked: list[tuple[Any, ...]] = []

    def need(self, *request: Any) -> Any:
        """A loaded value, None where there is none or it is still to be loaded. Raises Missing after very many of those."""
        try:
            return self.found[request]
        except KeyError:
            self.ask((request,))
            return None

    def card(self, entry: int) -> dict[str, Any] | None:
        self.reads.entry(CARD, entry)
        card: dict[str, Any] | None = self.need("card", entry)
        return card

    def list_named(self, locale: str, name: str) -> Any:
        """A list's card by name; its absence is a read too."""
        row = self.need("list", locale, name)
        if row is None:
            self.reads.name(f"list/{locale}/{name}")
        else:
            self.reads.entry(LIST, row.id)
        return row

    def list_numbered(self, number: int) -> Any:
        self.reads.entry(LIST, number)
        return self.need("listed", number)

    def window(self, *request: Any) -> tuple[int, ...]:
        """Members of part of a list: ('front', list), ('page', list, n), ('top', list, n), ('near', list, entry, n), ('all', list)."""
        window = self.need(*request)
        if window is None:
            return ()
        self.reads.windows.add((window.list, window.low, window.high))
        members: tuple[int, ...] = window.members
        return members

    def count(self, row: Any) -> int:
        """How many members a list has that was loaded by its card; a read of all of it."""
        self.reads.windows.add((row.id, LOW, HIGH))
        items: int = row.items
        return items

    def claim(self, name: str) -> Any:
        """Who has a name; nobody having it is a read too."""
        self.reads.name(f"claim/{name}")
        return self.need("claim", name)

    def ask(self, requests: Iterable[tuple[Any, ...]]) -> None:
        """Note all of these that were not loaded. Raises ValueError for what no store can hold, Missing after very many."""
        for request in requests:
            if request not in self.found:
                check_request(request)
                self.asked.append(request)
        if len(self.asked) > MOST_ASKED:
            raise Missing(*self.asked)
