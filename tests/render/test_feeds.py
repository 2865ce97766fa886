"""Feeds and sitemaps against their specifications: RSS 2.0, RFC 4287, JSON Feed 1.1, sitemaps.org, RFC 9309."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms_ssg.render.feeds import (
    Feed,
    FeedItem,
    SitemapFile,
    SitemapUrl,
    clean_xml,
    make_ascii_url,
    render_atom,
    render_json_feed,
    render_robots,
    render_rss,
    render_sitemap,
    render_sitemap_index,
)

ATOM = "{http://www.w3.org/2005/Atom}"
MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
MARCH = datetime(2025, 3, 1, 9, tzinfo=timezone(timedelta(hours=1)))
FEED = Feed(
    title="Maps & tides",
    url="https://example.org/città/",
    feed_url="https://example.org/feed.xml",
    description='Notes <b> "quoted"',
    locale="it",
    author="The Slow Atlas",
    items=(
        FeedItem(
            title="A < B & C", url="https://example.org/a/", summary="S ]]> \x00\x0b\ufffe", html='<p>1 &amp; 2 <a href="/x">x</a></p>',
            published=MARCH, updated=MARCH + timedelta(days=2), authors=("Mara", "Tomás"), tags=("tides & currents",), image="https://example.org/a.png",
        ),
        FeedItem(title="", url="https://example.org/b/", id="tag:example.org,2025:b", published=MARCH - timedelta(days=1)),
        FeedItem(title="No date", url="https://example.org/c/"),
    ),
)  # fmt: skip


def test_rss_has_what_the_specification_requires() -> None:
    channel = ET.fromstring(render_rss(FEED)).find("channel")
    assert channel is not None
    assert [channel.findtext(name) for name in ("title", "link", "language")] == ["Maps & tides", "https://example.org/citt%C3%A0/", "it"]
    assert channel.findtext("description") == 'Notes <b> "quoted"'
    link = channel.find(f"{ATOM}link")
    assert link is not None
    assert link.attrib == {"href": "https://example.org/feed.xml", "rel": "self", "type": "application/rss+xml"}
    first, second, third = channel.findall("item")
    assert first.findtext("title") == "A < B & C"
    assert first.findtext("description") == "S ]]> "
    assert first.findtext("{http://purl.org/rss/1.0/modules/content/}encoded") == FEED.items[0].html
    assert [node.text for node in first.findall("{http://purl.org/dc/elements/1.1/}creator")] == ["Mara", "Tomás"]
    assert [(node.get("isPermaLink"), node.text) for node in (first.find("guid"), second.find("guid")) if node is not None] == [
        ("true", "https://example.org/a/"),
        ("false", "tag:example.org,2025:b"),
    ]
    assert third.find("pubDate") is None


def test_rss_dates_are_rfc_822_and_the_feeds_is_its_newest_items() -> None:
    channel = ET.fromstring(render_rss(FEED)).find("channel")
    assert channel is not None
    assert parsedate_to_datetime(channel.findtext("lastBuildDate") or "") == MARCH + timedelta(days=2)
    assert parsedate_to_datetime(channel.findtext("item/pubDate") or "") == MARCH


def test_atom_has_what_rfc_4287_requires() -> None:
    root = ET.fromstring(render_atom(FEED))
    assert root.tag == f"{ATOM}feed"
    assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == "it"
    for element in (root, *root.findall(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):  # 4.1.1 and 4.1.2: exactly one each
            assert len(element.findall(ATOM + name)) == 1, (element, name)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", element.findtext(f"{ATOM}updated") or "")
    assert root.find(f"{ATOM}author") is not None  # 4.1.1: unless every entry has one
    assert [link.get("rel") for link in root.findall(f"{ATOM}link")] == ["self", "alternate"]
    first, second, third = root.findall(f"{ATOM}entry")
    content = first.find(f"{ATOM}content")
    assert content is not None
    assert (content.get("type"), content.text) == ("html", FEED.items[0].html)
    assert root.findtext(f"{ATOM}updated") == first.findtext(f"{ATOM}updated") == "2025-03-03T09:00:00+01:00"
    assert second.findtext(f"{ATOM}id") == "tag:example.org,2025:b"
    assert second.find(f"{ATOM}summary") is not None  # 4.1.1.1: an entry without content has a summary
    assert third.findtext(f"{ATOM}updated") == "1970-01-01T00:00:00Z"


def test_json_feed_follows_version_1_1() -> None:
    feed = json.loads(render_json_feed(FEED))
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert (feed["title"], feed["home_page_url"], feed["language"]) == ("Maps & tides", "https://example.org/citt%C3%A0/", "it")
    assert feed["authors"] == [{"name": "The Slow Atlas"}]
    for item in feed["items"]:
        assert item["id"]
        assert ("content_html" in item) != ("content_text" in item)
        assert "" not in {key: value for key, value in item.items() if key != "content_text"}.values()
    first = feed["items"][0]
    assert first["date_published"] == "2025-03-01T09:00:00+01:00"
    assert first["authors"] == [{"name": "Mara"}, {"name": "Tomás"}]
    assert first["tags"] == ["tides & currents"]


def test_an_empty_feed_is_valid_and_has_no_clock_in_it() -> None:
    empty = Feed(title="", url="https://example.org/", feed_url="https://example.org/feed")
    assert "lastBuildDate" not in render_rss(empty).decode()
    assert ET.fromstring(render_atom(empty)).findtext(f"{ATOM}updated") == "1970-01-01T00:00:00Z"
    assert json.loads(render_json_feed(empty))["items"] == []


@pytest.mark.parametrize("render", [render_rss, render_atom, render_json_feed])
def test_the_same_feed_gives_the_same_bytes_and_any_edit_others(render: object) -> None:
    assert callable(render)
    assert render(FEED) == render(replace(FEED))
    changed = replace(FEED, items=(replace(FEED.items[0], title="New"), *FEED.items[1:]))
    assert render(FEED) != render(changed)


@given(st.text(), st.text())
def test_any_text_makes_well_formed_feeds(title: str, text: str) -> None:
    url = f"https://example.org/{text}/"
    feed = Feed(title, url, url, text, "en", text, items=(FeedItem(text, url, title, title, text, tags=(title,), authors=(text,)),))
    for render in (render_rss, render_atom):
        ET.fromstring(render(feed))
    json.loads(render_json_feed(feed))
    ET.fromstring(render_sitemap([SitemapUrl(url, None, (("en", url),))]))
    item = ET.fromstring(render_rss(feed)).find("channel/item")
    assert item is not None
    assert (item.findtext("title") or "") == clean_xml(text)


def test_naughty_strings_make_well_formed_feeds() -> None:
    strings = ["\x00\x01\x1f", "\ud800", "]]>", "<!--", "&#0;", "\u202e", "\ufffe\uffff", "𝒳", "<?php", "\r\n"]
    strings += json.loads((Path(__file__).parents[1] / "data/naughty/blns.json").read_text("utf-8"))
    feed = replace(FEED, items=tuple(FeedItem(text, f"https://example.org/{index}/", html=text) for index, text in enumerate(strings)))
    assert len(ET.fromstring(render_atom(feed)).findall(f"{ATOM}entry")) == len(strings)
    assert len(ET.fromstring(render_rss(feed)).findall("channel/item")) == len(strings)


def test_a_sitemap_names_addresses_dates_and_variants() -> None:
    urls = [
        SitemapUrl("https://example.org/città/?a=1&b=2", MARCH, (("en", "https://example.org/"), ("pt-BR", "https://example.org/pt-br/"))),
        SitemapUrl("https://example.org/plain/"),
    ]
    first, second = ET.fromstring(render_sitemap(urls)).findall(f"{MAP}url")
    assert first.findtext(f"{MAP}loc") == "https://example.org/citt%C3%A0/?a=1&b=2"
    assert first.findtext(f"{MAP}lastmod") == "2025-03-01T09:00:00+01:00"
    assert [link.attrib for link in first.findall("{http://www.w3.org/1999/xhtml}link")] == [
        {"rel": "alternate", "hreflang": "en", "href": "https://example.org/"},
        {"rel": "alternate", "hreflang": "pt-BR", "href": "https://example.org/pt-br/"},
    ]
    assert second.find(f"{MAP}lastmod") is None


def test_a_sitemap_index_names_its_files() -> None:
    root = ET.fromstring(
        render_sitemap_index([SitemapFile("https://example.org/s-1.xml", MARCH), SitemapFile("https://example.org/s-2.xml")])
    )
    assert root.tag == f"{MAP}sitemapindex"
    assert [node.findtext(f"{MAP}loc") for node in root] == ["https://example.org/s-1.xml", "https://example.org/s-2.xml"]


def test_robots_names_the_sitemap_or_closes_the_site() -> None:
    assert render_robots(["https://example.org/sitemap.xml"]) == b"User-agent: *\nAllow: /\n\nSitemap: https://example.org/sitemap.xml\n"
    assert render_robots(["https://example.org/sitemap.xml"], noindex=True) == b"User-agent: *\nDisallow: /\n"
    assert render_robots(disallow=["/a b/", "/x\nDisallow: /"]).decode().splitlines() == [
        "User-agent: *",
        "Disallow: /a%20b/",
        "Disallow: /x%0ADisallow:%20/",
    ]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org/a%20b/?x=1#y", "https://example.org/a%20b/?x=1#y"),
        ("https://example.org/ü b/", "https://example.org/%C3%BC%20b/"),
        ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"),
        ("/relative/ü", "/relative/%C3%BC"),
        ("https://example.org/<>\"", "https://example.org/%3C%3E%22"),
    ],
)  # fmt: skip
def test_addresses_are_made_ascii_without_escaping_twice(url: str, expected: str) -> None:
    assert make_ascii_url(url) == expected
    assert make_ascii_url(expected) == expected
