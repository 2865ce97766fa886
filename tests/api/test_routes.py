"""What every route keeps: a declared scope, errors with codes, ids, validators, limits of size."""

from __future__ import annotations

import json
import re
import socket
from dataclasses import replace
from http.client import HTTPResponse
from pathlib import Path

import httpx
import psycopg
import pytest
from msgspec import structs

from cms_ssg.api.callers import SCOPES
from cms_ssg.api.routing import Router
from cms_ssg.api.sites import Sites
from cms_ssg.store.connect import connect
from cms_ssg.store.tokens import create_token, digest_token, list_tokens, revoke_token
from tests.api.atlas import Api, serve_api, write_site

router = Router("Test")


@router.get("/api/test/{number}", scope="moderate")
async def show(number: int) -> dict[str, int]:
    """A route that needs a token."""
    return {"number": number}


@router.post("/api/test", scope="public", per_minute=3)
async def take(value: dict[str, int]) -> dict[str, int]:
    """A route with a body and a limit of its own."""
    return value


@router.get("/api/fails", scope="public")
async def break_down() -> None:
    """A route with a fault."""
    raise RuntimeError("secret")


ROUTERS = ("cms_ssg.api.operations:router", "cms_ssg.api.documentation:router", "cms_ssg.api.search:router", f"{__name__}:router")


@pytest.fixture(scope="module")
def own(atlas: tuple[Path, str]) -> Api:
    with serve_api([atlas[0]], atlas[1], routers=ROUTERS) as running:
        yield running  # type: ignore[misc]


def make_token(url: str, *scopes: str, site: str = "atlas", days: int = 1) -> tuple[int, str]:
    with connect(url, autocommit=True) as connection:
        number = connection.execute("SELECT id FROM cms.sites WHERE name = %s", (site,)).fetchone()[0]  # type: ignore[index]
        return create_token(connection, number, "test", scopes, days)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_every_route_declares_a_scope_and_the_documented_ones_say_it(own: Api) -> None:
    routes = own.json("/api/openapi.json")["paths"]
    assert {"/api/search", "/api/suggest", "/api/test/{number}"} <= set(routes)
    for path, methods in routes.items():
        for method, operation in methods.items():
            assert operation["x-scope"] in SCOPES, (method, path)
            assert (operation["x-scope"] == "public") == ("security" not in operation)
    declared = set(routes) | {"/healthz", "/readyz", "/docs", "/docs/{name}", "/search", "/{prefix}/search", "/metrics"}
    mounted = {route.path for route in own.framework.routes if hasattr(route, "endpoint") and route.path != "/api/openapi.json"}
    mounted = {path for path in mounted if not path.startswith("/desk")}  # pages for people, which tests/desk walks
    assert mounted <= declared


def test_no_route_that_needs_a_token_answers_without_the_right_one(own: Api, atlas: tuple[Path, str]) -> None:
    url = atlas[1]
    paths = own.json("/api/openapi.json")["paths"]
    closed = [
        (path, method, op["x-scope"]) for path, methods in paths.items() for method, op in methods.items() if op["x-scope"] != "public"
    ]
    assert closed
    for path, method, scope in closed:
        asked = re.sub(r"\{\w+\}", "1", path)
        answer = own.client.request(method, asked)
        assert (answer.status_code, answer.json()["code"]) == (401, "api.no-token")
        other = next(one for one in SCOPES if one not in ("public", "admin", scope))
        answer = own.client.request(method, asked, headers=bearer(make_token(url, other)[1]))
        assert (answer.status_code, answer.json()["code"]) == (403, "api.scope")
    assert own.get("/api/test/7", headers=bearer(make_token(url, "moderate")[1])).json() == {"number": 7}
    assert own.get("/api/test/7", headers=bearer(make_token(url, "admin")[1])).status_code == 200


def test_a_token_that_is_revoked_expired_or_of_another_site_is_refused(own: Api, atlas: tuple[Path, str], tmp_path: Path) -> None:
    url = atlas[1]
    number, token = make_token(url, "moderate")
    assert own.get("/api/test/1", headers=bearer(token)).status_code == 200
    with connect(url, autocommit=True) as connection:
        [row] = [one for one in list_tokens(connection, 1) if one.id == number]
        assert row.last_used_at is not None
        stored = connection.execute("SELECT digest FROM cms.tokens WHERE id = %s", (number,)).fetchone()
        assert stored == (digest_token(token),)
        assert revoke_token(connection, 1, number)
        assert not revoke_token(connection, 1, number)
        assert own.get("/api/test/1", headers=bearer(token)).json()["code"] == "api.token"
        number, token = make_token(url, "moderate")
        connection.execute("UPDATE cms.tokens SET expires_at = now() - interval '1 second' WHERE id = %s", (number,))
        assert own.get("/api/test/1", headers=bearer(token)).status_code == 401
        connection.execute("INSERT INTO cms.sites (name) VALUES ('other')")
    _, foreign = make_token(url, "admin", site="other")
    assert own.get("/api/test/1", headers=bearer(foreign)).json()["code"] == "api.token"
    for wrong in ("", "Bearer", "Bearer x", f"Basic {token}", "Bearer cms_" + "a" * 300, "Bearer cms_é".encode("latin-1")):
        assert own.get("/api/test/1", headers=[("Authorization", wrong)]).status_code == 401


def test_errors_are_problems_with_a_code_and_the_id_of_the_request(own: Api) -> None:
    for path, status, code in (
        ("/api/nothing", 404, "api.no-route"), ("/api/search?limit=many&wrong=1", 422, "api.invalid"), ("/api/fails", 500, "api.internal"),
        ("/api/search?facet=colour/red", 422, "api.invalid"), ("/api/search?locale=xx", 422, "api.invalid"), ("/fr/search", 404, "api.no-route"),
        ("/api/search?q=" + "a" * 9000, 414, "api.too-large"),
    ):  # fmt: skip
        answer = own.get(path, headers={"X-Request-Id": "abc-123.XYZ"})
        problem = answer.json()
        assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"
        assert problem["request_id"] == answer.headers["x-request-id"] == "abc-123.XYZ"
        assert "secret" not in answer.text
    assert {error["field"] for error in own.get("/api/search?limit=many&wrong=1").json()["errors"]} == {"limit", "wrong"}
    answer = own.client.delete("/api/search")
    assert (answer.status_code, answer.json()["code"], answer.headers["allow"]) == (405, "api.method", "GET")
    assert re.fullmatch("[0-9a-f]{16}", own.get("/healthz", headers={"X-Request-Id": "no good id!"}).headers["x-request-id"])


def test_a_body_that_is_large_or_no_json_is_refused(own: Api) -> None:
    assert own.client.post("/api/test", content=b"x" * (2 << 20)).json()["code"] == "api.too-large"
    chunks = (b"x" * 100_000 for _ in range(20))
    assert own.client.post("/api/test", content=chunks).json()["code"] == "api.too-large"
    assert own.client.post("/api/test", content=b"[" * 100_000, headers={"Content-Type": "application/json"}).status_code in (400, 422)


@pytest.mark.parametrize("more", ["", "Connection: close\r\n"])
@pytest.mark.parametrize(
    ("head", "body", "status"),
    [
        ("POST /api/test HTTP/1.1\r\nContent-Length: 10485760", b"x" * (10 << 20), 413),
        ("POST /api/test HTTP/1.0\r\nContent-Length: 10485760", b"x" * (10 << 20), 413),
        ("POST /api/test HTTP/1.1\r\nTransfer-Encoding: chunked", b"19000\r\n%b\r\n" % (b"x" * 0x19000) * 100 + b"0\r\n\r\n", 413),
        ("POST /api/nothing HTTP/1.1\r\nTransfer-Encoding: chunked", b"19000\r\n%b\r\n" % (b"x" * 0x19000) * 100 + b"0\r\n\r\n", 404),
    ],
)
def test_a_client_that_sends_all_of_a_large_body_before_it_reads_is_answered(
    own: Api, head: str, body: bytes, status: int, more: str
) -> None:
    with socket.create_connection(("127.0.0.1", own.client.base_url.port or 0), 20) as connection:
        connection.sendall(f"{head}\r\nHost: localhost:8000\r\nX-Forwarded-For: 203.0.113.{len(head + more)}\r\n{more}\r\n".encode() + body)
        answer = HTTPResponse(connection)
        answer.begin()
        assert (answer.status, json.loads(answer.read())["status"]) == (status, status)


def test_a_client_that_asks_before_it_sends_is_refused_at_once_and_endless_bodies_are_not_read_for_long(own: Api) -> None:
    with socket.create_connection(("127.0.0.1", own.client.base_url.port or 0), 20) as connection:
        connection.sendall(b"POST /api/test HTTP/1.1\r\nHost: localhost:8000\r\nExpect: 100-continue\r\nContent-Length: 10485760\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
        assert answer.startswith(b"HTTP/1.1 413 ") and b"\r\nconnection: close\r\n" in answer
    with socket.create_connection(("127.0.0.1", own.client.base_url.port or 0), 20) as connection:
        connection.sendall(b"POST /api/test HTTP/1.1\r\nHost: localhost:8000\r\nContent-Length: 1073741824\r\n\r\n")
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            connection.sendall(b"x" * (1 << 27))


def test_a_client_that_asks_too_often_is_told_to_wait(own: Api) -> None:
    answers = [own.client.post("/api/test", json={"a": 1}, headers={"X-Forwarded-For": "203.0.113.9"}) for _ in range(5)]
    assert [answer.status_code for answer in answers[:3]] == [200, 200, 200]
    assert (answers[4].status_code, answers[4].json()["code"]) == (429, "api.limit")
    assert 1 <= int(answers[4].headers["retry-after"]) <= 60
    spoofed = [own.client.post("/api/test", json={}, headers={"X-Forwarded-For": f"10.9.8.{n}, 203.0.113.9"}) for n in range(3)]
    assert {answer.status_code for answer in spoofed} == {429}
    other = own.client.post("/api/test", json={}, headers={"X-Forwarded-For": "203.0.113.10"})
    assert other.status_code == 200


def test_the_same_bytes_are_not_sent_twice(own: Api) -> None:
    first = own.get("/api/search?q=tide")
    again = own.get("/api/search?q=tide", headers={"If-None-Match": f'"x", {first.headers["etag"]}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert own.get("/api/search?q=tree", headers={"If-None-Match": first.headers["etag"]}).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/search?q=tide", "/api/search?q=head", "/api/nothing", "/docs"])
def test_head_is_answered_as_get_without_the_body(own: Api, path: str) -> None:
    whole = [own.get(path) for _ in range(2)][1]
    head = own.client.head(path)
    assert (head.status_code, head.content) == (whole.status_code, b"")
    names = ("content-type", "etag", "cache-control", "content-encoding")
    assert [head.headers.get(name) for name in names] == [whole.headers.get(name) for name in names]
    assert own.client.head("/api/test/1").status_code == 401


def test_answers_are_compressed_for_those_who_take_it(own: Api) -> None:
    answer = own.get("/api/search", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json()["total"] == 7
    assert own.get("/api/search", headers={"Accept-Encoding": "gzip, br"}).headers["content-encoding"] == "br"
    assert "content-encoding" not in own.get("/api/search", headers={"Accept-Encoding": "identity"}).headers


def test_docs_need_no_other_server(own: Api) -> None:
    page = own.get("/docs")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    names = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert names
    assert all(name.startswith("/docs/") and own.get(name).status_code == 200 for name in names)
    assert own.get("/docs/../pyproject.toml").status_code == 404
    assert own.get("/docs/redoc.standalone.js").status_code == 404


def test_readiness_names_sites_and_liveness_asks_nobody(own: Api) -> None:
    assert own.json("/healthz") == {"status": "ok"}
    assert own.json("/readyz")["sites"] == ["atlas"]


def test_several_sites_are_told_apart_by_host_and_see_nothing_of_each_other(server_url: str, db_url: str, tmp_path: Path) -> None:
    from tests.api.atlas import build_site, write_post

    first = write_site(tmp_path / "a", "first", "first.example", more='api.hosts = ["www.first.example"]')
    second = write_site(tmp_path / "b", "second", "second.example:8443", "/blog", more='api.cors = ["https://app.example"]')
    write_post(second, "only-here", "Of the second site alone.")
    for folder in (first, second):
        build_site(folder, db_url)
    with serve_api([first, second], db_url) as both:

        def find(host: str, path: str = "/api/search?q=alone") -> httpx.Response:
            return both.get(path, headers={"Host": host})

        assert find("first.example").json()["total"] == find("www.first.example:8000").json()["total"] == 0
        assert [hit["url"] for hit in find("second.example").json()["hits"]] == ["/blog/only-here/"]
        assert find("second.example", "/blog/api/search?q=alone").json()["total"] == 1
        assert (find("third.example").status_code, find("third.example").json()["code"]) == (404, "api.no-site")
        assert find("second.example:8443").json()["total"] == 1
        assert find("", "/healthz").status_code == 200
        sites = [
            replace(c.site, settings=structs.replace(c.site.settings, base_url=f"http://a.example:{c.number}")) for c in both.sites.contexts
        ]
        ports = Sites([replace(c, site=site) for c, site in zip(both.sites.contexts, sites, strict=True)])
        assert ports.find("a.example") is None  # which of the two is not said
        assert ports.find(f"a.example:{both.sites.contexts[1].number}") is ports.contexts[1]
        allowed = both.get("/api/search", headers={"Host": "second.example", "Origin": "https://app.example"})
        assert allowed.headers["access-control-allow-origin"] == "https://app.example"
        assert (
            "access-control-allow-origin"
            not in both.get("/api/search", headers={"Host": "second.example", "Origin": "https://evil.example"}).headers
        )
        assert (
            "access-control-allow-origin"
            not in both.get("/api/search", headers={"Host": "first.example", "Origin": "https://app.example"}).headers
        )
        asked = {"Host": "second.example", "Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
        assert both.client.options("/api/search", headers=asked).status_code == 204
        refused = both.client.post("/api/search", headers=asked, content=b"x" * (2 << 20))
        assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (413, "https://app.example")


def test_a_site_without_search_says_so(db_url: str, tmp_path: Path) -> None:
    folder = write_site(tmp_path / "site")
    text = (folder / "site.toml").read_text()
    (folder / "site.toml").write_text(text.replace("[search]", ""))
    with serve_api([folder], db_url) as running:
        assert running.get("/api/search?q=a").json()["code"] == "api.no-search"
        assert running.get("/search").status_code == 404


def test_while_the_database_is_away_the_process_says_so_and_comes_back(server_url: str, db_url: str, tmp_path: Path) -> None:
    folder = write_site(tmp_path / "site")
    with serve_api([folder], db_url) as running, connect(server_url, autocommit=True) as admin:
        name = psycopg.conninfo.conninfo_to_dict(db_url)["dbname"]
        assert running.get("/readyz").status_code == 200
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")  # type: ignore[arg-type]
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        assert running.get("/readyz").status_code == 503
        answer = running.get("/api/search?q=new")
        assert answer.status_code == 503
        assert answer.json()["code"] in ("api.no-database", "api.busy", "api.timeout")
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")  # type: ignore[arg-type]
        for _ in range(100):
            if running.get("/api/search?q=new").status_code == 200:
                break
        assert running.get("/api/search?q=new").status_code == 200
