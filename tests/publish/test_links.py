"""Links are found in a text however it writes them, and nothing else is."""

from __future__ import annotations

import pytest

from cms_ssg.publish.links import find_links

PATHS = ("/a/", "/a/b/", "/", "/x.css", "/é ö/", "/pic(1).jpg", "/q&a/")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('<a href="/a/">', "/a/"), ("<a href=/a/b/#top>", "/a/b/"), ("<a href='/'>", "/"), ("<loc>https://site.example/a/</loc>", "/a/"),
        ('{"url":"https://site.example/a/b/?x"}', "/a/b/"), ("a{background:url(/x.css)}", "/x.css"), ("@import '/x.css';", "/x.css"),
        ('<a href="/%C3%A9%20%C3%B6/">', "/é ö/"), ('<img srcset="/pic(1).jpg 300w, /y.jpg 600w">', "/pic(1).jpg"), ("<a href=/x.css, b>", "/x.css"),
        ('<a href="/q&amp;a/">', "/q&a/"), ('<a href="/other/">', ""), ('<a href="https://other.example/a/">', ""), ("1/2 <br/>", ""),
    ],
)  # fmt: skip
def test_a_link_is_found_however_it_is_written(text: str, path: str) -> None:
    assert find_links("https://site.example", PATHS, text.encode()) == ({path} if path else set())
    below = (
        text.replace("=/", "=/base/")
        .replace("'/", "'/base/")
        .replace('"/', '"/base/')
        .replace("(/", "(/base/")
        .replace(", /y", ", /base/y")
    )
    below = below.replace("site.example/", "site.example/base/")
    assert find_links("https://site.example/base", PATHS, below.encode()) == ({path} if path else set())
