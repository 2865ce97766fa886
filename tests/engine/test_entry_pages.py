"""Pages of entries: titles, tables of contents, and what translations say of each other."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin

import pytest

from tests.engine.odd_site import check_site
from tests.engine.siteonpage import SiteOnPage

DATA = Path(__file__).resolve().parent.parent / "data"

SITE = """-- site.toml --
base_url = "https://a.org"
locales = ["en", { code = "ar", fallback = "page" }, { code = "it", fallback = "page" }, "de"]
[[collection]]
name = "pages"
path = "content"
type = "page"
locale = "folder"
-- content/en/about.md --
# About us

## Where

![A map](map.svg)
-- content/en/map.svg --
<svg/>
-- content/it/about.md --
---
title: Chi siamo
---
Testo.
-- content/de/about.md --
---
title: Wir
---
# Impressum
-- content/en/team.md --
# Team

Ada.
"""
ALTERNATE = re.compile(r'hreflang="([^"]*)" href="https://a.org([^"]*)">')


def test_alternates_come_in_the_sites_order_and_the_first_is_the_default(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SITE)
    site.build()
    expected = [("en", "/about/"), ("x-default", "/about/"), ("it", "/it/about/"), ("de", "/de/about/")]
    for path in ("about", "it/about", "de/about"):
        assert ALTERNATE.findall((site.output / path / "index.html").read_text("utf-8")) == expected
    assert ALTERNATE.findall((site.output / "ar/about/index.html").read_text("utf-8")) == [], "no translation, and nobody names it"
    assert ALTERNATE.findall((site.output / "ar/team/index.html").read_text("utf-8")) == []


def test_text_of_another_language_says_its_own_direction(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SITE)
    site.build()
    assert '<article class="entry" dir="ltr">' in (site.output / "ar/about/index.html").read_text("utf-8")
    site.edit("site.toml", 'locales = ["en", {', 'locales = [{ code = "en", dir = "rtl" }, {')
    site.build()
    assert '<article class="entry" dir="rtl">' in (site.output / "ar/about/index.html").read_text("utf-8")


def test_a_title_that_the_body_begins_with_is_shown_once(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SITE)
    site.build()
    about = (site.output / "about/index.html").read_text("utf-8")
    assert re.findall(r"<h1.*", about) == ['<h1 id="about-us">About us</h1>']
    assert 'alt="A map" decoding="async"' in about, "no empty title"
    assert len(re.findall("<h1", (site.output / "de/about/index.html").read_text("utf-8"))) == 2


def test_contents_are_indented_from_the_highest_heading_there_is(make_site: Callable[[str], SiteOnPage]) -> None:
    body = "### A\n\n#### deeper than a table of contents goes\n\n### B\n\n### C\n"
    site = make_site(f"-- site.toml --\n-- content/posts/a.md --\n---\ntitle: T\ndate: 2025-01-01\n---\n{body}")
    site.build()
    contents = re.compile(r'<li class="(d\d)"><a href="#([^"]*)"')
    page = site.output / "2025/01/a/index.html"
    assert contents.findall(page.read_text("utf-8")) == [("d0", "a"), ("d0", "b"), ("d0", "c")]
    site.edit("content/posts/a.md", "### B", "## B")
    site.build()
    assert contents.findall(page.read_text("utf-8")) == [("d1", "a"), ("d0", "b"), ("d1", "c")]


def test_what_stands_elsewhere_is_in_no_sitemap_and_names_no_translations(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SITE)
    site.build()
    about, sitemap = site.output / "about/index.html", site.output / "sitemap-pages-1.xml"
    assert "<loc>https://a.org/about/</loc>" in sitemap.read_text("utf-8")
    for canonical, here in (("https://b.org/about/", False), ("https://a.org/about", True), ("/about/", True), ("https://a.org/", False)):
        site.write_file("content/en/about.md", f"---\ntitle: About us\ncanonical: {canonical}\n---\nText.\n")
        site.build()
        assert f'<link rel="canonical" href="{urljoin("https://a.org", canonical)}">' in about.read_text("utf-8")
        assert ("<loc>https://a.org/about/</loc>" in sitemap.read_text("utf-8")) == here, canonical
    assert ALTERNATE.findall(about.read_text("utf-8")) == []
    site.write_file("content/en/about.md", "---\ntitle: About us\ncanonical: ../about/\n---\nText.\n")
    site.build()
    assert [(p.place, p.line) for p in check_site(site) if p.code == "content.relative-canonical"] == [("content/en/about.md", 3)]
    site.edit("site.toml", "https://a.org", "https://b.org")
    site.write_file("content/en/about.md", "---\ntitle: About us\ncanonical: https://b.org/about/\n---\nText.\n")
    site.build()
    assert "<loc>https://b.org/about/</loc>" in sitemap.read_text("utf-8")
    site.assert_clean()


def test_every_url_of_raw_html_has_the_base_path_and_a_file_that_is_nowhere_is_told(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(
        """-- site.toml --
base_url = "https://a.org/sub"
[images]
variants = false
-- content/pages/a.md --
# A

<video src="/clip.mp4" poster="b.png"><source src="clip.webm"></video>

<img src="/b.png" srcset="b.png 1x, /b.png?big 2x"> <form action="/go"></form>

<div>
<object data="/lost.pdf"></object>
</div>
-- static/clip.mp4 --
-- static/b.png --
-- static/a/clip.webm --
"""
    )
    site.build()
    page = (site.output / "a/index.html").read_text("utf-8")
    assert '<video src="/sub/clip.mp4" poster="b.png"><source src="/sub/a/clip.webm"></video>' in page
    assert 'srcset="b.png 1x, /sub/b.png?big 2x"' in page and 'action="/sub/go"' in page and 'data="/sub/lost.pdf"' in page
    told = [(problem.line, problem.message) for problem in check_site(site) if problem.code == "content.dangling-link"]
    assert told == [(3, '"b.png" does not exist'), (5, '"b.png" does not exist'), (8, '"/lost.pdf" does not exist')]
    site.write_file("static/lost.pdf", "found")
    site.write_file("static/a/b.png", "found")
    assert "/a/" in site.build().rendered
    assert 'srcset="/sub/a/b.png 1x' in (site.output / "a/index.html").read_text("utf-8")
    assert [problem for problem in check_site(site) if problem.code == "content.dangling-link"] == []
    site.assert_clean()


def test_no_heading_has_an_id_of_the_theme_whatever_the_theme_becomes(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(
        """-- site.toml --
theme = "own"
-- themes/own/theme.toml --
extends = "base"
-- themes/own/templates/shortcodes/box.html --
<div>{{ inner }}</div>
-- content/posts/a.md --
---
date: 2025-01-01
---
# Title

## Main

[one](#main) [two](#setup)

{{< box >}}
## Setup
{{< /box >}}

## Main 2
-- content/pages/b.md --
# No heading but this
"""
    )

    def page() -> str:
        return (site.output / "2025/01/a/index.html").read_text("utf-8")

    def ids() -> list[str]:
        return re.findall(r'\sid="([^"]*)"', page())

    site.build()
    assert len(set(ids())) == len(ids()) and {"main", "main-3", "main-2", "setup"} <= set(ids())
    assert '<a href="#main-3">one</a> <a href="#setup">two</a>' in page()
    assert page().count('"#main-3"') == 2, "the contents lead there too"
    site.write_file("themes/own/templates/shortcodes/box.html", '<div id="setup">{{ inner }}</div>')
    assert "/2025/01/a/" in site.build().rendered
    assert '<h2 id="setup-2">' in page() and '<a href="#setup-2">two</a>' in page()
    site.write_file("themes/own/templates/unused.html", '<p id="main-2"></p>')
    assert "/2025/01/a/" in site.build().rendered
    assert '<h2 id="main-2-2">' in page()
    site.assert_clean()
    site.delete("themes/own/templates/unused.html")
    site.build()
    assert '<h2 id="main-2">' in page()
    site.assert_clean()


def test_code_can_be_reached_without_a_mouse(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site("-- site.toml --\n-- content/pages/a.md --\n# A\n\n```python\nx\n```\n\n    y\n\n<pre class='own'>z</pre>\n")
    site.build()
    assert re.findall("<pre.*?>", (site.output / "a/index.html").read_text("utf-8")) == [
        '<pre class="highlight" tabindex="0">', '<pre tabindex="0">', "<pre class='own'>",
    ]  # fmt: skip


def test_terms_of_a_text_that_is_not_translated_lead_to_its_own_lists(make_site: Callable[[str], SiteOnPage]) -> None:
    settings = """-- site.toml --
locales = ["en", { code = "it", fallback = "page" }]
[[collection]]
name = "posts"
path = "content"
type = "post"
locale = "folder"
"""
    post = "---\ntitle: T\ndate: 2025-01-01\nsection: News\ntags: [rain]\nauthors: [Ada]\n---\nText.\n"
    site = make_site(f"{settings}-- content/en/a.md --\n{post}")
    site.build()
    page = site.output / "it/2025/01/a/index.html"
    links = re.compile(r'href="([^"]*/(?:news|tags/rain|authors/ada)/)?"')
    assert links.findall(page.read_text("utf-8")) == ["/news/", "/authors/ada/", "/tags/rain/"]
    site.write_file("content/it/b.md", post)
    site.build()
    assert links.findall(page.read_text("utf-8")) == ["/it/news/", "/it/authors/ada/", "/it/tags/rain/"]
    site.delete("content/it/b.md")
    site.build()
    assert links.findall(page.read_text("utf-8")) == ["/news/", "/authors/ada/", "/tags/rain/"]
    site.assert_clean()


def test_what_stands_in_a_shortcode_is_filled_too(make_site: Callable[[str], SiteOnPage]) -> None:
    body = '{{< note >}}\n[b](b.md) ![c](c.svg)\n\n{{< note "tip" >}}\n[b](b.md#x)\n{{< /note >}}\n{{< /note >}}\n\n{{< nobody >}}[b](b.md){{< /nobody >}}\n'
    site = make_site(
        f"-- site.toml --\n-- content/pages/a.md --\n# A\n\n{body}-- content/pages/b.md --\n# B\n-- content/pages/c.svg --\n<svg/>\n"
    )
    site.build()
    page = (site.output / "a/index.html").read_text("utf-8")
    assert re.findall(r'<a href="([^"]*)">b</a>', page) == ["/b/", "/b/#x", "/b/"]
    assert '<img src="/c.svg"' in page
    site.edit("content/pages/b.md", "# B", "---\npath: bee\n---\n# B")
    assert "/a/" in site.build().rendered
    site.assert_clean()


SUB_FOLDER = """-- site.toml --
base_url = "https://a.org/blog"
-- content/posts/flood/index.md --
---
title: Flood
date: 2025-01-01
image: my map.png
canonical: /2025/01/flood/
---
Water.
-- content/posts/flood/my map.png --
PNG
-- content/posts/wind.md --
---
title: Wind
date: 2025-01-02
image: //cdn.a.org/x.png
---
Air.
"""


def test_images_and_canonical_addresses_below_a_base_path_have_it_once(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SUB_FOLDER)
    site.write_file("content/posts/flood/my map.png", (DATA / "images" / "icc_profile.png").read_bytes())
    site.build()
    image = "https://a.org/blog/2025/01/flood/my%20map.png"
    flood = (site.output / "2025/01/flood/index.html").read_text("utf-8")
    assert re.search(r'<meta property="og:image" content="https://a\.org/blog/images/[0-9a-f-]+\.jpg">', flood)
    assert re.search(r'"image":"https://a\.org/blog/images/[0-9a-f-]+\.jpg"', flood)
    assert '<link rel="canonical" href="https://a.org/blog/2025/01/flood/">' in flood
    assert '"image": "' + image + '"' in (site.output / "feed.json").read_text("utf-8")
    assert '<meta property="og:image" content="//cdn.a.org/x.png">' in (site.output / "2025/01/wind/index.html").read_text("utf-8")


def test_site_without_images_asks_for_none(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site("-- site.toml --\nbase_url = 'https://alpha.example'\n-- content/posts/a.md --\n---\ndate: 2026-01-01\n---\nWords.\n")
    with site.connect() as connection:
        site.build()
        connection.execute("ALTER TABLE cms.images RENAME TO images_away")
        try:
            site.edit("content/posts/a.md", "Words.", "Other words.")
            assert site.build().result.status == "done"
            site.edit("content/posts/a.md", "Other words.", "Words.")
            assert site.build(full=True).result.status == "done"
        finally:
            connection.execute("ALTER TABLE cms.images_away RENAME TO images")


def test_a_shortcode_makes_link_targets_and_attributes(make_site: Callable[[str], SiteOnPage]) -> None:
    body = """[b]({{< go "b.md" >}}#x) <a href="{{< go "javascript:run()" >}}" title="{{< go "<b>q</b> &" >}}">t</a> ![c]({{% go "c.svg" %}})
[n]({{< nobody >}}) [u](/{{< go "b" >}}/) [m]({{< go "https://m.org/" >}})
"""
    site = make_site(
        '-- site.toml --\nbase_url = "https://a.org/sub/"\ntheme = "plain"\n-- themes/plain/templates/shortcodes/go.html --\n{{ args[0] }}\n'
        f"-- content/pages/a.md --\n# A\n\n{body}-- content/pages/b.md --\n# B\n-- content/pages/c.svg --\n<svg/>\n"
    )
    said = {(p.code, p.place, p.line) for p in site.build().result.problems}
    assert said == {("content.shortcode", "content/pages/a.md", 3), ("content.unknown-shortcode", "content/pages/a.md", 4)}
    page = (site.output / "a/index.html").read_text("utf-8")
    assert '<a href="/sub/b/#x">b</a> <a href="" title="&lt;b&gt;q&lt;/b&gt; &amp;">t</a>' in page
    assert '<img src="/sub/c.svg"' in page
    assert '<a href="{{&lt; nobody &gt;}}">n</a> <a href="/sub/b/">u</a> <a href="https://m.org/">m</a>' in page
    site.edit("themes/plain/templates/shortcodes/go.html", "{{ args[0] }}", "/{{ args[0] }}")
    site.build()
    site.assert_clean()


def test_terms_authors_and_titles_stand_in_the_order_of_their_language(make_site: Callable[[str], SiteOnPage]) -> None:
    names = ["zebra", "Ámos", "azur", "écriture", "ål", "Öst"]
    posts = "".join(
        f"-- content/{locale}/{n}.md --\n---\ntitle: T\ndate: 2025-01-01\ntags: [{name}]\nauthors: [{name}]\n---\nText.\n"
        for locale in ("fr", "sv")
        for n, name in enumerate(names)
    )
    site = make_site(
        '-- site.toml --\n[[locales]]\ncode = "fr"\n[[locales]]\ncode = "sv"\n[[collection]]\nname = "posts"\npath = "content"\n'
        f'type = "post"\nlocale = "folder"\n{posts}'
    )
    site.build()

    def list_names(path: str) -> list[str]:
        page = (site.output / path / "index.html").read_text("utf-8")
        return sorted(names, key=lambda name: page.index(f">{name}<"))

    assert list_names("tags") == ["ål", "Ámos", "azur", "écriture", "Öst", "zebra"]
    assert list_names("sv/tags") == list_names("sv/authors") == ["Ámos", "azur", "écriture", "zebra", "ål", "Öst"]
    site.edit("content/sv/0.md", "tags: [zebra]", "tags: [ärlig]")
    site.build()
    names[0] = "ärlig"
    assert list_names("sv/tags") == ["Ámos", "azur", "écriture", "ål", "ärlig", "Öst"]
    site.assert_clean()


TWO_LOCALES = """-- site.toml --
[[locales]]
code = "en"
[[locales]]
code = "it"
[[collection]]
name = "posts"
path = "content"
type = "post"
locale = "suffix"
url = "/{slug}/"
"""
A_POST = "---\ntitle: A\ndate: 2024-05-01\n%s---\nText.\n"
HREFLANG = re.compile(r'hreflang="([^"]*)" href="https://example.org([^"]*)"')


@pytest.mark.parametrize("hidden", ["noindex: true\n", "canonical: https://b.org/a/\n"])
def test_what_search_engines_shall_not_have_is_nobodys_alternate(hidden: str, make_site: Callable[[str], SiteOnPage]) -> None:
    settings = TWO_LOCALES.replace("-- site.toml --\n", '-- site.toml --\nbase_url = "https://example.org"\n')
    site = make_site(f"{settings}-- content/a.md --\n{A_POST % ''}-- content/a.it.md --\n{A_POST % ''}")
    pages = ("a/index.html", "it/a/index.html", "sitemap-2024-05-1.xml")

    def list_alternates() -> list[set[tuple[str, str]]]:
        return [set(HREFLANG.findall((site.output / page).read_text("utf-8"))) for page in pages]

    both = {("en", "/a/"), ("it", "/it/a/")}
    site.build()
    assert list_alternates() == [{*both, ("x-default", "/a/")}, {*both, ("x-default", "/a/")}, both]
    site.write_file("content/a.md", A_POST % hidden)
    site.build()
    assert list_alternates() == [set(), set(), set()]
    assert 'href="/a/" lang="en"' in (site.output / "it/a/index.html").read_text("utf-8"), "readers may go there"
    site.assert_clean()
    site.write_file("content/a.md", A_POST % "canonical: /a/\n")
    site.build()
    assert list_alternates()[1:] == [{*both, ("x-default", "/a/")}, both]
    site.assert_clean()


def test_each_locale_has_a_home_page_or_a_way_to_one(make_site: Callable[[str], SiteOnPage]) -> None:
    home = "---\ntitle: Home\nslug: index\npath: /\ndate: 2024-05-01\n%s---\nWelcome.\n"
    settings = TWO_LOCALES.replace("[[collection]]", '[home]\nurl = "/blog/"\n[[collection]]').replace('"/{slug}/"', '"/{path}/"')
    site = make_site(f"{settings}-- content/index.md --\n{home % ''}")
    site.build()
    page, italian = site.output / "index.html", site.output / "it/index.html"
    assert 'href="/it/"' not in page.read_text("utf-8"), "nothing is there in Italian"
    assert "url=" in italian.read_text("utf-8") and 'href="http://localhost:8000/"' in italian.read_text("utf-8")
    site.write_file("content/b.it.md", A_POST % "")
    site.build()
    assert 'href="/it/"' in page.read_text("utf-8")
    assert "/it/blog/" in italian.read_text("utf-8"), "the list is the home page as long as there is no other"
    site.write_file("content/index.it.md", home.replace("path: /", "path: /it/") % "")
    site.build()
    assert "Welcome." in italian.read_text("utf-8")
    assert 'href="/it/" lang="it"' in page.read_text("utf-8")
    site.assert_clean()
    site.delete("content/index.md")
    site.build()
    assert 'href="/" lang="en"' not in italian.read_text("utf-8")
    site.assert_clean()
