"""Fixtures for pytest: ``pytest_plugins = ["cms_ssg.testing.fixtures"]`` in conftest.py.

``cms_server`` is a Postgres for the run, started in a temporary folder, or that of TEST_DATABASE_URL; a conftest may put another in its place.
``cms_databases`` are two stores in it, and ``cms_site`` writes sites whose builds use them.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from psycopg.conninfo import make_conninfo

from cms_ssg.store import embedded
from cms_ssg.store.connect import connect
from cms_ssg.store.migrate import migrate
from cms_ssg.testing.site import SiteOnPage, wipe

VARIABLE: Final = "TEST_DATABASE_URL"
QUICK: Final = {"fsync": "off", "full_page_writes": "off"}


@pytest.fixture(scope="session")
def cms_server() -> Iterator[str]:
    """Conninfo of a server in which databases may be made."""
    if url := os.environ.get(VARIABLE):
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="cms-tests-") as folder:
        try:
            yield embedded.start(Path(folder), QUICK)
        finally:
            embedded.stop(Path(folder))


@pytest.fixture(scope="session")
def cms_databases(cms_server: str) -> Iterator[tuple[str, str]]:
    """Conninfo of two stores of this process, with the schema: for builds, and for clean builds that these are compared with."""
    names = [f"cms_tests_{os.getpid()}_{name}" for name in ("built", "clean")]
    with connect(cms_server, autocommit=True) as connection:
        for name in names:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name}")
    urls = [make_conninfo(cms_server, dbname=name) for name in names]
    for url in urls:
        with connect(url, autocommit=True) as connection:
            migrate(connection)
    yield urls[0], urls[1]
    with connect(cms_server, autocommit=True) as connection:
        for name in names:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def cms_site(cms_databases: tuple[str, str], tmp_path: Path) -> Callable[..., SiteOnPage]:
    """Writes a site: (text, folder="site"). The text has ``-- path --`` before each file. All sites of a test share an empty store."""
    wipe(cms_databases[0])

    def make(text: str, folder: str = "site") -> SiteOnPage:
        site = SiteOnPage(tmp_path / folder, *cms_databases)
        site.write(text)
        return site

    return make
