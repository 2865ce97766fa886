"""Workers publish and take down on time, and build once for all that asked."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from procrastinate import App, SyncPsycopgConnector
from psycopg import Connection

from cms_ssg.store import jobs
from cms_ssg.store.sites import ensure_site
from cms_ssg.workers.worker import PARTITIONS, PURGES, STATISTICS
from tests.engine.siteonpage import SiteOnPage, database
from tests.worker.conftest import make_text
from tests.worker.machines import Machine, count_registered, run_machines, wait_for


def write_post(site: SiteOnPage, name: str, date: datetime, expires: datetime | None = None) -> None:
    until = f"expire_at: {expires:%Y-%m-%dT%H:%M:%SZ}\n" if expires else ""
    site.write_file(f"content/posts/{name}.md", f"---\ntitle: {name}\ndate: {date:%Y-%m-%dT%H:%M:%SZ}\nsection: news\n{until}---\nLead.\n")


@contextmanager
def open_queue(site: SiteOnPage) -> Iterator[tuple[Connection, int]]:
    with jobs.connect_queue(site.url) as connection:
        jobs.ensure_tables(connection)
        yield connection, ensure_site(connection, "work").id


def count_builds(site: SiteOnPage) -> int:
    return int(site.query("SELECT count(*) FROM cms.builds")[0][0])


def test_two_schedulers_publish_and_take_down_on_time_and_do_it_once(shared_site: SiteOnPage) -> None:
    site = replace(shared_site, options=replace(shared_site.options, now=None))
    site.build()
    now = datetime.now(UTC).replace(microsecond=0)
    comes, goes = now + timedelta(seconds=4), now + timedelta(seconds=6)
    write_post(site, "comes", comes)
    write_post(site, "goes", now - timedelta(days=1), goes)
    coming, going = site.output / "news/comes/index.html", site.output / "news/goes/index.html"
    site.build()
    assert (coming.exists(), going.exists()) == (False, True)
    with run_machines(site, 2, "--scheduler") as machines:
        wait_for(coming.exists, machines)
        assert datetime.now(UTC) >= comes
        wait_for(lambda: not going.exists(), machines)
        assert datetime.now(UTC) >= goes
        wait_for(lambda: site.query("SELECT 1 FROM cms_jobs.procrastinate_jobs") == [], machines)
        made = site.query("SELECT build FROM cms.outputs WHERE path = '/news/comes/'")
        assert [machine.end() for machine in machines] == [0, 0]
    effective = site.query("SELECT count(*) FROM cms.builds WHERE (result ->> 'written')::int + (result ->> 'removed')::int > 0")
    assert effective in ([(4,)], [(3,)]), "the first two, and one for each moment, or for both where the first one took that long"
    assert site.query("SELECT build FROM cms.outputs WHERE path = '/news/comes/'") == made
    assert site.build().rendered == set()


def test_upkeep_makes_the_months_to_come_and_ends_well(db_url: str, tmp_path: Path) -> None:
    site = SiteOnPage(tmp_path / "site", db_url, db_url)
    site.write(make_text(0))
    site.build()
    ahead = f"{datetime.now(UTC) + timedelta(days=93):posts_%Y_%m}"
    site.query(f"DROP TABLE IF EXISTS cms.{ahead}")
    with open_queue(site) as (connection, site_id):
        app = App(connector=SyncPsycopgConnector())
        for name in (PURGES, PARTITIONS, STATISTICS):
            app.configure_task(name, queue=jobs.queue_name(site_id), connection=connection).defer(timestamp=0)
        with run_machines(site, 1, "--once") as machines:
            assert machines[0].process.wait(30) == 0, machines[0].read()
        assert jobs.count_jobs(connection, site_id) == {}
    assert site.query("SELECT to_regclass(%s)::text", f"cms.{ahead}") == [(f"cms.{ahead}",)]


def test_a_build_is_asked_for_by_a_command_and_made_by_a_worker(shared_site: SiteOnPage) -> None:
    with database(shared_site.url):
        command = [sys.executable, "-m", "cms_ssg", "build", "-C", str(shared_site.root), "--queue"]
        first = subprocess.run(command, capture_output=True, text=True)
        second = subprocess.run([*command, "--urgent", "/", "--json"], capture_output=True, text=True)
        wrong = subprocess.run([*command, "--full"], capture_output=True, text=True)
    assert (first.returncode, first.stdout) == (0, "a build waits for a worker; no worker runs: cms worker starts one\n")
    assert (second.returncode, json.loads(second.stdout)) == (0, {"queued": False, "workers": 0})
    assert (wrong.returncode, "--queue goes with --urgent alone" in wrong.stderr) == (2, True)
    with run_machines(shared_site, 1) as machines:
        wait_for(lambda: shared_site.query("SELECT 1 FROM cms.builds WHERE finished_at IS NOT NULL") != [], machines)
        assert machines[0].end() == 0
    assert count_builds(shared_site) == 1
    assert shared_site.build().rendered == set()


def test_many_who_ask_get_one_build_that_knows_all_that_is_urgent(shared_site: SiteOnPage) -> None:
    with open_queue(shared_site) as (connection, site_id):
        assert jobs.ask_for_build(connection, site_id)
        assert not jobs.ask_for_build(connection, site_id, jobs.BREAKING, ["/a/"])
        assert not jobs.ask_for_build(connection, site_id, jobs.SAVE, ["/b/", "/a/"])
        found = connection.execute("SELECT priority, args FROM procrastinate_jobs").fetchall()
    assert found == [(jobs.BREAKING, {"urgent": ["/a/", "/b/"]})]
    with run_machines(shared_site, 1, "--once") as machines:
        assert machines[0].process.wait(30) == 0, machines[0].read()
    assert count_builds(shared_site) == 1
    assert shared_site.build().rendered == set()


def test_a_build_that_must_not_be_is_a_failed_job_and_exit_1(shared_site: SiteOnPage) -> None:
    shared_site.build()
    for post in (shared_site.root / "content/posts").iterdir():
        post.unlink()
    with open_queue(shared_site) as (connection, site_id):
        jobs.ask_for_build(connection, site_id)
        with run_machines(shared_site, 1, "--once") as machines:
            assert machines[0].process.wait(30) == 1
        assert "build.removals" in machines[0].read()
        assert jobs.count_jobs(connection, site_id) == {"failed": 1}
        assert jobs.forget_failed(connection, site_id, 1) == 0
        assert jobs.forget_failed(connection, site_id, 0) == 1


@pytest.mark.parametrize("lane", ["urgent", "save", "bulk", "full"])
def test_what_is_more_urgent_is_taken_first(lane: str, shared_site: SiteOnPage, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    real = jobs.wake_workers
    monkeypatch.setattr(jobs, "wake_workers", lambda c, s, priority, n: (seen.append(priority), real(c, s, priority, n))[1])
    monkeypatch.setattr("cms_ssg.engine.share.MANY", 0 if lane == "bulk" else 2000)
    shared_site.build(distributed=True, urgent=("/",) if lane == "urgent" else (), full=lane == "full")
    assert set(seen) == {{"urgent": 300, "save": 200, "bulk": 100, "full": 0}[lane]}


@pytest.mark.long
def test_workers_restarted_in_turn_during_a_migration_lose_nothing(shared_site: SiteOnPage, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a new version is brought out: the tables grow first, then one worker after the other is replaced, under builds that go on."""
    monkeypatch.setattr("cms_ssg.engine.share.Sharing._work", lambda self: time.sleep(0.02) or False)  # only workers make pages
    helped = 0
    with run_machines(shared_site, 2) as machines:
        for turn in range(4):
            shared_site.edit("themes/plain/templates/footer.html", f"end {turn - 1}" if turn else "the end", f"end {turn}")
            if turn == 1:
                shared_site.query("ALTER TABLE cms.outputs ADD COLUMN tried_out text")
            leaving = machines[turn]
            starting = threading.Timer(0.3, lambda old=leaving: (old.process.terminate(), machines.append(Machine(shared_site))))
            starting.start()
            built = shared_site.build(distributed=True)
            helped += built.result.helped
            starting.join()
            assert (built.result.status, leaving.process.wait(30)) == ("done", 0), leaving.read()
            wait_for(lambda: count_registered(shared_site) == 2)
    assert helped > 20
    shared_site.query("ALTER TABLE cms.outputs DROP COLUMN tried_out")
    shared_site.assert_clean()
