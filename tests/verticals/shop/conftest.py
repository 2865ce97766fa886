"""One built shop for all tests of the folder, as new before each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import TEMPLATE, fresh_database
from tests.verticals.shop.stand import Stand, open_stand


@pytest.fixture(scope="package")
def open_shop(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    for url in fresh_database(server_url, TEMPLATE):
        with open_stand(tmp_path_factory.mktemp("stand"), url) as stand:
            yield stand


@pytest.fixture
def shop(open_shop: Stand) -> Stand:
    """The shop as it was when it was built."""
    open_shop.reset()
    return open_shop
