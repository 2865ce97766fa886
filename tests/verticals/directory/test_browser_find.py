"""The search page of a directory on a phone, opened by addresses that people keep and mistype."""

from __future__ import annotations

import pytest

from tests.browser import open_browser
from tests.engine.siteonpage import SiteOnPage
from tests.search.test_search_page import serve_all


@pytest.mark.browser
@pytest.mark.parametrize("query", ["facet=gone/yes", "lat=91&lng=0", "facet=broken&category=mill", "q=cider&facet=gone/yes"])
def test_an_address_with_what_the_directory_does_not_have_searches_without_it(chromium: str, site: SiteOnPage, query: str) -> None:
    with serve_all(site.root, site.url) as base, open_browser(chromium) as browser:
        browser.resize(390, 844)
        browser.open(f"{base}/find/?{query}")
        browser.wait("document.querySelectorAll('.hits h2').length > 0")
        titles = browser.run("[...document.querySelectorAll('.hits h2')].map((one) => one.textContent)")
        assert titles == ["Cider Mill"] if query.startswith("q=") else "Ale House" in titles
        assert browser.run("document.querySelector('.notice')") is None
