"""Messages that the receiver took in: each once, written before it is answered, marked when a build has answered them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, LiteralString

from psycopg import Connection

ADD: Final[LiteralString] = """
INSERT INTO cms.received (site, source, delivery) VALUES (%s, %s, %s) ON CONFLICT (site, source, delivery) DO NOTHING RETURNING id"""
WAITING: Final[LiteralString] = "SELECT id FROM cms.received WHERE site = %s AND built_at IS NULL ORDER BY id"
DONE: Final[LiteralString] = "UPDATE cms.received SET built_at = clock_timestamp(), outcome = %s WHERE id = ANY(%s)"
FORGET_OLD: Final[LiteralString] = """
DELETE FROM cms.received WHERE site = %s AND received_at < clock_timestamp() - %s * interval '1 day' AND built_at IS NOT NULL"""


def add_received(connection: Connection, site: int, source: str, names: Sequence[str]) -> bool:
    """Write down a message under all its names, the caller's connection commits by itself. False where any of them was there."""
    with connection.transaction():
        added = [connection.execute(ADD, (site, source, name)).fetchone() for name in dict.fromkeys(names)]
        known = any(row is None for row in added)
        if known:  # its other names need no build of their own
            connection.execute(DONE, ("received before", [row[0] for row in added if row is not None]))
    return not known


def list_waiting(connection: Connection, site: int) -> list[int]:
    """Messages that no build has answered."""
    return [row[0] for row in connection.execute(WAITING, (site,))]
