"""People find what they mean: nDCG@10 over judged queries (judged.toml). docs/search.md has the figures."""

from __future__ import annotations

import asyncio
import os

import pytest

from cms_ssg.search.postgres import PostgresIndex
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


@pytest.mark.long
def test_what_people_mean_is_found_first_by_opensearch(db_url: str, opensearch_url: str) -> None:
    from types import SimpleNamespace
    from typing import Any

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
