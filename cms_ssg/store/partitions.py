"""Makes the monthly partitions of ``cms.posts`` and of other types' tables ahead of the rows that need them; a missing one would refuse an INSERT."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

import psycopg
from psycopg.rows import TupleRow

from cms_ssg.errors import fail

MONTHS_AHEAD: Final = 4
MOST_MONTHS: Final = 2_400
"""A range of more than 200 years is a wrong date, not an archive. ``ensure_post_months`` takes any dates."""

_MAKE: Final = "SELECT cms.make_post_months(%s::date[])"
_MONTH_TYPES: Final = "SELECT type FROM cms.type_tables WHERE partition = 'month'"
_EXISTING: Final = (
    "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
    " WHERE i.inhparent = 'cms.posts'::regclass AND c.relname = ANY(%s)"
)


def ensure_post_partitions(conn: psycopg.Connection[TupleRow], first: date, last: date) -> int:
    """Make the partitions that are missing from first's month to four months after last; return how many.

    The caller commits, and does so before it inserts rows. Readers and writers of the other months
    are not blocked. Raises CmsError db.partition-range for more than 200 years.
    """
    begin, end = _month_number(first), _month_number(last) + MONTHS_AHEAD
    if end - begin > MOST_MONTHS:
        message = f"dates from {first} to {last} need more than {MOST_MONTHS} monthly tables"
        raise fail("db.partition-range", message, hint="Look for a mistyped year.")
    return _ensure(conn, range(begin, end + 1))


def ensure_post_months(conn: psycopg.Connection[TupleRow], days: Iterable[date]) -> int:
    """Make the partitions that are missing for exactly these days' months; return how many. The caller commits."""
    return _ensure(conn, sorted({_month_number(day) for day in days}))


def load_month_types(conn: psycopg.Connection[TupleRow]) -> frozenset[str]:
    """The content types whose tables are partitioned by month."""
    return frozenset(row[0] for row in conn.execute(_MONTH_TYPES))


def _ensure(conn: psycopg.Connection[TupleRow], months: Iterable[int]) -> int:
    wanted = [m for m in months if m < 9999 * 12 + 12]
    names = [_name(m) for m in wanted]
    if len(conn.execute(_EXISTING, [names]).fetchall()) == len(names):
        return 0
    row = conn.execute(_MAKE, [[date(month // 12, month % 12 + 1, 1) for month in wanted]]).fetchone()
    return int(row[0]) if row is not None else 0


def _month_number(day: date) -> int:
    return day.year * 12 + day.month - 1


def _name(month: int) -> str:
    return f"posts_{month // 12:04}_{month % 12 + 1:02}"
