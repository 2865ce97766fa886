"""Links within a page find the heading that is meant, whatever rule made their anchor, or are told."""

from __future__ import annotations

import pytest

from cms_ssg.config.settings import Markdown
from cms_ssg.content.markdown.body import render_body

LONG = "I would like to propose a goal but I would need funding to work on it, is there any"


def hrefs(text: str, mdx: bool = False) -> tuple[str, list[tuple[int, str]]]:
    body, problems = render_body(text, Markdown(highlight=False), "a.md", 7, mdx)
    assert {problem.code for problem in problems} <= {"content.dangling-anchor"}
    return body.html.partition('<a href="')[2].partition('"')[0], [(p.line, p.message) for p in problems]


@pytest.mark.parametrize(
    ("heading", "target", "anchor"),
    [
        ("What's next", "#what-s-next", "#whats-next"),
        ("Building Node.js", "#building-nodejs", "#building-node-js"),
        ("Theme: Help users", "#Theme-Help-users", "#theme-help-users"),
        ("Über uns", "#%C3%BCber-uns", "#%C3%BCber-uns"),
        ("Über uns", "#%C3%9Cber_uns", "#über-uns"),
        ("`a` & b", "#a--b", "#a-b"),
        (LONG, "#i-would-like-to-propose-a-goal-but-i-would-need-funding-to-work-on-it-is-there-any", "#" + "-".join(LONG.lower().replace(",", "").split())[:80].rstrip("-")),
        ("Any {#Own}", "#own", "#Own"),
        ("A", "#top", "#top"),
        ('A <span id="deep">b</span>', "#deep", "#deep"),
        ("A <a name=old></a>", "#old", "#old"),
    ],
)  # fmt: skip
def test_a_link_finds_the_heading_with_the_same_letters(heading: str, target: str, anchor: str) -> None:
    assert hrefs(f"[x]({target})\n\n## {heading}\n") == (anchor, [])


def test_what_nothing_answers_to_is_told_with_its_line_and_stays() -> None:
    text = "## A b\n\n[y](#ab)\n\n## Ab\n\nText [x](#gone) [z](#gone)\n\n[^1]\n\n[^1]: Note.\n"
    assert hrefs(text) == ("#ab", [(13, 'nothing on this page is called "#gone"')])
    assert hrefs("## A bc\n\n## Ab c\n\n[y](#abc)\n") == ("#abc", [(11, 'nothing on this page is called "#abc"')]), "two could be meant"


def test_nothing_is_told_where_something_unknown_may_have_the_name() -> None:
    assert hrefs("[x](#gone)\n\n{{< map >}}\n") == ("#gone", [])
    assert hrefs("[x](#gone)\n", mdx=True) == ("#gone", [])
