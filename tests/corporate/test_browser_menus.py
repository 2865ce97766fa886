"""Menus that open, in a real browser: what they show lies within the window at every width."""

from __future__ import annotations

import pytest

from scripts.shots import serve
from tests.browser import open_browser
from tests.corporate.conftest import Group

OPENED = """(() => {
  const menu = document.querySelectorAll('details.languages')[%d];
  menu.open = true;
  const { left, right } = menu.querySelector('ul').getBoundingClientRect();
  menu.open = false;
  return [left >= 0, right <= document.documentElement.clientWidth];
})()"""


@pytest.mark.browser
def test_menus_that_open_stay_within_the_window(chromium: str, group: Group) -> None:
    site = group["fjell"]
    below = 'ref = "page:about"\nbelow = [{ ref = "page:careers" }, { ref = "page:responsibility" }]\n'
    site.edit("site.toml", 'ref = "page:about"\n', below)
    site.build()
    with serve(site.output) as base, open_browser(chromium) as browser:
        for width in (340, 700, 1200):
            browser.resize(width, 800)
            browser.open(f"{base}/about/")
            assert browser.run("document.querySelectorAll('details.languages').length") == 2
            assert [browser.run(OPENED % number) for number in (0, 1)] == [[True, True]] * 2, width
