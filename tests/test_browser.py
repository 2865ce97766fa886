"""The blog starter as a browser shows it on a phone at night, in English and in Arabic: nothing sticks out, fails to load or complains."""

from __future__ import annotations

import functools
import html
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cms_ssg.build import BuildOptions, build
from cms_ssg.files.bundled import folder

PHONE = 390
PATHS = (
    "/", "/page/1/", "/2025/10/how-long-is-the-coast/", "/2024/06/measuring-by-hand-the-tree/", "/history/", "/tags/", "/tags/tides/",
    "/archive/", "/2025/10/", "/authors/", "/authors/mara-lindqvist/", "/series/measuring-by-hand/", "/about/", "/404.html",
)  # fmt: skip
ARABIC = ("/ar/", "/ar/2025/10/how-long-is-the-coast/", "/ar/about/")
SCRIPT = """<script>onload = () => document.title = JSON.stringify([...document.querySelectorAll('iframe')].map(frame => {
  const page = frame.contentDocument, root = page.documentElement;
  return {path: frame.getAttribute('src'), width: root.clientWidth, scroll: root.scrollWidth, dir: getComputedStyle(root).direction,
          ground: getComputedStyle(page.body).backgroundColor, brand: (box => box.left + box.width / 2)(page.querySelector('.brand').getBoundingClientRect()),
          broken: [...page.images].filter(image => !image.naturalWidth).map(image => image.src)}}))</script>"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def pages_url(db_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The built starter with Arabic as its second language, and a page that holds its pages in frames as wide as a phone."""
    monkeypatch.setenv("CMS_DATABASE_URL", db_url)
    site = tmp_path / "site"
    shutil.copytree(folder("verticals") / "blog/starter", site)
    settings = site / "site.toml"
    settings.write_text(
        settings.read_text("utf-8").replace('code = "en"\n', 'code = "en"\n[[locales]]\ncode = "ar"\nfallback = "list"\n', 1), "utf-8"
    )
    build(site, BuildOptions(now=datetime(2026, 11, 1, 12, tzinfo=UTC), jobs=1))
    for image in site.glob("build/**/index.html"):  # pictures further down load only when somebody scrolls
        image.write_text(image.read_text("utf-8").replace(' loading="lazy"', ""), "utf-8")
    frames = "".join(f'<iframe src="{path}" width="{PHONE}" height="800" style="border:0"></iframe>' for path in PATHS + ARABIC)
    (site / "build" / "frames.html").write_text(f"<!doctype html>{frames}{SCRIPT}", "utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(site / "build")))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/frames.html"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.browser
def test_every_kind_of_page_fits_a_phone_at_night_and_complains_of_nothing(chromium: str, pages_url: str, tmp_path: Path) -> None:
    off = ("gpu", "quic", "background-networking", "component-update", "sync")
    flags = ["--headless", "--no-first-run", *(f"--disable-{name}" for name in off), *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    dark = [
        "--blink-settings=preferredColorScheme=0",
        "--hide-scrollbars",
        "--enable-logging=stderr",
        f"--user-data-dir={tmp_path}/profile",
    ]
    done = subprocess.run([chromium, *flags, *dark, "--dump-dom", pages_url], capture_output=True, text=True, timeout=120, check=False)
    found = re.search(r"<title>(\[.*?\])</title>", done.stdout)
    assert found, done.stderr[-2000:]
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line and "favicon.ico" not in line] == []
    pages = {page["path"]: page for page in json.loads(html.unescape(found[1]))}
    assert tuple(pages) == PATHS + ARABIC
    for path, page in pages.items():
        assert page["width"] == PHONE >= page["scroll"], path
        assert page["broken"] == [], path
        assert max(map(int, re.findall(r"\d+", page["ground"]))) < 60, (path, page["ground"])
        assert page["dir"] == ("rtl" if path in ARABIC else "ltr"), path
        assert (page["brand"] > PHONE / 2) == (path in ARABIC), path
