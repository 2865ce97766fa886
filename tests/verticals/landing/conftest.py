"""The starter with its experiment running, built once, with its pages and its API at one address."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest

from cms_ssg.authoring.starters import copy_starter
from cms_ssg.config.settings import Settings
from cms_ssg.serve.api_proxy import ApiBehind
from cms_ssg.serve.server import open_server
from cms_ssg.store.connect import connect
from tests.api.atlas import build_site, serve_api
from tests.conftest import TEMPLATE, fresh_database

collect_ignore_glob = [] if find_spec("cms_ssg.verticals.forms") else ["test_*.py"]
"""Landing pages show forms, so their starter and their tests need that vertical."""

PERSON = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class Beside(ApiBehind):
    """Passes requests on to an API that runs already."""

    def __init__(self, root: Path, port: int) -> None:
        super().__init__(root, Settings(), "", "")
        self._known = port

    def _find_port(self) -> int:
        return self._known


@dataclass
class Served:
    """A site that is served. client: a person's browser without scripts."""

    root: Path
    url: str
    database: str
    client: httpx.Client

    def query(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with connect(self.database, autocommit=True) as connection:
            cursor = connection.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def serve_site(root: Path, database: str) -> Iterator[Served]:
    """Serve a built site as `cms serve` does."""
    with serve_api([root], database) as api:
        server = open_server("127.0.0.1", 0, root / "build", live=False)
        server.api = Beside(root, api.client.base_url.port or 0)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        with httpx.Client(base_url=server.url, headers={"User-Agent": PERSON}, timeout=20, verify=False) as client:
            yield Served(root, server.url.rstrip("/"), database, client)
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture(scope="module")
def starter(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The starter, built and served."""
    root = tmp_path_factory.mktemp("ebb")
    copy_starter("landing", root)
    experiment = root / "content/experiments/headline.md"
    experiment.write_text(experiment.read_text("utf-8").replace("draft: true", "publish_at: 2026-01-01\n#"), "utf-8")
    for database in fresh_database(server_url, TEMPLATE):
        build_site(root, database)
        with serve_site(root, database) as served:
            yield served
