"""The queue's tables: made where they are missing, upgraded step by step, refused where they are newer; and the processes of one command."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import procrastinate
import psycopg
import pytest

from cms_ssg.diagnostics.metrics import make_metrics
from cms_ssg.errors import CmsError
from cms_ssg.store import jobs
from tests.engine.siteonpage import SiteOnPage, database
from tests.worker.machines import Machine, wait_for


def test_tables_are_made_once_and_upgraded_from_the_version_that_is_noted(empty_db_url: str) -> None:
    with jobs.connect_queue(empty_db_url) as connection:
        jobs.ensure_tables(connection)
        jobs.ensure_tables(connection)
        made = connection.execute("SELECT obj_description('cms_jobs'::regnamespace, 'pg_namespace')").fetchone()
        assert made == (procrastinate.__version__,)
        connection.execute("DROP SCHEMA cms_jobs CASCADE; CREATE SCHEMA cms_jobs")
        for path in sorted(jobs.list_library_steps()):
            if jobs.parse_version(path.name.partition("_")[0]) <= (3, 2, 0):
                connection.execute(path.read_bytes())
        connection.execute("COMMENT ON SCHEMA cms_jobs IS '3.2.0'")
        jobs.ensure_tables(connection)
        assert jobs.ask_for_build(connection, 1)
        assert jobs.count_jobs(connection, 1) == {"todo": 1}


def test_two_workers_that_start_at_once_make_the_tables_once(empty_db_url: str) -> None:
    raised: list[CmsError] = []

    def make_too() -> None:
        try:
            jobs.ensure_tables(second)
        except CmsError as error:
            raised.append(error)

    with jobs.connect_queue(empty_db_url) as first, jobs.connect_queue(empty_db_url) as second:
        thread = threading.Thread(target=make_too)
        with first.transaction():
            first.execute("SELECT pg_advisory_xact_lock(%s)", [jobs._LOCK])
            thread.start()
            waiting = "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database d ON d.oid = database WHERE NOT granted AND datname = current_database())"
            wait_for(lambda: first.execute(waiting).fetchone() == (True,))
            jobs.ensure_tables(first)
        thread.join()
    assert raised == []


def test_newer_tables_are_refused(empty_db_url: str) -> None:
    with jobs.connect_queue(empty_db_url) as connection:
        connection.execute("CREATE SCHEMA cms_jobs; COMMENT ON SCHEMA cms_jobs IS '99.0.0'")
        with pytest.raises(CmsError, match=r"are of procrastinate 99\.0\.0.*\[worker\.tables\]"):
            jobs.ensure_tables(connection)


def test_a_user_who_may_not_make_tables_is_told(empty_db_url: str) -> None:
    with jobs.connect_queue(empty_db_url) as connection:
        connection.execute("DROP ROLE IF EXISTS nobody_much")
        connection.execute("CREATE ROLE nobody_much")
        try:
            connection.execute("SET ROLE nobody_much")
            with pytest.raises(CmsError, match=r"permission denied.*\[worker\.tables\]"):
                jobs.ensure_tables(connection)
        finally:
            connection.execute("RESET ROLE")
            connection.execute("DROP ROLE nobody_much")


def test_metrics_tell_of_jobs_and_workers_where_there_is_a_queue(shared_site: SiteOnPage) -> None:
    shared_site.build(distributed=True)
    with jobs.connect_queue(shared_site.url) as connection:
        jobs.ask_for_build(connection, shared_site.query("SELECT id FROM cms.sites")[0][0])
    with database(shared_site.url):
        text = make_metrics(shared_site.root)
    assert 'cms_jobs{site="work",state="todo"} 1' in text
    assert 'cms_shards{site="work",state="open"} 0' in text


@pytest.mark.long
@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="looks for processes in /proc")
def test_one_of_several_processes_that_dies_is_replaced_and_all_end_with_the_first(shared_site: SiteOnPage) -> None:
    with jobs.connect_queue(shared_site.url) as connection:
        jobs.ensure_tables(connection)
    before = registered_since(shared_site)
    machine = Machine(shared_site, "--jobs", "2")
    try:
        wait_for(lambda: registered_since(shared_site) == before + 2, [machine])
        children = Path(f"/proc/{machine.process.pid}/task/{machine.process.pid}/children").read_text().split()
        workers = [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        assert len(workers) == 2
        os.kill(workers[0], signal.SIGKILL)
        wait_for(lambda: registered_since(shared_site) == before + 3, [machine])
        assert machine.end() == 1, "one had died"
        assert not any(Path(f"/proc/{pid}").exists() for pid in workers)
    finally:
        machine.process.kill()
        machine.process.wait()


def registered_since(site: SiteOnPage) -> int:
    """How many workers ever registered."""
    with psycopg.connect(site.url) as connection:
        row = connection.execute(
            "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM cms_jobs.procrastinate_workers_id_seq"
        ).fetchone()
        assert row is not None
        return int(row[0])
