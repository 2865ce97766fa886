"""A real node of OpenSearch for all tests of the folder that need one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OPENSEARCH_URL = os.environ.get("CMS_TEST_OPENSEARCH_URL", "")


@pytest.fixture(scope="session")
def opensearch_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real node: that of CMS_TEST_OPENSEARCH_URL, else one that is started."""
    if url := OPENSEARCH_URL:
        yield url
        return
    sys.path.insert(0, str(ROOT / "scripts"))
    from opensearch import Node, find_missing  # type: ignore[import-not-found]

    if missing := find_missing():
        pytest.skip(f"{missing} is not installed; a node of OpenSearch needs Java 17 (JDK) and Maven")
    node = Node(tmp_path_factory.mktemp("opensearch"))
    try:
        node.wait()
        yield node.url
    finally:
        node.stop()
