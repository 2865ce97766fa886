"""Connections of the API process: an asynchronous pool, and one that listens."""

from __future__ import annotations

from typing import Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from cms_ssg.store.connect import SESSION

Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]

WAIT_S: Final = 3.0
"""How long a request waits for a free connection before it is refused."""

CONNECT_S: Final = 3


async def _configure(connection: AsyncConnection[TupleRow]) -> None:
    await connection.execute(SESSION)


def make_pool(url: str, size: int, timeout_s: float) -> Pool:
    """A pool that is still to be opened. timeout_s: a statement that takes longer is ended by the server."""
    return AsyncConnectionPool(
        url, min_size=1, max_size=size, timeout=WAIT_S, open=False, configure=_configure, check=AsyncConnectionPool.check_connection,
        reconnect_timeout=30, max_lifetime=1800,
        kwargs={
            "autocommit": True, "application_name": "cms_api", "client_encoding": "utf8", "connect_timeout": CONNECT_S,
            "options": f"-c statement_timeout={int(timeout_s * 1000)}",
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
