"""What the database's own planner knows of the tables' contents."""

from __future__ import annotations

from typing import Final, LiteralString

from psycopg import Connection

SAMPLE: Final = 10
"""Samples of 3,000 rows a table instead of 30,000: the queries here go by keys, so the planner must know whether a table is large, not how its values spread."""

SAVED: Final = "cms.entries, cms.cards, cms.claims, cms.lists, cms.list_items"
RENDERED: Final = "cms.outputs, cms.windows, cms.list_pages"


def count_rows(connection: Connection, tables: LiteralString) -> None:
    """Give the database new statistics of some tables; it would take its own daemon a minute to notice what a bulk save did.

    tables: SAVED or RENDERED. In the caller's transaction.
    """
    connection.execute("SELECT set_config('default_statistics_target', %s, true)", (str(SAMPLE),))
    connection.execute("ANALYZE " + tables)
