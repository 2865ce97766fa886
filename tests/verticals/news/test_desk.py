"""What editors do besides writing: put stories first, and take one away for good."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cms_ssg.errors import CmsError
from cms_ssg.verticals.news import curating, killing
from cms_ssg.verticals.news.checks import check_lists
from tests.engine.siteonpage import NOW, SiteOnPage
from tests.verticals.news.newsroom import assert_clean, opened

SECRET = "A text that nobody may read any more, of more than twenty words, so that it is known again wherever it turns up in another file of the site."


@pytest.fixture
def site(newsroom: SiteOnPage) -> SiteOnPage:
    """The newsroom, built, with a story that will have to go."""
    site = newsroom
    site.write_file(
        "content/articles/secret.md", f"---\ntitle: The secret\ndate: 2026-02-28 11:00\nsection: City\ntags: [Traffic]\n---\n{SECRET}\n"
    )
    site.build()
    return site


def headlines(site: SiteOnPage, page: str = "") -> list[str]:
    text = (site.output / page / "index.html").read_text("utf-8")
    return re.findall(r"<h[23][^>]*><a href=[^>]*>([^<]+)</a></h[23]>", text)


def test_pins_come_first_in_their_order_and_end_by_the_clock(site: SiteOnPage) -> None:
    with opened(site) as found:
        curating.pin(found, "front", "bridges")
        curating.pin(found, "front", "final")
        curating.pin(found, "section/city", "bridge")
    assert site.build().pages == {"/", "/city/"}
    assert headlines(site)[:3] == ["The final", "On bridges", "Storm"]
    assert headlines(site, "city")[0] == "Bridge closed"
    with opened(site) as found:
        curating.order(found, "front", ("bridge", "final"))
        assert [(pin.list, pin.title) for pin in curating.list_pins(found, "front")] == [("front", "Bridge closed"), ("front", "The final")]
        found.connection.execute("UPDATE cms.list_pins SET until = %s WHERE list = 'front'", (NOW + timedelta(hours=1),))
    site.build()
    assert headlines(site)[:2] == ["Bridge closed", "The final"]
    assert site.build(now=NOW + timedelta(hours=1)).pages == {"/"}
    assert headlines(site)[0] == "Storm"
    with opened(site) as found:
        curating.unpin(found, "section/city", "bridge")
    site.build(now=NOW + timedelta(hours=1))
    assert headlines(site, "city")[0] == "Storm"


def test_a_pin_of_a_story_that_is_not_published_waits_for_it(site: SiteOnPage) -> None:
    site.edit("content/articles/final.md", "title:", "draft: true\ntitle:")
    site.build()
    with opened(site) as found:
        assert "not published yet" in curating.pin(found, "front", "final")
        with pytest.raises(CmsError, match="over already"):
            curating.pin(found, "front", "bridge", until="2020-01-01")
    site.build()
    assert "The final" not in headlines(site)
    site.edit("content/articles/final.md", "draft: true\n", "")
    site.build()
    assert headlines(site)[0] == "The final"


def test_a_killed_story_is_nowhere_any_more_and_does_not_come_back_with_its_file(site: SiteOnPage) -> None:
    site.edit("content/articles/bridge.md", "closed.", "closed, and open.")
    site.build()
    (kept,) = (site.root / ".cms/kept").iterdir()
    (kept / "ab").mkdir(exist_ok=True)
    (kept / "ab" / ("ab" * 16)).write_text(SECRET, "utf-8")  # a killed build left it
    with opened(site) as found:
        said = killing.kill(found, "/city/2026/02/secret/", reason="a court")
        assert "kept releases forgotten" in said
        assert "404 now; 410 where" in said
        assert [(one.title, one.reason) for one in killing.list_killed(found)] == [("The secret", "a court")]
    assert_gone(site)
    site.edit("content/articles/secret.md", "title: The secret", "title: The secret again")
    site.build()
    assert_gone(site)
    site.move("content/articles/secret.md", "content/articles/other.md")
    site.build()
    assert_gone(site)
    site.delete("content/articles/other.md")
    site.build()
    site.write_file("content/articles/secret.md", f"---\ntitle: The secret\ndate: 2026-02-28 11:00\n---\nAnother text. {SECRET}\n")
    site.build()
    assert_gone(site)
    with opened(site) as found:
        assert "may be published again" in killing.unkill(found, "/city/2026/02/secret")
        assert killing.list_killed(found) == []
    site.build()
    assert any(b"The secret" in data for data in site.tree().values())
    assert_clean(site)


def test_a_killed_gallery_of_few_words_does_not_come_back_under_another_name_and_others_as_short_stay(site: SiteOnPage) -> None:
    text = "---\ntitle: %s\ndate: 2026-02-28 11:00\npictures:\n  - src: /a.svg\n    alt: A\n---\n"
    for name, title in (("night", "The secret night"), ("day", "The day")):
        site.write_file(f"content/galleries/{name}.md", text % title)
    site.write_file("static/a.svg", '<svg xmlns="http://www.w3.org/2000/svg" width="3" height="2"/>')
    site.build()
    with opened(site) as found:
        killing.kill(found, "content/galleries/night.md")
    site.delete("content/galleries/night.md")
    site.build()
    site.write_file("content/galleries/again.md", text % "The secret night")
    site.write_file("content/galleries/other.md", text % "The other night")
    site.build()
    pages = {key for key in site.tree() if key.startswith("2026/")}
    assert {"2026/02/day/index.html", "2026/02/other/index.html"} <= pages
    assert "2026/02/again/index.html" not in pages
    assert not any(b"The secret night" in data for data in site.tree().values())
    with opened(site) as found:
        killing.unkill(found, "content/galleries/night.md")
    site.build()
    assert "2026/02/again/index.html" in site.tree()


def assert_gone(site: SiteOnPage) -> None:
    """No published file, no kept one and no document has a trace of it."""
    places = [*site.output.rglob("*"), *(site.root / ".cms").rglob("*")]
    assert [
        str(path) for path in places if path.is_file() and (b"nobody may read" in (data := path.read_bytes()) or b"The secret" in data)
    ] == []
    assert site.query(
        "SELECT count(*) FROM cms.documents d JOIN cms.entries e ON e.id = d.entry WHERE e.fields ->> 'title' LIKE 'The secret%%'"
    ) == [(0,)]


def test_what_editors_cannot_do_is_said(site: SiteOnPage) -> None:
    calls: tuple[tuple[Callable[..., Any], tuple[Any, ...], str], ...] = (
        (curating.pin, ("front", "nope"), "news.no-post"),
        (curating.pin, ("tag/x", "final"), "news.no-list"),
        (curating.pin, ("section/", "final"), "news.no-list"),
        (curating.unpin, ("front", "final"), "news.not-pinned"),
        (curating.order, ("front", ("final", "final")), "news.twice"),
        (killing.kill, ("/no/such/page/",), "news.no-post"),
        (killing.unkill, ("/no/such/page/",), "news.not-killed"),
    )
    with opened(site) as found:
        for call, values, code in calls:
            with pytest.raises(CmsError) as caught:
                call(found, *values)
            assert (caught.value.problems[0].code, bool(caught.value.problems[0].hint)) == (code, True), values


def test_a_list_kept_as_content_comes_after_pins_and_loses_what_is_over(site: SiteOnPage) -> None:
    hour = (NOW + timedelta(hours=1)).isoformat()
    stories = (
        f"- story: final\n    until: {hour}\n  - story: /opinion/2026/02/bridges\n  - story: content/articles/bridge.md\n  - story: nope"
    )
    site.write_file("content/lists/front.md", f"---\nstories:\n  {stories}\n---\n")
    site.write_file("content/lists/section-city.md", "---\nstories:\n  - story: article:bridge\n---\n")
    assert site.build().pages == {"/", "/city/"}
    assert headlines(site)[:3] == ["The final", "On bridges", "Bridge closed"]
    assert headlines(site, "city")[0] == "Bridge closed"
    with opened(site) as found:
        curating.pin(found, "front", "bridge")
        assert [(problem.code, "'nope'" in problem.message) for problem in check_lists(found)] == [("news.list-story", True)]
    site.build()
    assert headlines(site)[:3] == ["Bridge closed", "The final", "On bridges"]
    assert site.build(now=NOW + timedelta(hours=1)).pages == {"/"}
    assert headlines(site)[:2] == ["Bridge closed", "On bridges"]
    assert_clean(site, now=NOW + timedelta(hours=1))
