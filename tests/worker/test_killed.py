"""A worker that dies, or sleeps until others have done its work and more: nothing is lost, and no older page comes back."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from cms_ssg.build import build
from cms_ssg.engine.share import Sharing
from cms_ssg.errors import CmsError
from cms_ssg.publish.folder import FolderTarget
from cms_ssg.publish.s3_conditional_writes import ConditionalWrites
from cms_ssg.reporting.progress import Reporter
from cms_ssg.store import jobs
from cms_ssg.store.sites import ensure_site
from cms_ssg.workers.worker import Worker
from tests.engine.killing import Child, start
from tests.engine.siteonpage import SiteOnPage, database
from tests.engine.test_two_builders import wait_until_stopped
from tests.publish.buckets import BucketSite
from tests.worker.machines import count_registered, wait_for

WRITE, PUT, LOOK = (FolderTarget, "write"), (ConditionalWrites, "_put"), (ConditionalWrites, "look")


class Sleeper:
    """A worker that stops, or dies, at a call. It is seen to by its builder, which makes nothing itself before that."""

    def __init__(self, pid: int) -> None:
        self.pid, self.status = pid, 0

    def is_away(self) -> bool:
        if not self.status:
            self.status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)[1]
        return bool(self.status)

    def end(self) -> None:
        if not (self.status and os.WIFSIGNALED(self.status)):
            os.kill(self.pid, signal.SIGCONT)
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


def work_until(site: SiteOnPage, call: tuple[type, str], number: int, signal_number: int) -> None:
    """Be a worker; before the call with that number, or after it where it only looks, a signal comes."""
    stop_before(call, number, signal_number)
    Worker(site.root, "", Reporter()).run()


def stop_before(call: tuple[type, str], number: int, signal_number: int) -> None:
    """Have this process stopped, or ended, at a call."""
    owner, name = call
    real: Callable[..., Any] = getattr(owner, name)
    count = iter(range(1, 1_000_000))

    def stop_first(*args: Any) -> Any:
        if call == LOOK:
            found = real(*args)
        if next(count) == number:
            os.kill(os.getpid(), signal_number)
            time.sleep(0.1)  # a signal that ends one thread's wait comes to all
        return found if call == LOOK else real(*args)

    setattr(owner, name, stop_first)


@contextmanager
def run_sleeper(
    site: SiteOnPage, monkeypatch: pytest.MonkeyPatch, call: tuple[type, str], number: int, signal_number: int
) -> Iterator[Sleeper]:
    with database(site.url):
        sleeper = Sleeper(start(lambda: work_until(site, call, number, signal_number)))
        real = Sharing._work
        monkeypatch.setattr(Sharing, "_work", lambda self: sleeper.is_away() and real(self))
        try:
            wait_for(lambda: count_registered(site) == 1)
            yield sleeper
        finally:
            sleeper.end()


@pytest.mark.parametrize("number", [1, pytest.param(3, marks=pytest.mark.long), pytest.param(6, marks=pytest.mark.long)])
def test_what_a_killed_worker_had_begun_is_made_by_another(number: int, shared_site: SiteOnPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cms_ssg.engine.share.SECOND_LOOK_S", 0.0)
    with run_sleeper(shared_site, monkeypatch, WRITE, number, signal.SIGKILL) as sleeper:
        built = shared_site.build(distributed=True)
        assert sleeper.status == signal.SIGKILL
    assert built.result.status == "done"
    shared_site.assert_clean()
    again = shared_site.build()
    assert again.written == set() and 0 < len(again.rendered) < 10, "the pages of the shard are made sure of, and were right"
    assert shared_site.build().rendered == set()


def test_jobs_of_a_killed_worker_go_to_another(shared_site: SiteOnPage, monkeypatch: pytest.MonkeyPatch) -> None:
    with run_sleeper(shared_site, monkeypatch, WRITE, 1, signal.SIGKILL):
        shared_site.build(distributed=True)
    assert shared_site.query("SELECT status FROM cms_jobs.procrastinate_jobs") == [("doing",)]
    worker = Worker(shared_site.root, "", Reporter())
    with database(shared_site.url):
        pid = start(worker.run)
        wait_for(lambda: shared_site.query("SELECT 1 FROM cms_jobs.procrastinate_jobs") == [])
        os.kill(pid, signal.SIGTERM)
        assert os.waitpid(pid, 0)[1] == 0


def test_a_worker_that_slept_writes_no_older_page_for_good(shared_site: SiteOnPage, monkeypatch: pytest.MonkeyPatch) -> None:
    """It wakes between its look at the claim and the write: the one thing that can go wrong, which it then has mended."""
    shared_site.build()
    sleep_through_an_edit(shared_site, monkeypatch, WRITE)


@pytest.mark.long
@pytest.mark.parametrize("call", [PUT, LOOK])
def test_a_worker_that_slept_over_a_bucket_writes_no_older_page(
    call: tuple[type, str], shared_bucket_site: BucketSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared_bucket_site.build()
    sleep_through_an_edit(shared_bucket_site, monkeypatch, call)


def sleep_through_an_edit(site: SiteOnPage, monkeypatch: pytest.MonkeyPatch, call: tuple[type, str]) -> None:
    """A worker stops in a build; the build ends without it, another one publishes something newer; it goes on. Nobody builds after that."""
    site.edit("themes/plain/templates/footer.html", "the end", "the old end")
    with run_sleeper(site, monkeypatch, call, 3, signal.SIGSTOP) as sleeper:
        built = site.build(distributed=True, full=call == LOOK)
        assert os.WIFSTOPPED(sleeper.status) and built.result.status == "done"
        site.edit("themes/plain/templates/footer.html", "the old end", "the new end")
        site.build()
        clean = site.tree()
        assert all(b"the old end" not in data for data in clean.values())
        os.kill(sleeper.pid, signal.SIGCONT)
        wait_for(lambda: site.query("SELECT 1 FROM cms.journal WHERE again_at IS NULL") != [], seconds=10)
        if call != WRITE:
            assert site.tree() == clean, "a bucket refuses what goes by an older look"
        wait_for(lambda: site.query("SELECT 1 FROM cms.journal WHERE again_at IS NULL") == [], seconds=20)
        wait_for(lambda: site.tree() == clean, seconds=10)
    site.assert_clean()


def test_a_builder_that_slept_through_its_lease_leaves_its_successors_shards_alone(
    shared_site: SiteOnPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cms_ssg.store.lease.LEASE_S", 0.3)
    with database(shared_site.url):
        first = Child(lambda: build_and_sleep(shared_site))
        wait_until_stopped(first.pid)
        ended: list[str] = []
        real = Sharing._work

        def wake_first(self: Sharing) -> bool:
            if not ended:
                os.kill(first.pid, signal.SIGCONT)
                ended.append(first.wait())
            return real(self)

        monkeypatch.setattr(Sharing, "_work", wake_first)
        monkeypatch.setattr("cms_ssg.store.lease.LEASE_S", 30.0)
        assert shared_site.build(distributed=True).result.status == "done"
    assert ended == ["build.lease-lost"]
    shared_site.build()
    shared_site.assert_clean()


def build_and_sleep(site: SiteOnPage) -> str:
    """What becomes of a build that sleeps before its third page is written."""
    stop_before(WRITE, 3, signal.SIGSTOP)
    try:
        return build(site.root, replace(site.options, distributed=True)).status
    except CmsError as error:
        return error.problems[0].code


@pytest.mark.long
def test_a_worker_told_to_end_while_it_builds_leaves_the_rest_to_another(shared_site: SiteOnPage, monkeypatch: pytest.MonkeyPatch) -> None:
    with jobs.connect_queue(shared_site.url) as connection, database(shared_site.url):
        jobs.ensure_tables(connection)
        site_id = ensure_site(connection, "work").id
        jobs.ask_for_build(connection, site_id)
        first = start(lambda: work_until(shared_site, WRITE, 20, signal.SIGTERM))
        assert os.waitpid(first, 0)[1] == 0
        assert jobs.count_jobs(connection, site_id) == {"todo": 1}
        assert shared_site.query("SELECT count(*) > 0 FROM cms.dirty") == [(True,)]
        assert shared_site.query("SELECT result ->> 'status' FROM cms.builds ORDER BY id DESC LIMIT 1") == [("stopped",)]
        second = start(Worker(shared_site.root, "", Reporter(), once=True).run)
        assert os.waitpid(second, 0)[1] == 0
        assert jobs.count_jobs(connection, site_id) == {}
    assert shared_site.build().rendered == set()
    shared_site.assert_clean()


@pytest.mark.long
def test_a_worker_that_slept_writes_over_nothing_that_a_later_round_of_the_same_build_wrote(
    shared_bucket_site: BucketSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The objects say the same builder's epoch then: only the claim tells who is late."""
    site = shared_bucket_site
    site.build()
    site.edit("themes/plain/templates/footer.html", "the end", "the new end")
    with run_sleeper(site, monkeypatch, PUT, 3, signal.SIGSTOP) as sleeper:
        saved: list[str] = []
        real = Sharing._clear

        def save_meanwhile(self: Sharing, numbers: list[int] | None) -> None:
            real(self, numbers)
            if sleeper.is_away() and not saved:
                saved.append("all")
                site.query("""UPDATE cms.entries SET fields = fields || '{"title": "Saved meanwhile"}' WHERE type = 'post'""")

        monkeypatch.setattr(Sharing, "_clear", save_meanwhile)
        assert site.build(distributed=True).result.status == "done"
        there = site.tree()
        assert b"Saved meanwhile" in there["news/n1/index.html"]
        os.kill(sleeper.pid, signal.SIGCONT)
        wait_for(lambda: site.query("SELECT 1 FROM cms.journal WHERE again_at IS NULL") != [], seconds=10)
        assert site.tree() == there
        wait_for(lambda: site.query("SELECT 1 FROM cms.journal WHERE again_at IS NULL") == [], seconds=20)
    assert site.tree() == there
