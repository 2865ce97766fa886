"""Fragments: a new story spares the pages that show the latest, and what is read most follows the logs."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from cms_ssg.edge.configure import configure
from cms_ssg.edge.nginx import NginxOptions, write_nginx
from cms_ssg.verticals.news.commands import add_breaking
from tests.edge.nginx_server import find_nginx, find_port, serve
from tests.engine.siteonpage import SiteOnPage, database
from tests.verticals.news.newsroom import opened

NEW = "---\ntitle: Fresh\ndate: 2026-03-01 09:00\nsection: Sport\n---\nJust now.\n"


def test_a_new_story_changes_the_fragment_and_no_story_that_shows_it(newsroom: SiteOnPage) -> None:
    site = newsroom
    page = (site.output / "city/2026/02/bridge/index.html").read_text("utf-8")
    assert 'data-fragment="/fragments/latest.html"' in page
    site.write_file("content/articles/fresh.md", NEW)
    built = site.build()
    assert "/fragments/latest.html" in built.rendered
    assert "/city/2026/02/bridge/" not in built.rendered
    assert "Fresh" in (site.output / "fragments/latest.html").read_text("utf-8")
    site.assert_clean()


def test_what_is_read_most_follows_the_access_logs(newsroom: SiteOnPage) -> None:
    site = newsroom
    for path, day, hits in (("/sport/2026/02/final/", 2, 5), ("/city/2026/02/bridge/", 2, 9), ("/live/storm/", 1, 50), ("/", 2, 99)):
        site.query("INSERT INTO cms.hits SELECT id, %s, %s, %s FROM cms.sites", path, f"2026-02-0{day}", hits)
    site.query("INSERT INTO cms.hits SELECT id, '/opinion/2026/02/bridges/', '2026-01-20', 1000 FROM cms.sites")
    assert site.build().rendered == {"/fragments/most-read.html"}
    text = (site.output / "fragments/most-read.html").read_text("utf-8")
    assert [text.find(title) >= 0 for title in ("Storm", "Bridge closed", "The final", "On bridges")] == [True, True, True, False]
    assert text.index("Storm") < text.index("Bridge closed") < text.index("The final")


@pytest.mark.parametrize(
    ("include", "mark"),
    [("ssi", '<!--# include virtual="/fragments/latest.html" -->'), ("esi", '<esi:include src="/fragments/latest.html"/>')],
)
def test_the_server_or_the_cdn_may_put_fragments_in(newsroom: SiteOnPage, include: str, mark: str) -> None:
    site = newsroom
    site.edit("site.toml", "[news]\n", f'[news]\ninclude = "{include}"\n')
    site.build()
    page = (site.output / "city/2026/02/bridge/index.html").read_text("utf-8")
    assert mark in page
    assert page.count("/fragments/breaking/") == 2
    assert "data-fragment" not in page


def test_the_build_may_put_fragments_in_and_a_theme_has_fragments_of_its_own(newsroom: SiteOnPage) -> None:
    site = newsroom
    site.edit("site.toml", "[news]\n", '[news]\ninclude = "build"\nfragments = ["latest", "most-read", "weather"]\n')
    site.write_file("themes/base/templates/fragments/weather.html", "<p>Rain, {{ site.title }}</p>")
    site.write_file("themes/base/templates/partials/around.html", '<aside>{% fragment "weather" %}{% fragment "latest" %}</aside>')
    site.build()
    page = (site.output / "city/2026/02/bridge/index.html").read_text("utf-8")
    assert "Rain, Untitled" in page and "<!--#" not in page and "On bridges" in page.partition("<aside>")[2]
    assert (site.output / "fragments/weather.html").read_text("utf-8") == "<p>Rain, Untitled site</p>"
    site.write_file("content/articles/fresh.md", NEW)
    assert "/city/2026/02/bridge/" in site.build().rendered  # the price of it
    assert "Fresh" in (site.output / "city/2026/02/bridge/index.html").read_text("utf-8")
    site.write_file("themes/base/templates/partials/around.html", '{% fragment "tides" %}')
    (problem, *_) = site.build().result.problems
    assert "fragment 'tides'" in problem.message and "weather" in problem.message
    site.write_file("themes/base/templates/partials/around.html", '{% fragment "weather" %}')
    site.build()
    site.assert_clean()


def test_nginx_puts_fragments_into_pages_that_stay_as_they_are(newsroom: SiteOnPage, tmp_path: Path) -> None:
    find_nginx()
    site = newsroom
    site.edit("site.toml", "[news]\n", '[news]\ninclude = "ssi"\n')
    site.build()
    port = find_port()
    with database(site.url):
        made = configure(site.root, "", lambda edge: (write_nginx(edge, NginxOptions(site.output, listen=port)), []))
    with serve(made.text, tmp_path / "nginx", port) as server:
        page = server.ask("/sport/2026/02/final/", Host="localhost").body.decode()
        assert "On bridges</a>" in page.partition("ranked plain")[2]  # the latest stories
        assert "<!--#" not in page
        assert "Flood" not in page
        with opened(site) as found:
            add_breaking(found, "Flood", starts="2026-01-01")
        assert "/sport/2026/02/final/" not in site.build().rendered
        page = server.ask("/sport/2026/02/final/", Host="localhost").body.decode()
        assert "Flood" in page.partition('class="breaking"')[2].partition("</aside>")[0]
        zipped = server.ask("/", Host="localhost", Accept_Encoding="gzip")
        assert b"Flood" in gzip.decompress(zipped.body)
