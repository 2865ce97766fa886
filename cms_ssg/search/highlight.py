"""Shows where a document holds what was searched for: fragments of its text as safe HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from html import escape
from typing import Final

from cms_ssg.search.words import MARKS, fold, strip_accents

FRAGMENTS, FRAGMENT = 3, 150
"""How many pieces of a text are shown, and how many characters each has at most."""

LOOKED_AT: Final = 100_000
"""Characters of a text that are looked at; a document may be a book."""

_WORD: Final = re.compile(rf"[\w{MARKS}]+")
_MARK: Final = re.compile(f"[{MARKS}]")
_FOREIGN: Final = re.compile(rf"(?![\x00-\x7f])[\w{MARKS}]+")
"""What a word has from its first letter on that is not of ASCII."""

_ENDING: Final = 5
"""A word form is this much longer than the word that was typed, at most: ``tide`` marks ``tides`` and not ``tidewaters``."""


_fold_word = lru_cache(maxsize=20_000)(lambda word: strip_accents(fold(word)))
"""Texts of one site have the same words again and again."""


def _is_letter(char: str) -> bool:
    return char.isalnum() or char == "_" or (char > "\u02ff" and _MARK.match(char) is not None)


class Marker:
    """Finds the words of a query in texts. words: as typed and folded; prefixes: those still being typed; stems: as the database has them."""

    def __init__(self, words: Iterable[str], prefixes: Iterable[str] = (), stems: Iterable[str] = ()) -> None:
        self.words = frozenset(filter(None, words))
        self.prefixes = tuple(filter(None, prefixes))
        longest = max(map(len, self.words), default=0)
        # "cities" has the stem "citi", of which "city" is no extension; two letters are the least that says anything
        self.stems = tuple(
            (stem[:-1] if stem[-1:] in "iye" and len(stem) > 3 else stem, longest + _ENDING) for stem in stems if len(stem) > 2
        )

        self._beginnings = (
            *((word, len(word)) for word in self.words),
            *((prefix, LOOKED_AT) for prefix in self.prefixes),
            *self.stems,
        )

    def find(self, text: str) -> list[tuple[int, int]]:
        """Where the words stand, from left to right."""
        text = text[:LOOKED_AT]
        small = text.lower()
        if len(small) != len(text):  # there is a capital whose small letter is two characters
            return self.find_folded(text)
        found = self._find_ascii(small)
        if not text.isascii():
            at = 0
            for match in _FOREIGN.finditer(text):
                start = match.start()
                while start > at and _is_letter(text[start - 1]):
                    start -= 1
                at = match.end()
                found.update(self._find_in_word(text[start:at], start))
        return sorted(found.items())

    def _find_ascii(self, text: str) -> dict[int, int]:
        """Where words of ASCII alone stand, whose folding is to make small letters. A pattern is not faster: each query has one of its own to compile."""
        found: dict[int, int] = {}
        for beginning, most in self._beginnings:
            at = text.find(beginning)
            while at >= 0:
                if at == 0 or not _is_letter(text[at - 1]):
                    end = at + len(beginning)
                    while end < len(text) and _is_letter(text[end]):
                        end += 1
                    if end - at <= most and text[at:end].isascii():
                        found[at] = end
                at = text.find(beginning, at + 1)
        return found

    def find_folded(self, text: str) -> list[tuple[int, int]]:
        """The same as `find`, word by word."""
        return [span for match in _WORD.finditer(text[:LOOKED_AT]) for span in self._find_in_word(match[0], match.start())]

    def _find_in_word(self, text: str, offset: int) -> list[tuple[int, int]]:
        word = _fold_word(text)
        if self._is_meant(word):
            return [(offset, offset + len(text))]
        return [] if word.isascii() else self._find_within(text, offset)  # scripts without spaces: somewhere within

    def _is_meant(self, word: str) -> bool:
        return (
            word in self.words
            or (bool(self.prefixes) and word.startswith(self.prefixes))
            or any(word.startswith(stem) and len(word) <= most for stem, most in self.stems)
        )

    def _find_within(self, text: str, offset: int) -> list[tuple[int, int]]:
        folded = fold(text)
        if len(folded) != len(text):
            return []
        pairs = [word for word in (*self.words, *self.prefixes) if not word.isascii() and len(word) <= 2]
        spans = sorted((at.start(), at.end()) for word in pairs for at in re.finditer(re.escape(word), folded))
        joined: list[tuple[int, int]] = []
        for start, end in spans:
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
            else:
                joined.append((start, end))
        return [(start + offset, end + offset) for start, end in joined]


def mark_all(text: str, marker: Marker) -> str:
    """A whole text as HTML with its words marked."""
    return mark_spans(text, marker.find(text))


def mark_spans(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """A whole text as HTML with these parts of it marked."""
    return _mark(text, 0, len(text), spans)


def cut_fragments(text: str, marker: Marker) -> tuple[str, ...]:
    """The pieces of a text with the most of what was searched for, in the order of the text, as HTML."""
    return cut_around(text, marker.find(text))


def cut_around(text: str, spans: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    """The pieces of a text with the most of these parts, in the order of the text, as HTML. spans: from left to right."""
    if not spans:
        return ()
    windows = []
    for first, (start, _) in enumerate(spans):
        end = next((at for at in range(first, len(spans)) if spans[at][1] > start + FRAGMENT), len(spans))
        different = len({text[a:b].casefold() for a, b in spans[first:end]})
        windows.append((-different, -(end - first), start, spans[max(first, end - 1)][1]))
    chosen: list[tuple[int, int]] = []
    for _, _, start, last in sorted(windows):
        begin, end = _widen(text, start, last)
        if all(end <= a or begin >= b for a, b in chosen):
            chosen.append((begin, end))
            if len(chosen) == FRAGMENTS:
                break
    return tuple(_mark(text, begin, end, spans) for begin, end in sorted(chosen))


def _widen(text: str, start: int, end: int) -> tuple[int, int]:
    """A piece of FRAGMENT characters around what was found, from word to word."""
    room = max(0, FRAGMENT - (end - start))
    begin = max(0, start - room // 2)
    stop = min(len(text), begin + FRAGMENT)
    begin = max(0, stop - FRAGMENT)
    if begin > 0 and (space := text.find(" ", begin, start)) >= 0:
        begin = space + 1
    if stop < len(text) and (space := text.rfind(" ", end, stop)) >= 0:
        stop = space
    return begin, stop


def _mark(text: str, begin: int, end: int, spans: Sequence[tuple[int, int]]) -> str:
    parts, at = [], begin
    for start, stop in spans:
        if start >= at and stop <= end:
            parts += [escape(text[at:start]), "<mark>", escape(text[start:stop]), "</mark>"]
            at = stop
    body = "".join(parts) + escape(text[at:end])
    return ("… " if begin > 0 else "") + body.strip() + (" …" if end < len(text) else "")
