"""Two databases a worker, wiped instead of made for each test, and sites written on a page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

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


@pytest.fixture
def site(make_site: Callable[[str], SiteOnPage]) -> SiteOnPage:
    """A small site, built."""
    made = make_site(SITE)
    assert made.build().result.status == "done"
    return made
