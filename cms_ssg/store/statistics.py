"""What the database's own planner knows of the tables' contents."""

from __future__ import annotations

from typing import Final, LiteralString

from psycopg import Connection

SAMPLE: Final[LiteralString] = "SET LOCAL default_statistics_target = 10"
"""3,000 rows a table instead of 30,000: the queries here go by keys, so the planner must know whether a table is large, not how its values spread."""

AFTER_SAVING: Final[LiteralString] = "ANALYZE cms.entries, cms.cards, cms.claims, cms.lists, cms.list_items"
AFTER_RENDERING: Final[LiteralString] = "ANALYZE cms.outputs, cms.windows, cms.list_pages"


def count_rows(connection: Connection, tables: LiteralString) -> None:
    """Give the database new statistics of some tables; it would take its own daemon a minute to notice what a bulk save did.

    tables: AFTER_SAVING or AFTER_RENDERING. In the caller's transaction.
    """
    connection.execute(SAMPLE)
    connection.execute(tables)
