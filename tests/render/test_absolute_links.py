"""What a feed carries leads to the same places as on the site, in whatever attribute or style a URL stands."""

from __future__ import annotations

import pytest

from cms_ssg.render.absolute_links import make_links_absolute
from tests.growth import MOST, find_growth

PAGE = "https://a.example/b/post/"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<a href="/b/x/">', '<a href="https://a.example/b/x/">'), ("<a href=x.html>", '<a href="https://a.example/b/post/x.html">'),
        ("<a href='#n'>", '<a href="https://a.example/b/post/#n">'), ('<a href="?a=1&amp;b">', '<a href="https://a.example/b/post/?a=1&amp;b">'),
        ('<p style="background:url(/b/bg.jpg)">', '<p style="background:url(https://a.example/b/bg.jpg)">'),
        ("""<p style='background: URL( "bg.jpg" ) , url(/c.png)'>""",
         '<p style="background: URL( &quot;https://a.example/b/post/bg.jpg&quot; ) , url(https://a.example/c.png)">'),
        ("<style>@import '/b/x.css'; a{b:url(y.png)}</style>",
         "<style>@import 'https://a.example/b/x.css'; a{b:url(https://a.example/b/post/y.png)}</style>"),
        ('<svg><use xlink:href="#i"/><use href="#i"/><path style="fill:url(#g)"/></svg>', '<svg><use xlink:href="#i"/><use href="#i"/><path style="fill:url(#g)"/></svg>'),
        ('<img srcset="a.jpg 1x, /b/c,d.jpg 2x">', '<img srcset="https://a.example/b/post/a.jpg 1x, https://a.example/b/c,d.jpg 2x">'),
        ('<video poster=p.jpg><source src="v.mp4">', '<video poster="https://a.example/b/post/p.jpg"><source src="https://a.example/b/post/v.mp4">'),
        ('<object data="x.pdf">', '<object data="https://a.example/b/post/x.pdf">'), ('<a data="x" ping="/p /q">', '<a data="x" ping="https://a.example/p https://a.example/q">'),
        ('<form action="/send">', '<form action="https://a.example/send">'), ('<blockquote cite="/s">', '<blockquote cite="https://a.example/s">'),
        ('<a href="mailto:a@b.c"><a href="https://c.example/x"><a href="//d.example/">',
         '<a href="mailto:a@b.c"><a href="https://c.example/x"><a href="https://d.example/">'),
        ('<p style="background:url(data:image/png;base64,AA)">', '<p style="background:url(data:image/png;base64,AA)">'),
        ("<!-- <a href=x> --><script>'<a href=x>'</script><textarea><a href=x></textarea>", "<!-- <a href=x> --><script>'<a href=x>'</script><textarea><a href=x></textarea>"),
        ("a < b <!-- open <a href=x>", "a < b <!-- open <a href=x>"), ("<style>url(x)", "<style>url(https://a.example/b/post/x)"),
        ('<a href="http://[">', '<a href="http://[">'), ('<a title="href=x" href="y">', '<a title="href=x" href="https://a.example/b/post/y">'),
        ('<a href="x"title="y">', '<a href="https://a.example/b/post/x"title="y">'), ("plain &amp; simple", "plain &amp; simple"), ('<a href="">', '<a href="https://a.example/b/post/">'),
    ],
)  # fmt: skip
def test_urls_are_absolute_wherever_they_stand(html: str, expected: str) -> None:
    assert make_links_absolute(html, PAGE) == expected


@pytest.mark.parametrize("part", ["<!--", "<style>", "<a '", '<a "', "<a href=x", "<p style='url(", "<", "<a b=c "])
def test_nothing_takes_longer_than_its_length(part: str) -> None:
    assert find_growth(lambda html: make_links_absolute(html, PAGE), lambda size: part * size, 5_000) < MOST
