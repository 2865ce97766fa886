"""Migrations: applied once, in order, whole, by one process, and never over a history that is not ours."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

from cms_ssg.errors import CmsError
from cms_ssg.files.bundled import folder
from cms_ssg.store.connect import connect
from cms_ssg.store.migrate import list_files, list_status, migrate
from cms_ssg.store.partitions import ensure_post_months, ensure_post_partitions
from tests.whole import describes_all

ROOT = Path(__file__).parents[2]
Connection = psycopg.Connection[TupleRow]


def write(sql: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (sql / name).parent.mkdir(parents=True, exist_ok=True)
        (sql / name).write_text(text)
    return sql


def code(sql: Path, url: str) -> str:
    with connect(url) as conn, pytest.raises(CmsError) as caught:
        migrate(conn, sql)
    assert str(caught.value)
    return caught.value.problems[0].code


def one(conn: Connection, query: str) -> object:
    row = conn.execute(query.encode()).fetchone()
    assert row
    return row[0]


BASIC = {
    "core/0001_create_a.sql": "CREATE TABLE cms.a (n int); INSERT INTO cms.a VALUES (1);",
    "core/0002_add_b.sql": "-- 100 % of it\nCREATE TABLE cms.b (n int);",
    "attic/0001_create_c.sql": "CREATE TABLE cms.c AS TABLE cms.b;",
}


def test_migrations_apply_core_first_then_by_number_and_once(empty_db_url: str, tmp_path: Path) -> None:
    sql = write(tmp_path, BASIC)
    with connect(empty_db_url) as conn:
        assert [(m.set, m.number, m.name) for m in migrate(conn, sql)] == [
            ("core", 1, "create_a"),
            ("core", 2, "add_b"),
            ("attic", 1, "create_c"),
        ]
        assert migrate(conn, sql) == []
        assert one(conn, "SELECT count(*) FROM cms.a") == 1
        assert all(m.applied_at for m in list_status(conn, sql))
    write(tmp_path, {"core/0003_drop_a.sql": "DROP TABLE cms.a"})
    with connect(empty_db_url) as conn:
        assert [m.number for m in list_status(conn, sql) if not m.applied_at] == [3]
        conn.rollback()
        assert [m.number for m in migrate(conn, sql)] == [3]


def test_up_to_date_costs_one_query(db: Connection) -> None:
    asked: list[object] = []

    class Counting(psycopg.Cursor[TupleRow]):
        def execute(self, query: Any, *values: Any, **options: Any) -> Self:
            asked.append(query)
            return super().execute(query, *values, **options)

    migrate(db)
    db.cursor_factory = Counting
    assert migrate(db) == []
    assert len(asked) == 1
    assert db.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_failing_file_leaves_what_was_before_it_and_names_its_line(empty_db_url: str, tmp_path: Path) -> None:
    sql = write(
        tmp_path,
        {
            "core/0001_create_a.sql": "CREATE TABLE cms.a (n int)",
            "core/0002_break_it.sql": "CREATE TABLE cms.b (n int);\n\nSELECT nonsense;",
        },
    )
    with connect(empty_db_url) as conn:
        with pytest.raises(CmsError) as caught:
            migrate(conn, sql)
        problem = caught.value.problems[0]
        assert (problem.code, problem.place, problem.line) == ("db.migration", "sql/core/0002_break_it.sql", 3)
        assert one(conn, "SELECT to_regclass('cms.a') IS NOT NULL AND to_regclass('cms.b') IS NULL")
        write(tmp_path, {"core/0002_break_it.sql": "CREATE TABLE cms.b (n int)"})
        conn.rollback()
        assert [m.number for m in migrate(conn, sql)] == [2]


def test_changed_applied_file_is_refused(empty_db_url: str, tmp_path: Path) -> None:
    sql = write(tmp_path, BASIC)
    with connect(empty_db_url) as conn:
        migrate(conn, sql)
    write(tmp_path, {"core/0001_create_a.sql": "CREATE TABLE cms.a (n bigint)"})
    assert code(sql, empty_db_url) == "db.changed"


def test_database_of_a_newer_version_is_refused(empty_db_url: str, tmp_path: Path) -> None:
    sql = write(tmp_path, {**BASIC, "core/0003_of_next_year.sql": "SELECT 1"})
    with connect(empty_db_url) as conn:
        migrate(conn, sql)
    (sql / "core/0003_of_next_year.sql").unlink()
    assert code(sql, empty_db_url) == "db.newer"


def test_vertical_that_was_taken_out_is_left_alone(empty_db_url: str, tmp_path: Path) -> None:
    sql = write(tmp_path, BASIC)
    with connect(empty_db_url) as conn:
        migrate(conn, sql)
        (sql / "attic/0001_create_c.sql").unlink()
        (sql / "attic").rmdir()
        assert migrate(conn, sql) == []


def test_refusal_of_another_builds_database_says_when_that_was_and_what_to_do(empty_db_url: str, tmp_path: Path) -> None:
    sql = write(tmp_path, {"core/0001_a.sql": "SELECT 1", "core/0003_c.sql": "SELECT 1"})
    with connect(empty_db_url) as conn:
        migrate(conn, sql)
        write(tmp_path, {"core/0002_b.sql": "SELECT 1"})
        with pytest.raises(CmsError) as late:
            migrate(conn, sql)
        day = one(conn, "SELECT to_char(max(applied_at), 'YYYY-MM-DD') FROM cms.migrations")
    problem = late.value.problems[0]
    assert problem.place == "sql/core/0002_b.sql"
    assert problem.message == f"this migration was not applied, but core 0003 after it was, on {day}"
    assert "cms db dump FILE" in problem.hint and "cms db restore FILE --replace" in problem.hint


def test_file_that_comes_too_late_or_is_gone_is_refused(empty_db_url: str, tmp_path: Path) -> None:
    sql = write(tmp_path, {"core/0001_a.sql": "SELECT 1", "core/0003_c.sql": "SELECT 1"})
    with connect(empty_db_url) as conn:
        migrate(conn, sql)
    write(tmp_path, {"core/0002_b.sql": "SELECT 1"})
    assert code(sql, empty_db_url) == "db.changed"
    (sql / "core/0002_b.sql").unlink()
    (sql / "core/0001_a.sql").unlink()
    assert code(sql, empty_db_url) == "db.changed"


@pytest.mark.parametrize("name", ["1_short.sql", "0001-dashes.sql", "notes.sql"])
def test_file_with_another_name_is_refused(name: str, empty_db_url: str, tmp_path: Path) -> None:
    assert code(write(tmp_path, {f"core/{name}": "SELECT 1"}), empty_db_url) == "db.migration"


def test_two_files_of_one_number_are_refused(empty_db_url: str, tmp_path: Path) -> None:
    assert code(write(tmp_path, {"core/0001_a.sql": "SELECT 1", "core/0001_b.sql": "SELECT 1"}), empty_db_url) == "db.migration"


def test_two_processes_at_once_apply_each_file_once(empty_db_url: str, tmp_path: Path) -> None:
    sql = write(tmp_path, {f"core/{n:04}_step.sql": f"SELECT pg_sleep(0.02); CREATE TABLE cms.t{n} ()" for n in range(1, 9)})
    applied: list[int] = []

    def run() -> None:
        with connect(empty_db_url) as conn:
            applied.extend(m.number for m in migrate(conn, sql))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(applied) == list(range(1, 9))


@describes_all
def test_migrations_from_zero_equal_the_schema_file() -> None:
    done = subprocess.run([sys.executable, str(ROOT / "scripts" / "dump_schema.py"), "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_migration_files_are_found_in_the_checkout() -> None:
    assert folder("sql") == ROOT / "sql"
    assert list_files(folder("sql"))[0].set == "core"


# -- partitions ------------------------------------------------------------------------------------


def partitions(conn: Connection) -> list[str]:
    rows = conn.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'cms.posts'::regclass ORDER BY 1")
    return [row[0] for row in rows]


def test_partitions_reach_from_the_first_month_to_four_months_after_the_last(db: Connection) -> None:
    made = ensure_post_partitions(db, date(2024, 11, 30), date(2025, 1, 1))
    expected = ["cms.posts_2024_11", "cms.posts_2024_12", *(f"cms.posts_2025_{m:02}" for m in range(1, 6))]
    assert (made, partitions(db)) == (7, expected)
    assert ensure_post_partitions(db, date(2024, 12, 1), date(2025, 1, 31)) == 0


def test_bounds_do_not_depend_on_the_session_time_zone(db: Connection) -> None:
    for zone, day in (("Pacific/Auckland", date(2025, 1, 1)), ("America/Los_Angeles", date(2025, 6, 1))):
        db.execute(f"SET timezone = '{zone}'")
        ensure_post_partitions(db, day, day)
    db.execute("SET timezone = 'UTC'")
    rows = db.execute("SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname ~ '^posts_2025_..$' ORDER BY relname").fetchall()
    months = [f"2025-{m:02}-01 00:00:00+00" for m in range(1, 12)]
    assert [row[0] for row in rows] == [f"FOR VALUES FROM ('{a}') TO ('{b}')" for a, b in pairwise(months)]


def test_exact_months_are_made_for_dates_far_apart(db: Connection) -> None:
    assert ensure_post_months(db, [date(1, 1, 1), date(2013, 7, 15), date(2013, 7, 1), date(9999, 12, 31)]) == 3
    assert partitions(db) == ["cms.posts_0001_01", "cms.posts_2013_07", "cms.posts_9999_12"]


def test_range_of_centuries_is_refused(db: Connection) -> None:
    with pytest.raises(CmsError, match=r"db\.partition-range"):
        ensure_post_partitions(db, date(213, 1, 1), date(2025, 1, 1))


def test_partition_refuses_truncate(db: Connection) -> None:
    ensure_post_partitions(db, date(2025, 1, 1), date(2025, 1, 1))
    for table in ("cms.posts", "cms.posts_2025_01"):
        with pytest.raises(psycopg.Error, match="TRUNCATE"), db.transaction():
            db.execute(f"TRUNCATE {table}")


def test_partitions_made_by_four_sessions_at_once_are_made_once(db_url: str) -> None:
    made: list[int] = []

    def run() -> None:
        with connect(db_url) as conn:
            made.append(ensure_post_partitions(conn, date(2025, 1, 1), date(2025, 6, 1)))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [0, 0, 0, 10]


def test_open_readers_do_not_keep_partitions_from_being_made(db_url: str) -> None:
    with connect(make_conninfo(db_url, options="-c lock_timeout=2000")) as maker, connect(db_url) as reader:
        ensure_post_partitions(maker, date(2025, 1, 1), date(2025, 1, 1))
        maker.commit()
        reader.execute("SELECT count(*) FROM cms.posts")
        assert ensure_post_partitions(maker, date(2025, 6, 1), date(2025, 6, 1)) == 5
