"""Experiments: one page a variant, what is made again and what not, and what cannot run."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.store.open_store import open_store
from cms_ssg.verticals.landing.checks import CHECKS
from tests.engine.siteonpage import SiteOnPage, database, read_tree

SITE = """-- site.toml --
title = "Ebb"
base_url = "https://ebb.example"
verticals = ["landing", "forms"]
-- content/landing/index.md --
---
title: The tide
blocks:
  - {block: hero, title: On your wall, text: One hand., image: clock.svg}
  - {block: text, text: Shared words.}
---
-- content/landing/clock.svg --
<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"/>
-- content/landing/how.md --
---
title: How
blocks: [{block: text, text: So.}]
---
-- content/experiments/headline.md --
---
page: /
variants:
  - name: statement
  - {name: question, weight: 3, changes: {hero: {title: In or out?}}}
goals: [order]
publish_at: 2026-02-01
---
"""
FILE = "content/experiments/headline.md"
VARIANT = "/-/headline/question/"


@pytest.fixture
def site(make_site: Callable[[str], SiteOnPage]) -> SiteOnPage:
    """A site with a running experiment, built."""
    site = make_site(SITE)
    assert site.build().result.status == "done"
    return site


def read(site: SiteOnPage, path: str = "/") -> str:
    return (site.output / path.lstrip("/") / "index.html").read_text("utf-8")


def test_each_variant_is_one_page_that_differs_in_what_the_experiment_changes(site: SiteOnPage) -> None:
    assert "<h1>On your wall</h1>" in read(site)
    assert "<h1>In or out?</h1>" in read(site, VARIANT)
    for path in ("/", VARIANT):
        assert "Shared words." in read(site, path)
        assert "One hand." in read(site, path)
        assert 'data-choices="statement|1| question|3|/-/headline/question/"' in read(site, path)
    assert "data-experiment" not in read(site, "/how/")
    site.assert_clean()


def test_the_pages_own_address_is_the_canonical_one_of_every_variant_and_the_only_one_in_the_sitemap(site: SiteOnPage) -> None:
    for path in ("/", VARIANT):
        assert '<link rel="canonical" href="https://ebb.example/">' in read(site, path)
        assert '"og:url" content="https://ebb.example/"' in read(site, path)
        assert "noindex" not in read(site, path)
    assert "/-/" not in "".join(file.read_text() for file in site.output.glob("sitemap*.xml"))
    site.edit("content/landing/index.md", "title: The tide", "title: The tide\nnoindex: true")
    site.build()
    assert 'content="noindex"' in read(site) and 'content="noindex"' in read(site, VARIANT)


def test_an_edit_of_what_variants_share_makes_all_of_them_and_nothing_else(site: SiteOnPage) -> None:
    site.edit("content/landing/index.md", "Shared words.", "Other words.")
    assert site.build().pages == {"/", VARIANT}
    assert "Other words." in read(site, VARIANT)
    site.assert_clean()


def test_an_edit_of_a_variant_changes_its_page_alone(site: SiteOnPage) -> None:
    site.edit(FILE, "In or out?", "High or low?")
    assert site.build().written == {"-/headline/question/index.html"}
    site.assert_clean()


def test_ending_an_experiment_makes_only_its_pages(site: SiteOnPage) -> None:
    site.edit(FILE, "page: /", "page: /\nwinner: question")
    assert site.build().pages == {"/", VARIANT}
    assert "<h1>In or out?</h1>" in read(site)
    assert "data-experiment" not in read(site)
    assert 'url=https://ebb.example/"' in read(site, VARIANT), "whoever has its address comes back"
    site.assert_clean()
    site.edit(FILE, "winner: question", "draft: true")
    built = site.build()
    assert (built.pages, built.removed) == ({"/"}, {"-/headline/question/index.html"})
    assert "<h1>On your wall</h1>" in read(site)
    site.assert_clean()


def test_it_starts_and_ends_by_the_clock(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SITE.replace("publish_at: 2026-02-01", "publish_at: 2026-03-10\nexpire_at: 2026-04-01"))
    site.build()
    assert "data-experiment" not in read(site)
    assert site.build(now=datetime(2026, 3, 11, tzinfo=UTC)).pages == {"/", VARIANT}
    assert "data-experiment" in read(site)
    built = site.build(now=datetime(2026, 4, 2, tzinfo=UTC))
    assert (built.pages, built.removed) == ({"/"}, {"-/headline/question/index.html"})
    site.assert_clean(now=datetime(2026, 4, 2, tzinfo=UTC))


def test_a_variant_may_have_blocks_of_its_own_and_a_page_may_be_named_by_its_file(site: SiteOnPage) -> None:
    site.edit(FILE, "page: /", "page: content/landing/how.md")
    site.edit(FILE, "changes: {hero: {title: In or out?}}", "blocks: [{block: hero, title: All new}]")
    assert site.build().pages == {"/", "/how/", VARIANT}
    assert "<h1>All new</h1>" in read(site, VARIANT)
    assert "So." not in read(site, VARIANT)
    assert '<link rel="canonical" href="https://ebb.example/how/">' in read(site, VARIANT)
    site.assert_clean()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "  - name: statement\n  - {name: question, weight: 3",
            "  - {name: statement, weight: 0}\n  - {name: question, weight: 0",
            "sum to 0",
        ),
        ("- name: statement", "- name: question", "two variants are called 'question'"),
        ("page: /", "page: /\nwinner: nobody", "the winner 'nobody' is none of its variants"),
    ],
)
def test_an_experiment_that_cannot_run_shows_the_page_as_it_is_and_says_why(site: SiteOnPage, old: str, new: str, said: str) -> None:
    site.edit(FILE, old, new)
    result = site.build().result
    assert [(p.code, p.place, said in p.message) for p in result.problems] == [("landing.experiment", FILE, True)]
    assert "<h1>On your wall</h1>" in read(site) and "data-experiment" not in read(site)
    assert not (site.output / "-").exists()
    site.assert_clean()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  - name: statement\n", "", "1 item, at least 2 allowed"),
        ("weight: 3", "weight: -1", "weight: -1 is too small"),
        ("name: question", "name: ../b", "does not match"),
    ],
)
def test_an_experiment_that_is_badly_written_keeps_what_was_there(site: SiteOnPage, old: str, new: str, said: str) -> None:
    before = site.tree()
    site.edit(FILE, old, new)
    (problem,) = site.build().result.problems
    assert (problem.code, problem.place) == ("content.field", FILE)
    assert said in problem.message
    assert site.tree() == before


def test_an_experiment_on_a_page_that_is_gone_is_told_by_its_file(site: SiteOnPage) -> None:
    site.edit(FILE, "page: /", "page: /nowhere/")
    problems = site.build().result.problems
    assert [(p.code, p.place) for p in problems] == [("landing.no-page", FILE)]
    assert "data-experiment" not in read(site)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ("{heroo: {title: In or out?}}", "'heroo', which the page does not have"),
        ("{hero: {titel: In or out?}}", "'hero': unknown key 'titel'"),
        ("{hero: {buttons: [{text: Go, url: 'javascript:alert(1)'}]}}", "'hero': buttons: item 1: url"),
        ("{hero: {block: text}}", "'hero': block: 'text' is not one of hero"),
    ],
)
def test_a_change_that_does_not_fit_is_left_out_and_told(site: SiteOnPage, changes: str, said: str) -> None:
    site.edit(FILE, "{hero: {title: In or out?}}", changes)
    result = site.build().result
    assert {(p.code, p.severity, p.place) for p in result.problems} == {("landing.experiment", "warning", FILE)}
    assert said in result.problems[0].message
    assert "<h1>On your wall</h1>" in read(site, VARIANT) and "javascript" not in read(site, VARIANT)
    site.assert_clean()


def test_a_field_that_a_site_adds_to_a_block_is_known_to_variants_from_then_on(site: SiteOnPage) -> None:
    site.edit(FILE, "{hero: {title: In or out?}}", "{hero: {tone: loud}}")
    assert site.build().result.problems
    site.write_file("content_schema/block-hero.json", '{"properties": {"tone": {"type": "string"}}}')
    site.write_file("themes/own/templates/blocks/hero.html", "{{ block.tone or 'quiet' }}")
    site.edit("site.toml", 'title = "Ebb"', 'title = "Ebb"\ntheme = "own"')
    built = site.build()
    assert {"/", VARIANT} <= built.pages and not built.result.problems
    assert "quiet" in read(site) and "loud" in read(site, VARIANT)
    site.assert_clean()


def test_a_page_in_another_languages_place_is_not_under_test_and_shows_the_winner(make_site: Callable[[str], SiteOnPage]) -> None:
    locales = '[[locales]]\ncode = "en"\n[[locales]]\ncode = "it"\nfallback = "page"\n-- content/landing/index.md --'
    site = make_site(SITE.replace("-- content/landing/index.md --", locales, 1))
    site.build()
    assert "data-experiment" in read(site)
    assert "data-experiment" not in read(site, "/it/")
    site.edit(FILE, "page: /", "page: /\nwinner: question")
    assert site.build().pages == {"/", "/it/", VARIANT}
    assert "<h1>In or out?</h1>" in read(site, "/it/")
    site.assert_clean()


def test_of_two_experiments_about_one_page_the_first_runs_and_check_tells_the_other(site: SiteOnPage) -> None:
    site.write_file("content/experiments/second.md", (site.root / FILE).read_text())
    site.build()
    assert 'data-experiment="headline"' in read(site)
    assert 'data-experiment="second"' in read(site, "/-/second/question/")
    assert list_checked(site) == [("landing.two-experiments", "content/experiments/second.md")]
    site.assert_clean()


def test_check_tells_what_keeps_an_experiment_from_running_and_a_form_that_is_not_there(site: SiteOnPage) -> None:
    assert list_checked(site) == []
    site.edit(FILE, "page: /", "page: /nowhere/\nwinner: nobody")
    site.edit("content/landing/how.md", "{block: text, text: So.}", "{block: form, form: order}")
    site.build()
    assert list_checked(site) == [("landing.experiment", FILE), ("landing.no-page", FILE), ("landing.no-form", "content/landing/how.md")]


def list_checked(site: SiteOnPage) -> list[tuple[str, str]]:
    with database(site.url), open_store(site.root, "") as (opened, connection, row):
        return [(p.code, p.place) for check in CHECKS for p in check(OpenSite(opened, connection, row.id))]


def test_a_page_that_says_that_an_order_is_paid_can_tell_it(make_site: Callable[[str], SiteOnPage]) -> None:
    pytest.importorskip("cms_ssg.verticals.shop")
    site = make_site(
        '-- site.toml --\ntitle = "T"\nverticals = ["shop", "landing"]\n-- content/landing/index.md --\n---\ntitle: Home\n---\n'
    )
    site.build()
    pages = {path: (site.output / path).read_text("utf-8") for path in read_tree(site.output) if path.endswith("index.html")}
    told = {path for path, text in pages.items() if "goals" in text}
    assert told - {"index.html"} == {path for path, text in pages.items() if "<!--frame-->" in text}
    assert pages["index.html"].count("goals.") == 1


def test_the_script_that_chooses_is_one_kilobyte_and_stands_before_everything_that_is_painted(site: SiteOnPage) -> None:
    html = read(site)
    found = re.search(r'<script src="(/assets/choose\.[0-9a-f]+\.js)" data-experiment', html)
    assert found is not None and found.start() < html.index("stylesheet") < html.index("<body")
    assert (site.output / found[1].lstrip("/")).stat().st_size <= 1024
