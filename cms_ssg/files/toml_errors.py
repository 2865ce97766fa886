"""What the decoders of TOML and JSON say, cut into words and line; numbers that Python can read and not write."""

from __future__ import annotations

import re
from typing import Any, Final

MOST_BITS: Final = 14_000
"""Of a whole number: those of more than 4,300 digits cannot be written."""
TOO_LONG: Final = "a number has more than 4,000 digits"

_AT_LINE: Final = re.compile(r" \(at line (\d+), column \d+\)$|\s*\(at end of document\)$")
_DIGITS: Final = re.compile(r"(?<![0-9_])[0-9_]{4300,}")


def split_toml_error(error: Exception, text: str = "") -> tuple[str, int]:
    """The complaint with a small first letter, and its line, 0 where that is not known. text: what was read."""
    message = str(error)
    if message.startswith("Exceeds the limit"):
        found = _DIGITS.search(text)
        return TOO_LONG, text.count("\n", 0, found.start()) + 1 if found else 0
    found = _AT_LINE.search(message)
    message = message[: found.start()] if found else message
    return f"{message[:1].lower()}{message[1:]}", int(found[1]) if found and found[1] else 0


def has_long_number(value: Any) -> bool:
    """Whether a value holds a whole number that cannot be written."""
    if isinstance(value, dict):
        return any(map(has_long_number, value.values()))
    if isinstance(value, list):
        return any(map(has_long_number, value))
    return isinstance(value, int) and value.bit_length() > MOST_BITS
