"""Every route of every feature: nobody passes without the right scope, and nobody reaches what is another site's."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from cms_ssg.api import routing
from cms_ssg.api.callers import PUBLIC, SCOPES
from cms_ssg.build import BuildOptions, sync
from cms_ssg.store.connect import connect
from cms_ssg.store.tokens import create_token
from tests.api.atlas import Api, serve_api
from tests.api.everything import write_everything
from tests.conftest import TEMPLATE, fresh_database
from tests.engine.siteonpage import database

REVIEW = """
INSERT INTO cms.reviews (site, entry, author_name, author_email, rating, content, status)
SELECT e.site, e.id, 'Bob', 'bob@example.org', 5, 'foreign', 'pending' FROM cms.entries e WHERE e.site = %s AND e.type = 'post' LIMIT 1
RETURNING number, review_id::text"""

NAUGHTY = ("'; DROP TABLE cms.entries; -- <script>alert(1)</script>", "\0\ud7ff\u202e\ufeff𝕳", "NaN", "1e400", "5e-324")

_clients = count(1)


class Two:
    """The API of two sites in one store. own, foreign: numbers of the sites; ids: of rows of the foreign one."""

    def __init__(self, api: Api, url: str) -> None:
        self.api, self.url = api, url
        with connect(url, autocommit=True) as connection:
            sites = dict(connection.execute("SELECT name, id FROM cms.sites").fetchall())
            self.own, self.foreign = sites["own"], sites["foreign"]
            self.ids = [str(row[0]) for row in connection.execute("SELECT id FROM cms.entries WHERE site = %s LIMIT 3", (self.foreign,))]
            self.ids += map(str, connection.execute(REVIEW, (self.foreign,)).fetchone() or ())
        self.tokens = {scope: self.make_token(self.own, scope) for scope in SCOPES if scope != PUBLIC}
        self.document = self.get("/api/openapi.json").json()
        self.operations: list[tuple[str, str, str]] = [
            (method.upper(), path, operation["x-scope"])
            for path, methods in self.document["paths"].items()
            for method, operation in methods.items()
        ]

    def make_token(self, site: int, scope: str) -> str:
        with connect(self.url, autocommit=True) as connection:
            return create_token(connection, site, scope, (scope,), 1)[1]

    def ask(self, method: str, path: str, token: str = "", content: bytes | None = None) -> Any:
        number = next(_clients)
        headers = {"Host": "own.example", "X-Forwarded-For": f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", "If-Match": '"v1"'}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        body: dict[str, Any] = {"json": {}} if content is None and method in ("POST", "PUT", "PATCH") else {"content": content}
        headers |= {"Content-Type": "application/json"} if content is not None else {}
        return self.api.client.request(method, path, headers=headers, **body)

    def get(self, path: str) -> Any:
        return self.ask("GET", path)


@pytest.fixture(scope="module")
def two(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    folders = [write_everything(tmp_path_factory.mktemp(name), name, f"{name}.example") for name in ("own", "foreign")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(routing, "TOKEN_FACTOR", 1_000_000)
        patch.setenv("PUSH_SECRET", "secret")
        for url in fresh_database(server_url, TEMPLATE):
            for folder in folders:
                with database(url):
                    sync(folder, BuildOptions(jobs=1))
            with serve_api(folders, url) as api:
                yield Two(api, url)


def fill(path: str, value: str) -> str:
    return re.sub(r"\{[^}]+\}", value, path)


def test_no_scope_opens_what_needs_another_and_no_token_of_another_site_opens_anything(two: Two) -> None:
    closed = [one for one in two.operations if one[2] != PUBLIC]
    assert len(closed) > 15
    foreign = two.make_token(two.foreign, "admin")
    for method, path, scope in closed:
        asked = fill(path, "1")
        answer = two.ask(method, asked)
        assert (answer.status_code, answer.json()["code"]) == (401, "api.no-token"), (method, path)
        for other, token in two.tokens.items():
            if other not in (scope, "admin"):
                answer = two.ask(method, asked, token)
                assert (answer.status_code, answer.json()["code"]) == (403, "api.scope"), (method, path, other)
        answer = two.ask(method, asked, foreign)
        assert (answer.status_code, answer.json()["code"]) == (401, "api.token"), (method, path)


def test_no_route_reaches_a_row_of_another_site(two: Two) -> None:
    named = [one for one in two.operations if "{" in one[1]]
    assert len(named) > 10
    for method, path, _ in named:
        for value in (*two.ids, "no-such-thing", "0"):
            answer = two.ask(method, fill(path, value), two.tokens["admin"])
            assert answer.status_code in (404, 403, 405, 409, 410, 422), (method, path, value, answer.status_code, answer.text)
            assert "foreign" not in answer.text and "bob@example.org" not in answer.text
    with connect(two.url, autocommit=True) as connection:
        assert connection.execute("SELECT status FROM cms.reviews").fetchall() == [("pending",)]


def test_what_anybody_may_type_into_a_query_or_a_body_ends_in_no_error_of_ours(two: Two) -> None:
    asked = [
        (path, parameter)
        for path, methods in two.document["paths"].items()
        for parameter in methods.get("get", {}).get("parameters", ())
        if parameter["in"] == "query"
    ]
    assert len(asked) > 30
    for path, parameter in asked:
        for value in NAUGHTY:
            query = f"{quote(parameter['name'])}={quote(value, safe='')}"
            answer = two.ask("GET", f"{fill(path, two.ids[0])}?{query}", two.tokens["admin"])
            assert answer.status_code < 500, (path, query, answer.text)
            assert "<script>" not in answer.text or answer.headers["content-type"].startswith(
                ("application/json", "application/problem")
            ), path
    unknown = two.ask("GET", "/api/entries?no_such_parameter=1", two.tokens["admin"])
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "no_such_parameter")
    assert two.ask("POST", "/api/uploads", two.tokens["admin"], b"x" * (10 << 20)).status_code == 413
    for method, path, _ in two.operations:
        if method in ("POST", "PATCH", "PUT"):
            for body in (b'{"a":' * 10_000, b"\xff\xfe", b'{"rating": 1e400, "lat": NaN}'):
                answer = two.ask(method, fill(path, two.ids[0]), two.tokens["admin"], body)
                assert 400 <= answer.status_code < 500 or answer.status_code in (200, 204), (
                    method,
                    path,
                    body[:20],
                    answer.status_code,
                    answer.text,
                )


@pytest.mark.long
def test_no_request_that_a_generator_makes_up_ends_in_an_error_of_ours(two: Two, tmp_path: Path) -> None:
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", f"{two.api.client.base_url}/api/openapi.json", "--checks", "not_a_server_error",
        "--max-examples", "25", "--seed", "7", "--phases", "examples,coverage,fuzzing", "--generation-deterministic", "--request-timeout", "20",
        "--header", "Host: own.example", "--header", f"Authorization: Bearer {two.tokens['admin']}", "--header", 'If-Match: "v1"',
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=900)
    assert done.returncode == 0, done.stdout[-6000:]
