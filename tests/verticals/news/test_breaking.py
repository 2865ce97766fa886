"""Breaking news: on every page without one being made again, by the clock, and what is refused."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cms_ssg.build import sync
from cms_ssg.errors import CmsError
from cms_ssg.reporting.progress import Reporter
from cms_ssg.verticals.news.commands import add_breaking, end_breaking, list_breaking, post_live, start_live
from cms_ssg.verticals.news.pushing import push_breaking
from tests.engine.siteonpage import NOW, SiteOnPage, database
from tests.extending.conftest import Receiver, receiver
from tests.verticals.news.newsroom import assert_clean, opened

__all__ = ["receiver"]

PLACES = ("home", "sections", "section/city", "section/sport", "section/opinion")


@pytest.fixture
def site(newsroom: SiteOnPage) -> SiteOnPage:
    """The newsroom, built."""
    return newsroom


def shown(site: SiteOnPage) -> dict[str, list[str]]:
    """Headlines by place, as the fragments have them."""
    texts = {place: (site.output / f"fragments/breaking/{place}.html").read_text("utf-8") for place in PLACES}
    return {place: [line for line in ("Flood", "Fire", "Strike") if line in text] for place, text in texts.items()}


def add(site: SiteOnPage, headline: str, **values: Any) -> None:
    row = {"starts_at": NOW - timedelta(hours=1), **values}
    names = ", ".join(row)
    site.query(
        f"INSERT INTO cms.breaking_news (site, headline, {names}) SELECT id, %s, {', '.join(['%s'] * len(row))} FROM cms.sites",
        headline,
        *row.values(),
    )


def find_entry(site: SiteOnPage, slug: str) -> int:
    ((number,),) = site.query("SELECT id FROM cms.entries WHERE fields ->> 'slug' = %s", slug)
    return int(number)


def test_breaking_news_is_on_every_page_at_once_and_no_page_is_made_again(site: SiteOnPage) -> None:
    for page in ("index.html", "city/index.html", "city/2026/02/bridge/index.html", "404.html", "archive/index.html"):
        assert 'data-fragment="/fragments/breaking/' in (site.output / page).read_text("utf-8"), page
    with opened(site) as found:
        said = add_breaking(found, "Flood", post="bridge", summary="Stay at home")
        assert "the front page and all sections" in said
    built = site.build(now=NOW + timedelta(days=900))
    assert len(built.written) <= 6
    assert {key for key in built.written if "breaking" not in key} <= {"news-sitemap.xml"}
    assert '<a href="/city/2026/02/bridge/">Flood</a>' in (site.output / "fragments/breaking/home.html").read_text("utf-8")
    assert "Flood" in (site.output / "breaking/index.html").read_text("utf-8")
    with opened(site) as found:
        (item,) = list_breaking(found)
        end_breaking(found, item.number)
        assert list_breaking(found) == []
        assert [one.state for one in list_breaking(found, all=True)] == ["ended"]
    site.build(now=NOW + timedelta(days=900))
    assert shown(site) == {place: [] for place in PLACES}


class Order(Reporter):
    """Notes which files were written, round by round."""

    def __init__(self, output: Path) -> None:
        self.output, self.rounds = output, list[set[str]]()
        self.seen = self.look()

    def look(self) -> dict[str, int]:
        files = (path for path in self.output.rglob("*") if path.is_file())
        return {path.relative_to(self.output).as_posix(): path.stat().st_ino for path in files}

    def advance(self, count: int = 1) -> None:
        now = self.look()
        if written := {key for key, inode in now.items() if self.seen.get(key) != inode}:
            self.rounds.append(written)
        self.seen = now


def test_breaking_news_and_live_updates_are_written_before_stories_that_were_saved_earlier(site: SiteOnPage) -> None:
    with opened(site) as found:
        start_live(found, "storm")
    site.build()
    site.edit("content/articles/bridge.md", "is closed.", "is closed and open.")
    add(site, "Flood", post_id=find_entry(site, "bridge"))
    with opened(site) as found:
        post_live(found, "storm", "The bridge is closed.")
    order = Order(site.output)
    site.build(order)
    first = order.rounds[0]
    assert first >= {"fragments/breaking/home.html", "fragments/live/storm/now.json"}
    assert not {key for key in first if key.endswith("index.html")}
    assert "city/2026/02/bridge/index.html" in set().union(*order.rounds[1:])
    assert_clean(site)


def test_breaking_news_overtakes_new_stories_that_it_does_not_link_to(site: SiteOnPage) -> None:
    site.write_file("content/articles/new.md", "---\ntitle: New\ndate: 2026-02-28 11:00\nsection: City\n---\nText.\n")
    add(site, "Flood", post_id=find_entry(site, "bridge"))
    order = Order(site.output)
    site.build(order)
    assert "fragments/breaking/home.html" in order.rounds[0]
    assert "city/2026/02/new/index.html" in set().union(*order.rounds[1:])
    assert_clean(site)


def test_breaking_news_about_a_new_story_comes_after_its_page(site: SiteOnPage) -> None:
    site.write_file("content/articles/new.md", "---\ntitle: New\ndate: 2026-02-28 11:00\nsection: City\n---\nText.\n")
    with database(site.url):
        sync(site.root, site.options)
    add(site, "Flood", post_id=find_entry(site, "new"))
    order = Order(site.output)
    site.build(order)
    page, fragment = (
        next(number for number, keys in enumerate(order.rounds) if key in keys)
        for key in ("city/2026/02/new/index.html", "fragments/breaking/home.html")
    )
    assert page < fragment
    assert_clean(site)


def test_a_section_has_its_own_and_the_most_important_comes_first(site: SiteOnPage) -> None:
    add(site, "Fire", show_on_sections=["city"], show_on_homepage=False, priority=2)
    add(site, "Flood", show_on_sections=["city", "sport"], priority=9)
    add(site, "Strike", show_on_sections=None, show_on_homepage=False)
    add(site, "Flood at sea", display_style="push", priority=99)
    assert site.build().rendered == {f"/fragments/breaking/{place}.html" for place in PLACES[:4]} | {"/breaking/"}
    assert shown(site) == {
        "home": ["Flood"],
        "sections": ["Strike"],
        "section/city": ["Flood", "Fire"],
        "section/sport": ["Flood"],
        "section/opinion": [],
    }
    text = (site.output / "fragments/breaking/section/city.html").read_text("utf-8")
    assert text.index("Flood") < text.index("Fire")
    assert "at sea" not in (site.output / "breaking/index.html").read_text("utf-8")
    assert_clean(site)


def test_it_begins_and_ends_by_the_clock_whichever_way_that_goes(site: SiteOnPage) -> None:
    add(site, "Flood", starts_at=NOW + timedelta(hours=1), expires_at=NOW + timedelta(hours=2))
    add(site, "Fire", starts_at=NOW - timedelta(hours=2), expires_at=NOW - timedelta(hours=1))
    for hours, expected in ((0, []), (1, ["Flood"]), (1.9, ["Flood"]), (2, []), (-1.5, ["Fire"]), (0, [])):
        now = NOW + timedelta(hours=hours)
        site.build(now=now)
        assert shown(site)["home"] == expected, hours
        if hours in (1.9, -1.5):
            assert_clean(site, now=now)


def test_a_story_that_is_not_published_is_not_linked_to_until_it_is(site: SiteOnPage) -> None:
    add(site, "Flood", post_id=find_entry(site, "bridge"))
    site.build()
    site.edit("content/articles/bridge.md", "title:", "draft: true\ntitle:")
    site.build()
    text = (site.output / "fragments/breaking/home.html").read_text("utf-8")
    assert "<span>Flood</span>" in text
    assert_clean(site)
    site.edit("content/articles/bridge.md", "draft: true\n", "slug: bridges-of-town\n")
    site.build()
    assert 'href="/city/2026/02/bridges-of-town/"' in (site.output / "fragments/breaking/home.html").read_text("utf-8")


def test_what_is_written_again_as_it_was_or_is_over_makes_nothing(site: SiteOnPage) -> None:
    add(site, "Flood", is_active=False)
    site.query("UPDATE cms.breaking_news SET headline = headline, priority = 5")
    assert site.query("SELECT count(*) FROM cms.changes") == [(0,)]


def test_text_is_never_markup(site: SiteOnPage) -> None:
    add(site, "Flood <script>alert(1)</script>", summary="<img src=x onerror=alert(1)>")
    site.build()
    for path in ("fragments/breaking/home.html", "breaking/index.html"):
        text = (site.output / path).read_text("utf-8")
        assert "Flood &lt;script&gt;" in text
        assert "<img src=x" not in text


REFUSED: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    ("", {}, "news.breaking", "has a headline"),
    (" \0\n ", {}, "news.breaking", "has a headline"),
    ("x" * 301, {}, "news.breaking", "at most 300"),
    ("Flood", {"style": "shout"}, "news.breaking", "no style 'shout'"),
    ("Flood", {"priority": 10**12}, "news.breaking", "from -1000 to 1000"),
    ("Flood", {"expires": "yesterday"}, "news.time", "'yesterday' is no time"),
    ("Flood", {"expires": "2020-01-01"}, "news.breaking", "over before it begins"),
    ("Flood", {"starts": "3h", "expires": "2h"}, "news.breaking", "over before it begins"),
    ("Flood", {"section": ("citty",)}, "news.no-section", "no section 'citty'"),
    ("Flood", {"only_home": True, "not_home": True}, "news.breaking", "shown nowhere"),
    ("Flood", {"post": "no-such-story"}, "news.no-post", "no story 'no-such-story'"),
)


def test_what_cannot_be_shown_is_refused_in_words(site: SiteOnPage) -> None:
    with opened(site) as found:
        for headline, options, code, said in REFUSED:
            with pytest.raises(CmsError) as caught:
                add_breaking(found, headline, **options)
            (problem,) = caught.value.problems
            assert (problem.code, said in problem.message) == (code, True), problem
            assert problem.hint
        for number in (0, -1, 7, 2**70):
            with pytest.raises(CmsError, match="no breaking news"):
                end_breaking(found, number)
    assert site.query("SELECT count(*) FROM cms.breaking_news") == [(0,)]


def test_news_that_is_pushed_is_one_message_to_each_receiver_when_it_begins_and_on_no_page(
    site: SiteOnPage, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUSH_SECRET", "whsec_" + "c2VjcmV0" * 4)
    site.edit(
        "site.toml", "[home]", f'[[webhooks]]\nurl = "{receiver.url}"\nsecret_env = "PUSH_SECRET"\nevents = ["breaking.pushed"]\n[home]'
    )
    site.build()
    with opened(site) as found:
        said = add_breaking(found, "Flood", style="push", post="bridge", section=("city",), expires="2h")
        assert said.endswith("is pushed. Sent.")
        assert "is planned. It is sent when it begins" in add_breaking(found, "Later", style="push", starts="1h")
        assert push_breaking(found) == 0
        found.connection.execute("UPDATE cms.breaking_news SET starts_at = clock_timestamp() WHERE headline = 'Later'")
        found.connection.execute("UPDATE cms.breaking_news SET headline = 'Flood again' WHERE headline = 'Flood'")
        assert push_breaking(found) == 1  # what was sent is sent once, whatever is changed of it
        found.connection.execute("DELETE FROM cms.deliveries WHERE delivered_at IS NULL")
    (message,) = receiver.messages
    data = json.loads(message.body)
    assert (data["type"], data["data"]["headline"], data["data"]["sections"]) == ("breaking.pushed", "Flood", ["city"])
    assert data["data"]["url"] == "http://localhost:8000/city/2026/02/bridge/"
    assert site.build().rendered == set()
