"""Three nodes of OpenSearch, one of which dies while documents are written and searched: none is lost and no answer is wrong."""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from cms_ssg.search.engine import EngineDocument, EngineError
from cms_ssg.search.questions import Question
from cms_ssg.search.words import parse_query

DOCUMENTS, BATCH = 10_000, 250


def make_batch(start: int) -> list[EngineDocument]:
    return [
        EngineDocument(
            n, "post", "en", f"/{n}/", f"Lamp {n}", "", f"seen from marker{n} at night", 1_700_000_000 + n, None, "2023-11", None,
            ["type/post", f"tag/t{n % 10}"], None, None,
        )
        for n in range(start, start + BATCH)
    ]  # fmt: skip


@pytest.mark.long
def test_a_node_that_dies_loses_nothing_and_answers_nothing_wrong(tmp_path: Path) -> None:
    from cms_ssg.search.opensearch_engine import Indexes, OpenSearchEngine

    sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
    from opensearch import find_missing, start_cluster  # type: ignore[import-not-found]

    if missing := find_missing():
        pytest.skip(f"{missing} is not installed; a node of OpenSearch needs Java 17 (JDK) and Maven")
    nodes = start_cluster(tmp_path, 3)
    try:
        for node in nodes:
            node.wait()
        indexes = Indexes("cluster", 1, ("en",), ("type", "tag"), "", "UTC")
        engine = OpenSearchEngine(",".join(node.url for node in nodes), "", indexes)
        engine.fill("en", [])
        written, wrong, failed, asked = 0, [], 0, 0
        over = threading.Event()

        def search() -> None:
            nonlocal failed, asked
            while not over.is_set():
                if not written:
                    continue
                number = (asked * 7919) % written
                asked += 1
                try:
                    answer = asyncio.run(engine.search(Question(terms=parse_query(f"marker{number} "), locale="en")))
                except EngineError:  # Postgres would answer
                    failed += 1
                    continue
                if [hit.id for hit in answer.hits] != [number]:
                    wrong.append((number, [hit.id for hit in answer.hits]))

        searching = threading.Thread(target=search)
        searching.start()
        for start in range(0, DOCUMENTS, BATCH):
            if start == DOCUMENTS // 2:
                nodes[1].kill()
            for _ in range(5):  # as the next build would
                try:
                    engine.save("en", make_batch(start))
                    break
                except EngineError:
                    pass
            else:
                raise AssertionError(f"nobody took the documents from {start} on")
            written = start + BATCH
        over.set()
        searching.join()
        assert [state.documents for state in engine.count()] == [DOCUMENTS]
        found: Any = asyncio.run(engine.search(Question(locale="en", limit=100, filters={"tag": ("t3",)})))
        assert found.total == DOCUMENTS // 10
        assert wrong == []
        assert asked > 50
        print(f"{asked} searches, {failed} of them left to Postgres, 0 wrong; {DOCUMENTS} documents, 0 lost")
    finally:
        for node in nodes:
            if node.is_running():
                node.stop()
