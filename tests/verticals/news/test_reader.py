"""A page that stays open while hundreds of updates come, are edited and deleted, and the network fails: it misses none and doubles none."""

from __future__ import annotations

import html
import json
import random
import re
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from os import geteuid
from pathlib import Path
from typing import Any

import pytest

from cms_ssg.verticals.news import commands
from cms_ssg.verticals.news.writing import add_update, change_update
from tests.engine.siteonpage import SiteOnPage
from tests.verticals.news.newsroom import opened

STATES = 5


def write_history(site: SiteOnPage, updates: int) -> list[dict[str, bytes]]:
    """The published files after each of several builds, between which a live blog goes on. updates: between two builds."""
    chance, states = random.Random(5), []
    for state in range(STATES):
        with opened(site) as found, found.connection.transaction():
            if not state:
                commands.start_live(found, "storm", refresh=5)
            blog = found.connection.execute("SELECT number FROM cms.live_blogs").fetchone()[0]  # type: ignore[index]
            for number in range(updates):
                update = add_update(found, blog, {"markdown": f"text {state}-{number}"})
                if chance.random() < 0.1:
                    change_update(found, blog, update.position, {"markdown": f"edited {state}-{number}"})
                older = chance.randint(1, update.position)
                alive = found.connection.execute(
                    "SELECT deleted_at IS NULL FROM cms.live_blog_updates WHERE position = %s", (older,)
                ).fetchone()
                if alive and alive[0] and chance.random() < 0.1:
                    change_update(found, blog, older, deleted=True)
                elif alive and alive[0] and chance.random() < 0.1:
                    change_update(found, blog, older, {"markdown": f"corrected {older} in {state}"})
            if state == STATES - 1:
                commands.end_live(found, "storm")
        assert site.build().result.status == "done"
        states.append(site.tree())
    return states


class Edge(ThreadingHTTPServer):
    """Gives the files of one state after another: the state moves on at random, also between two requests of one look, and some requests fail."""

    daemon_threads = True

    def __init__(self, states: list[dict[str, bytes]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.states, self.state, self.chance, self.lock, self.failed = states, 0, random.Random(7), threading.Lock(), 0

    def find(self, path: str) -> tuple[int, bytes]:
        """Status and bytes of the answer."""
        with self.lock:
            if "/fragments/" in path:
                if self.chance.random() < 0.3:
                    self.failed += 1
                    return 503, b""
                if self.chance.random() < 0.3:
                    self.state = min(self.state + self.chance.randint(1, 2), len(self.states) - 1)
            key = path.strip("/")
            data = self.states[self.state].get(key) or self.states[self.state].get(f"{key}/index.html")
            return (200, data) if data is not None else (404, b"")


class _Handler(BaseHTTPRequestHandler):
    server: Edge

    def do_GET(self) -> None:
        status, data = self.server.find(self.path.partition("?")[0])
        kinds = {"css": "text/css", "js": "text/javascript", "json": "application/json", "svg": "image/svg+xml"}
        self.send_response(status)
        self.send_header("Content-Type", kinds.get(self.path.rpartition(".")[2], "text/html; charset=utf-8"))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the test says what matters."""


@pytest.fixture(params=[60, pytest.param(200, marks=pytest.mark.long)])
def edge(newsroom: SiteOnPage, request: pytest.FixtureRequest) -> Iterator[tuple[Edge, SiteOnPage]]:
    """A server that goes through the history of a live blog of 300 updates, or 1,000."""
    site = newsroom
    server = Edge(write_history(site, request.param))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server, site
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.browser
def test_a_reader_who_drops_at_random_misses_none_and_doubles_none(chromium: str, edge: tuple[Edge, SiteOnPage], tmp_path: Path) -> None:
    server, site = edge
    shown_at_first = [int(found) for found in re.findall(rb'id="u(\d+)"', server.states[0]["live/storm/index.html"])]
    flags = ["--headless", "--no-first-run", "--disable-gpu", f"--user-data-dir={tmp_path}", "--virtual-time-budget=900000"]
    sandbox = ["--no-sandbox"] if geteuid() == 0 else []
    url = f"http://127.0.0.1:{server.server_port}/live/storm/"
    done = subprocess.run([chromium, *flags, *sandbox, "--dump-dom", url], capture_output=True, text=True, timeout=200, check=False)
    page = done.stdout
    assert server.state == STATES - 1
    assert server.failed > 5
    assert 'class="live-mark ended"' in page
    shown = [int(found) for found in re.findall(r'<article class="update[^"]*" id="u(\d+)"', page)]
    rows = site.query("SELECT position, content ->> 'markdown' FROM cms.live_blog_updates WHERE deleted_at IS NULL ORDER BY position DESC")
    expected = {position: text for position, text in rows if position >= min(shown_at_first)}
    assert len(expected) > 200
    assert shown == list(expected)
    texts = re.findall(r'id="u(\d+)".*?<div class="content">\s*<p>(.*?)</p>', page, re.DOTALL)
    assert {int(position): html.unescape(text) for position, text in texts} == expected
    assert json.loads(server.states[-1]["fragments/live/storm/now.json"])["status"] == "ended"
