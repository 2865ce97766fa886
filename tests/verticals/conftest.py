"""Sites on a page with verticals switched on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.siteonpage import SiteOnPage, wipe


@pytest.fixture
def make_site(vertical_urls: tuple[str, str], tmp_path: Path) -> Callable[[str], SiteOnPage]:
    """Write a site on a page. All sites of a test share a database."""
    wipe(vertical_urls[0])

    def make(text: str, folder: str = "site") -> SiteOnPage:
        site = SiteOnPage(tmp_path / folder, *vertical_urls)
        site.write(text)
        return site

    return make
