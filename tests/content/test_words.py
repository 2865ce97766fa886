"""Words are counted in any script."""

from __future__ import annotations

import pytest

from cms_ssg.content.markdown.words import count_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<p>one <b>two</b> three</p>", 3),
        ("ภาษาไทยไม่มีช่องว่างระหว่างคำ", 7),
        ("ภาษาไทย, ไม่มี 3 words", 6),
        ("ភាសាខ្មែរគឺជាភាសា", 3),
        ("ພາສາລາວເປັນພາສາ", 4),
        ("မြန်မာဘာသာစကား", 2),
        ("བོད་སྐད་ཡིག་", 3),
        ("東京は日本の首都である", 6),
        ("ความ" * 3000, 3000),
    ],
)
def test_words_are_counted_where_no_spaces_are_between_them(text: str, words: int) -> None:
    assert count_words(text, ascii_only=text.isascii()) == words
