"""Clients that do not read what they are sent lose their connection; those that read slowly keep it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.connections import PatientConnection
from cms_ssg.api.routing import Router
from cms_ssg.api.streams import broadcaster_of, stream
from tests.api.atlas import Api, serve_api

SIZE = 12 << 20
"""More than the system keeps for a connection."""

router = Router("Unread")


@router.get("/api/large", scope=PUBLIC, per_minute=10_000, response_class=Response)
async def give_much() -> Response:
    return Response(b"x" * SIZE, media_type="application/octet-stream")


@router.get("/api/flood", scope=PUBLIC, per_minute=10_000, response_class=Response)
async def listen(request: Request) -> Response:
    async def nothing(_: int) -> list[object]:
        return []

    return stream(request, "flood", nothing)  # type: ignore[arg-type]


@router.post("/api/flood/{number}", scope=PUBLIC, per_minute=10_000)
async def publish(request: Request, number: int) -> dict[str, int]:
    """Publish one large event; says how many listen."""
    broadcaster_of(request).publish("flood", number, "update", "y" * 200_000)
    return {"listeners": broadcaster_of(request).count}


@pytest.fixture
def api(atlas: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setattr("cms_ssg.api.connections.LOOK_S", 0.5)
    with serve_api([atlas[0]], atlas[1], routers=("cms_ssg.api.operations:router", f"{__name__}:router")) as running:
        yield running


@contextmanager
def ask(api: Api, path: str) -> Iterator[socket.socket]:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(30)
        connection.connect(("127.0.0.1", api.client.base_url.port or 0))
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost:8000\r\n\r\n".encode())
        yield connection


def read_all(connection: socket.socket, pause_s: float = 0.0, pauses: int = 0) -> int:
    """How many bytes come until there are as many as an answer has, or the connection ends."""
    size = 0
    try:
        while size < SIZE and (data := connection.recv(65_536)):
            size += len(data)
            pauses -= 1
            if pauses > 0:
                time.sleep(pause_s)
    except ConnectionResetError:
        pass
    return size


def test_an_answer_that_nobody_reads_ends_the_connection(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    ended, end = threading.Event(), PatientConnection.connection_lost

    def note_end(connection: PatientConnection, error: Exception | None) -> None:
        end(connection, error)
        ended.set()

    with ask(api, "/api/large") as connection:
        assert connection.recv(12) == b"HTTP/1.1 200"
        monkeypatch.setattr(PatientConnection, "connection_lost", note_end)
        assert ended.wait(30)
        assert read_all(connection) < SIZE
    assert api.get("/readyz").status_code == 200


def test_who_reads_slowly_is_sent_everything(api: Api) -> None:
    with ask(api, "/api/large") as connection:
        assert read_all(connection, 0.1, 40) >= SIZE


def test_a_stream_that_nobody_reads_ends_and_others_go_on(api: Api) -> None:
    with ask(api, "/api/flood") as lazy, ask(api, "/api/flood") as busy:
        assert lazy.recv(12) == busy.recv(12) == b"HTTP/1.1 200"
        until, number, heard = time.monotonic() + 30, 0, 0
        while (left := api.client.post(f"/api/flood/{number}").json()["listeners"]) > 1 and time.monotonic() < until:
            number += 1
            while heard < number * 200_000:
                heard += len(busy.recv(65_536))
            time.sleep(0.05)
        assert (left, number > 10) == (1, True), "the one that reads still listens"
        assert read_all(lazy) < number * 200_000
