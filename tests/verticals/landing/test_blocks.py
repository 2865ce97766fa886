"""Pages of blocks: what a site writes, what it sees, and blocks of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.engine.siteonpage import SiteOnPage

SITE = """-- site.toml --
title = "Ebb"
verticals = ["landing", "forms"]
-- content/landing/index.md --
---
title: The tide
image: dial.svg
blocks:
  - block: hero
    title: On your wall
    text: "A **clock**, see [how](/how/)."
    image: /clock.svg
    buttons: [{text: Order, url: "#order", goal: order}]
  - block: features
    items: [{title: The moon, text: It follows.}]
  - block: faq
    items: [{question: "How <exact>?", answer: "Within *minutes*."}]
  - block: form
    id: order
    form: order
---
-- content/landing/how.md --
---
title: How
blocks: [{block: text, text: So.}]
---
-- content/forms/order.md --
---
title: Order
fields: [{name: email, label: E-mail, type: email, required: true}]
---
-- static/clock.svg --
<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"/>
"""


@pytest.fixture
def site(make_site: Callable[[str], SiteOnPage]) -> SiteOnPage:
    """A site of two pages, built."""
    site = make_site(SITE)
    assert site.build().result.status == "done"
    return site


def read(site: SiteOnPage, path: str = "index.html") -> str:
    return (site.output / path).read_text("utf-8")


def test_blocks_stand_in_their_order_with_markdown_and_links_that_are_looked_up(site: SiteOnPage) -> None:
    html = read(site)
    places = [html.index(f'id="{name}"') for name in ("hero", "features", "faq", "order")]
    assert places == sorted(places)
    assert '<strong>clock</strong>, see <a href="/how/">how</a>' in html
    assert 'href="#order" data-goal="order"' in html
    assert "How &lt;exact&gt;?" in html
    assert '"@type":"FAQPage"' in html
    assert "<h1>On your wall</h1>" in html
    site.assert_clean()


def test_a_block_without_a_heading_of_its_own_leaves_the_title_as_the_heading(site: SiteOnPage) -> None:
    assert read(site, "how/index.html").count("<h1>How</h1>") == 1


def test_a_form_that_changes_makes_the_pages_that_show_it_and_no_other(site: SiteOnPage) -> None:
    site.edit("content/forms/order.md", "label: E-mail", "label: Your e-mail")
    assert site.build().pages == {"/"}
    assert "Your e-mail" in read(site)
    site.delete("content/forms/order.md")
    assert site.build().pages == {"/"}
    assert "<form" not in read(site)
    site.assert_clean()


def test_a_site_adds_a_block_by_a_schema_and_a_template(site: SiteOnPage) -> None:
    site.write(
        '-- content_schema/block-tide.json --\n{"x-extends": "", "x-pages": false, "x-sort": [], "required": ["harbour"],\n'
        ' "properties": {"harbour": {"type": "string"}, "metres": {"type": "number"}}}\n'
        "-- themes/own/templates/blocks/tide.html --\nHigh water at {{ block.harbour }}{% if block.metres %}: {{ block.metres }} m{% endif %}\n"
    )
    site.edit(
        "content/landing/how.md", "{block: text, text: So.}", "{block: tide, harbour: Brest}, {block: tide, harbour: Cork, metres: 3.5}"
    )
    site.edit("site.toml", 'title = "Ebb"', 'title = "Ebb"\ntheme = "own"')
    assert site.build().result.status == "done"
    html = read(site, "how/index.html")
    assert "High water at Brest" in html
    assert "High water at Cork: 3.5 m" in html
    assert 'id="tide-2"' in html
    site.assert_clean()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("{block: herro, title: x}", "there is no block 'herro'"),
        ("{title: x}", "the key 'block' is missing"),
        ("text", "is not a block"),
        ("{block: hero}", "(hero) the key 'title' is missing"),
        ("{block: hero, title: x, colour: red}", "(hero) unknown key 'colour'"),
        ("{block: embed, title: x, url: 'javascript:alert(1)'}", "(embed) url"),
        ("{block: hero, title: x, buttons: [{text: Go, url: 'javascript:alert(1)'}]}", "(hero) buttons"),
        ("{block: hero, title: x, id: 'a b'}", "(hero) id"),
    ],
)
def test_a_block_that_is_wrong_is_told_by_its_file_and_its_place_in_the_list(site: SiteOnPage, wrong: str, said: str) -> None:
    before = site.tree()
    site.edit("content/landing/how.md", "{block: text, text: So.}", wrong)
    problems = [problem for problem in site.build().result.problems if problem.place == "content/landing/how.md"]
    assert [(problem.code, problem.message.startswith("blocks: item 1: ")) for problem in problems] == [("content.field", True)]
    assert said in problems[0].message
    assert site.tree() == before
