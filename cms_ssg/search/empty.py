"""Searches that found nothing, counted by day without anything about who searched: what a site's visitors miss."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, LiteralString, NamedTuple

from cms_ssg.search.lexicon import say_terms
from cms_ssg.search.words import Term
from cms_ssg.store.query import Query

MOST_CHARACTERS: Final = 80
KEPT_DAYS: Final = 90
MOST_A_DAY: Final = 1_000

NOTE_EMPTY: Final[LiteralString] = f"""
WITH old AS (DELETE FROM cms.empty_searches WHERE site = %(site)s AND day < current_date - {KEPT_DAYS})
INSERT INTO cms.empty_searches AS e (site, day, words)
SELECT %(site)s, current_date, %(words)s
WHERE (SELECT count(*) FROM cms.empty_searches WHERE site = %(site)s AND day = current_date) < {MOST_A_DAY}
ON CONFLICT (site, day, words) DO UPDATE SET times = e.times + 1"""
"""A day holds so many different ones, so that nobody fills the database."""

_PERSONAL: Final = re.compile(r"\d{5,}|\d[\d ]{7,}\d")
"""Long numbers may be somebody's telephone, order or card."""


class EmptyRow(NamedTuple):
    """Words that found nothing, and how often and when last they were searched for."""

    words: str
    times: int
    last_day: str


EMPTY: Final = Query("""
SELECT words, sum(times)::int, max(day)::text FROM cms.empty_searches WHERE site = %(site)s AND day > current_date - %(days)s::int
GROUP BY words ORDER BY 2 DESC, 1 LIMIT %(most)s""", EmptyRow)  # fmt: skip


def say_empty(typed: str, terms: Sequence[Term]) -> str:
    """The words as they are counted; "" where they may be about a person, or are too many to say anything."""
    text = say_terms(terms)
    return "" if len(text) > MOST_CHARACTERS or "@" in typed or _PERSONAL.search(text) else text
