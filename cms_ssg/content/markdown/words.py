"""How many words a text has, also in scripts that put no spaces between them."""

from __future__ import annotations

import re
from typing import Final

TAGS: Final = re.compile(r"<[^<>]*>")
WIDE: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff\ua9e0-\ua9ff\uaa60-\uaa7f]+")
"""Thai, Lao, Burmese and Khmer."""

TSHEG: Final = "\u0f0b"
"""Between the syllables of Tibetan, which are what is read."""


def count_words(html: str, *, ascii_only: bool) -> int:
    """The words of a body as a reader meets them; two ideographs or kana count as one word, Thai, Lao, Burmese and Khmer by ICU's dictionaries,
    Tibetan by its syllables.

    ascii_only: its source holds none of those.
    """
    text = TAGS.sub("", html)
    if ascii_only:
        return len(text.split())
    text = text.replace(TSHEG, " ")
    unspaced = 0
    if UNSPACED.search(text):
        from icu4py.breakers import WordBreaker

        for run in UNSPACED.findall(text):
            unspaced += sum(any(char.isalnum() for char in piece) for piece in WordBreaker(run, "th"))
        text = UNSPACED.sub(" ", text)
    return len(text.split()) + len(WIDE.findall(text)) // 2 + unspaced
