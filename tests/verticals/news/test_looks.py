"""Pages of the news in chromium: nothing moves after it is shown, and nothing sticks out, whatever a headline says."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import pytest

from cms_ssg.verticals.news.commands import add_breaking, start_live
from tests.browser import open_browser
from tests.engine.siteonpage import SiteOnPage
from tests.verticals.news.newsroom import opened

SLOW: Final = {"serif": 0.6, "breaking/home.": 0.3, "breaking/sections.": 0.2, "breaking/section/": 0.7, "latest.": 0.4}
"""Seconds that pass until files with such a name are sent."""

SHIFTS: Final = """new Promise(resolve => { const found = [];
  new PerformanceObserver(list => { for (const one of list.getEntries())
    found.push(one.value.toFixed(4) + ' ' + one.sources.map(source => source.node?.nodeName + '.' + source.node?.className)); }).observe({type: 'layout-shift', buffered: true});
  setTimeout(() => resolve(found), 1500); })"""
STICKS_OUT: Final = """[...document.body.querySelectorAll('*')].filter(one => { const box = one.getBoundingClientRect();
  return box.width && !one.closest('.trap, .skip') && box.right > document.documentElement.clientWidth + 1; }).map(one => one.nodeName + '.' + one.className)"""
LONG: Final = "Donaudampfschifffahrtsgesellschaftskapitaensmuetzenabzeichenhersteller"


class _Handler(BaseHTTPRequestHandler):
    server: Any

    def do_GET(self) -> None:
        key = self.path.partition("?")[0].strip("/")
        data = self.server.tree.get(key) or self.server.tree.get(f"{key}/index.html".lstrip("/"))
        time.sleep(max((seconds for name, seconds in SLOW.items() if name in key), default=0))
        kinds = {"css": "text/css", "js": "text/javascript", "json": "application/json", "svg": "image/svg+xml", "woff2": "font/woff2"}
        self.send_response(404 if data is None else 200)
        self.send_header("Content-Type", kinds.get(key.rpartition(".")[2], "text/html; charset=utf-8"))
        self.send_header("Content-Length", str(len(data or b"")))
        self.end_headers()
        self.wfile.write(data or b"")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@contextmanager
def serve_slowly(site: SiteOnPage) -> Iterator[str]:
    """The address of a server for a site, on which fonts and fragments are slow."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.tree = site.tree()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.browser
def test_breaking_news_and_fonts_that_come_late_move_nothing_and_long_words_stick_out_nowhere(chromium: str, newsroom: SiteOnPage) -> None:
    site = newsroom
    site.write_file("content/pages/about.md", "---\ntitle: About\n---\nWho *we* are, and what *we* do.\n")
    for number in range(3):
        site.write_file(
            f"content/articles/long{number}.md",
            f"---\ntitle: {LONG} {number}\nkicker: {LONG}\ndate: 2026-02-2{number} 10:00\nsection: City\nauthors: [Ada]\ntags: [Traffic]\n---\n*{LONG}*\n",
        )
    with opened(site) as found:
        add_breaking(found, "Flood", post="bridge", summary="Stay at home, or go upstairs, whatever the mayor says about it.")
        add_breaking(found, LONG, section=("city",))
        start_live(found, "storm")
    site.build(now=None)
    told = []
    with serve_slowly(site) as base, open_browser(chromium) as browser:
        for width in (360, 1440):
            browser.resize(width, 900)
            for path in ("/about/", "/", "/city/", "/city/2026/02/bridge/", "/live/storm/"):
                browser.open(base + path)
                told += [f"{path} at {width} moves: {line}" for line in browser.run(SHIFTS)]
                assert browser.run("document.querySelectorAll('.flash').length"), path
                told += [f"{path} at {width} sticks out: {line}" for line in browser.run(STICKS_OUT)]
    assert not told, "\n".join(told)
