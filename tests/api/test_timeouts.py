"""What takes too long is given up and told as that, not as an error of ours."""

from __future__ import annotations

import asyncio
import socket
from http.client import HTTPResponse
from pathlib import Path

import pytest
from starlette.responses import Response

from cms_ssg.api.app import ROUTERS
from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.routing import Router
from tests.api.atlas import serve_api, write_site

router = Router("Slow")


@router.get("/api/slow", scope=PUBLIC, response_class=Response)
async def answer_slowly() -> Response:
    await asyncio.sleep(30)
    return Response(b"late")


@router.post("/api/slow", scope=PUBLIC, response_class=Response)
async def take_all(value: dict[str, int]) -> Response:
    return Response(str(value))


@router.post("/api/quick", scope=PUBLIC, response_class=Response)
async def take_nothing() -> Response:
    return Response(b"without the body")


def test_a_route_that_takes_too_long_is_answered_with_a_problem(db_url: str, tmp_path: Path) -> None:
    folder = write_site(tmp_path / "site", more="[api]\ntimeout_s = 0.1")
    with serve_api([folder], db_url, routers=(*ROUTERS, f"{__name__}:router")) as api:
        answer = api.get("/api/slow")
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "api.timeout", "2")


@pytest.mark.parametrize(("path", "status"), [("/api/slow", 408), ("/api/quick", 200)])
def test_a_client_whose_body_does_not_arrive_is_answered_and_cannot_hold_the_connection(
    db_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, status: int
) -> None:
    monkeypatch.setattr("cms_ssg.api.outer.DRAIN_S", 0.1)
    folder = write_site(tmp_path / "site", more="[api]\ntimeout_s = 0.1")
    with (
        serve_api([folder], db_url, routers=(*ROUTERS, f"{__name__}:router")) as api,
        socket.create_connection(("127.0.0.1", api.client.base_url.port or 0), 20) as connection,
    ):
        connection.sendall(
            f"POST {path} HTTP/1.1\r\nHost: localhost:8000\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{{".encode()
        )
        answer = HTTPResponse(connection)
        answer.begin()
        body = answer.read()
        assert (answer.status, b"api.timeout" in body) == (status, status == 408)
        assert connection.recv(1) == b""  # closed, though the body is still to come


def test_requests_that_come_at_once_on_one_connection_are_all_answered(db_url: str, tmp_path: Path) -> None:
    folder = write_site(tmp_path / "site")
    with (
        serve_api([folder], db_url, routers=(*ROUTERS, f"{__name__}:router")) as api,
        socket.create_connection(("127.0.0.1", api.client.base_url.port or 0), 20) as connection,
    ):
        one = b"POST /api/slow HTTP/1.1\r\nHost: localhost:8000\r\nContent-Type: application/json\r\nContent-Length: 8\r\n"
        connection.sendall(one + b'\r\n{"a": 1}' + one + b"Connection: close\r\n\r\n")
        received = connection.recv(65_536)  # the first is answered while the second one's body is missing
        connection.sendall(b'{"b": 2}')
        received += b"".join(iter(lambda: connection.recv(65_536), b""))
    assert received.count(b"HTTP/1.1 200 OK") == 2 and b"'a': 1" in received and b"'b': 2" in received
