"""What tests of moving in share: the command line, a built site over real HTTP."""

from __future__ import annotations

import functools
import http.server
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from tests.cli.small_site import cms, db_url, site

__all__ = ["cms", "db_url", "site"]


class _Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def find_missing() -> Iterator[Callable[[Path, Iterable[str]], list[str]]]:
    """Asks a web server on a built folder for each address; gives those that are no page and no redirect."""
    servers: list[http.server.ThreadingHTTPServer] = []

    def ask(folder: Path, addresses: Iterable[str]) -> list[str]:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, directory=str(folder)))
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        missing = []
        for address in addresses:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}{urllib.parse.quote(address, safe='/%')}", timeout=10).close()
            except urllib.error.HTTPError as error:
                error.close()
                missing.append(f"{error.code} {address}")
        return missing

    yield ask
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def build(cms: Callable[..., tuple[int, object, str]], db_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Builds a site, which ends with a code, 3 where a file is wrong, and gives its output folder."""

    def run(site: Path, ends: int = 0) -> Path:
        monkeypatch.setenv("CMS_DATABASE_URL", db_url)
        code, result, said = cms("-C", str(site), "build")
        assert code == ends, (result, said)
        return site / "build"

    return run
