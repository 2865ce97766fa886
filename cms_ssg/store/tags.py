"""Tags of cached answers: which were raised, and raising them."""

from __future__ import annotations

from datetime import datetime
from typing import Final, LiteralString, NamedTuple

from psycopg import Connection
from psycopg.rows import TupleRow

from cms_ssg.store.query import Query, fetch


class RaisedRow(NamedTuple):
    """A tag and when it was raised last."""

    tag: str
    raised_at: datetime


RAISED: Final = Query("""
SELECT tag, max(raised_at) FROM cms.tag_versions WHERE site = %(site)s GROUP BY tag ORDER BY 2 DESC, 1 LIMIT %(most)s""", RaisedRow)  # fmt: skip
RAISE_ALL: Final[LiteralString] = """
SELECT cms.raise_tags(%(site)s, t.tags), cardinality(t.tags)
FROM (SELECT array_agg(tag) AS tags FROM (SELECT tag FROM cms.tag_versions WHERE site = %(site)s UNION SELECT 'search') every) t"""


def list_raised(connection: Connection[TupleRow], site: int, most: int) -> list[RaisedRow]:
    """The tags that were raised last, within a day."""
    return fetch(connection, RAISED, site=site, most=most)


def raise_all(connection: Connection[TupleRow], site: int) -> int:
    """Make every answer of a site stale that carries a tag which was ever raised. Returns how many tags."""
    row = connection.execute(RAISE_ALL, {"site": site}).fetchone()
    return int(row[1] or 0) if row is not None else 0
