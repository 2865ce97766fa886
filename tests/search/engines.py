"""The three engines that are held to one contract, each with the documents of a site in it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from cms_ssg.search.documents import list_facets
from cms_ssg.search.engine import EngineError, SearchEngine
from cms_ssg.search.postgres import PostgresIndex
from cms_ssg.search.questions import Answer, Question, SearchIndex
from cms_ssg.search.words import parse_query
from cms_ssg.site import Site
from cms_ssg.store.pool import make_pool
from tests.search.corpus import fill_engine
from tests.search.meilisearch_double import KEY, serve_double

Ask = Callable[[Callable[[SearchIndex], Awaitable[Any]]], Any]
"""Runs a function with an index."""

MEILI_URL, MEILI_KEY = os.environ.get("CMS_TEST_MEILI_URL", ""), os.environ.get("CMS_TEST_MEILI_KEY", "")
ENGINES = ("postgres", "meilisearch", pytest.param("opensearch", marks=pytest.mark.long))


@contextmanager
def open_ask(request: pytest.FixtureRequest, site: Site, url: str, name: str, documents: int) -> Iterator[Ask]:
    """The engine of request.param with the site's documents in it. name: of its index; documents: how many they are."""
    if request.param == "postgres":

        def ask_postgres(use: Callable[[SearchIndex], Awaitable[Any]]) -> Any:
            async def run() -> Any:
                async with make_pool(url, 1, 30.0) as pool:
                    return await use(PostgresIndex(pool.connection, 1, site.base_path, site.settings.timezone))

            return asyncio.run(run())

        yield ask_postgres
        return

    def ask_engine(engine: SearchEngine) -> Ask:
        assert fill_engine(engine, site, url) == documents
        with suppress(EngineError):  # a node that was just started is slow at its first answer
            asyncio.run(engine.search(Question(terms=parse_query("tide"), locale="en")))

        async def run(use: Callable[[SearchIndex], Awaitable[Any]]) -> Any:
            return await use(engine)

        return lambda use: asyncio.run(run(use))

    if request.param == "meilisearch":
        from cms_ssg.search.meilisearch_engine import MeilisearchEngine

        with serve_double() as double:
            place = (MEILI_URL, MEILI_KEY) if MEILI_URL else (double.url, KEY)
            yield ask_engine(MeilisearchEngine(*place, name, 1, list(site.locales), list_facets(site), site.base_path))
    else:
        from cms_ssg.search.opensearch_engine import Indexes, OpenSearchEngine

        indexes = Indexes(
            name, 1, tuple(site.locales), tuple(list_facets(site)), site.base_path, site.settings.timezone, shards=2, replicas=0
        )
        yield ask_engine(OpenSearchEngine(request.getfixturevalue("opensearch_url"), "", indexes))


def find(ask: Ask, query: str = "", **options: Any) -> Answer:
    """The answer to a query in English, with options of the question."""
    question = Question(terms=parse_query(query), **{"locale": "en", **options})
    answer: Answer = ask(lambda index: index.search(question))
    return answer
