"""What a process that builds again and again keeps between two builds: connections, and the theme with its templates compiled."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import Connection

    from cms_ssg.render.site_view import Surroundings
    from cms_ssg.site import Site


@dataclass(slots=True)
class Warm:
    """Empty at first. drain_s: how long it took last to publish what was urgent, while no more saves were taken in; each_s: seconds that an output took
    last, by turn.
    """

    site: int = 0
    drain_s: float = 0.0
    each_s: dict[int, float] = field(default_factory=dict)
    _url: str = ""
    _connection: Connection | None = None
    _reader: Connection | None = None
    _around: Surroundings | None = None
    _around_key: bytes = b""

    def take_connection(self) -> tuple[str, Connection | None]:
        """The store's address and the kept connection in autocommit mode, None if there is none that answers."""
        connection, self._connection = self._connection, None
        return (self._url, connection) if connection is not None and _answers(connection) else ("", None)

    def take_reader(self) -> Connection | None:
        """The kept read-only connection, None if there is none that answers."""
        reader, self._reader = self._reader, None
        return reader if reader is not None and _answers(reader) else None

    def keep_connection(self, url: str, connection: Connection, site: int) -> None:
        """Keep a connection that no transaction uses any more. site: that was built with it."""
        if not connection.closed:
            self.site = site
            connection.rollback()
            connection.autocommit = True
            self._url, self._connection = url, connection

    def holds(self, connection: Connection) -> bool:
        """Whether this connection is kept."""
        return self._connection is connection

    def keep_reader(self, reader: Connection) -> None:
        """Keep the connection that reads snapshots."""
        if not reader.closed:
            reader.rollback()
            self._reader = reader

    def is_due(self) -> bool:
        """Whether something in the store waits for a build. False where there is no connection, or none that answers."""
        from psycopg import OperationalError

        from cms_ssg.store.due import is_due

        try:
            return self._connection is not None and not self._connection.closed and is_due(self._connection, self.site)
        except OperationalError:
            return False

    def find_surroundings(self, key: bytes, site: Site, now: datetime) -> Surroundings | None:
        """What pages share, if it was made of the same inputs. key: stands for every template, text, data key, asset and setting."""
        if self._around is None or self._around_key != key:
            return None
        return replace(self._around, site=site, now=now)

    def keep_surroundings(self, key: bytes, around: Surroundings) -> None:
        """Keep what pages share; key as in find_surroundings."""
        self._around, self._around_key = around, key

    def close(self) -> None:
        """End the connections."""
        for connection in (self._connection, self._reader):
            if connection is not None:
                connection.close()
        self._connection = self._reader = None


def _answers(connection: Connection) -> bool:
    """Whether the server at the other end is still there."""
    from psycopg import OperationalError

    try:
        connection.execute("SELECT 1")
        if not connection.autocommit:
            connection.rollback()
    except OperationalError:
        connection.close()
        return False
    return True
