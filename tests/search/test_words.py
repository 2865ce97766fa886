"""Text is compared in one form, and anything that is typed is a query."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms_ssg.search.highlight import FRAGMENT, Marker, cut_fragments, mark_all
from cms_ssg.search.words import MOST_CONTENT_BYTES, Term, find_configuration, make_plain, make_text, make_words, parse_query

NAUGHTY = (Path(__file__).parents[1] / "data/naughty").rglob("*")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The Café, 1,000 m — Straße!", "the cafe 1 000 m strasse"),
        ("東京の地図", "東京 京の の地 地図"),
        ("C++ & co_op's", "c co op s"),
        ("हिन्दी", "हिन्दी"),
        ("ﬁne ＡＢＣ", "fine abc"),
        ("", ""),
    ],
)
def test_words_are_without_case_accents_and_signs(text: str, words: str) -> None:
    assert make_words(text) == words


def test_text_for_stems_keeps_its_accents() -> None:
    assert make_text("Été À LA plage") == "été à la plage"
    assert [find_configuration(code) for code in ("en", "pt-br", "it", "ja", "xx")] == [
        "english",
        "portuguese",
        "italian",
        "simple",
        "simple",
    ]


def test_a_body_is_read_without_markup_scripts_and_links() -> None:
    html = "<h2>A</h2><p>One <em>wo</em>rd \ufdd00\ufdd1&amp; more<br>line</p><script>bad()</script><!-- no --><pre>x &lt; y</pre>"
    assert make_plain(html) == "A · One word & more line x < y"
    assert len(make_plain("é" * MOST_CONTENT_BYTES).encode()) <= MOST_CONTENT_BYTES


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("tide", [("prefix", "tide", True)]),
        ("tide ", [("word", "tide", True)]),
        ("Tide -Table", [("word", "tide", True), ("word", "table", False)]),
        ('"tide table" x', [("phrase", "tide table", True), ("word", "x", True)]),
        ('-"tide table" a', [("phrase", "tide table", False), ("word", "a", True)]),
        ("“tide table", [("phrase", "tide table", True)]),
        ("well-known", [("phrase", "well known", True)]),
        ("-only", []),
        ("- & | ! ( ) :* \\ ' \0", []),
    ],
)
def test_queries_have_words_phrases_and_what_must_not_occur(query: str, terms: list[tuple[str, str, bool]]) -> None:
    assert [(term.kind, term.word, term.wanted) for term in parse_query(query)] == terms


@given(st.text())
def test_anything_can_be_typed(query: str) -> None:
    terms = parse_query(query)
    assert all(isinstance(term, Term) and term.word == make_words(term.word) for term in terms if term.word.isascii())
    assert all("\0" not in term.word for term in terms)


@given(st.text(), st.lists(st.text(max_size=4), max_size=3))
def test_what_is_marked_is_the_text_and_nothing_else(text: str, words: list[str]) -> None:
    from html import escape

    marker = Marker([make_words(word) for word in words if make_words(word)], [word for word in map(make_words, words) if word])
    assert mark_all(text, marker).replace("<mark>", "").replace("</mark>", "") == escape(text).strip()
    for fragment in cut_fragments(text, marker):
        plain = fragment.replace("<mark>", "").replace("</mark>", "")
        assert "<" not in plain
        assert "<mark>" in fragment


def test_fragments_are_short_and_show_the_words_in_any_form() -> None:
    text = "Nothing here. " * 40 + "The cities of the plain. " + "Again nothing. " * 40 + "A city <b>by</b> the sea."
    fragments = cut_fragments(text, Marker(["cities"], stems=["citi"]))
    assert len(fragments) == 2
    assert "<mark>cities</mark>" in fragments[0]
    assert "<mark>city</mark> &lt;b&gt;by" in fragments[1]
    assert all(len(fragment) < FRAGMENT + 60 for fragment in fragments)
    assert cut_fragments("東京の地図です", Marker(["地図"])) == ("東京の<mark>地図</mark>です",)
