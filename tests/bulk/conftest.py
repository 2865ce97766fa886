"""A small site with a content type of places, and a way to run cms on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import TupleRow

from cms_ssg.store.connect import connect
from tests.cli.small_site import cms, db_url
from tests.cli.small_site import site as small_site

__all__ = ["cms", "db_url", "small_site"]

PLACE = {
    "x-url": "/places/{slug}/", "x-sort": ["title"],
    "properties": {
        "city": {"type": "string", "maxLength": 80, "x-card": True},
        "rating": {"type": "number", "minimum": 0, "maximum": 5},
        "open": {"type": "boolean"},
        "phone": {"type": "string"},
        "kinds": {"type": "array", "items": {"type": "string", "minLength": 1}},
    },
}  # fmt: skip
COLLECTIONS = """
[[collection]]
name = "posts"
path = "content/posts"
type = "post"

[[collection]]
name = "pages"
path = "content/pages"
type = "page"

[[collection]]
name = "places"
path = "content/places"
type = "place"
"""


@pytest.fixture
def site(small_site: Path) -> Path:
    (small_site / "content_schema").mkdir()
    (small_site / "content_schema/place.json").write_text(json.dumps(PLACE))
    with (small_site / "site.toml").open("a") as file:
        file.write(COLLECTIONS)
    return small_site


@pytest.fixture
def query(db_url: str) -> Callable[..., list[tuple[Any, ...]]]:
    """Rows of the site's database."""

    def run(text: str, *values: object) -> list[tuple[Any, ...]]:
        connection: psycopg.Connection[TupleRow]
        with connect(db_url, autocommit=True) as connection:
            cursor = connection.execute(text, values)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    return run


Query = Callable[..., list[tuple[Any, ...]]]
