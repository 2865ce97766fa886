"""Connections of clients that send too slowly or too much before a request has begun: uvicorn waits for a whole head without end."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_S: Final = 10.0
"""How long the head of a request may take to arrive, from the connection or from its first byte on."""

MOST_HEAD_BYTES: Final = 65_536


class PatientConnection(HttpToolsProtocol):
    """One connection; it is closed where the head of a request does not arrive."""

    _timer: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for_head()

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
