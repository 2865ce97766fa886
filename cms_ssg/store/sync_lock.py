"""One process at a time saves the files of a site. Who builds it goes on: what was saved is planned between two of its rounds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, LiteralString

from psycopg import Connection

from cms_ssg.errors import fail

PATIENCE_S = 60.0
"""How long to wait for another process to have saved what it read."""

_CLASS: Final = 0x636D7373  # "cmss", as the first of the two numbers that name an advisory lock

_TRY: Final[LiteralString] = (
    "SELECT pg_try_advisory_lock(%s, %s), set_config('tcp_keepalives_idle', '30', false), set_config('tcp_keepalives_interval', '10', false),"
    " set_config('tcp_keepalives_count', '3', false)"
)
"""The lock goes with its connection: the server is to notice within a minute that a machine is gone."""
_END: Final[LiteralString] = "SELECT pg_advisory_unlock(%s, %s)"


@contextmanager
def hold_sync(connection: Connection, site: int) -> Iterator[None]:
    """Be the only one who saves files of a site in this block, which commits what it writes. Raises CmsError sync.busy."""
    until = time.monotonic() + PATIENCE_S
    while not connection.execute(_TRY, (_CLASS, site)).fetchone()[0]:  # type: ignore[index]
        connection.rollback()
        if time.monotonic() > until:
            raise fail("sync.busy", "another process is saving files of this site", hint="Wait for it, and run the same command again.")
        time.sleep(0.05)
    try:
        yield
    except BaseException:
        if not connection.closed:
            connection.rollback()
        raise
    finally:
        if not connection.closed:
            connection.execute(_END, (_CLASS, site))
