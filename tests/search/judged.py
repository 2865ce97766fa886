"""Judged queries over real posts: how well an index ranks what people mean."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from cms_ssg.search.documents import SAVE, make_document
from cms_ssg.search.questions import Question, SearchIndex
from cms_ssg.search.words import parse_query

ROOT = Path(__file__).parents[2]
JUDGED = tomllib.loads(Path(__file__).with_name("judged.toml").read_text("utf-8"))
LOCALES = ("en", "fr", "ja", "fa", "ar", "de", "ru", "el")
FOLDERS = ("tests/data/rust-blog/content", "tests/data/nodejs/pages", "cms_ssg/verticals/blog/starter/content/posts")


class Text(NamedTuple):
    """A document of the collection."""

    slug: str
    locale: str
    title: str
    summary: str
    body: str


def list_texts() -> Iterator[Text]:
    """The documents that queries are judged for."""
    for place in FOLDERS:
        for file in sorted((ROOT / place).rglob("*.md*")):
            folders = file.relative_to(ROOT / place).parts[:-1]
            locale = folders[0] if folders and folders[0] in LOCALES else "en"
            stem = file.stem if file.stem not in ("index", "_index") else (folders[-1] if folders else "blog")
            head = re.match(r"(---|\+\+\+)\n(.*?)\n\1\n", file.read_text("utf-8"), re.DOTALL)
            assert head is not None
            title = re.search(r"^title\s*[:=]\s*[\"']?(.*?)[\"']?$", head[2], re.MULTILINE)
            summary = re.search(r"^(?:excerpt|description)\s*[:=]\s*[\"']?(.*?)[\"']?$", head[2], re.MULTILINE)
            assert title is not None
            slug = {"ar": "index"}.get(stem, stem) if locale != "en" else stem
            body = file.read_text("utf-8")[head.end() :]
            yield Text(slug if locale == "en" else f"{slug}-{locale}", locale, title[1], summary[1] if summary else "", body)
    for one in JUDGED["documents"]:
        yield Text(one["slug"], one["slug"].rpartition("-")[2], one["title"], "", one["text"])


def save_texts(connection: Connection[TupleRow]) -> list[str]:
    """Put them into the index. Returns their slugs; a document's number is its place, from 1."""
    texts = list(list_texts())
    site: Any = SimpleNamespace(schemas={})
    rows = []
    for number, text in enumerate(texts, 1):
        card = {"title": text.title, "summary": text.summary}
        known = SimpleNamespace(entry=number, type="post", locale=text.locale, path=f"/{text.slug}/", card=card, full_digest=b"")
        rows.append({**make_document(site, known, escape(text.body), {}), "digest": ""})
    connection.execute(SAVE, {"site": 1, "rows": msgspec.json.encode(rows).decode()})
    connection.execute("UPDATE cms.documents SET shown = true")
    return [text.slug for text in texts]


async def measure(index: SearchIndex, slugs: Sequence[str]) -> dict[str, float]:
    """nDCG@10 of each query: https://en.wikipedia.org/wiki/Discounted_cumulative_gain, with gains of 2^grade - 1."""
    found = {}
    for query, locale, judged in JUDGED["queries"]:
        grades = {slug: int(grade) for slug, _, grade in (one.rpartition(":") for one in judged.split())}
        assert grades.keys() <= set(slugs), grades.keys() - set(slugs)
        answer = await index.search(Question(terms=parse_query(query), locale=locale, limit=10))
        ranked = [grades.get(hit.url.strip("/"), 0) for hit in answer.hits]
        found[query] = gain(ranked) / gain(sorted(grades.values(), reverse=True))
    return found


def gain(grades: Sequence[int]) -> float:
    return sum((2**grade - 1) / math.log2(place + 2) for place, grade in enumerate(grades[:10]))
