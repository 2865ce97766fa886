"""What is marked in a text of ASCII alone by one pattern is what is marked word by word."""

from __future__ import annotations

import random

from cms_ssg.search.highlight import Marker

LETTERS = "ab_"


def test_the_pattern_marks_what_folding_word_by_word_marks() -> None:
    chance = random.Random(3)

    def make_word(most: int) -> str:
        return "".join(chance.choices(LETTERS, k=chance.randint(1, most)))

    marked = 0
    for _ in range(400):
        marker = Marker({make_word(3)}, [make_word(3)] if chance.random() < 0.3 else [], [make_word(4), make_word(5)])
        text = "".join(chance.choice((make_word(9), make_word(2).upper())) + chance.choice((" ", "-", ". ", "")) for _ in range(12))
        assert marker.find(text) == marker.find_folded(text), (marker.words, marker.prefixes, marker.stems, text)
        marked += len(marker.find(text))
    assert marked > 200


def test_a_marker_without_words_marks_nothing() -> None:
    assert Marker([]).find("a text, any text") == []
    assert Marker([""], [""], [""]).find("a text") in ([], Marker([""], [""], [""]).find_folded("a text"))
