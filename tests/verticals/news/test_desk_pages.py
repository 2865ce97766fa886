"""The desk of the newsroom over HTTP, and in a browser whose connection fails while it posts."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from os import geteuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from cms_ssg.store.tokens import create_token
from cms_ssg.verticals.news import commands
from tests.api.atlas import Api, serve_api
from tests.engine.siteonpage import SiteOnPage
from tests.verticals.news.newsroom import opened


@pytest.fixture
def desk(newsroom: SiteOnPage) -> Iterator[Api]:
    """The API of the newsroom, with somebody signed in at the desk. The live blog is not begun."""
    with opened(newsroom) as found:
        _, token = create_token(found.connection, found.number, "desk", ("live",), 1)
    with serve_api([newsroom.root], newsroom.url) as running:
        assert running.client.post("/desk/sign-in", data={"token": token}).status_code == 303
        yield running


def press(api: Api, page: str, action: str, **fields: str) -> httpx.Response:
    """Send the form of a page that leads to this address."""
    text = api.get(page).text
    found = re.search(rf'action="([^"]*{action})"[^>]*><input type="hidden" name="csrf" value="(\w+)"', text)
    assert found, (action, text)
    return api.client.post(found[1], data={"csrf": found[2], **fields})


def test_a_live_blog_is_run_and_breaking_news_shown_from_the_desk(desk: Api, newsroom: SiteOnPage) -> None:
    assert desk.client.get("/desk").headers["location"] == "/desk/live"
    assert press(desk, "/desk/live", "start").status_code == 303
    number = re.findall(r'href="/desk/live/(\d+)"', desk.get("/desk/live").text)[0]
    place = f"/desk/live/{number}"
    assert press(desk, place, "updates", markdown="The **first** <script>", important="true").headers["location"] == place
    press(desk, place, "updates", markdown="wrogn", author="ada")
    press(desk, place, "updates/2/edit", markdown="right")
    press(desk, place, "updates/1/pin")
    shown = desk.get(place).text
    assert "<p>The <strong>first</strong> </p>" in shown and ", important, pinned</p>" in shown
    assert "<p>right</p>" in shown and "wrogn" not in shown and ", ada</p>" in shown
    press(desk, place, "updates/2/delete")
    assert "right" not in desk.get(place).text
    press(desk, place, "status/paused")
    press(desk, place, "status/ended")
    assert 'id="post"' not in desk.get(place).text
    with opened(newsroom) as found:
        assert [blog["status"] for blog in commands.list_live(found)] == ["ended"]

    add = {"headline": "Flood <b>", "minutes": "30", "home": "true", "section": "city", "post": "bridge", "priority": "3"}
    assert press(desk, "/desk/breaking", "add", **add).status_code == 303
    shown = desk.get("/desk/breaking").text
    assert "<h3>Flood &lt;b&gt;</h3>" in shown and "priority 3, on the front page and city" in shown
    typed = {"headline": "Fire <1>", "summary": "In a shed.", "section": "nowhere", "style": "ticker", "minutes": "120"}
    refused = press(desk, "/desk/breaking", "add", **typed)
    assert refused.status_code == 422 and 'data-code="news.no-section"' in refused.text
    for kept in (
        ">Fire &lt;1&gt;<",
        ">In a shed.<",
        'value="nowhere"',
        "<option selected>ticker",
        '<option value="120" selected>',
        'name="home" value="true"> ',
    ):
        assert kept in refused.text, kept
    assert "There is no story &#x27;nope&#x27;" in press(desk, "/desk/breaking", "add", headline="x", post="nope", section="all").text
    press(desk, "/desk/breaking", r"items/\d+/end")
    assert "Flood" not in desk.get("/desk/breaking").text

    csrf = re.findall(r'name="csrf" value="(\w+)"', desk.get("/desk/breaking").text)[0]
    late = desk.client.post(f"{place}/updates", data={"csrf": csrf, "markdown": "too late"})
    assert late.status_code == 409 and 'data-code="live.ended"' in late.text
    for path, data, status in (
        (f"{place}/updates", {"csrf": "x", "markdown": "x"}, 403),
        (f"{place}/updates/1/shout", {"csrf": csrf}, 404),
        (f"{place}/status/upcoming", {"csrf": csrf}, 404),
        ("/desk/live/nope/updates", {"csrf": csrf, "markdown": "x"}, 404),
    ):
        assert desk.client.post(path, data=data).status_code == status, path
    assert httpx.get(f"{desk.client.base_url}{place}").status_code == 303


class Edge(ThreadingHTTPServer):
    """Passes requests on to the API with the session's cookie; of the posts the first ones fail, and one reaches the API without its answer coming back."""

    daemon_threads = True

    def __init__(self, client: httpx.Client, script: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.client, self.script, self.posts = client, script, 0


class _Handler(BaseHTTPRequestHandler):
    server: Edge

    def do_GET(self) -> None:
        answer = self.server.client.get(self.path)
        script = self.server.script if "text/html" in answer.headers["content-type"] else ""
        self._answer(200, answer.content + script.encode(), answer.headers["content-type"])

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posts += 1
        if self.server.posts == 1:
            self._answer(503, b"", "text/plain")
            return
        kind = {"content-type": "application/x-www-form-urlencoded"}
        answer = self.server.client.post(self.path, content=body, headers=kind, follow_redirects=True)
        if self.server.posts == 2:
            self.close_connection = True  # written, but the phone lost its connection
            return
        self._answer(answer.status_code, answer.content, "text/html; charset=utf-8")

    def _answer(self, status: int, data: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the test says what matters."""


TYPED = """<script>addEventListener("load", () => {
  const form = document.getElementById("post");
  for (const text of ["one", "two", "three"]) { form.markdown.value = text; form.requestSubmit(); }
})</script>"""


@pytest.mark.browser
def test_what_is_posted_while_the_connection_fails_is_kept_and_posted_once(
    chromium: str, desk: Api, newsroom: SiteOnPage, tmp_path: Path
) -> None:
    with opened(newsroom) as found:
        commands.start_live(found, "storm")
    place = re.findall(r'href="(/desk/live/\d+)"', desk.get("/desk/live").text)[0]
    server = Edge(desk.client, TYPED)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    flags = ["--headless", "--no-first-run", "--disable-gpu", f"--user-data-dir={tmp_path}/profile", "--virtual-time-budget=14000"]
    sandbox = ["--no-sandbox"] if geteuid() == 0 else []
    url = f"http://127.0.0.1:{server.server_port}{place}"
    done = subprocess.run([chromium, *flags, *sandbox, "--dump-dom", url], capture_output=True, text=True, timeout=100, check=False)
    server.shutdown()
    thread.join()
    server.server_close()
    assert server.posts == 5
    assert re.findall(r"</time></p><p>(\w+)</p>", done.stdout) == ["three", "two", "one"]
    assert newsroom.query("SELECT content ->> 'markdown' FROM cms.live_blog_updates ORDER BY position") == [("one",), ("two",), ("three",)]
    assert re.search(r'id="waiting"[^>]*hidden=""', done.stdout)
