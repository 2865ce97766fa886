"""Whatever a person types is a query, also for who asks the database by itself."""

from __future__ import annotations

import random

import psycopg
import pytest
from psycopg.rows import TupleRow

from cms_ssg.search.words import parse_query

Connection = psycopg.Connection[TupleRow]
SIGNS = [
    "-",
    "-",
    "-",
    " ",
    " ",
    '"',
    "'",
    "\\",
    "a",
    "é",
    "bc",
    "or ",
    "\t",
    "\u2003",
    "(",
    ")",
    "!",
    "&",
    "|",
    ":*",
    "<->",
    "1-2",
    "http://a.b/-",
    "\x01",
]


def type_texts(count: int) -> list[str]:
    """Random texts of quotes, minus signs, operators and blanks; every other one of minus signs most of all."""
    chance = random.Random(5)
    return [
        "".join(chance.choices(SIGNS if number % 2 else SIGNS[:6], k=chance.choice([0, 1, 3, 20, 200, 900]))) + "a"[: number % 3]
        for number in range(count)
    ]


def test_any_text_is_a_query_of_listings(db: Connection) -> None:
    for text in ["- - - -a -", "- " * 500 + "a", "-(" * 400, *type_texts(1500)]:
        assert db.execute("SELECT numnode(cms.make_listing_query(%s))", (text,)).fetchone() is not None, text
        if len(text) < 30:
            db.execute("SELECT count(*) FROM cms.search_listings(1, %s)", (text,))


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("tide -plank", "tide -plank"),
        ("- - - -plank tide -", "-plank tide"),
        ("tide - plank", "tide plank"),
        ("-- --plank", "-plank"),
        ("well--known well---known", "well--known well---known"),
        ('"tide - table" -"old plank"', '"tide table" -"old plank"'),
        ("tide- -plank", "tide -plank"),
    ],
)
def test_a_minus_before_a_word_keeps_its_meaning_and_others_have_none(db: Connection, typed: str, same: str) -> None:
    query = "SELECT cms.make_listing_query(%s)::text, websearch_to_tsquery('english', %s) || websearch_to_tsquery('simple', %s)"
    found, meant = db.execute(query, (typed, same, same)).fetchone() or ("", "")
    document = "SELECT to_tsvector('english', d) || to_tsvector('simple', d) FROM unnest(%s::text[]) d"
    texts = ["tide", "plank", "tide plank", "well known", "well-known", "tide table", "tide table old plank", "old plank", "--plank"]
    matches = f"SELECT array_agg(v @@ %s::tsquery) FROM ({document}) v (v)"
    assert db.execute(matches, (found, texts)).fetchone() == db.execute(matches, (meant, texts)).fetchone()


def test_any_text_is_a_term_and_a_search(db: Connection) -> None:
    for text in type_texts(1500):
        terms = [(term.kind, term.text, term.word) for term in parse_query(text)]
        for kind, given, word in [("word", text, text), ("phrase", text, text), ("prefix", text, text), *terms]:
            for config in ("english", "simple"):
                values = (f"pg_catalog.{config}", kind, given, word)
                assert db.execute("SELECT numnode(cms.make_term_query(%s::regconfig, %s, %s, %s))", values).fetchone() is not None, text
