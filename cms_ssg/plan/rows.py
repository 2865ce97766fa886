"""Derive rows of verticals' tables that changed: their cards and their places in lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, LiteralString

import msgspec
from psycopg import Connection

from cms_ssg.kinds.failures import naming_query
from cms_ssg.kinds.row_kind import Row
from cms_ssg.plan.context import PlanContext
from cms_ssg.reads import CARD, digest, entry_key
from cms_ssg.site import Site
from cms_ssg.store.arrays import int_array
from cms_ssg.store.lists import ItemRow, save_items

OLD_CARDS: Final[LiteralString] = "SELECT entry, type, card_digest FROM cms.cards WHERE entry = ANY(%s::bigint[])"
DELETE_CARDS: Final[LiteralString] = "DELETE FROM cms.cards WHERE entry = ANY(%s::bigint[])"
COPY_CARDS: Final[LiteralString] = """
COPY cms.cards (entry, site, type, locale, translation_key, live, listed, held, path, card, card_digest, address_digest, full_digest) FROM STDIN"""

_encode = msgspec.json.Encoder(order="sorted").encode


def derive_rows(context: PlanContext, numbers: set[int]) -> None:
    """Derive these rows, whichever of the site's tables they are in; those that are in none of them are gone."""
    connection, marks = context.connection, context.marks
    old = {number: (kind, bytes(mark)) for number, kind, mark in connection.execute(OLD_CARDS, (int_array(numbers),))}
    new = _load(connection, context.site, numbers)
    if marks.listens and (shown := {number: found for number, found in new.items() if number not in old}):
        from cms_ssg.plan.events import note_rows

        note_rows(connection, context.site_id, shown)
    if old:
        connection.execute(DELETE_CARDS, (int_array(old),))
    digests = {}
    with connection.cursor() as cursor, cursor.copy(COPY_CARDS) as copy:
        for number, (kind, row) in sorted(new.items()):
            card = _encode({**row.card, "row": kind})
            digests[number] = digest(card)
            copy.write_row((number, context.site_id, kind, "", "", True, True, False, None, card.decode(), digests[number], b"", b""))
    for number in old.keys() | new.keys():
        if old.get(number, ("", b""))[1] != digests.get(number, b""):
            marks.read(entry_key(CARD, number), f"{(new.get(number) or old[number])[0]} {number}")
    lists = context.names.ensure(connection, [(item.locale, item.list) for _, row in new.values() for item in row.items])
    rows = [ItemRow(lists[(i.locale, i.list)], i.sort_key, number, i.label) for number, (_, row) in new.items() for i in row.items]
    marks.positions.update(save_items(connection, sorted(old), rows))


def find_followers(connection: Connection, site: Site, entries: set[int]) -> set[int]:
    """Rows that are derived from entries besides themselves."""
    kinds = [kind for kind in site.features.rows.values() if kind.follows] if entries else []
    found: set[int] = set()
    for kind in kinds:
        with naming_query(kind.vertical, f"row kind {kind.name}"):
            found.update(row[0] for row in connection.execute(kind.follows, {"entries": sorted(entries)}))
    return found


def _load(connection: Connection, site: Site, numbers: set[int]) -> Mapping[int, tuple[str, Row]]:
    """The rows that may be shown, by number: one query a kind."""
    found: dict[int, tuple[str, Row]] = {}
    for kind in site.features.rows.values():
        with naming_query(kind.vertical, f"row kind {kind.name}"):
            loaded = connection.execute(kind.load, {"numbers": sorted(numbers)}).fetchall()
        for number, fields in loaded:
            row = kind.derive(site, number, fields)
            if row is not None:
                found[number] = (kind.name, row)
    return found
