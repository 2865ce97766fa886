"""The value of a condition as a person writes it: bare as in ``city=Turin``, or in quotes as in ``city = 'Turin'``."""

from __future__ import annotations

import re
from typing import Final

QUOTED: Final = re.compile(r"""'(?P<single>(?:[^']|'')*)'|"(?P<double>(?:[^"]|"")*)\"""", re.DOTALL)
"""A quote within is written twice, as in SQL."""
NEXT: Final = re.compile(r"\s(?:and|or)\s+[\w.-]+\s*(?:[!<>=~]|in\s|is\s|like\s)", re.IGNORECASE)


def read_wanted(text: str) -> str:
    """The value behind a condition's sign, without the quotes around it. Raises ValueError, with what to write, for what would match nothing."""
    text = text.strip()
    if found := QUOTED.fullmatch(text):
        return found["single"].replace("''", "'") if found["single"] is not None else found["double"].replace('""', '"')
    if text[:1] in ("=", "<", ">", "~", "!"):
        raise ValueError(f"a value that begins with {text[0]} is written in quotes")
    if NEXT.search(text) or (text[:1] in ("'", '"') and text[0] in text[1:]):
        raise ValueError("a condition has one value: give each condition of its own, or write the value in quotes")
    return text
