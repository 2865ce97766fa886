"""Answers that are given again without any routing are those that the routes would give, to the same callers, and for as long."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.answers import answer_cached
from cms_ssg.api.app import ROUTERS
from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.routing import Router, site_of
from cms_ssg.store.connect import connect
from cms_ssg.store.tokens import create_token
from tests.api.atlas import Api, serve_api, write_site

SETTINGS = 'api.cors = ["https://app.example"]\napi.trusted_proxies = ["127.0.0.1"]'
router = Router("Prepared")
asked = 0


@router.get("/api/shown", scope=PUBLIC, per_minute=6, response_class=Response)
async def show(request: Request) -> Response:
    """An answer that tells how often it was made; its route counts how often it ran."""
    global asked
    asked += 1

    async def fetch() -> object:
        return {"made": asked, "text": "x" * 2000}

    data = await site_of(request).cache.load_json("shown", fetch, ("shown",))
    return answer_cached(request, data, "public, max-age=0", headers={"X-Own": "1"}, cached_as="shown")


@pytest.fixture
def own(db_url: str, tmp_path: Path) -> Api:
    with serve_api([write_site(tmp_path / "site", more=SETTINGS)], db_url, routers=(*ROUTERS, f"{__name__}:router")) as running:
        assert running.get("/readyz").status_code == 200
        yield running  # type: ignore[misc]


def ask(own: Api, client: str, **headers: str) -> httpx.Response:
    return own.get("/api/shown", headers={"X-Forwarded-For": client, **headers})


def describe(answer: httpx.Response) -> tuple[object, ...]:
    headers = sorted((name, value) for name, value in answer.headers.multi_items() if name not in ("date", "x-request-id"))
    return answer.status_code, headers, answer.content


@pytest.mark.parametrize("encoding", ["identity", "gzip", "gzip, deflate, br"])
def test_an_answer_is_the_same_whoever_gives_it(own: Api, encoding: str) -> None:
    before = asked
    first = ask(own, "192.0.2.1", **{"Accept-Encoding": encoding, "Origin": "https://app.example"})
    again = ask(own, "192.0.2.1", **{"Accept-Encoding": encoding, "Origin": "https://app.example", "X-Request-Id": "own-id-123"})
    assert describe(first) == describe(again)
    assert asked == before + 1
    assert again.headers["x-request-id"] == "own-id-123"
    assert again.headers["access-control-allow-origin"] == "https://app.example"
    other = ask(own, "192.0.2.1", **{"Accept-Encoding": encoding, "Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers
    known = ask(own, "192.0.2.1", **{"Accept-Encoding": encoding, "If-None-Match": first.headers["etag"], "Origin": "https://app.example"})
    assert asked == before + 1
    assert (known.status_code, known.content, known.headers["etag"], known.headers["x-own"]) == (304, b"", first.headers["etag"], "1")
    assert 'route="/api/shown",status="304"' in own.get("/metrics").text


def test_it_is_counted_and_refused_like_others_and_a_token_is_looked_at(own: Api) -> None:
    statuses = [ask(own, f"198.51.100.{n}, 192.0.2.2").status_code for n in range(8)]
    assert statuses == [200] * 6 + [429] * 2
    assert ask(own, "192.0.2.3").status_code == 200
    assert ask(own, "192.0.2.3", Authorization="Bearer cms_wrong").status_code == 401


def test_it_is_stale_as_soon_as_its_value_is(own: Api, db_url: str) -> None:
    assert ask(own, "192.0.2.4").json()["made"] == ask(own, "192.0.2.4").json()["made"] == asked
    before = asked
    with connect(db_url, autocommit=True) as connection:
        connection.execute("SELECT cms.raise_tags(1, ARRAY['shown'])")
    until = time.monotonic() + 1.0
    while asked == before and time.monotonic() < until:
        time.sleep(0.2)
        answer = ask(own, f"2001:db8:{time.monotonic_ns() % 60000:x}::1")
    assert answer.json()["made"] == before + 1


def test_validators_are_weak_or_differ_by_encoding(own: Api, db_url: str) -> None:
    answers = {encoding: ask(own, "192.0.2.9", **{"Accept-Encoding": encoding}) for encoding in ("identity", "gzip", "br")}
    assert [answer.headers.get("content-encoding", "identity") for answer in answers.values()] == list(answers)
    [public] = {answer.headers["etag"] for answer in answers.values()}
    assert public.startswith('W/"')
    assert all("Accept-Encoding" in answer.headers["vary"] for answer in answers.values())
    unknown = own.get("/api/shown", headers={"X-Forwarded-For": "192.0.2.10", "Accept-Encoding": "zstd", "If-None-Match": public})
    assert (unknown.status_code, "Accept-Encoding" in unknown.headers["vary"]) == (304, True)
    with connect(db_url, autocommit=True) as connection:
        token = {"Authorization": f"Bearer {create_token(connection, 1, 'desk', ('read', 'write'), 1)[1]}"}
    fields = {"title": "Tide", "summary": "x" * 1500}
    made = own.client.post("/api/entries", json={"type": "post", "fields": fields, "body": "The tide."}, headers=token)
    place = made.headers["location"]
    for version, (encoding, tag) in enumerate([("identity", '"v1"'), ("gzip", '"v2;gzip"'), ("br", '"v3;br"')], 1):
        assert own.get(place, headers={**token, "Accept-Encoding": encoding}).headers["etag"] == tag
        assert own.get(place, headers={**token, "If-None-Match": tag}).status_code == 304
        changed = own.client.patch(place, json={"body": f"The tide {version}."}, headers={**token, "If-Match": tag})
        assert (changed.status_code, changed.json()["version"]) == (200, version + 1)
