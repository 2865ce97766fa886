"""What the base theme shows: bylines, tables of contents, menus, pagers, shortcodes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

from tests.render.theme_samples import Outline, change, make_environment, render, samples


def test_a_post_says_who_when_and_how_long() -> None:
    html = render("Post")
    assert '<a href="/author/noor/" rel="author">Noor Haddad</a>' in html
    assert '<time datetime="2025-03-01T09:00:00Z">1 March 2025</time>' in html
    assert '<bdi>Updated <time datetime="2025-03-09T09:00:00Z">9 March 2025</time></bdi>' in html
    assert "<bdi>4 minute read</bdi>" in html
    assert '<meta property="article:published_time" content="2025-03-01T09:00:00Z">' in html


def test_a_post_updated_on_its_own_day_does_not_say_so() -> None:
    entry = next(sample for sample in samples() if sample.name == "Post").values["entry"]
    assert "Updated" not in change("Post", "entry", updated=entry.date)


def test_a_table_of_contents_wants_three_headings() -> None:
    toc = next(sample for sample in samples() if sample.name == "Post").values["entry"].toc
    assert '<details class="toc" open>' in render("Post")
    assert 'class="toc"' not in change("Post", "entry", toc=toc[:2])
    assert '<details class="toc">' in change("Post", "entry", toc=toc * 4)


def test_a_series_marks_where_the_reader_is() -> None:
    html = render("Post")
    assert '<li><span aria-current="page">The coast that grows when you measure it</span></li>' in html
    assert '<li><a href="/2025/03/sample-1/">Tide tables</a></li>' in html


def test_structured_data_names_the_post_and_its_trail() -> None:
    (script,) = Outline(render("Post")).scripts
    post, trail = json.loads(script)["@graph"]
    assert (post["@type"], post["headline"], post["datePublished"]) == (
        "BlogPosting",
        "The coast that grows when you measure it",
        "2025-03-01T09:00:00Z",
    )
    assert post["author"] == [{"@type": "Person", "name": "Noor Haddad", "url": "https://example.org/author/noor/"}]
    assert [(item["position"], item["name"]) for item in trail["itemListElement"]] == [
        (1, "The Slow Atlas"),
        (2, "Field notes"),
        (3, "The coast that grows when you measure it"),
    ]


def test_alternates_name_every_variant_and_a_default() -> None:
    links = [link for link in Outline(render("Home")).all("link") if "hreflang" in link]
    assert [(link["hreflang"], link["href"]) for link in links] == [
        ("en", "https://example.org/"),
        ("x-default", "https://example.org/"),
        ("it", "https://example.org/it/"),
    ]


def test_the_language_menu_marks_the_current_one_and_goes_when_there_is_one() -> None:
    links = [link for link in Outline(render("Home")).all("a") if "hreflang" in link]
    assert [(link["lang"], link["dir"], link.get("aria-current")) for link in links] == [
        ("en", "ltr", "true"),
        ("it", "ltr", None),
        ("ar", "rtl", None),
    ]
    assert 'class="languages"' not in change("Home", "page", languages=[], alternates=[])


def test_noindex_of_the_page_or_the_site_reaches_the_head() -> None:
    mark = '<meta name="robots" content="noindex">'
    assert mark not in render("Home")
    assert mark in change("Home", "page", noindex=True)
    assert mark in change("Home", "site", noindex=True)


def test_a_site_without_menus_has_no_empty_navigation() -> None:
    html = change("Home", "site", search=None)
    assert 'class="menu"' in html
    [home] = [sample for sample in samples() if sample.name == "Home"]
    site = SimpleNamespace(**{**vars(home.values["site"]), "search": None})
    assert 'class="menu"' not in render("Home", menus=object(), site=site)
    assert '<a href="/search/">' in render("Home", menus=object())


def test_an_untranslated_page_says_so_and_keeps_its_own_language() -> None:
    html = render("Page, untranslated", "ar")
    assert '<article class="entry" dir="ltr">' in html
    assert '<h1 lang="en">About</h1>' in html
    assert '<div class="content" lang="en">' in html
    assert "لم تُترجم هذه الصفحة بعد" in html


def test_a_card_in_another_language_is_marked() -> None:
    assert '<article class="card text" dir="ltr">\n<div class="words">' in render("Home", "ja")
    assert "dir=" not in render("Home").split('<main id="main"')[1]


def test_months_stand_under_their_year_newest_first() -> None:
    html = render("Months")
    assert re.findall(r"<h2>(\d+)|/\">(\w+)</a><span class=\"count\">7</span></h3>", html.split("<main")[1].split("</main>")[0]) == [
        ("2025", ""), ("", "March"), ("", "January"), ("2024", ""), ("", "December"), ("", "November"),
    ]  # fmt: skip


def test_a_pager_shows_the_page_but_no_total() -> None:
    html = render("Archive page")
    assert '<a class="newer" href="/n/" rel="prev">' in html
    assert "<span>Page 3</span>" in html
    assert "<title>Maps · Page 3 · The Slow Atlas</title>" in html
    assert 'class="pager"' not in render("Home")


def test_a_redirect_leads_on_without_script_and_stays_out_of_indexes() -> None:
    html = render("Redirect")
    assert '<meta http-equiv="refresh" content="0; url=/new/?a=1&amp;b=2">' in html
    assert '<link rel="canonical" href="https://example.org/new/?a=1&amp;b=2">' in html
    assert '<a href="/new/?a=1&amp;b=2">' in html


def test_a_video_is_a_link_and_fetches_nothing() -> None:
    html = render("Shortcode youtube", args=['x"><script>'])
    assert Outline(html).all("a")[0]["href"] == "https://www.youtube.com/watch?v=x%22%3E%3Cscript%3E"
    assert "iframe" not in html


def test_a_logo_takes_the_place_of_the_title() -> None:
    html = change("Home", "site", tokens={"logo": "/logo.svg", "logo-dark": "/dark.svg", "icon": "/icon.svg"})
    assert '<source srcset="/dark.svg" media="(prefers-color-scheme: dark)"><img src="/logo.svg" alt="The Slow Atlas">' in html
    assert '<link rel="icon" href="/icon.svg">' in html


def test_a_child_theme_overrides_one_template(tmp_path: Path) -> None:
    (tmp_path / "partials").mkdir()
    (tmp_path / "partials/card.html").write_text(
        "{% macro card(item, t, lang, show_section=true, lead=false) %}<p class='mine'>{{ item.title }}</p>{% endmacro %}"
    )
    sample = samples()[0]
    html = make_environment(tmp_path).get_template("home.html").render(sample.values)
    assert html.count("class='mine'") == len(sample.values["list"].items)
    assert "<header" in html


def test_style_sheets_use_only_properties_that_they_or_the_sheet_of_every_page_define() -> None:
    root = Path(__file__).parents[2]
    defined = re.compile(r"(--[\w-]+)\s*:")
    everywhere = set(defined.findall((root / "themes/base/assets/site.css").read_text()))
    for sheet in (
        *root.glob("themes/base/assets/*.css"),
        *root.glob("cms_ssg/*/assets/*.css"),
        *root.glob("cms_ssg/verticals/*/assets/*.css"),
    ):
        text = sheet.read_text()
        used = set(re.findall(r"var\((--[\w-]+)\)", text))
        if sheet.name != "desk.css":
            assert used <= everywhere | set(defined.findall(text)), sheet
