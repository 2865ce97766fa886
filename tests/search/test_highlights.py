"""What is marked in a text is what is marked word by word, which is the slow way."""

from __future__ import annotations

import random

import pytest

from cms_ssg.search.highlight import Marker
from cms_ssg.search.words import make_words


@pytest.mark.parametrize("letters", ["ab_", "abéßΣ_", "aİb", "ab日本", "aक्ष", "a\u0301b“—"])
def test_what_is_marked_is_what_folding_word_by_word_marks(letters: str) -> None:
    chance = random.Random(3)

    def make_word(most: int) -> str:
        return "".join(chance.choices(letters, k=chance.randint(1, most)))

    marked = 0
    for _ in range(400):
        words, prefixes, stems = (
            make_words(" ".join(make_word(most) for _ in range(count))).split()
            for most, count in ((3, 1), (3, chance.randint(0, 1)), (5, 2))
        )
        marker = Marker(words, prefixes, stems)
        text = "".join(chance.choice((make_word(9), make_word(2).upper())) + chance.choice((" ", "-", ". ", "")) for _ in range(12))
        assert marker.find(text) == marker.find_folded(text), (marker.words, marker.prefixes, marker.stems, text)
        marked += len(marker.find(text))
    assert marked > 100


def test_a_marker_without_words_marks_nothing() -> None:
    assert Marker([]).find("a text, any text") == []
    assert Marker([""], [""], [""]).find("a text") in ([], Marker([""], [""], [""]).find_folded("a text"))
