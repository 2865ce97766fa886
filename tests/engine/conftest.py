"""Two databases a worker, wiped instead of made for each test, and sites written on a page."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from cms_ssg.store.connect import connect
from tests.engine.odd_site import SITE
from tests.engine.siteonpage import SiteOnPage, wipe

TEMPLATE = "template_cms"


@pytest.fixture(scope="session")
def engine_urls(server_url: str) -> Iterator[tuple[str, str]]:
    """Conninfo of two databases with the schema, of this process."""
    yield from make_databases(server_url, "engine")


def make_databases(server_url: str, prefix: str) -> Iterator[tuple[str, str]]:
    """Make two databases, give their addresses, and drop them."""
    names = [f"{prefix}_{os.getpid()}_{name}" for name in ("built", "clean")]
    with connect(server_url, autocommit=True) as connection:
        for name in names:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
    yield make_conninfo(server_url, dbname=names[0]), make_conninfo(server_url, dbname=names[1])
    with connect(server_url, autocommit=True) as connection:
        for name in names:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def make_site(engine_urls: tuple[str, str], tmp_path: Path) -> Callable[[str], SiteOnPage]:
    """Write a site on a page. All sites of a test share a database."""
    wipe(engine_urls[0])

    def make(text: str, folder: str = "site") -> SiteOnPage:
        site = SiteOnPage(tmp_path / folder, *engine_urls)
        site.write(text)
        return site

    return make


@pytest.fixture
def site(make_site: Callable[[str], SiteOnPage]) -> SiteOnPage:
    """A small site, built."""
    made = make_site(SITE)
    assert made.build().result.status == "done"
    return made
