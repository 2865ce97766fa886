"""The newsroom over HTTP: updates with a token, a stream that misses nothing, breaking news, and what is refused."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from cms_ssg.store.tokens import create_token
from cms_ssg.verticals.news import commands
from tests.api.atlas import Api, serve_api
from tests.engine.siteonpage import SiteOnPage
from tests.verticals.news.newsroom import opened


@pytest.fixture
def site(newsroom: SiteOnPage) -> SiteOnPage:
    """The newsroom, built, with its live blog begun."""
    with opened(newsroom) as found:
        commands.start_live(found, "storm")
    return newsroom


@pytest.fixture
def api(site: SiteOnPage) -> Iterator[Api]:
    """Its API, to which the client writes with a token of the scope live."""
    with opened(site) as found:
        _, token = create_token(found.connection, found.number, "desk", ("live",), 1)
    with serve_api([site.root], site.url) as running:
        running.client.headers["Authorization"] = f"Bearer {token}"
        yield running


def test_updates_are_posted_changed_pinned_and_deleted_with_a_token(site: SiteOnPage, api: Api) -> None:
    key = str(uuid4())
    sent = {"markdown": "The **first** <script>", "author": "ada", "id": key}
    posted = api.client.post("/api/live/storm/updates", json=sent)
    assert posted.status_code == 201, posted.text
    assert (posted.json()["number"], posted.json()["html"].strip()) == (1, "<p>The <strong>first</strong> </p>")
    assert api.client.post("/api/live/storm/updates", json=sent).json()["number"] == 1
    assert api.client.post("/api/live/storm/updates", json={"blocks": [{"type": "text", "text": "two"}]}).json()["number"] == 2
    assert api.client.patch("/api/live/storm/updates/1", json={"markdown": "Better"}).json()["html"] == "<p>Better</p>\n"
    assert api.client.post("/api/live/storm/updates/1/pin").json()["pinned"] is True
    assert api.client.delete("/api/live/storm/updates/2").status_code == 204
    assert api.json("/api/live/storm") == {"slug": "storm", "title": "Storm", "status": "live", "refresh_s": 30, "updates": 1, "event": 5}
    site.build()
    page = (site.output / "live/storm/index.html").read_text("utf-8")
    assert "Better" in page
    assert "two" not in page
    assert api.client.post("/api/live/storm/end").json()["status"] == "ended"
    refused = api.client.post("/api/live/storm/updates", json={"markdown": "late"})
    assert (refused.status_code, refused.json()["code"]) == (409, "live.ended")


def test_a_stream_gives_what_was_missed_and_then_each_event_once(site: SiteOnPage, api: Api) -> None:
    with opened(site) as found:
        for number in range(3):
            commands.post_live(found, "storm", f"before {number}")
    writer = threading.Thread(target=post_later, args=(site,))
    events: list[int] = []
    texts: list[str] = []
    with httpx.stream("GET", f"{api.client.base_url}/api/live/storm/stream?after=1", timeout=20) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("data: "):
                value = json.loads(line[6:])
                events.append(value["event"])
                texts.append(value.get("html", value["action"]))
                if len(events) == 2:
                    writer.start()
                if len(events) == 6:
                    break
    writer.join()
    assert events == [2, 3, 4, 5, 6, 7]
    assert texts[:2] == ["<p>before 1</p>\n", "<p>before 2</p>\n"]
    assert texts[-2:] == ["<p>corrected</p>\n", "delete"]


def post_later(site: SiteOnPage) -> None:
    """Write from somewhere else, a transaction each."""
    with opened(site) as found:
        commands.post_live(found, "storm", "after")
        commands.post_live(found, "storm", "after that")
        commands.edit_live(found, "storm", 2, "corrected")
        commands.delete_live(found, "storm", 3)


def test_breaking_news_is_added_listed_and_ended(site: SiteOnPage, api: Api) -> None:
    added = api.client.post(
        "/api/news/breaking",
        json={"headline": "Flood", "post": "/city/2026/02/bridge/", "show_on_sections": ["City"], "starts_at": "2026-01-01T00:00:00Z"},
    )
    assert added.status_code == 201, added.text
    number = added.json()["number"]
    assert added.json()["show_on_sections"] == ["city"]
    assert [item["headline"] for item in api.json("/api/news/breaking")] == ["Flood"]
    site.build()
    assert "Flood" in (site.output / "fragments/breaking/section/city.html").read_text("utf-8")
    assert api.client.post(f"/api/news/breaking/{number}/end").json()["state"] == "ended"
    assert api.json("/api/news/breaking") == []


def test_what_is_wrong_is_refused_with_a_code(api: Api) -> None:
    for method, path, body, status, code in (
        ("POST", "/api/live/nope/updates", {"markdown": "x"}, 404, "live.not-found"),
        ("POST", "/api/live/storm/updates", {}, 422, "live.content"),
        ("POST", "/api/live/storm/updates", {"markdown": " "}, 422, "live.empty"),
        ("POST", "/api/live/storm/updates", {"markdown": "x", "shout": True}, 422, "api.invalid"),
        ("POST", "/api/live/storm/updates", {"markdown": "x" * 30_000}, 422, "api.invalid"),
        ("POST", "/api/live/storm/updates", {"blocks": [{"type": "script", "text": "x"}]}, 422, "live.content"),
        ("POST", "/api/live/storm/updates", {"blocks": [{"type": "image", "src": "javascript:1"}]}, 422, "live.content"),
        ("PATCH", "/api/live/storm/updates/99", {"markdown": "x"}, 404, "live.no-update"),
        ("PATCH", "/api/live/storm/updates/9999999999999", {"pinned": True}, 404, "live.no-update"),
        ("POST", "/api/news/breaking", {"headline": " "}, 422, "news.breaking"),
        ("POST", "/api/news/breaking", {"headline": "x", "show_on_sections": ["nope"]}, 422, "news.no-section"),
        ("POST", "/api/news/breaking", {"headline": "x", "post": "nope"}, 422, "news.no-post"),
        ("POST", "/api/news/breaking", {"headline": "x", "expires_at": "2020-01-01T00:00:00"}, 422, "news.time"),
        ("POST", "/api/news/breaking", {"headline": "x", "expires_at": "2020-01-01T00:00:00Z"}, 422, "news.breaking"),
        ("POST", "/api/news/breaking/99/end", None, 404, "news.no-breaking"),
    ):
        answer = api.client.request(method, path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), (path, body, answer.text)
    for path in ("/api/live/storm/updates", "/api/news/breaking"):
        assert httpx.post(f"{api.client.base_url}{path}", json={"markdown": "x"}).status_code == 401
    assert httpx.get(f"{api.client.base_url}/api/live/storm/stream", headers={"Last-Event-ID": "x"}).status_code == 422
