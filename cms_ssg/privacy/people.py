"""Finds a person in the tables of the core and of all verticals, and erases them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, LiteralString, NamedTuple

from psycopg import sql

from cms_ssg.kinds.load import list_verticals, load_vertical
from cms_ssg.kinds.vertical import OpenSite, Personal, mentions
from cms_ssg.privacy.core import CORE, HISTORY

CONTENT: Final[LiteralString] = (
    "SELECT e.source_key FROM cms.entries e LEFT JOIN cms.entry_texts x ON x.entry = e.id LEFT JOIN cms.bodies b ON b.entry = e.id"
    " WHERE e.site = %(site)s AND "
    + mentions("concat_ws(' ', e.fields::text, x.markdown, b.html)")
    + " ORDER BY e.source_key, e.id LIMIT 1000"
)
"""Content that names an address. It is somebody's text, so it is told and not changed."""

TABLES: Final[LiteralString] = """
SELECT c.relname, EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'site' AND NOT a.attisdropped)
FROM pg_catalog.pg_class c WHERE c.relnamespace = 'cms'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.relname"""
_LEFT: Final[LiteralString] = "SELECT count(*) FROM cms.{} t WHERE " + mentions("t::text")

OF_CONTENT: Final = frozenset("bodies cards document_counts documents entries entry_texts frames search_pages".split())
"""Tables that hold content or follow from it."""


class Found(NamedTuple):
    """One row in which a person is."""

    table: str
    row: Any


class Erased(NamedTuple):
    """What became of an erasure. rows: that were deleted or changed; content: files and entries that still name the address."""

    rows: int
    content: list[str]


def list_personal() -> Iterator[Personal]:
    """Where people may be: of all verticals, since one that was switched off leaves its rows."""
    for name in list_verticals():
        yield from load_vertical(name).personal
    yield from CORE


def find_person(opened: OpenSite, email: str) -> list[Found]:
    """Every row in which this address is."""
    tables, values = _list_tables(opened), _make_values(opened, email)
    found = [
        Found(*row) for place in list_personal() if _is_there(place, tables) for row in opened.connection.execute(place.export, values)
    ]
    return [one for number, one in enumerate(found) if one not in found[:number]]


def find_in_content(opened: OpenSite, email: str) -> list[str]:
    """Content that names this address."""
    return [str(row[0]) for row in opened.connection.execute(CONTENT, _make_values(opened, email))]


def list_left(opened: OpenSite, email: str) -> dict[str, int]:
    """Tables in which the address still is -> rows; not those of content, where that names it: ``find_in_content`` says which.

    Looks at every row of the site, also where no feature says that a person may be.
    """
    values, left = _make_values(opened, email), {}
    told = OF_CONTENT if find_in_content(opened, email) else frozenset[str]()
    for table, has_site in _list_tables(opened).items():
        if table in told:
            continue
        query = sql.SQL(_LEFT + (" AND t.site = %(site)s" if has_site else "")).format(sql.Identifier(table))
        row = opened.connection.execute(query, values).fetchone()
        if row is not None and row[0]:
            left[table] = int(row[0])
    return left


def erase_person(opened: OpenSite, email: str) -> Erased:
    """Erase a person from every table, in one transaction. Pages and the search index follow with the next build."""
    tables, values = _list_tables(opened), _make_values(opened, email)
    places = [place for place in list_personal() if _is_there(place, tables)]
    with opened.connection.transaction():
        rows = sum(opened.connection.execute(statement, values).rowcount for place in places for statement in place.erase)
        for statement in HISTORY:
            opened.connection.execute(statement, values)
    return Erased(rows, find_in_content(opened, email))


def _make_values(opened: OpenSite, email: str) -> dict[str, Any]:
    """The parameters of all statements. pattern: the address where it is not part of a longer one; a line break in JSON is a letter n before it."""
    address = email.strip()
    before, after = r"(?:(?<![[:alnum:]._%+-])|(?<=\\[nrtbf]))", r"(?![[:alnum:]-]|\.[[:alnum:]])"
    return {"site": opened.number, "email": address, "pattern": before + re.escape(address) + after}


def _list_tables(opened: OpenSite) -> dict[str, bool]:
    """The store's tables -> whether their rows name a site."""
    return {str(row[0]): bool(row[1]) for row in opened.connection.execute(TABLES)}


def _is_there(place: Personal, tables: dict[str, bool]) -> bool:
    """Whether the store has its tables: those of a vertical come when it is switched on first."""
    return all(table in tables for table in re.findall(r"\bFROM cms\.(\w+)", place.export))
