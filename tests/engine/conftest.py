"""Two databases a worker, wiped instead of made for each test, and sites written on a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.engine.kept import KeptSite, keep
from tests.engine.odd_site import SITE
from tests.engine.siteonpage import SiteOnPage, wipe


@pytest.fixture
def make_site(engine_urls: tuple[str, str], tmp_path: Path) -> Callable[[str], SiteOnPage]:
    """Write a site on a page. All sites of a test share a database."""
    wipe(engine_urls[0])

    def make(text: str, folder: str = "site") -> SiteOnPage:
        site = SiteOnPage(tmp_path / folder, *engine_urls)
        site.write(text)
        return site

    return make


Kept = Callable[..., KeptSite]


@pytest.fixture(scope="session")
def keep_site(engine_urls: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """Build a site on a page, or find it as it was built. more: files of bytes by their paths."""
    sites: dict[str, KeptSite] = {}

    def find(text: str, more: Mapping[str, bytes] | None = None, **options: object) -> KeptSite:
        if text not in sites:
            site = SiteOnPage(tmp_path_factory.mktemp("built") / "site", *engine_urls)
            site.write(text)
            for path, data in (more or {}).items():
                site.write_file(path, data)
            assert site.build(**options).result.status == "done"
            sites[text] = stack.enter_context(keep(site))
        return sites[text]

    with ExitStack() as stack:
        yield find


@pytest.fixture
def built_site(make_site: Callable[[str], SiteOnPage], keep_site: Kept) -> Callable[..., SiteOnPage]:
    """Write a site on a page, built: once for all tests. What else the database held goes."""
    return lambda text, *more, **options: keep_site(text, *more, **options).restore()


@pytest.fixture
def site(built_site: Callable[[str], SiteOnPage]) -> SiteOnPage:
    """A small site, built."""
    return built_site(SITE)
