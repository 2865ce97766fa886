"""One built site with its API for all tests of a file that only ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.atlas import Api, build_site, serve_api, write_site
from tests.conftest import TEMPLATE, fresh_database


@pytest.fixture(scope="module")
def atlas(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """The folder and the database of a built site."""
    folder = write_site(tmp_path_factory.mktemp("atlas"))
    for url in fresh_database(server_url, TEMPLATE):
        build_site(folder, url)
        yield folder, url


@pytest.fixture(scope="module")
def api(atlas: tuple[Path, str]) -> Iterator[Api]:
    """The API of that site, without Redis."""
    with serve_api([atlas[0]], atlas[1]) as running:
        yield running
