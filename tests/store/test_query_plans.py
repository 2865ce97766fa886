"""Among 100,000 entries every query of an edit goes through an index and touches what it needs, whether its plan is made for it or kept."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

from cms_ssg.engine import ahead
from cms_ssg.entries import find
from cms_ssg.kinds.features import load_features
from cms_ssg.plan import changes, dirty
from cms_ssg.plan import explain as why
from cms_ssg.plan import lists as settling
from cms_ssg.releases import gone
from cms_ssg.search import postgres
from cms_ssg.search.places import Near
from cms_ssg.search.postgres_queries import ReadTerms, make_search
from cms_ssg.search.questions import Cursor, Question
from cms_ssg.search.words import Term
from cms_ssg.store import claims, entries, list_pages, lists, loader, outputs, purges, receipts, releases, sites, sources
from cms_ssg.store.connect import connect
from tests.conftest import TEMPLATE
from tests.store.filling import LARGE_LIST, SITE, fill_store
from tests.store.statements import number_placeholders

MOST_ROWS = 4_000
"""Rows that one scan may look at; a batch asks for some hundreds."""

BATCH = list(range(90_000, 90_100))
PATHS = [f"/p{n}/" for n in BATCH]
FILES = [f"content/posts/{n % 500}/p{n}.md" for n in BATCH]
KEYS = [n.to_bytes(8, "big") for n in BATCH]
NEWEST = (100_001).to_bytes(8, "big")
NAMES = [f"tag/t{n}" for n in range(1, 101)]
EN = ["en"] * 100
PHASES = {**load_features(("blog",)).phases, "site": SITE}
PURGED = {"site": SITE, "paths": [f"/p{n}/" for n in range(1000, 1100)], "versions": [1] * 100}
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
KEY_COLUMNS = {"names": PATHS, "kinds": [0] * 100, "locales": EN, "keys": [f"p{n}" for n in BATCH], "site": SITE}
READERS = {**PHASES, "keys": [n * 4 + 2 for n in BATCH], "lanes": [0] * 100, "reasons": ["x"] * 100}

QUERIES: dict[str, tuple[str, Sequence[object] | Mapping[str, object]]] = {
    "entries with bodies": (loader.FULLS, [BATCH]),
    "cards": (loader.CARDS, [BATCH]),
    "lists by name": (loader.LISTS_BY_NAME, [EN, NAMES, SITE]),
    "lists by id": (loader.LISTS_BY_ID, [BATCH]),
    "neighbours": (loader.AROUND, [[LARGE_LIST] * 100, BATCH]),
    "fronts": (loader.FRONTS, [[LARGE_LIST, 1, 2]]),
    "archive pages": (loader.PAGES, [[LARGE_LIST] * 3, [1, 2500, 4999]]),
    "the newest of a list": (loader.TOPS, [[LARGE_LIST], [20]]),
    "claims by path": (loader.CLAIMS, [PATHS, SITE]),
    "readers of an entry": (dirty.MARK_READERS, READERS),
    "a new item's windows": (dirty.MARK_WINDOWS, {**PHASES, "lane": 0, "lists": [LARGE_LIST, 7], "positions": [NEWEST, NEWEST]}),
    "an old item's windows": (dirty.MARK_WINDOWS, {**PHASES, "lane": 0, "lists": [LARGE_LIST], "positions": [(500).to_bytes(8, "big")]}),
    "outputs that ran out": (dirty.MARK_TIMED, {**PHASES, "now": datetime(2026, 6, 1, tzinfo=UTC)}),
    "paths to make": (dirty.MARK_PATHS, {"site": SITE, "paths": PATHS, "phases": [1] * 100, "lanes": [0] * 100, "reasons": ["x"] * 100}),
    "builds that did nothing": (sites.FORGET_IDLE_BUILDS, {"site": SITE}),
    "changes": (changes.CHANGES, [SITE, False, 100]),
    "entries to derive": (changes.ENTRIES, [BATCH]),
    "cards before": (changes.CARDS, [BATCH]),
    "lost paths": (changes.LOST_PATHS, [SITE, ["entry"], BATCH]),
    "variants": (changes.VARIANTS, [[f"posts/p{n}" for n in BATCH], SITE]),
    "live variants": (changes.LIVE_VARIANTS, [[f"posts/p{n}" for n in BATCH], SITE]),
    "files": (changes.FILES, [BATCH]),
    "files of a bundle": (changes.BUNDLE_FILES, [FILES, SITE]),
    "entries of terms": (settling.TERM_ENTRIES, {"lists": BATCH, "names": PATHS, "site": SITE}),
    "claims of owners": (claims.CLAIMS_OF_OWNERS, {"owners": BATCH, "owner_kind": "e", "site": SITE}),
    "claims of names": (claims.CLAIMS_OF_NAMES, {"names": PATHS, "site": SITE}),
    "folders": (claims.FOLDERS, {"names": [f"/p{n}" for n in BATCH], "site": SITE}),
    "claims that go": (claims.DELETE_CLAIMS, KEY_COLUMNS),
    "claims that flip": (claims.UPDATE_WINS, {**KEY_COLUMNS, "wins": [False] * 100}),
    "claims that lost": (claims.LOST_CLAIMS, [SITE]),
    "items of members": (lists.ITEMS_OF_MEMBERS, [BATCH]),
    "items that go": (lists.DELETE_ITEMS, [[LARGE_LIST] * 100, KEYS]),
    "lists that moved": (lists.MOVE_LISTS, [[LARGE_LIST, 2], [1, 1], [NEWEST, NEWEST]]),
    "stale lists": (lists.STALE_LISTS, [SITE, 100]),
    "pages cut again": (list_pages.ADD_PAGES, [[LARGE_LIST], [20], [4999], [False]]),
    "lists by their names": (lists.TOUCH_LISTS, [SITE, NAMES[:5]]),
    "dirty outputs": (outputs.TAKE, {"site": SITE, "limit": 500, "skip": [], "only": None, "low": -1}),
    "new outputs that are not there": (ahead.ABSENT, {"site": SITE, "turn": 3, "paths": PATHS}),
    "pages of entries taken down": (releases.GONE_ENTRIES, [SITE, 9, "x"]),
    "objects of a release": (releases.NOTE, {"site": SITE, "build": 1, "back_to": None, "paths": PATHS, "kinds": ["entry"] * 100, "digests": KEYS, "sizes": [1] * 100}),
    "what a build put there twice": (releases.PASSING, {"site": SITE, "build": 1, "paths": PATHS}),
    "bytes that no release needs": (releases.UNNEEDED, [KEYS, SITE]),
    "windows of outputs": (outputs.WINDOWS, [BATCH]),
    "outputs recorded": (outputs.UPDATE_SAME, [1, BATCH, KEYS, [1] * 100, ["x"] * 100, ["x"] * 100]),
    "dirty outputs done": (outputs.DELETE_DIRTY, [PATHS, [1] * 100, SITE]),
    "entries of files": (entries.EXISTING, [FILES, SITE, "file"]),
    "entries whose files went": (entries.REMOVE, [datetime.now(UTC), FILES, SITE, "file"]),
    "files by path": (entries.FILE_ROWS, [SITE, FILES]),
    "files below a folder": (entries.FILES_BELOW, [["content/posts/7"], SITE]),
    "sources in folders": (sources.FILES_IN, [SITE, ["content/posts/7"]]),
    "sources by path": (sources.FILES, [SITE, FILES]),
    "files with problems": (sources.PROBLEMS, [SITE]),
    "entries that came due": (sites.DUE, {"site": SITE, "low": datetime(2026, 1, 1, tzinfo=UTC), "high": datetime(2026, 1, 8, tzinfo=UTC)}),
    "purges taken": (purges.END_FIRST, {**PURGED, "now": NOON, "later": NOON}),
    "second purges taken": (purges.END_SECOND, PURGED),
    "pages to purge": (purges.ADD, {"site": SITE, "build": 2, "paths": PATHS, "phases": [2] * 100, "causes": ["changed"] * 100}),
    "reads of pages": (receipts.ADD_HITS, {"site": SITE, "paths": PATHS, "days": [NOON.date()] * 100, "hits": [1] * 100}),
    "when pages were saved": (receipts.SAVED, {"paths": PATHS, "build": 1}),
    "why an output": (why.OUTPUTS, [SITE, PATHS]),
    "when a page went": (gone.LAST_REMOVAL, {"site": SITE, "paths": PATHS[:2]}),
    "what came instead": (gone.CAME_INSTEAD, [SITE, 1, "entry", 3]),
    "paths of a file": (why.PATHS_OF_FILE, {"site": SITE, "file": FILES[0]}),
    "names of reads": (why.NAMES, [[-n for n in BATCH]]),
    "entries by metadata": ("SELECT id FROM cms.entries WHERE fields -> 'metadata' @> %s::jsonb", ['{"color": 5}']),
    "newest posts": (
        "SELECT entry FROM cms.posts WHERE site = %s AND status = 'published' AND published_at < %s ORDER BY published_at DESC LIMIT 20",
        [SITE, datetime(2025, 1, 1, tzinfo=UTC)],
    ),
    "published posts": (find.LIST_PUBLISHED, {"site": SITE, "locale": "", "at": NOON, "last": 1 << 62, "limit": 21}),
    "newest posts of a section": ("SELECT entry FROM cms.posts WHERE site = %s AND section = %s ORDER BY published_at DESC LIMIT 20", [SITE, "s3"]),
    "documents by words, near a place": make_search(
        Question(terms=(Term("word", "word5", "word5"),), locale="en", filters={"section": ("s3",)}, near=Near(10.0, 10.0, 3000.0)),
        ReadTerms("'word5'", "'word5'", []), SITE, "UTC",
    ),
    "all documents, the newest": make_search(Question(locale="en"), ReadTerms("", "", []), SITE, "Europe/Paris"),
    "all documents, the oldest": make_search(Question(locale="en", sort="oldest", offset=100), ReadTerms("", "", []), SITE, "UTC"),
    "documents far behind the newest": make_search(
        Question(locale="en", cursor=Cursor("postgres", "newest", 50_000, ("2024-06-01 00:00:00+00", 50_000)), sort="newest"),
        ReadTerms("", "", []), SITE, "UTC",
    ),
    "suggestions": (postgres.SUGGEST.sql, {"site": SITE, "locale": "en", "titles": "'word5':*", "begins": "word5", "ends": "word6", "most": 100, "limit": 10}),
    "featured posts": ("SELECT entry FROM cms.posts WHERE site = %s AND is_featured ORDER BY published_at DESC LIMIT 5", [SITE]),
}  # fmt: skip


@pytest.fixture(scope="module")
def filled(server_url: str) -> Iterator[psycopg.Connection[TupleRow]]:
    """A connection to a full store, for all these tests: each takes back what it did."""
    name = f"plans_{os.getpid()}"
    with connect(server_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
        with connect(make_conninfo(server_url, dbname=name)) as connection:
            fill_store(connection)
            yield connection
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def list_nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from list_nodes(part)


def explain(
    connection: psycopg.Connection[TupleRow], text: str, values: Sequence[object] | Mapping[str, object], mode: str
) -> Iterator[dict[str, Any]]:
    """The nodes of the plan by which the server ran a query, whose effects are undone."""
    numbered, names = number_placeholders(text)
    given = [values[name] for name in names] if isinstance(values, Mapping) else list(values)
    with connection.transaction(force_rollback=True):
        connection.execute("SELECT set_config('plan_cache_mode', %s, true)", [mode])
        connection.execute(b"PREPARE asked AS " + numbered.encode())
        parameters = sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Literal, given))) if given else sql.SQL("")
        row = connection.execute(
            sql.SQL("EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF, SUMMARY OFF) EXECUTE asked{}").format(parameters)
        ).fetchone()
        connection.execute("DEALLOCATE asked")
    assert row is not None
    return list_nodes(row[0][0]["Plan"])


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("name", QUERIES)
def test_query_uses_an_index_and_touches_little(name: str, mode: str, filled: psycopg.Connection[TupleRow]) -> None:
    text, values = QUERIES[name]
    small = {row[0] for row in filled.execute("SELECT relname FROM pg_class WHERE relnamespace = 'cms'::regnamespace AND reltuples < 3000")}
    for node in explain(filled, text, values, mode):
        relation = node.get("Relation Name", node.get("Index Name", ""))
        assert node["Node Type"] != "Seq Scan" or relation in small, f"a sequential scan of {relation}"
        if node["Node Type"].endswith("Scan") and relation:
            removed = sum(value for key, value in node.items() if key.startswith("Rows Removed"))
            touched = (node["Actual Rows"] + removed) * node["Actual Loops"]
            assert touched <= MOST_ROWS, f"{touched} rows of {relation} by {node.get('Index Name')}"


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("filters", [{}, {"section": ("s3",)}], ids=["all", "one facet"])
def test_terms_of_many_documents_are_counted_without_sorting_them(
    filters: dict[str, tuple[str, ...]], mode: str, filled: psycopg.Connection[TupleRow]
) -> None:
    documents, terms = filled.execute("SELECT count(*), sum(cardinality(terms)) FROM cms.documents WHERE shown").fetchone() or (0, 0)
    text, values = make_search(Question(filters=filters), ReadTerms("", "", []), SITE, "UTC")
    nodes = list(explain(filled, text, values, mode))
    assert terms > documents > 50_000
    assert max(node["Actual Rows"] for node in nodes) == terms, "all are counted"
    assert max(node["Actual Rows"] for node in nodes if node["Node Type"] == "Sort") <= documents
