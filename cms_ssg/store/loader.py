"""Everything a batch of outputs reads, in a handful of queries: requests go in, values come out, once each."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, LiteralString, NamedTuple

from psycopg import Connection

from cms_ssg.kinds.claim import Owner
from cms_ssg.kinds.failures import naming_query
from cms_ssg.kinds.features import Features
from cms_ssg.reads import HIGH, LOW
from cms_ssg.types import Json

Request = tuple[Any, ...]
"""('full', entry) · ('card', entry) · ('list', locale, name) · ('listed', list id) · ('around', list id, entry) · ('front', list id) ·
('page', list id, number) · ('top', list id, n) · ('near', list id, entry, n) · ('all', list id) · ('claim', name) · ('image', digest) · ('live', path) ·
('fact', name, subject) · ('stored', path below /pagefind/)"""

FULLS: Final[LiteralString] = """
SELECT e.id, e.type, e.locale, e.collection, e.source_key, e.translation_key, e.fields, b.html, b.toc, b.words, b.links
FROM cms.entries e LEFT JOIN cms.bodies b ON b.entry = e.id WHERE e.id = ANY(%s)"""

# What is not listed (its path is another's, or it is new and fails) is marked: its own page needs its card, other pages have nothing to link to.
CARDS: Final[LiteralString] = """
SELECT entry, CASE WHEN listed THEN card ELSE card || '{"unlisted": true}' END FROM cms.cards WHERE entry = ANY(%s)"""

LISTS_BY_NAME: Final[LiteralString] = """
SELECT l.id, l.locale, l.name, l.items, l.pages, l.card
FROM unnest(%s::text[], %s::text[]) AS x(locale, name) JOIN cms.lists l ON l.site = %s AND l.locale = x.locale COLLATE "C" AND l.name = x.name COLLATE "C" """

LISTS_BY_ID: Final[LiteralString] = "SELECT id, locale, name, items, pages, card FROM cms.lists WHERE id = ANY(%s)"

AROUND: Final[LiteralString] = """
SELECT x.list, x.member, p.sort_key, p.member, n.sort_key, n.member
FROM unnest(%s::int[], %s::bigint[]) AS x(list, member)
JOIN LATERAL (SELECT sort_key FROM cms.list_items i WHERE i.member = x.member AND i.list = x.list LIMIT 1) i ON true
LEFT JOIN LATERAL (SELECT sort_key, member FROM cms.list_items p WHERE p.list = x.list AND p.sort_key < i.sort_key ORDER BY sort_key DESC LIMIT 1) p ON true
LEFT JOIN LATERAL (SELECT sort_key, member FROM cms.list_items n WHERE n.list = x.list AND n.sort_key > i.sort_key ORDER BY sort_key LIMIT 1) n ON true"""

NEAR: Final[LiteralString] = """
SELECT x.list, x.member, x.n, i.sort_key, o.keys, o.members, n.keys, n.members
FROM unnest(%s::int[], %s::bigint[], %s::int[]) AS x(list, member, n)
JOIN LATERAL (SELECT sort_key FROM cms.list_items i WHERE i.member = x.member AND i.list = x.list LIMIT 1) i ON true
CROSS JOIN LATERAL (SELECT array_agg(sort_key ORDER BY sort_key DESC) AS keys, array_agg(member ORDER BY sort_key DESC) AS members FROM (
  SELECT sort_key, member FROM cms.list_items p WHERE p.list = x.list AND p.sort_key < i.sort_key ORDER BY sort_key DESC LIMIT x.n) p) o
CROSS JOIN LATERAL (SELECT array_agg(sort_key ORDER BY sort_key) AS keys, array_agg(member ORDER BY sort_key) AS members FROM (
  SELECT sort_key, member FROM cms.list_items p WHERE p.list = x.list AND p.sort_key > i.sort_key ORDER BY sort_key LIMIT x.n) p) n"""

FRONTS: Final[LiteralString] = r"""
SELECT x.list, i.sort_key, i.member
FROM unnest(%s::int[]) AS x(list)
LEFT JOIN LATERAL (SELECT high FROM cms.list_pages p WHERE p.list = x.list ORDER BY number DESC LIMIT 1) p ON true
JOIN LATERAL (SELECT sort_key, member FROM cms.list_items i WHERE i.list = x.list AND i.sort_key > coalesce(p.high, ''::bytea)) i ON true
ORDER BY x.list, i.sort_key DESC"""

PAGES: Final[LiteralString] = """
SELECT x.list, x.number, p.high, i.sort_key, i.member
FROM unnest(%s::int[], %s::int[]) AS x(list, number)
JOIN cms.list_pages p ON p.list = x.list AND p.number = x.number
LEFT JOIN cms.list_pages b ON b.list = x.list AND b.number = x.number - 1
JOIN LATERAL (
  SELECT sort_key, member FROM cms.list_items i WHERE i.list = x.list AND i.sort_key <= p.high AND i.sort_key > coalesce(b.high, ''::bytea)) i ON true
ORDER BY x.list, x.number, i.sort_key DESC"""

TOPS: Final[LiteralString] = """
SELECT x.list, x.n, i.sort_key, i.member
FROM unnest(%s::int[], %s::int[]) AS x(list, n)
JOIN LATERAL (SELECT sort_key, member FROM cms.list_items i WHERE i.list = x.list ORDER BY sort_key DESC LIMIT x.n) i ON true
ORDER BY x.list, x.n, i.sort_key DESC"""

CLAIMS: Final[LiteralString] = """
SELECT c.name, c.owner_kind, c.owner, c.spec FROM unnest(%s::text[]) n JOIN cms.claims c ON c.site = %s AND c.name = n COLLATE "C" AND c.wins"""


STORED: Final[LiteralString] = 'SELECT path, data FROM cms.static_index_files WHERE path = ANY(%s::text[] COLLATE "C") AND site = %s'
"""Files of the index that browsers search in."""

SHARED = frozenset(("card", "list", "listed", "top", "claim", "image", "fact"))
"""Kinds of requests whose values many outputs of a round share."""

SHARED_AT_MOST = 50_000
"""Values kept from batch to batch, about 100 MB of cards."""


class FullEntry(NamedTuple):
    """An entry with its body, as its own page shows it."""

    id: int
    type: str
    locale: str
    collection: str
    file: str
    translation_key: str
    fields: dict[str, Json]
    html: str | None
    toc: Json
    words: int | None
    links: Json


class ListRow(NamedTuple):
    """A list's card. pages: how many archive pages it has; card None: it is empty."""

    id: int
    locale: str
    name: str
    items: int
    pages: int
    card: dict[str, Json] | None


class Window(NamedTuple):
    """Part of a list, from its front. low, high: the span whose changes change it."""

    list: int
    members: tuple[int, ...]
    low: bytes
    high: bytes


class Neighbours(NamedTuple):
    """The entries before (older) and after (newer) one in a list, None at the ends."""

    list: int
    older: int | None
    newer: int | None
    low: bytes
    high: bytes


class Holder(NamedTuple):
    """Who has a name."""

    owner_kind: str
    owner: int
    spec: dict[str, Json] | None


class FactValue(NamedTuple):
    """A fact of one subject, and the span of time in which it has this value, as far as time alone changes it."""

    value: Json
    valid_from: datetime | None
    valid_until: datetime | None


class Values:
    """What was loaded in one round, by request. None stands for what is not there; own: what only this batch asks for.

    features: of the site, whose facts may be asked for; now: the build's clock.
    """

    def __init__(self, connection: Connection, site: int, features: Features, now: datetime) -> None:
        self.connection = connection
        self.site = site
        self.features = features
        self.now = now
        self.found: dict[Request, Any] = {}
        self.own: list[Request] = []
        self.queries = 0

    def load(self, requests: Iterable[Request]) -> None:
        """Load what is not there yet, and the cards of all members that come along."""
        missing: dict[str, list[Request]] = {}
        for request in requests:
            if request not in self.found:
                self.found[request] = None
                missing.setdefault(request[0], []).append(request)
        for kind, asked in missing.items():
            if kind not in SHARED:
                self.own += asked
        for kind in LOAD_ORDER:
            if kind in missing:
                getattr(self, f"_load_{kind}")(missing[kind])
        members: set[int] = set()
        for kind in ("around", "near", "front", "page", "top", "all"):
            for request in missing.get(kind, ()):
                value = self.found[request]
                if isinstance(value, Neighbours):
                    members.update(m for m in (value.older, value.newer) if m is not None)
                elif value is not None:
                    members.update(value.members)
        for request in missing.get("claim", ()):
            holder = self.found[request]
            if holder is not None and holder.owner_kind == Owner.ENTRY:
                members.add(holder.owner)
        found = self.found  # asked key by key: a difference of sets would go through all of it
        more = [key for m in members if (key := ("card", m) if m > 0 else ("listed", -m)) not in found]
        if more:
            self.load(more)

    def forget(self) -> None:
        """Drop what the next batch will hardly ask for again, so that memory follows the batch."""
        if len(self.found) < SHARED_AT_MOST:
            for request in self.own:
                self.found.pop(request, None)
        else:
            self.found.clear()
        self.own.clear()

    def _rows(self, query: LiteralString, *parameters: object) -> Iterable[tuple[Any, ...]]:
        self.queries += 1
        return self.connection.execute(query, parameters).fetchall()

    def _load_full(self, requests: list[Request]) -> None:
        for row in self._rows(FULLS, [r[1] for r in requests]):
            self.found[("full", row[0])] = FullEntry(*row)

    def _load_card(self, requests: list[Request]) -> None:
        for entry, card in self._rows(CARDS, [r[1] for r in requests]):
            card["number"] = entry
            self.found[("card", entry)] = card

    def _load_list(self, requests: list[Request]) -> None:
        for row in self._rows(LISTS_BY_NAME, [r[1] for r in requests], [r[2] for r in requests], self.site):
            self.found[("list", row[1], row[2])] = self.found[("listed", row[0])] = ListRow(*row)

    def _load_listed(self, requests: list[Request]) -> None:
        for row in self._rows(LISTS_BY_ID, [r[1] for r in requests]):
            self.found[("list", row[1], row[2])] = self.found[("listed", row[0])] = ListRow(*row)

    def _load_around(self, requests: list[Request]) -> None:
        for list_id, member, low, older, high, newer in self._rows(AROUND, [r[1] for r in requests], [r[2] for r in requests]):
            self.found[("around", list_id, member)] = Neighbours(list_id, older, newer, low or LOW, high or HIGH)

    def _load_near(self, requests: list[Request]) -> None:
        rows = self._rows(NEAR, [r[1] for r in requests], [r[2] for r in requests], [r[3] for r in requests])
        for list_id, member, n, own, older_keys, older, newer_keys, newer in rows:
            below, above = older or [], (newer or [])[: n - len(older or [])]
            low = older_keys[-1] if len(below) == n else LOW
            high = own if len(below) == n else newer_keys[len(above) - 1] if len(below) + len(above) == n else HIGH
            self.found[("near", list_id, member, n)] = Window(list_id, (*below, *above), low, high)

    def _load_front(self, requests: list[Request]) -> None:
        members: dict[int, list[int]] = {r[1]: [] for r in requests}
        for list_id, _, member in self._rows(FRONTS, list(members)):
            members[list_id].append(member)
        for list_id, found in members.items():
            self.found[("front", list_id)] = Window(list_id, tuple(found), LOW, HIGH)

    def _load_page(self, requests: list[Request]) -> None:
        found: dict[tuple[int, int], tuple[bytes, list[int]]] = {}
        for list_id, number, high, _, member in self._rows(PAGES, [r[1] for r in requests], [r[2] for r in requests]):
            found.setdefault((list_id, number), (high, []))[1].append(member)
        for (list_id, number), (high, members) in found.items():
            self.found[("page", list_id, number)] = Window(list_id, tuple(members), LOW, high)

    def _load_top(self, requests: list[Request]) -> None:
        found: dict[tuple[int, int], list[tuple[bytes, int]]] = {(r[1], r[2]): [] for r in requests}
        for list_id, n, sort_key, member in self._rows(TOPS, [r[1] for r in requests], [r[2] for r in requests]):
            found[(list_id, n)].append((sort_key, member))
        for (list_id, n), rows in found.items():
            low = rows[-1][0] if len(rows) == n else LOW
            self.found[("top", list_id, n)] = Window(list_id, tuple(member for _, member in rows), low, HIGH)

    def _load_all(self, requests: list[Request]) -> None:
        members: dict[int, list[int]] = {r[1]: [] for r in requests}
        for list_id, _, _, member in self._rows(TOPS, list(members), [2**31 - 1] * len(members)):
            members[list_id].append(member)
        for list_id, found in members.items():
            self.found[("all", list_id)] = Window(list_id, tuple(found), LOW, HIGH)

    def _load_claim(self, requests: list[Request]) -> None:
        for name, owner_kind, owner, spec in self._rows(CLAIMS, [r[1] for r in requests], self.site):
            self.found[("claim", name)] = Holder(owner_kind, owner, spec)

    def _load_fact(self, requests: list[Request]) -> None:
        subjects: dict[str, list[str]] = {}
        for _, name, subject in requests:
            subjects.setdefault(name, []).append(subject)
        for name, wanted in subjects.items():
            self.queries += 1
            parameters = {"site": self.site, "subjects": wanted, "now": self.now}
            fact = self.features.facts[name]
            with naming_query(fact.vertical, f"fact {name}"):
                for subject, *value in self.connection.execute(fact.query, parameters):
                    self.found[("fact", name, str(subject))] = FactValue(*value)

    def _load_stored(self, requests: list[Request]) -> None:
        self.found.update({("stored", path): data for path, data in self._rows(STORED, [r[1] for r in requests], self.site)})

    def _load_image(self, requests: list[Request]) -> None:
        from cms_ssg.store.images import load_pictures

        self.queries += 1
        pictures = load_pictures(self.connection, self.site, [r[1] for r in requests])
        self.found.update({("image", digest): picture for digest, picture in pictures.items()})

    def _load_live(self, requests: list[Request]) -> None:
        from cms_ssg.store.images import list_live

        self.queries += 1
        live = list_live(self.connection, self.site, [r[1] for r in requests])
        self.found.update({request: request[1] in live for request in requests})


LOAD_ORDER = ("full", "list", "listed", "around", "near", "front", "page", "top", "all", "claim", "fact", "image", "live", "stored", "card")
