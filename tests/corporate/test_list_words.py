"""What the pages of lists and taxonomies are called in each language of a site."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cms_ssg.errors import CmsError
from tests.engine.siteonpage import SiteOnPage

SITE = """-- site.toml --
title = "Atlas"
page_size = 2
[home]
list = "section/none"
[lists.post]
url = "/posts/"
title = "All posts"
description = "Everything."
[taxonomies.tag]
title = "Topics"
[locales.en]
[locales.de.lists.post]
title = "Alle Beiträge"
description = "Alles."
[locales.de.taxonomies.tag]
title = "Themen"
description = "Worüber wir schreiben."
-- content/posts/one.md --
---
title: One
date: 2025-01-01
tags: [tides]
---
-- content/posts/one.de.md --
---
title: Eins
date: 2025-01-01
tags: [tides]
---
"""


def test_lists_and_taxonomies_are_called_in_the_language_of_their_page(make_site: Callable[..., SiteOnPage]) -> None:
    site = make_site(SITE)
    assert site.build().result.status == "done"

    def heads(path: str) -> tuple[bool, ...]:
        html = (site.output / path / "index.html").read_text("utf-8")
        words = (
            "<h1>All posts</h1>",
            "Everything.",
            "<h1>Topics</h1>",
            "<h1>Alle Beiträge</h1>",
            "Alles.",
            "<h1>Themen</h1>",
            "Worüber wir schreiben.",
        )
        return tuple(word in html for word in words)

    no, yes = False, True
    assert heads("posts") == (yes, yes, no, no, no, no, no)
    assert heads("de/posts") == (no, no, no, yes, yes, no, no)
    assert heads("tags") == (no, no, yes, no, no, no, no)
    assert heads("de/tags") == (no, no, no, no, no, yes, yes)
    assert '<meta name="description" content="Worüber wir schreiben.">' in (site.output / "de/tags/index.html").read_text("utf-8")
    assert "Alle Beiträge" in (site.output / "de/posts/feed.xml").read_text("utf-8")

    site.edit("site.toml", 'title = "Themen"', 'title = "Stichwörter"')
    site.edit("site.toml", 'title = "Alle Beiträge"\n', "")
    site.build()
    assert "<h1>Stichwörter</h1>" in (site.output / "de/tags/index.html").read_text("utf-8")
    assert "<h1>All posts</h1>" in (site.output / "de/posts/index.html").read_text("utf-8")
    site.assert_clean()

    site.edit("site.toml", "[locales.de.taxonomies.tag]", "[locales.de.taxonomies.tags]")
    with pytest.raises(CmsError, match=r"tags.*\[taxonomies\]"):
        site.build()
