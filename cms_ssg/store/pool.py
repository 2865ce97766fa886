"""Connections of the API process: an asynchronous pool, and one that listens."""

from __future__ import annotations

import time
from typing import Final
from weakref import WeakKeyDictionary

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from cms_ssg.store.connect import SESSION

Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]

WAIT_S: Final = 3.0
"""How long a request waits for a free connection before it is refused."""

CONNECT_S: Final = 3

TRUSTED_S: Final = 0.5
"""How long after its use a connection is taken for alive; a request that is unlucky is told that the database does not answer."""


async def _configure(connection: AsyncConnection[TupleRow]) -> None:
    await connection.execute(SESSION)


async def _check(connection: AsyncConnection[TupleRow]) -> None:
    """Ask a connection whether it still lives before it is lent, unless it has just been used."""
    now = time.monotonic()
    if now > _checked_at.get(connection, 0.0) + TRUSTED_S:
        await AsyncConnectionPool.check_connection(connection)
    _checked_at[connection] = now


_checked_at: WeakKeyDictionary[AsyncConnection[TupleRow], float] = WeakKeyDictionary()


def make_pool(url: str, size: int, timeout_s: float) -> Pool:
    """A pool that is still to be opened. timeout_s: a statement that takes longer is ended by the server."""
    return AsyncConnectionPool(
        url, min_size=1, max_size=size, timeout=WAIT_S, open=False, configure=_configure, check=_check,
        reconnect_timeout=30, max_lifetime=1800,
        kwargs={
            "autocommit": True, "application_name": "cms_api", "client_encoding": "utf8", "connect_timeout": CONNECT_S,
            # Many requests run at once: processes that help one of them cost more than they save.
            "options": f"-c statement_timeout={int(timeout_s * 1000)} -c max_parallel_workers_per_gather=0",
        },
    )  # fmt: skip


async def connect_listener(url: str) -> AsyncConnection[TupleRow]:
    """A connection in autocommit mode that outlives requests; its server notices within seconds that this process has gone."""
    connection = await AsyncConnection.connect(
        url, autocommit=True, application_name="cms_api_follower", client_encoding="utf8", connect_timeout=CONNECT_S,
        keepalives_idle=5, keepalives_interval=2, keepalives_count=3, tcp_user_timeout=5000,
    )  # fmt: skip
    await connection.execute(SESSION)
    return connection
