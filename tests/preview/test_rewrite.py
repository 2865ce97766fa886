"""Links in what people and themes write, whatever their form."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from cms_ssg.config.settings import Locale, Settings
from cms_ssg.preview.rewrite import Rewriter
from cms_ssg.site import Site

BASE = "/_preview/x"


def make_rewriter(base_url: str = "https://a.org") -> Rewriter:
    site = Site(Path("/"), msgspec.structs.replace(Settings(), base_url=base_url, locales=(Locale(code="en"),)))
    return Rewriter(site, BASE, {"/", "/new/", "/città/", "/new/pic.png", "/site.css", "/a b/"})


@pytest.mark.parametrize(
    ("written", "published"),
    [
        ("/new/", "/_preview/x/new/"),
        ("/new", "/_preview/x/new/"),
        ("/new/index.html", "/_preview/x/new/"),
        ("/new/?a=1#b", "/_preview/x/new/?a=1#b"),
        ("https://a.org/new/", "/_preview/x/new/"),
        ("/citt%C3%A0/", "/_preview/x/citt%C3%A0/"),
        ("/a%20b/", "/_preview/x/a%20b/"),
        ("/", "/_preview/x/"),
        ("pic.png", "/_preview/x/new/pic.png"),
        ("../old/", "/old/"),
        ("other.png", "/new/other.png"),
        ("/old/", "/old/"),
        ("#part", "#part"),
        ("?page=2", "?page=2"),
        ("", ""),
        ("//b.org/new/", "//b.org/new/"),
        ("https://b.org/new/", "https://b.org/new/"),
        ("http://a.org.evil/new/", "http://a.org.evil/new/"),
        ("mailto:a@a.org", "mailto:a@a.org"),
        ("data:image/png;base64,AA", "data:image/png;base64,AA"),
        ("javascript:void(0)", "javascript:void(0)"),
    ],
)
def test_link_leads_to_the_preview_or_to_the_live_site(written: str, published: str) -> None:
    assert make_rewriter().url("/new/", written) == published


def test_site_below_a_path_keeps_it_in_front() -> None:
    rewriter = make_rewriter("https://a.org/blog")
    assert [rewriter.url("/new/", url) for url in ("/blog/new/", "/new/", "pic.png", "x.png", "https://a.org/blog/")] == [
        "/blog/_preview/x/new/", "/new/", "/blog/_preview/x/new/pic.png", "/blog/new/x.png", "/blog/_preview/x/",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("html", "published"),
    [
        ("<A HREF='/new/'>", '<A HREF="/_preview/x/new/">'),
        ("<a href=/new/>", '<a href="/_preview/x/new/">'),
        ('<a title="href=/new/" href="/old/">', '<a title="href=/new/" href="/old/">'),
        ('<a href="/new/?a=1&amp;b=&quot;2">', '<a href="/_preview/x/new/?a=1&amp;b=&quot;2">'),
        ('<img srcset="pic.png 1x, /old.png 2x" src="pic.png"/>',
         '<img srcset="/_preview/x/new/pic.png 1x, /old.png 2x" src="/_preview/x/new/pic.png"/>'),
        ('<p style="background: url(\'pic.png\')">', '<p style="background: url(&#x27;/_preview/x/new/pic.png&#x27;)">'),
        ("<style>@import '/site.css'; p { background: url(pic.png) }</style>",
         "<style>@import '/_preview/x/site.css'; p { background: url(/_preview/x/new/pic.png) }</style>"),
        ('<script>const a = \'<a href="/new/">\';</script>', '<script>const a = \'<a href="/new/">\';</script>'),
        ('<textarea><a href="/new/"></textarea>', '<textarea><a href="/new/"></textarea>'),
        ('<!-- <a href="/new/"> -->', '<!-- <a href="/new/"> -->'),
        ('<link rel="canonical" href="https://a.org/new/">', '<link rel="canonical" href="https://a.org/new/">'),
        ('<link href="/site.css" rel="stylesheet">', '<link href="/_preview/x/site.css" rel="stylesheet">'),
        ('<meta property="og:image" content="https://a.org/new/pic.png">', '<meta property="og:image" content="https://a.org/_preview/x/new/pic.png">'),
        ('<meta property="og:url" content="https://a.org/new/">', '<meta property="og:url" content="https://a.org/new/">'),
        ('<meta name="Robots" content="index, follow">', ""),
        ("a < b and c > d", "a < b and c > d"),
        ("<a href=\"/new/\"\n  class='x'>", "<a href=\"/_preview/x/new/\"\n  class='x'>"),
    ],
)  # fmt: skip
def test_markup_keeps_its_form_but_for_links(html: str, published: str) -> None:
    robots = '<meta name="robots" content="noindex, nofollow">'
    assert make_rewriter().page("/new/", html.encode()).decode() == robots + published


@pytest.mark.parametrize(
    ("start", "published"),
    [
        ("<!doctype html><html lang=en><head><title>x</title>", "<!doctype html><html lang=en><head>{}<title>x</title>"),
        ("<!doctype html><title>x</title>", "<!doctype html>{}<title>x</title>"),
        ("<html>\n<p>x", "<html>{}\n<p>x"),
        ("<p>x", "{}<p>x"),
        ("<header>x", "{}<header>x"),
    ],
)
def test_every_page_tells_search_engines_to_stay_away(start: str, published: str) -> None:
    robots = '<meta name="robots" content="noindex, nofollow">'
    assert make_rewriter().page("/new/", start.encode()).decode() == published.format(robots)
