"""Finds a person in the tables of the core and of all verticals, and erases them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from cms_ssg.kinds.load import list_verticals, load_vertical
from cms_ssg.kinds.vertical import OpenSite, Personal

CORE: Final = (
    Personal(
        "SELECT 'mails', to_jsonb(m) FROM cms.mails m WHERE site = %(site)s AND (lower(recipient) = lower(%(email)s) OR lower(reply_to) = lower(%(email)s)"
        " OR strpos(lower(body), lower(%(email)s)) > 0)",
        (
            (
                "DELETE FROM cms.mails WHERE site = %(site)s AND (lower(recipient) = lower(%(email)s) OR lower(reply_to) = lower(%(email)s)"
                " OR strpos(lower(body), lower(%(email)s)) > 0)"
            ),
        ),
    ),
    Personal(
        "SELECT 'visitor_links', to_jsonb(v) - 'digest' FROM cms.visitor_links v WHERE site = %(site)s AND lower(email) = lower(%(email)s)",
        (
            "UPDATE cms.uploads SET expires_at = clock_timestamp(), email = '' WHERE site = %(site)s AND email = lower(%(email)s)",
            "DELETE FROM cms.visitor_links WHERE site = %(site)s AND lower(email) = lower(%(email)s)",
        ),
    ),
    Personal("SELECT 'uploads', to_jsonb(u) FROM cms.uploads u WHERE site = %(site)s AND email = lower(%(email)s)", ()),
)

CONTENT: Final = """
SELECT e.source_key, e.source FROM cms.entries e LEFT JOIN cms.entry_texts x ON x.entry = e.id LEFT JOIN cms.bodies b ON b.entry = e.id
WHERE e.site = %(site)s AND (strpos(lower(e.fields::text), lower(%(email)s)) > 0 OR strpos(lower(coalesce(x.markdown, b.html, '')), lower(%(email)s)) > 0)
ORDER BY e.source_key, e.id LIMIT 1000"""
"""Content that names an address. It is somebody's text, so it is told and not changed."""


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
    yield from CORE
    for name in list_verticals():
        yield from load_vertical(name).personal


def find_person(opened: OpenSite, email: str) -> list[Found]:
    """Every row in which this address is."""
    values = {"site": opened.number, "email": email.strip()}
    return [Found(*row) for place in list_personal() for row in opened.connection.execute(place.export, values)]


def find_in_content(opened: OpenSite, email: str) -> list[str]:
    """Content that names this address."""
    values = {"site": opened.number, "email": email.strip()}
    return [str(row[0]) for row in opened.connection.execute(CONTENT, values)]


def erase_person(opened: OpenSite, email: str) -> Erased:
    """Erase a person from every table, in one transaction. Pages and the search index follow with the next build."""
    values = {"site": opened.number, "email": email.strip()}
    with opened.connection.transaction():
        rows = sum(opened.connection.execute(statement, values).rowcount for place in list_personal() for statement in place.erase)
    return Erased(rows, find_in_content(opened, email))
