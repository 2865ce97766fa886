"""People find what they mean: nDCG@10 over judged queries (judged.toml). docs/search.md has the figures."""

from __future__ import annotations

import asyncio
import os
from html import escape
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from cms_ssg.search.documents import SAVE, make_document
from cms_ssg.search.postgres import PostgresIndex
from cms_ssg.search.questions import Question
from cms_ssg.search.words import parse_query
from cms_ssg.store.connect import connect
from cms_ssg.store.pool import make_pool
from tests.search.judged import LOCALES, measure, save_texts


def test_what_people_mean_is_found_first_by_postgres(db_url: str) -> None:
    with connect(db_url, autocommit=True) as connection:
        slugs = save_texts(connection)

    async def run() -> dict[str, float]:
        async with make_pool(db_url, 1, 30.0) as pool:
            return await measure(PostgresIndex(pool.connection, 1, "", "UTC"), slugs)

    found = asyncio.run(run())
    print({query: round(value, 3) for query, value in found.items() if value < 1})
    mean = sum(found.values()) / len(found)
    print(f"{mean:.3f} of {len(found)} queries over {len(slugs)} documents")
    assert len(found) >= 60
    assert mean >= 0.85


@pytest.mark.parametrize("query", ["breakfast mug", "mug", "mugs", "breakfast mu", '"breakfast mug"', "it's a mug"])
def test_what_has_the_words_in_its_title_comes_before_what_repeats_them_in_its_text(db_url: str, query: str) -> None:
    site: Any = SimpleNamespace(schemas={})
    mug = (
        "It's a breakfast mug",
        "A mug that holds a proper coffee.",
        "Thrown on the wheel. It takes the dishwasher, and gets a little softer with the years.",
    )
    others = ("It's breakfast for two", "Mugs and bowls: a breakfast mug each.", "Mug, mug and bowl, as breakfast mug it's a mug.")
    rows = []
    for number, (title, summary, body) in enumerate((mug, others), 1):
        card = {"title": title, "summary": summary}
        known = SimpleNamespace(entry=number, type="post", locale="en", path=f"/{number}/", card=card, full_digest=b"")
        rows.append({**make_document(site, known, f"<p>{escape(body)}</p>", {}), "digest": ""})
    with connect(db_url, autocommit=True) as connection:
        connection.execute(SAVE, {"site": 1, "rows": msgspec.json.encode(rows).decode()})
        connection.execute("UPDATE cms.documents SET shown = true")

    async def run() -> list[str]:
        async with make_pool(db_url, 1, 30.0) as pool:
            answer = await PostgresIndex(pool.connection, 1, "", "UTC").search(Question(terms=parse_query(query), locale="en", limit=10))
            return [hit.url for hit in answer.hits]

    assert asyncio.run(run()) == ["/1/", "/2/"]


@pytest.mark.long
def test_what_people_mean_is_found_first_by_opensearch(db_url: str, opensearch_url: str) -> None:
    from cms_ssg.search.opensearch_engine import Indexes, OpenSearchEngine
    from cms_ssg.search.sending import _list_batches

    indexes = Indexes(f"judged-{os.getpid()}", 1, tuple(LOCALES), ("type",), "", "UTC", shards=1, replicas=0)
    engine = OpenSearchEngine(opensearch_url, "", indexes)
    site: Any = SimpleNamespace(settings=SimpleNamespace(timezone="UTC"))
    with connect(db_url, autocommit=True) as connection:
        slugs = save_texts(connection)
        for locale in LOCALES:
            engine.fill(locale, _list_batches(connection, site, 1, locale, lambda _: None))
    found = asyncio.run(measure(engine, slugs))
    print({query: round(value, 3) for query, value in found.items() if value < 1})
    mean = sum(found.values()) / len(found)
    print(f"{mean:.3f}")
    assert mean >= 0.8
