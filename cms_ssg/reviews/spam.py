"""How much a text that a visitor sent looks like spam."""

from __future__ import annotations

import re
from typing import Final

LINK: Final = re.compile(r"https?://|www\.|\[url|<a\s", re.IGNORECASE)
WORDS: Final = re.compile(
    r"\b(?:casino|viagra|cialis|payday loan|crypto(?:currency)? invest|backlinks?|seo services?|escort|porn)\b", re.IGNORECASE
)
SHOUTING: Final = 0.7


def score_text(*texts: str) -> float:
    """0 for what looks like a person's words; 1 and more for what is filed as spam at once."""
    text = "\n".join(filter(None, texts))
    letters = [char for char in text if char.isalpha()]
    score = 0.5 * len(LINK.findall(text)) + 0.6 * len(WORDS.findall(text))
    if len(letters) > 40 and sum(char.isupper() for char in letters) > SHOUTING * len(letters):
        score += 0.5
    if re.search(r"(.)\1{14,}", text):
        score += 0.4
    return round(score, 2)
