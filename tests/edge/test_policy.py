"""Which scripts and styles of a page a policy lets through, and what is said about the others."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cms_ssg.config.target_settings import Headers
from cms_ssg.edge.inline import Inline, hash_source
from cms_ssg.edge.policy import MOST_BYTES, make_policy

TRICKY = (
    b"<!doctype html><meta charset=utf-8><title>t</title>"
    b"<!-- <script>commented()</script> -->"
    b"<script>document.title += '<!--'.slice(4) + ' comment'</script>"
    b"<SCRIPT>document.title += ' upper'</SCRIPT>"
    b"<script>\r\ndocument.title +=\r\n' crlf'\r\n</script>"
    b"""<script data-x="a > b" data-y='c>'>document.title += ' attributes'</script>"""
    b"<script type='text/javascript'>document.title += ' typed \xc3\xa9'</script >"
    b'<script type="importmap">{"imports": {}}</script>'
    b'<script type="application/ld+json">{"data": "no permission needed"}</script>'
    b"<style>\n#a { color: rgb(1, 2, 3) }</style><p id=a>a</p>"
    b"<p id=b style='color:&#32;rgb(4, 5, 6)'>b</p>"
    b"<script>for (const id of ['a', 'b']) document.title += ' ' + getComputedStyle(document.getElementById(id)).color</script>"
    b"<script type=module>document.title += ' module'</script>"
)


def read_page(html: bytes) -> Inline:
    inline = Inline()
    inline.add_page("/p/", html, "https://example.org")
    return inline


@contextmanager
def serve(page: bytes, policy: str) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.browser
def test_browser_takes_every_hash_for_what_stands_in_the_page(chromium: str, tmp_path: Path) -> None:
    policy, problems = make_policy(read_page(TRICKY), Headers())
    assert problems == []
    flags = ["--headless", "--no-first-run", "--disable-gpu", "--disable-background-networking", "--enable-logging=stderr"]
    flags += ["--no-sandbox"] if os.geteuid() == 0 else []
    with serve(TRICKY, policy) as url:
        done = subprocess.run(
            [chromium, *flags, f"--user-data-dir={tmp_path}/profile", "--dump-dom", url], capture_output=True, text=True, timeout=120
        )
    (title,) = re.findall("<title>(.*?)</title>", done.stdout)
    assert title == "t comment upper crlf attributes typed é rgb(1, 2, 3) rgb(4, 5, 6) module", done.stderr[-3000:]
    assert [line for line in done.stderr.splitlines() if "Content Security Policy" in line] == []


def test_data_in_scripts_and_comments_needs_no_permission() -> None:
    inline = read_page(b'<!-- <script>a()</script> --><script type="application/ld+json">{}</script><script src="/assets/a.js"></script>')
    assert (inline.scripts, inline.loads) == ({}, {})


def test_same_script_on_many_pages_is_one_source() -> None:
    inline = read_page(b"<script>a()</script>")
    inline.add_page("/b/", b"<script>a()</script><script>a()</script>", "https://example.org")
    policy, _ = make_policy(inline, Headers())
    assert inline.scripts == {hash_source(b"a()"): 2}
    assert policy.count("sha256-") == 1


def test_what_comes_from_elsewhere_is_named_until_it_is_allowed() -> None:
    html = b'<script src="https://stats.example.com/s.js"></script><link rel="stylesheet" href="//fonts.example.com/a.css">'
    html += b'<iframe src="https://video.example.com/1"></iframe><link rel="canonical" href="https://other.example/">'
    inline = read_page(html + b'<script src="https://example.org/own.js"></script>')
    _, problems = make_policy(inline, Headers())
    assert [problem.code for problem in problems] == ["target.refused"] * 3
    assert "frame-src = \"'self' https://video.example.com\"" in problems[0].hint
    sources = {"script-src": "'self' https://stats.example.com", "style-src": "'self' fonts.example.com", "frame-src": "https:"}
    policy, problems = make_policy(inline, Headers(sources=sources))
    assert problems == []
    assert "script-src 'self' https://stats.example.com; " in policy


def test_handlers_in_attributes_are_named() -> None:
    (problem,) = make_policy(read_page(b"<a href=/x onclick='go()'>x</a><p>if a on=b</p>"), Headers())[1]
    assert (problem.code, problem.severity) == ("target.handler", "warning")
    assert problem.message.startswith("/p/ has the attribute onclick")


def test_policy_never_outgrows_a_header_and_keeps_what_most_pages_need() -> None:
    inline = read_page(b"".join(b"<script>f(%d)</script>" % number for number in range(200)))
    inline.add_page("/q/", b"<script>f(150)</script>", "https://example.org")
    policy, (problem,) = make_policy(inline, Headers())
    assert len(policy) <= MOST_BYTES
    assert hash_source(b"f(150)") in policy
    assert problem.code == "target.policy-full"


def test_site_may_report_or_leave_the_policy_or_take_a_directive_away() -> None:
    inline = read_page(b"<script>a()</script>")
    assert make_policy(inline, Headers(csp="off")) == ("", [])
    assert "img-src" not in make_policy(inline, Headers(sources={"img-src": ""}))[0]
    loose = make_policy(inline, Headers(sources={"script-src": "'self' 'unsafe-inline'"}))[0]
    assert "script-src 'self' 'unsafe-inline';" in loose
