"""Searches that nothing but facets narrows are answered from kept counts, and the answer is the one that reading every document gives."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import TupleRow

from cms_ssg.search.places import Near
from cms_ssg.search.postgres_queries import ReadTerms, make_search
from cms_ssg.search.questions import Cursor, Question
from cms_ssg.store.connect import connect
from tests.conftest import TEMPLATE, fresh_database

Connection = psycopg.Connection[TupleRow]
NOTHING = ReadTerms("", "", [])
ZONES = ["UTC", "Europe/Paris", "America/St_Johns", "Asia/Kathmandu", "Pacific/Kiritimati", "Pacific/Pago_Pago"]
SORTS = ["relevance", "newest", "oldest", "title", "rating", "popularity", "price", "price_desc"]
KEPT = "SELECT site, locale, name, documents FROM cms.document_counts ORDER BY 1, 2, 3"
COUNTED = """
SELECT d.site, d.locale, name, count(*) FROM cms.documents d, cms.list_counted(d.terms, d.published_at) name WHERE d.shown
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""

ADD = """
INSERT INTO cms.documents (entry, site, type, locale, path, published_at, title, excerpt, content, terms, popularity, rating, price, location, vector, digest, shown)
VALUES (%(entry)s, %(site)s, 'post', %(locale)s, %(path)s, %(published_at)s, %(title)s, '', '', %(terms)s, %(popularity)s, %(rating)s, %(price)s,
  point(%(entry)s, 1), '', '', %(shown)s)
ON CONFLICT (entry) DO UPDATE SET site = excluded.site, locale = excluded.locale, published_at = excluded.published_at, title = excluded.title,
  terms = excluded.terms, shown = excluded.shown"""


def make_document(chance: random.Random, entry: int) -> dict[str, Any]:
    """Many are published within an hour of where a month ends somewhere on earth, some have no date."""
    border = datetime(chance.randint(2019, 2021), chance.randint(1, 12), 1, tzinfo=UTC)
    near = timedelta(hours=chance.choice([-14, -13, -6, -1, 0, 0, 1, 5, 11, 12]), minutes=chance.choice([0, 0, 15, 30, 59]))
    at = border + near + timedelta(days=chance.choice([0, 0, 0, 9]))
    terms = {"type/post", *(f"tag/t{chance.randrange(70)}" for _ in range(3)), f"section/s{chance.randrange(4)}"}
    return {
        "entry": entry, "site": chance.choice([1, 1, 1, 2]), "locale": chance.choice(["en", "en", "it"]), "path": f"/{entry}/",
        "published_at": at if chance.random() < 0.9 else None, "title": f"Title {chance.randrange(50)}", "terms": sorted(terms),
        "popularity": chance.randrange(3), "rating": chance.choice([None, 3, 4.5]), "price": chance.choice([None, 100, 200]),
        "shown": chance.random() < 0.8,
    }  # fmt: skip


def fill(db: Connection) -> Connection:
    chance = random.Random(7)
    db.cursor().executemany(ADD, [make_document(chance, entry) for entry in range(1, 401)])
    return db


@pytest.fixture(scope="module")
def filled(server_url: str) -> Iterator[Connection]:
    """Documents that no test changes."""
    for url in fresh_database(server_url, TEMPLATE):
        with connect(url) as connection:
            yield fill(connection)


def ask(db: Connection, question: Question, zone: str = "UTC") -> tuple[Any, ...]:
    row = db.execute(*make_search(question, NOTHING, 1, zone)).fetchone()
    assert row is not None
    total, page, facets, months, *rest = row
    return total, json.loads(page), json.loads(facets), json.loads(months), *rest


def test_counts_follow_whatever_happens_to_documents(db: Connection) -> None:
    filled, chance = fill(db), random.Random(3)
    for step in range(60):
        some = [chance.randint(1, 450) for _ in range(chance.choice([1, 5, 40]))]
        match chance.randrange(6):
            case 0 | 1:
                filled.cursor().executemany(ADD, [make_document(chance, entry) for entry in sorted(set(some))])
            case 2:
                filled.execute("UPDATE cms.documents SET shown = NOT shown WHERE entry = ANY(%s)", (some,))
            case 3:
                filled.execute("DELETE FROM cms.documents WHERE entry = ANY(%s)", (some,))
            case 4:
                filled.execute(
                    "UPDATE cms.documents SET terms = array_remove(terms, terms[1]), published_at = NULL WHERE entry = ANY(%s)", (some,)
                )
            case _:
                filled.execute("UPDATE cms.documents SET popularity = popularity + 1")
        assert filled.execute(KEPT).fetchall() == filled.execute(COUNTED).fetchall(), step
    filled.execute("DELETE FROM cms.documents WHERE site = 2")
    assert filled.execute("SELECT count(*) FROM cms.document_counts WHERE site = 2").fetchone() == (0,), "no name of a term stays"
    assert filled.execute(KEPT).fetchall() == filled.execute(COUNTED).fetchall()


@pytest.mark.parametrize("zone", ZONES)
def test_months_are_those_of_the_site(filled: Connection, zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = ask(filled, Question(locale="en"), zone)
    monkeypatch.setattr(Question, "is_counted", False)
    assert kept == ask(filled, Question(locale="en"), zone)
    assert 30 < len(kept[3]) <= 40


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("filters", [{}, {"tag": ("t1",)}, {"section": ("s1", "s3", "none")}, {"type": ("post",)}, {"tag": ("none",)}])
def test_pages_facets_and_totals_are_those_of_all_documents(
    filled: Connection, sort: Any, filters: dict[str, tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = [Question(locale="en", filters=filters, sort=sort, limit=7, offset=offset) for offset in (0, 3, 180, 9000)]
    questions.append(Question(locale="en", filters=filters, sort=sort, near=Near(5.0, 5.0)))
    cursor: Any = Cursor("postgres", sort, 0)
    for _ in range(60):  # to the end and over the border of the dated ones
        question = Question(locale="en", filters=filters, sort=sort, limit=7, cursor=cursor if cursor.key else None)
        page = ask(filled, question)
        questions.append(question)
        if not page[4]:
            break
        last = page[1][-1]
        cursor = Cursor("postgres", sort, cursor.offset + 7, (*last[3], last[0]))
    if sort == "relevance":  # of a search with words
        questions += [Question(locale="en", cursor=Cursor("postgres", sort, 7, (score, "-infinity", 90))) for score in ("0.5", "0", "-1")]
    kept = [ask(filled, question) for question in questions]
    monkeypatch.setattr(Question, "is_counted", False)
    for question, answer in zip(questions, kept, strict=True):
        assert answer == ask(filled, question), question
    assert filters or len(questions) > 25


def test_a_site_without_documents_has_an_empty_answer(db: Connection) -> None:
    assert ask(db, Question(locale="en")) == (0, [], [], {}, False, False)
    assert ask(db, Question(locale="en", filters={"tag": ("t1",)})) == (0, [], [], {}, False, False)
