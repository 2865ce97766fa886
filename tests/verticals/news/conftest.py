"""The newsroom, built once for all tests of a process; each test begins from a copy."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.engine.kept import KeptSite, keep
from tests.engine.siteonpage import SiteOnPage, wipe
from tests.verticals.news.newsroom import SITE


@pytest.fixture(scope="session")
def kept_newsroom(cms_databases: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptSite]:
    """The newsroom, built."""
    wipe(cms_databases[0])
    site = SiteOnPage(tmp_path_factory.mktemp("newsroom") / "site", *cms_databases)
    site.write(SITE)
    result = site.build().result
    assert (result.status, result.problems) == ("done", []), [str(one) for one in result.problems]
    with keep(site) as kept:
        yield kept


@pytest.fixture
def newsroom(make_site: Callable[[str], SiteOnPage], kept_newsroom: KeptSite) -> SiteOnPage:
    """The newsroom as it is after its first build, which was not made again for this test."""
    return kept_newsroom.restore()
