"""Messages that the receiver took in: each once, written before it is answered, marked when a build has answered them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection, Connection

BUILT: Final = "built"
AGAIN: Final = "received before"

ADD: Final[LiteralString] = """
INSERT INTO cms.received (site, source, delivery) VALUES (%s, %s, %s) ON CONFLICT (site, source, delivery) DO NOTHING RETURNING id"""
WAITING: Final[LiteralString] = "SELECT id FROM cms.received WHERE site = %s AND built_at IS NULL ORDER BY id"
DONE: Final[LiteralString] = "UPDATE cms.received SET built_at = now(), outcome = %s WHERE id = ANY(%s)"
FORGET_OLD: Final[LiteralString] = """
DELETE FROM cms.received WHERE site = %s AND received_at < clock_timestamp() - %s * interval '1 day' AND built_at IS NOT NULL"""

STATE: Final[LiteralString] = """
SELECT (SELECT count(*) FROM cms.received WHERE site = %(site)s AND built_at IS NULL), l.outcome, coalesce(l.outcome LIKE 'built%%', true)
FROM (SELECT) one LEFT JOIN LATERAL (
  SELECT outcome FROM cms.received WHERE site = %(site)s AND built_at IS NOT NULL AND outcome <> 'received before' ORDER BY built_at DESC LIMIT 1) l ON true"""
"""How many wait; what the last build came to, null for none; whether it went well."""


async def add_received(connection: AsyncConnection[Any], site: int, source: str, names: Sequence[str]) -> bool:
    """Write down a message under all its names. False where any of them was there."""
    async with connection.transaction():
        added = [await (await connection.execute(ADD, (site, source, name))).fetchone() for name in dict.fromkeys(names)]
        known = any(row is None for row in added)
        if known:  # its other names need no build of their own
            await connection.execute(DONE, (AGAIN, [row[0] for row in added if row is not None]))
    return not known


def list_waiting(connection: Connection, site: int) -> list[int]:
    """Messages that no build has answered."""
    return [row[0] for row in connection.execute(WAITING, (site,))]
