"""A term's own entry describes its list, in every taxonomy, from the build that first sees it until it goes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cms_ssg.build import BuildOptions, build
from cms_ssg.files.bundled import folder
from tests.engine.odd_site import check_site
from tests.engine.siteonpage import SiteOnPage

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("taxonomy", ["series", "tag"])
def test_a_term_that_comes_later_gives_its_list_a_title_until_it_goes(
    taxonomy: str, db_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMS_DATABASE_URL", db_url)
    site = tmp_path / "site"
    shutil.copytree(folder("verticals") / "blog/starter", site)
    options = BuildOptions(now=NOW, jobs=1)
    build(site, options)
    slug, place = ("measuring-by-hand", "series") if taxonomy == "series" else ("maps", "tags")
    page = site / "build" / place / slug / "index.html"
    before = page.read_text("utf-8")
    term = site / "content" / "terms" / taxonomy / f"{slug}.md"
    kept = term.read_bytes() if term.exists() else None
    term.parent.mkdir(parents=True, exist_ok=True)
    term.write_text("---\ntitle: A name of its own\n---\nText.\n", "utf-8")
    assert build(site, options).rendered
    assert "A name of its own" in page.read_text("utf-8")
    if kept is None:
        term.unlink()
    else:
        term.write_bytes(kept)
    build(site, options)
    assert page.read_text("utf-8") == before


NAMED = """-- site.toml --
locales = ["en", "it"]
-- content/posts/one.md --
---
title: One
date: 2025-01-01
tags: [Öl Farbe]
authors: [Ada]
---
[a](ref:term:tag/öl-farbe#x) [b](ref:author:ada) [c](ref:term:tag/none)
-- content/posts/uno.it.md --
---
title: Uno
date: 2025-01-02
tags: [carta]
---
[a](ref:term:tag/carta) [b](ref:author:ada)
"""


def test_a_reference_leads_to_the_page_of_a_term_that_has_no_file(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(NAMED)
    site.build()
    page = site.output / "2025/01/one/index.html"
    body = page.read_text("utf-8")
    assert '<a href="/tags/%C3%B6l-farbe/#x">a</a> <a href="/authors/ada/">b</a> <a href="ref:term:tag/none">c</a>' in body
    italian = (site.output / "it/2025/01/uno/index.html").read_text("utf-8")
    assert '<a href="/it/tags/carta/">a</a> <a href="/authors/ada/">b</a>' in italian, "in Italian there is none of this author"
    told = [problem.message for problem in check_site(site) if problem.code == "content.dangling-link"]
    assert told == ['"ref:term:tag/none" does not exist']
    site.write_file("content/posts/two.md", "---\ntitle: Two\ndate: 2025-01-03\ntags: [none]\n---\n")
    site.build()
    assert '<a href="/tags/none/">c</a>' in page.read_text("utf-8")
    site.assert_clean()


LISTED = """-- site.toml --
title = "T"
[lists]
talk = "/talks/"
[[collection]]
name = "talks"
path = "content/talks"
type = "talk"
-- content_schema/talk.json --
{"x-extends": "page", "properties": {"tags": {"type": "array", "items": {"type": "string"}, "x-list": "tag"}}}
-- content/talks/wind.md --
---
title: Wind
tags: [weather]
---
"""
HIDDEN = '"x-lists": [], "x-extends"'


def test_a_type_that_is_kept_out_of_its_own_list_stays_in_those_of_its_terms(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(LISTED)
    assert site.build().result.problems == []
    lists = [site.output / "talks/index.html", site.output / "tags/weather/index.html"]
    assert [">Wind<" in page.read_text("utf-8") for page in lists] == [True, True]
    site.edit("content_schema/talk.json", '"x-extends"', HIDDEN)
    site.build()
    assert [page.exists() and ">Wind<" in page.read_text("utf-8") for page in lists] == [False, True]
    site.assert_clean()
    site.edit("content_schema/talk.json", HIDDEN, '"x-extends"')
    site.build()
    assert [">Wind<" in page.read_text("utf-8") for page in lists] == [True, True]


INDEXES = """-- site.toml --
title = "T"
[[locales]]
code = "en"
[[locales]]
code = "ja"
[taxonomies.shelf]
field = "shelf"
url = "/shelves/{slug}/"
index = "/shelves/"
[taxonomies.genre]
field = "genre"
url = "/genres/{slug}/"
index = "/genres/"
title = "Kinds of books"
[[collection]]
name = "posts"
path = "content/posts"
type = "post"
locale = "suffix"
-- content_schema/post.json --
{"properties": {"shelf": {"type": "string", "x-list": "shelf"}, "genre": {"type": "string", "x-list": "genre"}}}
-- content/posts/wind.md --
---
title: Wind
date: 2026-01-01
tags: [weather]
shelf: A1
genre: Essay
---
-- content/posts/wind.ja.md --
---
title: Kaze
date: 2026-01-01
tags: [weather]
---
"""


def test_index_pages_without_a_title_in_the_settings_have_the_themes_word(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(INDEXES)
    site.build()
    for page, title in {
        "tags": "Tags", "ja/tags": "タグ", "archive": "Archive", "ja/archive": "アーカイブ", "shelves": "shelf", "genres": "Kinds of books",
    }.items():  # fmt: skip
        html = (site.output / page / "index.html").read_text("utf-8")
        assert f"<h1>{title}</h1>" in html
        assert f"<title>{title} · T</title>" in html
    site.assert_clean()


SPECIES = """-- site.toml --
title = "T"
[taxonomies.species]
field = "species"
url = "/species/{slug}/"
[[collection]]
name = "species"
path = "content/species"
type = "species"
-- content_schema/species.json --
{"x-extends": "term", "x-url": "/species/{slug}/", "x-heads": "species", "properties": {"latin": {"type": "string"}}}
-- content/species/heron.md --
---
title: Grey heron
---
A patient bird.
-- content/posts/one.md --
---
title: One
date: 2025-01-01
species: [heron]
---
"""


def test_a_type_of_ones_own_describes_the_terms_of_the_taxonomy_that_it_heads(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SPECIES)
    assert site.build().result.problems == []
    page = site.output / "species/heron/index.html"
    assert "Grey heron" in page.read_text("utf-8") and "A patient bird." in page.read_text("utf-8")
    site.edit("content/species/heron.md", "Grey heron", "Ardea")
    site.build()
    assert "Ardea" in page.read_text("utf-8")
    site.assert_clean()
    site.edit("content_schema/species.json", '"x-heads": "species"', '"x-heads": ""')
    site.build()
    assert "Ardea" not in page.read_text("utf-8"), "it describes nothing any more"
    site.assert_clean()
