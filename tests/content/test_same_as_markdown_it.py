"""The short ways give what markdown-it's own rules give, on text made to confuse them."""

from __future__ import annotations

import re

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from cms_ssg.content.markdown.body import render_body
from tests.content.reference import PLAIN, fill, make_reference, render_ours, render_reference

PIECES = [
    "word", "two words", "Word.", "1", "1.", "2) ", "a_b_c", "é", "“q”", "*", "**", "***", "_", "__", "`", "``", "~", "~~", "[", "]",
    "(", ")", "![", "](", "](/u)",
    "[t](/u)", "[t](/u \"T\")", "[`c`](https://a.b/c_d)", "![i](x.png)", "**b**", "*e*", "_e_", "`c`", "**b: `c`**", "<https://a.b/c>",
    "<b>", "</b>", "<T>", "&", "&amp;", "&lt",
    "<", ">", "\\", "\\*", "\\[", "!", "^", "{", "}", '"', "'", ":", "|", "a|b", "|-|-|", "-|-", ":-:|-", "#", "## ", "- ", "+ ", "* ",
    "> ", ">", "    ", "\t", "  ", " ", " ", "\n", "\n", "\n\n",
    "\n\n", "---", "===", "```", "~~~", "```py", ": ", ": def", "[r]: /x", "[r]", "[x] ", "- [ ] ", "- [x] t", "<div>", "</div>",
    "<!-- c -->", "***", "- - -", "\u00a0", "%", "@", "=", "$", ", ", ";", "?",
]  # fmt: skip
OURS = re.compile(r"\^\[|\[\^|\{#|\{\{<")
"""Footnotes, own anchors and shortcodes: what markdown-it does not have, or writes in another way."""

LOST = re.compile(r"!\[.*!\[.*[\\&]", re.DOTALL)
"""An image in another's description, with an escaped sign or an entity: markdown-it-py leaves those out of the alternative text, we do not."""


def is_comparable(text: str) -> bool:
    return not OURS.search(text) and not LOST.search(text)


TEXTS = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)
WORDY = st.lists(st.sampled_from(PIECES), max_size=14).map(" ".join)


@settings(max_examples=400, deadline=None)
@given(TEXTS | WORDY)
@example("- a\n- b\n\n- c")
@example("> a\n\nb")
@example("- a\n\n  b")
@example("*a*b*c*")
@example("```a|b\n-|-\n```")
@example("a\n    ---\nb")
def test_extended_markdown_equals_markdown_it_with_its_plugins(text: str) -> None:
    assume(is_comparable(text))
    assert render_ours(text) == render_reference(text)


@settings(max_examples=200, deadline=None)
@given(TEXTS | WORDY)
def test_plain_markdown_equals_markdown_it(text: str) -> None:
    assume(not LOST.search(text))
    from markdown_it import MarkdownIt

    body, _ = render_body(text, PLAIN, "x.md")
    md = MarkdownIt("commonmark", {"maxNesting": 100})
    md.normalizeLink = make_reference().normalizeLink  # type: ignore[method-assign]
    expected = str(md.render(text)).replace("<blockquote></blockquote>", "<blockquote>\n</blockquote>")
    assert fill(body) == expected


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_any_text_equals_markdown_it(text: str) -> None:
    text = text.replace("\ufdd0", "").replace("\ufdd1", "")
    assume(is_comparable(text))
    assert render_ours(text) == render_reference(text)


def test_the_description_of_an_image_in_a_description_is_kept_whole() -> None:
    assert render_ours(r"![![\word &amp; sign](/u)](/u)") == '<p><img src="/u" alt="\\word &amp; sign" /></p>\n'
