"""Sites on a page with verticals switched on, in two databases of their own: a vertical's tables are none of the engine's."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from cms_ssg.store.connect import connect
from tests.conftest import TEMPLATE
from tests.engine.siteonpage import SiteOnPage, wipe


@pytest.fixture(scope="session")
def vertical_urls(server_url: str) -> Iterator[tuple[str, str]]:
    """Conninfo of two databases with the schema, of this process."""
    names = [f"verticals_{os.getpid()}_{name}" for name in ("built", "clean")]
    with connect(server_url, autocommit=True) as connection:
        for name in names:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
    yield make_conninfo(server_url, dbname=names[0]), make_conninfo(server_url, dbname=names[1])
    with connect(server_url, autocommit=True) as connection:
        for name in names:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def make_site(vertical_urls: tuple[str, str], tmp_path: Path) -> Callable[[str], SiteOnPage]:
    """Write a site on a page. All sites of a test share a database."""
    wipe(vertical_urls[0])

    def make(text: str, folder: str = "site") -> SiteOnPage:
        site = SiteOnPage(tmp_path / folder, *vertical_urls)
        site.write(text)
        return site

    return make
