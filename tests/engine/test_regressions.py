"""What random edits found: each sequence as short as it could be made."""

from __future__ import annotations

from collections.abc import Callable

from tests.engine.edits import Editor
from tests.engine.sample import SITE
from tests.engine.siteonpage import SiteOnPage


def test_a_term_list_that_becomes_the_home_page_leaves_its_index_and_comes_back(make_site: Callable[..., SiteOnPage]) -> None:
    site = make_site(SITE, "alpha")
    site.build()
    editor = Editor(site)
    for home in ('"tag/red"', '"type/post"'):
        editor.set_setting("home_list", home)
        site.build()
        site.assert_clean()
