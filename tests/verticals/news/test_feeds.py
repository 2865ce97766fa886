"""Feeds of a section, a tag and an author as an independent reader sees them, the hub that is told of them, and structured data."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs

import feedparser

from tests.engine.siteonpage import SiteOnPage
from tests.extending.conftest import Receiver, receiver
from tests.verticals.news.newsroom import assert_clean

__all__ = ["receiver"]


def read_feed(site: SiteOnPage, name: str) -> Any:
    """A feed as feedparser reads it, which must find nothing wrong."""
    found = feedparser.parse((site.output / name).read_bytes())
    assert not found.bozo, (name, found.get("bozo_exception"))
    return found


def list_graph(site: SiteOnPage, page: str) -> dict[str, dict[str, Any]]:
    """A page's structured data by type."""
    text = (site.output / page / "index.html").read_text("utf-8")
    graph = json.loads(re.findall(r'<script type="application/ld\+json">(.*?)</script>', text)[0])["@graph"]
    return {str(node["@type"]): node for node in graph}


def test_feeds_of_section_tag_and_author_in_short_and_in_full_and_their_hub(newsroom: SiteOnPage, receiver: Receiver) -> None:
    site = newsroom
    titles = {"": 4, "city/": 2, "tags/traffic/": 2, "authors/ada/": 2}
    for place, count in titles.items():
        for name in ("feed.xml", "atom.xml"):
            found = read_feed(site, place + name)
            assert len(found.entries) == count, place
            assert "content" not in found.entries[0]
    site.edit("site.toml", "[home]", f'feed_content = "full"\nwebsub_hub = "{receiver.url}/hub"\n[home]')
    site.edit("content/articles/bridge.md", "The bridge is closed.", "The [bridge](/about/#x) is *closed* & ]]> <br> told.")
    assert site.build().result.problems == []
    for name in ("city/feed.xml", "city/atom.xml"):
        found = read_feed(site, name)
        assert [entry.title for entry in found.entries] == ["Storm", "Bridge closed"]
        assert '<a href="http://localhost:8000/about/#x">bridge</a> is <em>closed</em> &amp; ]]&gt;' in found.entries[1].content[0].value
        assert {link.href for link in found.feed.links if link.rel == "hub"} == {f"{receiver.url}/hub"}
    value = json.loads((site.output / "authors/ada/feed.json").read_bytes())
    assert (value["hubs"], "<em>closed</em>" in value["items"][0]["content_html"]) == (
        [{"type": "WebSub", "url": f"{receiver.url}/hub"}],
        True,
    )
    receiver.messages.clear()
    assert site.build().rendered == set()
    assert receiver.messages == []  # nothing changed, nobody is told
    site.edit("content/articles/final.md", "They won.", "They won, [by far](#by).")
    site.build()
    (message,) = receiver.messages
    told = parse_qs(message.body.decode())
    assert (message.path, message.headers["content-type"]) == ("/hub", "application/x-www-form-urlencoded")
    assert (told["hub.mode"], told["hub.url"][0]) == (["publish"], "http://localhost:8000/atom.xml")
    assert "http://localhost:8000/sport/feed.xml" in told["hub.url"]
    assert not any("/city/" in url for url in told["hub.url"])
    assert_clean(site)


def test_structured_data_says_what_a_story_is_who_wrote_it_and_what_was_corrected(newsroom: SiteOnPage) -> None:
    story = list_graph(newsroom, "sport/2026/02/final")["NewsArticle"]
    assert story["correction"] == [
        {"@type": "CorrectionComment", "text": "It was the second half.", "datePublished": "2026-02-28T07:00:00Z"}
    ]
    graph = list_graph(newsroom, "opinion/2026/02/bridges")
    assert graph["OpinionNewsArticle"]["author"] == [{"@type": "Person", "name": "Ada", "url": "http://localhost:8000/authors/ada/"}]
    assert [item["name"] for item in graph["BreadcrumbList"]["itemListElement"]] == ["Untitled site", "Opinion", "On bridges"]
    assert list_graph(newsroom, "live/storm")["LiveBlogPosting"]["coverageStartTime"] == "2026-02-28T12:00:00+01:00"
    assert list_graph(newsroom, "")["NewsMediaOrganization"]["url"] == "http://localhost:8000/"
