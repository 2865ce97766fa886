"""Dump and restore: the same content comes back, whole or not at all, and every page is due again."""

from __future__ import annotations

import os
import stat
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import TupleRow

from cms_ssg.errors import CmsError
from cms_ssg.kinds.load import list_verticals, load_vertical
from cms_ssg.store import embedded
from cms_ssg.store.connect import connect
from cms_ssg.store.dump import KEPT, dump_store, restore_store
from cms_ssg.store.embedded.cluster import SETTINGS
from cms_ssg.store.migrate import migrate
from cms_ssg.store.partitions import ensure_post_months

Connection = psycopg.Connection[TupleRow]
DERIVED = {
    "posts", "pages", "type_tables", "inputs", "cards", "changes", "claims", "lists", "list_items", "list_pages", "outputs", "windows",
    "releases", "release_objects", "read_names", "dirty", "journal", "builds", "migrations", "events", "deliveries", "received", "purges",
    "receipts", "images", "shards", "entry_times", "ratings", "task_runs", "tag_versions", "documents", "document_counts", "search_pages", "search_engines",
    "search_changes", "static_indexes", "static_index_files", "frames", "open_editors", "desk_sessions", "import_uploads",
    "import_upload_parts", "most_read", "visitor_links", "statistics_refreshed",
}  # fmt: skip
"""Tables that triggers, the next build or the migrations fill, and that no dump has: a new table is added here or to KEPT."""
TEXTS = ("plain", "tab\tand\nline", "back\\slash \\N \\.", "報道 🎈", "")


@pytest.fixture
def filled(db: Connection) -> Connection:
    """A store with posts of far apart months, pages, bodies and files."""
    days = [datetime(year, 5, 1, tzinfo=UTC) for year in (1999, 2013, 2025)]
    ensure_post_months(db, days)
    db.execute("INSERT INTO cms.sites (name, lease_holder) VALUES ('news', 'a dead builder')")
    for number, text in enumerate(TEXTS):
        for kind in ("post", "page"):
            row = db.execute(
                "INSERT INTO cms.entries (site, source, source_key, collection, type, locale, translation_key, status, created_at, fields)"
                " VALUES (1, 'file', %s, 'all', %s, 'en', 'k', 'published', %s, jsonb_build_object('title', %s::text)) RETURNING id",
                [f"{kind}{number}.md", kind, days[number % 3], text],
            ).fetchone()
            assert row
            db.execute("INSERT INTO cms.bodies VALUES (%s, %s, %s, '[]', 1, '[]', '')", [row[0], b"\0\xff" + bytes([number]), text])
    db.execute("INSERT INTO cms.files (site, path, digest, size_bytes) VALUES (1, 'static/a.png', '\\x00', 1)")
    db.commit()
    return db


def contents(conn: Connection) -> dict[str, list[str]]:
    tables = [*(t for t in KEPT if t != "sites"), "posts", "pages"]
    found = {
        table: [row[0] for row in conn.execute(f"SELECT (to_jsonb(t) - 'made_in')::text FROM cms.{table} t ORDER BY 1")] for table in tables
    }
    conn.rollback()
    return found


def code(conn: Connection, file: Path, *, replace: bool = False) -> str:
    with pytest.raises(CmsError) as caught:
        restore_store(conn, file, replace=replace)
    assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    return caught.value.problems[0].code


def test_every_table_is_said_to_be_kept_or_derived(db: Connection) -> None:
    rows = db.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'cms'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition"
    )
    verticals = [load_vertical(name) for name in list_verticals()]
    own = {table for vertical in verticals for table in (*vertical.tables, *vertical.derived)}
    assert {row[0] for row in rows} == set(KEPT) | DERIVED | own


def test_restored_store_has_the_same_content_and_everything_is_due(filled: Connection, empty_db_url: str, tmp_path: Path) -> None:
    file = tmp_path / "store.cms"
    rows = dump_store(filled, file)
    assert (rows["entries"], rows["bodies"], rows["files"]) == (10, 10, 1)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["store.cms"]
    with connect(empty_db_url) as conn:
        assert restore_store(conn, file) == rows
        assert contents(conn) == contents(filled)
        assert conn.execute("SELECT count(DISTINCT subject) FROM cms.changes WHERE kind = 'e'").fetchone() == (10,)
        assert conn.execute("SELECT count(*) FROM cms.outputs").fetchone() == (0,)
        assert conn.execute("SELECT name, lease_holder FROM cms.sites").fetchone() == ("news", None)
        inserted = conn.execute("INSERT INTO cms.sites (name) VALUES ('shop') RETURNING id").fetchone()
        assert inserted == (2,)
        conn.rollback()
        assert migrate(conn) == []


def test_store_with_content_is_not_overwritten_unless_asked(filled: Connection, tmp_path: Path) -> None:
    dump_store(filled, tmp_path / "store.cms")
    filled.execute('UPDATE cms.entries SET fields = \'{"title": "newer"}\'')
    filled.commit()
    newer = contents(filled)
    assert code(filled, tmp_path / "store.cms") == "db.not-empty"
    assert contents(filled) == newer
    restore_store(filled, tmp_path / "store.cms", replace=True)
    assert contents(filled) != newer


@pytest.mark.parametrize("damage", ["cut", "text", "member", "flipped"])
def test_damaged_dump_changes_nothing(filled: Connection, tmp_path: Path, damage: str) -> None:
    file = tmp_path / "store.cms"
    dump_store(filled, file)
    data = file.read_bytes()
    before = contents(filled)
    if damage == "cut":
        file.write_bytes(data[: len(data) // 2])
    elif damage == "text":
        file.write_text("nothing of the kind")
    elif damage == "flipped":
        with zipfile.ZipFile(file) as archive:
            at = archive.getinfo("bodies.copy").header_offset + 75
        file.write_bytes(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
    else:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("other.json", "{}")
    assert code(filled, file, replace=True) == "db.dump"
    assert contents(filled) == before


def test_dump_of_a_newer_version_changes_nothing(filled: Connection, empty_db_url: str, tmp_path: Path) -> None:
    filled.execute("INSERT INTO cms.migrations (set, number, name, checksum) VALUES ('core', 9000, 'next_year', 'x')")
    filled.commit()
    dump_store(filled, tmp_path / "store.cms")
    with connect(empty_db_url) as conn:
        assert code(conn, tmp_path / "store.cms") == "db.newer"
        assert conn.execute("SELECT to_regclass('cms.entries')").fetchone() == (None,)


def test_dump_brings_a_database_in_order_whose_migrations_no_release_applied_so(filled: Connection, tmp_path: Path) -> None:
    before = contents(filled)
    filled.execute("DROP TABLE cms.comments")
    filled.execute(
        "DELETE FROM cms.migrations WHERE set = 'core' AND number = (SELECT max(number) FROM cms.migrations WHERE set = 'core' "
        "AND number < (SELECT max(number) FROM cms.migrations WHERE set = 'core'))"
    )
    filled.commit()
    with pytest.raises(CmsError, match=r"db\.changed"):
        migrate(filled)
    filled.rollback()
    rows = dump_store(filled, tmp_path / "store.cms")
    assert "comments" not in rows
    assert restore_store(filled, tmp_path / "store.cms", replace=True) == rows
    assert migrate(filled) == []
    assert contents(filled) == before


def test_dump_into_a_folder_that_is_missing_is_told(filled: Connection, tmp_path: Path) -> None:
    with pytest.raises(CmsError, match=r"db\.dump"):
        dump_store(filled, tmp_path / "nowhere" / "store.cms")


def test_a_server_that_cannot_lock_all_tables_at_once_is_told_so(filled: Connection, made_site: Path, tmp_path: Path) -> None:
    file = tmp_path / "store.cms"
    dump_store(filled, file)
    small = embedded.start(made_site, {"max_connections": "10", "max_locks_per_transaction": "10", "shared_buffers": "1MB"})
    with connect(small) as conn:
        assert code(conn, file) == "db.locks"
        assert conn.execute("SELECT to_regclass('cms.entries')").fetchone() == (None,)


def test_the_embedded_server_locks_all_tables_at_once_with_room_for_other_work(db: Connection) -> None:
    with db.transaction():
        db.execute("DROP SCHEMA cms CASCADE")
        migrate(db, verticals=list_verticals())
        row = db.execute("SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid()").fetchone()
        raise psycopg.Rollback
    assert row
    assert row[0] * 2 < int(SETTINGS["max_connections"]) * int(SETTINGS["max_locks_per_transaction"])
