"""Tables of content types: made and filled from what schemas declare, and kept by trigger."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from cms_ssg.content.schema.checks import Unsupported
from cms_ssg.content.schema.content_types import Schema, load_schemas
from cms_ssg.entries.find import EntryFilter, list_entries
from cms_ssg.errors import CmsError, UsageError
from cms_ssg.files.bundled import folder
from cms_ssg.store.partitions import ensure_post_months, load_month_types
from cms_ssg.store.type_tables import declare_type_tables

Connection = psycopg.Connection[Any]
FIELDS = {
    "place": {"type": "string", "x-column": True},
    "seats": {"type": "integer", "x-column": True},
    "free": {"type": "boolean", "x-column": True},
    "doors": {"type": "string", "format": "date-time", "x-column": True},
    "kinds": {"type": "array", "items": {"type": "string"}, "x-column": True},
}
INSERT = (
    "INSERT INTO cms.entries (site, source, source_key, collection, type, locale, translation_key, status, created_at, fields, digest)"
    " VALUES (1, 'file', %s, 'c', %s, 'en', %s, 'published', %s, %s, '') RETURNING id"
)


def make_schema(name: str = "concert", fields: dict[str, Any] | None = None, **more: Any) -> Schema:
    return Schema(name, {"type": "object", "x-sort": [], "x-table": "concerts", "properties": FIELDS if fields is None else fields, **more})


def add(db: Connection, key: str, kind: str = "concert", at: str = "2026-01-02", **fields: Any) -> int:
    row = db.execute(INSERT, (key, kind, key, at, Jsonb({"title": key.upper(), **fields}))).fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
def store(db: Connection) -> Connection:
    """An empty store with one site."""
    db.execute("INSERT INTO cms.sites (id, name) OVERRIDING SYSTEM VALUE VALUES (1, 'one')")
    return db


ROWS = "SELECT title, place, seats, free, doors::text, kinds FROM cms.concerts ORDER BY title"


def test_a_table_is_made_filled_and_kept_from_what_its_type_declares(store: Connection) -> None:
    store.execute("SET timezone = 'UTC'")
    add(store, "a", place="Oslo", seats=12, free=True, doors="2026-02-03T18:00:00Z", kinds=["jazz"])
    assert declare_type_tables(store, [make_schema()]) == ["concert"]
    assert declare_type_tables(store, [make_schema()]) == []
    number = add(store, "b", place="x" * 900, seats="many", doors="2026-02-30")
    assert store.execute(ROWS).fetchall() == [
        ("A", "Oslo", 12, True, "2026-02-03 18:00:00+00", ["jazz"]),
        ("B", "x" * 500, None, False, None, None),
    ]
    store.execute("UPDATE cms.entries SET fields = fields || %s, removed_at = now() WHERE id = %s", (Jsonb({"place": "Rome"}), number))
    assert store.execute("SELECT place, status FROM cms.concerts WHERE entry = %s", (number,)).fetchall() == [("Rome", "trashed")]
    store.execute("UPDATE cms.entries SET type = 'page' WHERE id = %s", (number,))
    assert store.execute("SELECT title FROM cms.concerts").fetchall() == [("A",)]
    assert store.execute("SELECT title, type FROM cms.pages").fetchall() == [("B", "page")]
    store.execute("DELETE FROM cms.entries")
    assert store.execute("SELECT count(*) FROM cms.concerts").fetchone() == (0,)
    with pytest.raises(psycopg.Error, match="kept by trigger"), store.transaction():
        store.execute("DELETE FROM cms.concerts")


@pytest.mark.parametrize("partition", ["month", "site"])
def test_a_table_has_the_partitions_that_its_type_asks_for(store: Connection, partition: str) -> None:
    add(store, "a", at="1999-12-31")
    declare_type_tables(store, [make_schema(**{"x-partition": partition})])
    add(store, "b", at="1999-12-01")
    parts = {row[0] for row in store.execute("SELECT tableoid::regclass::text FROM cms.concerts")}
    assert parts == {"cms.concerts_1999_12"} if partition == "month" else len(parts) == 1
    assert ("concert" in load_month_types(store)) == (partition == "month")
    for part in parts:
        with pytest.raises(psycopg.Error, match="kept by trigger"), store.transaction():
            store.execute(f"DELETE FROM {part}")


def test_types_share_a_table_and_a_new_field_is_a_new_column(store: Connection) -> None:
    declare_type_tables(store, [make_schema(), make_schema("opera", {"acts": {"type": "integer", "x-column": True}})])
    add(store, "a", place="Oslo")
    add(store, "b", "opera", acts=3)
    more = {**FIELDS, "price": {"type": "number", "x-column": True}}
    declare_type_tables(store, [make_schema(fields=more)])
    add(store, "c", price=9.5)
    rows = "SELECT title, type, place, acts, price::float8 FROM cms.concerts ORDER BY title"
    assert store.execute(rows).fetchall() == [
        ("A", "concert", "Oslo", None, None), ("B", "opera", None, 3, None), ("C", "concert", None, None, 9.5),
    ]  # fmt: skip


def test_a_type_that_names_another_table_takes_its_rows_along(store: Connection) -> None:
    declare_type_tables(store, [make_schema()])
    add(store, "a", place="Oslo")
    declare_type_tables(store, [make_schema(**{"x-table": "gigs"})])
    assert store.execute("SELECT count(*) FROM cms.concerts").fetchone() == (0,)
    assert store.execute("SELECT title, place FROM cms.gigs").fetchall() == [("A", "Oslo")]


@pytest.mark.parametrize(
    "schema", [make_schema(**{"x-table": "entries"}), make_schema("opera", {"seats": {"type": "string", "x-column": True}})]
)
def test_what_the_store_has_already_is_not_taken_over(store: Connection, schema: Schema) -> None:
    declare_type_tables(store, [make_schema()])
    with pytest.raises(CmsError) as caught:
        declare_type_tables(store, [schema])
    assert caught.value.problems[0].code == "schema.table"
    add(store, "a", seats=1)


def test_entries_are_listed_by_the_columns_of_their_type(store: Connection) -> None:
    declare_type_tables(store, [make_schema()])
    numbers = [add(store, name, place=place, seats=seats) for name, place, seats in (("a", "Oslo", 1), ("b", "Rome", 2), ("c", "Oslo", 2))]
    ensure_post_months(store, [date(2026, 1, 2)])
    add(store, "d", "post", section="Oslo", is_featured=True)
    add(store, "e", "post")

    def find(*where: str, type_name: str = "concert", **more: Any) -> str:
        return "".join(one.title for one in list_entries(store, 1, EntryFilter(type_name, where=where, **more)))

    assert (find(), find("place=Oslo"), find("place = 'Oslo'", "seats=2.0"), find("place=Bergen")) == ("CBA", "CA", "C", "")
    assert (find("place=Oslo", before=numbers[2]), find(limit=2), find(status="draft")) == ("A", "CB", "")
    assert (find(type_name="post"), find("section=Oslo", "is_featured=true", type_name="post")) == ("ED", "D")
    for where, type_name in (
        ("city=Oslo", "concert"),
        ("place", "concert"),
        ("seats=NaN", "concert"),
        ("kinds=x", "concert"),
        ("place == Oslo", "concert"),
        ("a=b", ""),
    ):
        with pytest.raises(UsageError) as caught:
            find(where, type_name=type_name)
        assert caught.value.problems[0].code == "entry.where"


def test_the_migrations_make_what_posts_and_pages_declare(store: Connection) -> None:
    bundled = load_schemas(folder("content_schema") / "core", folder("content_schema") / "blog")
    assert declare_type_tables(store, [bundled["page"], bundled["post"]]) == []


def test_a_type_shares_the_table_of_the_one_that_it_names_and_of_no_other(tmp_path: Path) -> None:
    (tmp_path / "story.json").write_text('{"x-extends": "post"}')
    (tmp_path / "recipe.json").write_text("{}")
    types = load_schemas(folder("content_schema") / "core", folder("content_schema") / "blog", tmp_path)
    assert [types[name].table for name in ("page", "post", "story", "recipe", "term")] == ["pages", "posts", "posts", "", ""]
    assert (types["story"].partition, types["story"].columns["section"]) == ("month", "text")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"x-table": "My-Table"}, "lowercase letters"),
        ({"x-partition": "year"}, "month or site"),
        ({"properties": {"title": {"x-column": True}}}, "every table of a type has this column"),
        ({"properties": {"Big": {"x-column": True}}}, "name of a column"),
    ],
)
def test_a_table_that_cannot_be_is_told(document: dict[str, Any], said: str) -> None:
    with pytest.raises(Unsupported, match=said):
        Schema("concert", {"x-sort": [], **document})


def test_no_trigger_searches_a_pair_of_rows_by_exists(db: Connection) -> None:
    """Postgres expects EXISTS to find a pair soon and joins by nested loops, so an update of many rows would take time in their square."""
    sources = db.execute("SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'cms'::regnamespace AND prorettype = 'trigger'::regtype")
    assert [name for name, source in sources if re.search(r"EXISTS \(SELECT FROM (new|old)_rows \w+ JOIN", source)] == []


def test_the_time_and_the_site_of_an_entry_never_change(store: Connection) -> None:
    number = add(store, "a")
    store.execute("INSERT INTO cms.sites (id, name) OVERRIDING SYSTEM VALUE VALUES (2, 'two')")
    for change in ("created_at = created_at + interval '1 day'", "site = 2"):
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation), store.transaction():
            store.execute(f"UPDATE cms.entries SET {change} WHERE id = %s", (number,))
    store.execute("UPDATE cms.entries SET status = 'draft' WHERE id = %s", (number,))
