"""What waits for a builder though no file changed: something fell due, or somebody wrote to the store."""

from __future__ import annotations

from typing import Final, LiteralString

from psycopg import Connection

_CHANGED: Final[LiteralString] = """
       EXISTS (SELECT FROM cms.changes WHERE site = s.id)
    OR EXISTS (SELECT FROM cms.entries WHERE site = s.id AND publish_at > s.built_at_clock AND publish_at <= clock_timestamp())
    OR EXISTS (SELECT FROM cms.entries WHERE site = s.id AND expire_at > s.built_at_clock AND expire_at <= clock_timestamp())
    OR EXISTS (SELECT FROM cms.entry_times WHERE site = s.id AND at > s.built_at_clock AND at <= clock_timestamp())
    OR EXISTS (SELECT FROM cms.outputs WHERE site = s.id AND valid_until > s.built_at_clock AND valid_until <= clock_timestamp())
    OR EXISTS (SELECT FROM cms.pending_changes WHERE site = s.id AND state = 'waiting' AND due_at <= clock_timestamp()
                 AND NOT needs_approval)"""
IS_BEHIND: Final[LiteralString] = f"SELECT {_CHANGED} FROM cms.sites s WHERE s.id = %s AND s.built_at_clock IS NOT NULL"
IS_DUE: Final[LiteralString] = f"""
SELECT {_CHANGED}
    OR EXISTS (SELECT FROM cms.search_engines WHERE site = s.id AND again_at <= clock_timestamp())
    OR EXISTS (SELECT FROM cms.journal WHERE site = s.id AND again_at <= clock_timestamp())
FROM cms.sites s WHERE s.id = %s AND s.built_at_clock IS NOT NULL"""


def is_due(connection: Connection, site: int) -> bool:
    """Whether the next build of a site would find something to do, its files apart."""
    row = connection.execute(IS_DUE, (site,)).fetchone()
    return row is not None and bool(row[0])


def is_behind(connection: Connection, site: int) -> bool:
    """Whether a build that goes on is to look at the clock: something fell due since, or somebody wrote to the store."""
    row = connection.execute(IS_BEHIND, (site,)).fetchone()
    return row is not None and bool(row[0])
