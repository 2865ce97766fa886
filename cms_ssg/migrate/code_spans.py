"""Where code stands in a text of Markdown: fenced blocks and code spans, found in one pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_FENCE: Final = re.compile(r"^[ ]{0,3}(`{3,}|~{3,})([^\n]*)$", re.MULTILINE)
_TICKS: Final = re.compile(r"`+")
_EMPTY_LINE: Final = re.compile(r"\n[ \t]*\n")


def find_code(text: str) -> list[tuple[int, int]]:
    """(begin, end) of each stretch of code, in order. A fence that nothing closes ends with the text, as CommonMark says."""
    found: list[tuple[int, int]] = []
    at, opened, sign = 0, -1, ""
    for fence in _FENCE.finditer(text):
        if opened < 0:
            if fence[1][0] == "`" and "`" in fence[2]:
                continue  # a code span at the beginning of a line
            found += _find_spans(text, at, fence.start())
            opened, sign = fence.start(), fence[1]
        elif fence[1].startswith(sign) and not fence[2].strip():
            found.append((opened, fence.end()))
            at, opened = fence.end(), -1
    if opened >= 0:
        return [*found, (opened, len(text))]
    return [*found, *_find_spans(text, at, len(text))]


def _find_spans(text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Code spans between two places: runs of as many backticks on both sides, in one paragraph."""
    at = begin
    while at < end:
        gap = _EMPTY_LINE.search(text, at, end)
        stop = gap.start() if gap else end
        runs = [run.span() for run in _TICKS.finditer(text, at, stop)]
        following: dict[int, int] = {}
        partners = [-1] * len(runs)
        for number in range(len(runs) - 1, -1, -1):
            length = runs[number][1] - runs[number][0]
            partners[number] = following.get(length, -1)
            following[length] = number
        number = 0
        while number < len(runs):
            if partners[number] < 0:
                number += 1
            else:
                yield runs[number][0], runs[partners[number]][1]
                number = partners[number] + 1
        at = gap.end() - 1 if gap else end
