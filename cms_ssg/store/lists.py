"""Lists: named, totally ordered sets of entries, their items, and the pages they are cut into."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, LiteralString, NamedTuple

from psycopg import Connection
from psycopg.types.json import Jsonb

from cms_ssg.store.arrays import bytea_array, int_array
from cms_ssg.types import Json

ADD_LISTS: Final[LiteralString] = """
INSERT INTO cms.lists (site, locale, name) SELECT %(site)s, l, n FROM unnest(%(locales)s::text[], %(names)s::text[]) AS x(l, n)
ON CONFLICT (site, locale, name) DO NOTHING"""

IDS_OF_LISTS: Final[LiteralString] = """
SELECT l.locale, l.name, l.id FROM unnest(%(locales)s::text[], %(names)s::text[]) AS x(locale, name)
JOIN cms.lists l ON l.site = %(site)s AND l.locale = x.locale COLLATE "C" AND l.name = x.name COLLATE "C" """

ITEMS_OF_MEMBERS: Final[LiteralString] = """
SELECT i.list, i.sort_key, i.member, i.label FROM unnest(%s::bigint[]) m CROSS JOIN LATERAL (
  SELECT * FROM cms.list_items i WHERE i.member = m) i"""

DELETE_ITEMS: Final[LiteralString] = """
DELETE FROM cms.list_items i USING unnest(%s::int[], %s::bytea[]) AS d(list, sort_key) WHERE i.list = d.list AND i.sort_key = d.sort_key"""

COPY_ITEMS: Final[LiteralString] = "COPY cms.list_items (list, sort_key, member, label) FROM STDIN"

MOVE_LISTS: Final[LiteralString] = """
UPDATE cms.lists l SET items = l.items + d.delta,
  stale_from = CASE WHEN l.stale_from IS NULL OR d.lowest < l.stale_from THEN d.lowest ELSE l.stale_from END
FROM unnest(%s::int[], %s::int[], %s::bytea[]) AS d(list, delta, lowest) WHERE l.id = d.list"""

# Lists of entries, then lists of those, then the sitemap of both kinds, then the index of sitemaps: settling one puts it into lists of later
# stages only, so that none is moved while it is being updated.
STALE: Final[LiteralString] = """
SELECT l.id, l.locale, l.name, l.items, l.pages, l.stale_from, l.card,
  (SELECT min(label) FROM cms.list_items i WHERE i.list = l.id AND i.label IS NOT NULL), s.stage
FROM cms.lists l CROSS JOIN LATERAL (SELECT CASE
  WHEN l.name = 'lists/sitemap' THEN 3 WHEN l.name = 'sitemap/lists' THEN 2 WHEN l.name COLLATE "C" LIKE 'lists/%%' THEN 1 ELSE 0 END AS stage) s
WHERE l.site = %s AND l.stale_from IS NOT NULL"""
STALE_LISTS: Final[LiteralString] = f"{STALE} ORDER BY s.stage, l.id LIMIT %s"
STALE_BY_OWN: Final[LiteralString] = f"{STALE} AND l.xmin = pg_current_xact_id()::xid ORDER BY s.stage, l.id LIMIT %s"


# Pages from the first stale one up: each ends with the item that fills it. `most` cuts off what the front shows;
# with `partial` a last page that is not full exists too and is open at its end.


# The newest time on each page of a sitemap; '' where no member has one.


SETTLE_LISTS: Final[LiteralString] = """
UPDATE cms.lists l SET stale_from = NULL, pages = d.pages, card = d.card
FROM unnest(%s::int[], %s::int[], %s::jsonb[]) AS d(list, pages, card) WHERE l.id = d.list"""

MARK_ALL_STALE: Final[LiteralString] = "UPDATE cms.lists SET stale_from = ''::bytea WHERE site = %s"

# Only the card of these lists may have changed: no page is cut again.
TOUCH_LISTS: Final[LiteralString] = r"""
UPDATE cms.lists SET stale_from = coalesce(stale_from, '\xff'::bytea) WHERE site = %s AND name = ANY(%s)"""


class ItemRow(NamedTuple):
    """One place in a list, by the list's id. member: an entry's id, or minus a list's id."""

    list: int
    sort_key: bytes
    member: int
    label: str | None


class StaleList(NamedTuple):
    """A list that moved. stale_from: the lowest sort key that did; label: how its members write its name; stage: when it is updated."""

    id: int
    locale: str
    name: str
    items: int
    pages: int
    stale_from: bytes
    card: dict[str, Json] | None
    label: str | None
    stage: int


class ListNames:
    """Ids of lists by (locale, name), remembered for one site while a build lasts."""

    def __init__(self, site: int) -> None:
        self.site = site
        self.ids: dict[tuple[str, str], int] = {}

    def ensure(self, connection: Connection, names: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], int]:
        """Ids of these lists, made where they are missing."""
        if missing := self._find(connection, sorted({name for name in names if name not in self.ids})):
            connection.execute(ADD_LISTS, self._columns(missing))
            self._find(connection, missing)
        return self.ids

    def _find(self, connection: Connection, names: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """Remember those that are there. Returns the others."""
        if names:
            self.ids.update({(locale, name): number for locale, name, number in connection.execute(IDS_OF_LISTS, self._columns(names))})
        return [name for name in names if name not in self.ids]

    def _columns(self, names: Sequence[tuple[str, str]]) -> dict[str, object]:
        return {"site": self.site, "locales": [locale for locale, _ in names], "names": [name for _, name in names]}


def save_items(connection: Connection, known: Sequence[int], wanted: Iterable[ItemRow]) -> list[tuple[int, bytes]]:
    """Replace all places of the members in `wanted`.

    known: members that may have places already; one that is not in `wanted` loses them. Returns (list,
    sort key) of each place that appeared or went, positions before and after alike.
    """
    stored = {ItemRow(*row) for row in connection.execute(ITEMS_OF_MEMBERS, (int_array(known),))} if known else set()
    new = set(wanted)
    gone, fresh = stored - new, sorted(new - stored)
    if gone:
        connection.execute(DELETE_ITEMS, (int_array(r.list for r in gone), bytea_array(r.sort_key for r in gone)))
    if fresh:
        with connection.cursor() as cursor, cursor.copy(COPY_ITEMS) as copy:
            for row in fresh:
                copy.write_row(row)
    moves: dict[int, tuple[int, bytes]] = {}
    for rows, step in ((gone, -1), (fresh, 1)):
        for row in rows:
            delta, lowest = moves.get(row.list, (0, row.sort_key))
            moves[row.list] = (delta + step, min(lowest, row.sort_key))
    if moves:
        connection.execute(MOVE_LISTS, (list(moves), [m[0] for m in moves.values()], [m[1] for m in moves.values()]))
    return [(r.list, r.sort_key) for r in gone] + [(r.list, r.sort_key) for r in fresh]


def list_stale(connection: Connection, site: int, limit: int, own: bool = False) -> list[StaleList]:
    """Lists that moved since they were last updated, of the first stage that has any. own: only those that this transaction moved."""
    rows = [StaleList(*row) for row in connection.execute(STALE_BY_OWN if own else STALE_LISTS, (site, limit))]
    return [row for row in rows if row.stage == rows[0].stage]


def mark_lists_stale(connection: Connection, places: Iterable[tuple[int, bytes]]) -> None:
    """Have lists updated again from these positions on, though nothing moved there."""
    lowest: dict[int, bytes] = {}
    for number, position in places:
        lowest[number] = min(position, lowest.get(number, position))
    if lowest:
        connection.execute(MOVE_LISTS, (list(lowest), [0] * len(lowest), list(lowest.values())))


def save_lists(connection: Connection, rows: Sequence[tuple[int, int, dict[str, Json] | None]]) -> None:
    """Record (list, pages, card) of lists whose pages and claims are up to date; card None: the list is empty."""
    cards = [Jsonb(card) if card is not None else None for _, _, card in rows]
    connection.execute(SETTLE_LISTS, ([r[0] for r in rows], [r[1] for r in rows], cards))


def mark_all_stale(connection: Connection, site: int) -> None:
    """Have all lists of a site updated again from the start."""
    connection.execute(MARK_ALL_STALE, (site,))


def touch_lists(connection: Connection, site: int, names: Sequence[str]) -> None:
    """Have the cards of the lists of these names updated again, their pages left alone."""
    if names:
        connection.execute(TOUCH_LISTS, (site, list(names)))
