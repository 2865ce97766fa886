"""A body that begins with the title of its entry."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from cms_ssg.render.title import take_title


@pytest.mark.parametrize(
    ("content", "title", "rest", "anchor"),
    [
        ('<h1 id="about">About</h1>\n<p>Text.</p>', "About", "<p>Text.</p>", "about"),
        ("<h1>About <em>us</em> &amp; you</h1>", "About us & you", "", ""),
        ("<h1>ABOUT – us!</h1>\n", "About us", "", ""),
        ('<section class="a">\n<div>\n<h1>Home</h1>\n<p>Text.</p></div></section>', "Home", '<section class="a">\n<div>\n<p>Text.</p></div></section>', ""),
        ('<h1 id="حول">حول</h1>', "حول", "", "حول"),
        ("<h1>…</h1>", "…", "", ""),
    ],
)  # fmt: skip
def test_a_heading_that_repeats_the_title_is_taken(content: str, title: str, rest: str, anchor: str) -> None:
    assert take_title(Markup(content), title) == (Markup(rest), anchor)


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("<h1>Summary</h1><p>Text.</p>", "About"),
        ("<p>Text.</p><h1>About</h1>", "About"),
        ("<h2>About</h2>", "About"),
        ("<p>About</p>", "About"),
        ("<blockquote><h1>About</h1></blockquote>", "About"),
        ("<h1>…</h1>", "!"),
        ("", "About"),
    ],
)
def test_any_other_heading_stays(content: str, title: str) -> None:
    assert take_title(Markup(content), title) == (Markup(content), "")
