"""Search without an API: Pagefind's files are outputs like others, and a browser finds pages by them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cms_ssg.config.target_settings import Headers
from cms_ssg.edge.inline import Inline
from cms_ssg.edge.policy import make_policy
from cms_ssg.store.connect import connect
from cms_ssg.testing.site import read_tree, wipe
from tests.api.atlas import build_site, write_post, write_site
from tests.browser import open_browser

pytest.importorskip("pagefind", reason="pip install 'cms-ssg[pagefind]'")
STATIC = '[search]\nengine = "pagefind"\npage_size = 3'


def write_static_site(folder: Path, path: str = "") -> Path:
    write_site(folder, path=path)
    settings = folder / "site.toml"
    settings.write_text(settings.read_text().replace("[search]", STATIC))
    return folder


def test_the_index_follows_its_documents_and_is_the_same_from_nothing(tmp_path: Path, db_url: str) -> None:
    folder = write_static_site(tmp_path / "site")
    build_site(folder, db_url)
    first = read_tree(folder / "build/pagefind")
    assert {"pagefind.js", "pagefind-worker.js", "pagefind-entry.json", "wasm.en.pagefind", "wasm.it.pagefind"} < first.keys()
    assert sum(name.startswith("fragment/") for name in first) == 8
    assert "pagefind-ui.js" not in first
    again = build_site(folder, db_url)
    assert (again.planned, again.written) == (0, 0)
    write_post(folder, "noon", "Railways needed a synchronized clock.")
    (folder / "content/posts/coast.md").unlink()
    changed = build_site(folder, db_url)
    second = read_tree(folder / "build/pagefind")
    assert sum(name.startswith("fragment/") for name in second) == 7
    assert sum(name.startswith("fragment/en_") for name in second.keys() - first.keys()) == 1
    assert second["pagefind.js"] == first["pagefind.js"]
    assert changed.written > 0
    assert changed.removed >= 3  # a page and two fragments
    with connect(db_url) as connection:
        published = connection.execute("SELECT count(*) FROM cms.outputs WHERE path LIKE '/pagefind/%' AND digest IS NOT NULL").fetchone()
        assert published == (len(second),)
    whole = read_tree(folder / "build")
    wipe(db_url)
    (folder / "build").rename(tmp_path / "before")
    build_site(folder, db_url)
    assert read_tree(folder / "build") == whole
    settings = folder / "site.toml"
    settings.write_text(settings.read_text().replace(STATIC, "[search]"))
    build_site(folder, db_url)
    assert not (folder / "build/pagefind").exists()
    assert 'action="/search"' in (folder / "build/search/index.html").read_text()


@contextmanager
def serve(folder: Path, base_path: str) -> Iterator[str]:
    """Plain files with the policy that servers are configured to send."""
    policy, _ = make_policy(Inline(), Headers(), runs_wasm=True)

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(folder))

        def translate_path(self, path: str) -> str:
            return super().translate_path(path.removeprefix(base_path))

        def end_headers(self) -> None:
            self.send_header("Content-Security-Policy", policy)
            super().end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}{base_path}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.browser
def test_a_browser_finds_pages_without_an_api(chromium: str, tmp_path: Path, db_url: str) -> None:
    folder = write_static_site(tmp_path / "site", path="/journal")
    build_site(folder, db_url)
    links = "[...document.querySelectorAll('.hits h2 a')].map(a => a.getAttribute('href'))"
    with serve(folder / "build", "/journal") as url:
        with open_browser(chromium) as browser:
            browser.open(f"{url}/")
            assert browser.run("performance.getEntriesByType('resource').filter(e => /pagefind|search/.test(e.name)).length") == 0
            browser.open(f"{url}/search/?q=railways")
            browser.wait(f"{links}.length")
            assert browser.run(links) == ["/journal/noon/"]
            assert browser.run("document.querySelector('.hits mark').textContent.toLowerCase()") == "railways"
            browser.run("document.querySelector('#q').select()")
            browser.type("measuring")
            browser.wait(f"{links}.length === 3 && !document.querySelector('[aria-busy]')")
            for key in ("ArrowDown", "ArrowDown"):
                browser.call("Input.dispatchKeyEvent", type="keyDown", key=key, code=key)
            assert browser.run(f"document.activeElement.getAttribute('href') === {links}[1]")
            browser.run("document.querySelector('.pager button').click()")
            browser.wait(f"{links}.length === 4 && document.querySelector('.pager').hidden")
            assert browser.run(f"document.activeElement.getAttribute('href') === {links}[3]")
            browser.run("document.querySelector('#q').select(); document.querySelector('#q').focus()")
            browser.type("height <b>")
            browser.wait(f"{links}.includes('/journal/tree/')")
            assert browser.run("!document.querySelector('.hits b')")
            browser.open(f"{url}/it/search/?q=matita")
            browser.wait(f"{links}.length")
            assert browser.run(links) == ["/journal/it/tide/"]
        with open_browser(chromium, script=False) as browser:
            browser.open(f"{url}/search/")
            assert "Search needs JavaScript" in browser.text()
            assert browser.run("document.querySelector('form.search').offsetHeight") == 0
