"""What was probably meant: the words of a site's documents by how often they occur, compared letter by letter.

Needs no extension of the database: the words are counted, and compared by rapidfuzz, in the process that answers.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from cms_ssg.search.words import Term, make_words
from cms_ssg.store.query import Query, fetch_async

MOST_WORDS: Final = 50_000
"""Words that are compared; of a larger site the most frequent."""

SHORTEST: Final = 3
"""Shorter words are not corrected: everything is near them."""


class Text(NamedTuple):
    """What a document is known by."""

    text: str


class Count(NamedTuple):
    """How many documents there are."""

    documents: int


TEXTS: Final = Query("""
SELECT title || ' ' || excerpt || CASE WHEN %(most)s > 0 THEN ' ' || left(content, %(most)s) ELSE '' END FROM cms.documents WHERE site = %(site)s AND locale = %(locale)s AND shown
ORDER BY published_at DESC NULLS LAST, entry DESC LIMIT 50000""", Text)  # fmt: skip
COUNT: Final = Query("SELECT count(*) FROM cms.documents WHERE site = %(site)s AND locale = %(locale)s AND shown", Count)

SMALL_SITE, CONTENT = 5_000, 6_000
"""Up to so many documents their texts count too, by so many characters; of a larger site titles and excerpts."""


class Lexicon:
    """The words of one site and language."""

    def __init__(self, words: Mapping[str, int]) -> None:
        self.words = dict(words)
        self._sorted = sorted(self.words)
        self._by_length: dict[int, list[str]] = {}
        for word in self.words:
            self._by_length.setdefault(len(word), []).append(word)

    def correct(self, word: str) -> str:
        """The most likely word that was meant: one slip in a word of up to five letters, two in a longer one. "" if none is near."""
        if len(word) < SHORTEST or word in self.words or word.isdigit():
            return ""
        from rapidfuzz.distance import DamerauLevenshtein
        from rapidfuzz.process import extract

        most = 1 if len(word) <= 5 else 2
        near: list[tuple[str, int]] = []
        for length in range(max(2, len(word) - most), len(word) + most + 1):
            if candidates := self._by_length.get(length):
                found = extract(word, candidates, scorer=DamerauLevenshtein.distance, score_cutoff=most, limit=20)
                near.extend((candidate, int(distance)) for candidate, distance, _ in found)
        # of equally near words one with the same first letter, then the more frequent
        best = min(near, key=lambda one: (one[1], one[0][:1] != word[:1], -self.words[one[0]], one[0]), default=None)
        return best[0] if best is not None else ""

    def correct_terms(self, terms: Sequence[Term]) -> tuple[Term, ...]:
        """A query with its unknown words corrected; empty if there is nothing to correct. What must not occur stays as it is."""
        corrected, changed = [], False
        for term in terms:
            words = term.word.split()
            fixed = [self.correct(word) or word for word in words] if term.wanted and not self._begins_word(term) else words
            changed = changed or fixed != words
            text = " ".join(fixed)
            corrected.append(term if fixed == words else Term("word" if term.kind == "prefix" else term.kind, text, text, term.wanted))
        return tuple(corrected) if changed else ()

    def _begins_word(self, term: Term) -> bool:
        place = bisect_left(self._sorted, term.word)
        return term.kind == "prefix" and place < len(self._sorted) and self._sorted[place].startswith(term.word)


def count_words(texts: Iterable[str]) -> Lexicon:
    """The words of these texts by the number of texts that have them."""
    counts = Counter(word for text in texts for word in set(make_words(text).split()) if len(word) >= SHORTEST)
    return Lexicon(dict(counts.most_common(MOST_WORDS)))


async def load_texts(connection: AsyncConnection[TupleRow], site: int, locale: str) -> list[str]:
    """What a site's words are counted in."""
    [count] = await fetch_async(connection, COUNT, site=site, locale=locale)
    most = CONTENT if count.documents <= SMALL_SITE else 0
    return [row.text for row in await fetch_async(connection, TEXTS, site=site, locale=locale, most=most)]


def say_terms(terms: Sequence[Term]) -> str:
    """A query as a person would type it."""
    said = (f'"{term.word}"' if term.kind == "phrase" else term.word for term in terms)
    return " ".join(text if term.wanted else f"-{text}" for text, term in zip(said, terms, strict=True))
