"""Connections of clients that send too slowly or too much before a request has begun, and of those that do not read what they are sent: uvicorn waits
for both without end.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from typing import Any, Final
from weakref import WeakSet

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

HEAD_S: Final = 10.0
"""How long the head of a request may take to arrive, from the connection or from its first byte on."""

MOST_HEAD_BYTES: Final = 65_536

LOOK_S: Final = 10.0
LOOKS: Final = 3
"""So often in a row, so many seconds apart, a connection may be found to have taken nothing of what waits for it; then it is cut off."""

_watched: WeakSet[ServerState] = WeakSet()
"""Servers whose connections are looked at."""


def _look(state: ServerState, loop: asyncio.AbstractEventLoop) -> None:
    """Cut off the connections of a server that do not read, and look again as long as it has any: one timer for all costs less than one each."""
    for connection in tuple(state.connections):
        if isinstance(connection, PatientConnection):
            connection.check_reading()
    if state.connections:
        loop.call_later(LOOK_S, _look, state, loop)
    else:
        _watched.discard(state)


def _count_waiting(transport: asyncio.Transport) -> int:
    """Bytes that wait to be sent, and where the system tells, those that the client has not taken: it holds megabytes, of which a slow client takes some
    long before there is room for more.
    """
    size = transport.get_write_buffer_size()
    if size:
        with suppress(ImportError, OSError, ValueError):  # another system, or closed meanwhile
            from fcntl import ioctl
            from termios import TIOCOUTQ

            size += int.from_bytes(ioctl(transport.get_extra_info("socket").fileno(), TIOCOUTQ, bytes(4)), sys.byteorder)
    return size


class PatientConnection(HttpToolsProtocol):
    """One connection; it is closed where the head of a request does not arrive."""

    _timer: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _unread_bytes = 0
    _stuck = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for_head()
        if self.server_state not in _watched:
            _watched.add(self.server_state)
            self.loop.call_later(LOOK_S, _look, self.server_state, self.loop)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._timer is not None:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._wait_for_head()

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """The connection ends if what is left of a body was not waited for: else its sender could hold it for as long as it likes."""
        cycle = self.cycle  # of the last request that came; where requests wait behind each other, not the one that was answered
        if cycle.response_complete and cycle.more_body and not self.transport.is_closing():
            self.transport.close()
        super().on_response_complete()

    def check_reading(self) -> None:
        """Cut the connection off if its client has read nothing for LOOKS looks: what waits for it, here or to be closed behind it, waits in vain."""
        unread = _count_waiting(self.transport)
        self._stuck = self._stuck + 1 if 0 < self._unread_bytes <= unread else 0
        self._unread_bytes = unread
        if self._stuck >= LOOKS:
            self.transport.abort()

    def _wait_for_head(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(HEAD_S, self._cut_off)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._head_bytes = None, 0

    def _cut_off(self) -> Any:
        self._timer = None
        if not self.transport.is_closing():
            self.transport.close()
