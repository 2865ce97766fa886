"""A distributed build makes what any other makes, however many help."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cms_ssg.build import build
from cms_ssg.errors import CmsError
from cms_ssg.store.connect import connect
from cms_ssg.store.dump import dump_store, restore_store
from tests.engine.killing import kill_at
from tests.engine.siteonpage import SiteOnPage, database
from tests.publish.buckets import BucketSite
from tests.worker.conftest import make_text
from tests.worker.machines import run_machines, wait_for


@pytest.mark.parametrize("jobs", [pytest.param(1, marks=pytest.mark.long), 2])
def test_a_build_that_nobody_helps_makes_all_by_itself(jobs: int, shared_site: SiteOnPage) -> None:
    assert shared_site.build(distributed=True, jobs=jobs).result.status == "done"
    assert shared_site.query("SELECT count(*) FROM cms.shards") == [(0,)]
    assert shared_site.query("SELECT count(*) FROM cms_jobs.procrastinate_jobs") == [(0,)]
    shared_site.assert_clean()
    assert shared_site.build(distributed=True, jobs=jobs).rendered == set()


@pytest.mark.parametrize("helpers", [1, pytest.param(3, marks=pytest.mark.long)])
def test_workers_make_the_same_bytes(helpers: int, shared_site: SiteOnPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cms_ssg.engine.share.Sharing._work", lambda self: False)  # this builder leaves all to others
    with run_machines(shared_site, helpers) as machines:
        built = shared_site.build(distributed=True)
        assert (built.result.status, built.result.helped > 8) == ("done", True)
        assert [machine.end() for machine in machines] == [0] * helpers, machines[0].read()
    shared_site.assert_clean()
    assert shared_site.build().rendered == set()
    assert shared_site.query("SELECT count(*) FROM cms_jobs.procrastinate_jobs") == [(0,)]


def test_a_worker_writes_to_a_bucket_as_its_builder_does(shared_bucket_site: BucketSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cms_ssg.engine.share.Sharing._work", lambda self: False)
    with run_machines(shared_bucket_site, 1):
        assert shared_bucket_site.build(distributed=True).result.helped > 8
    assert shared_bucket_site.build(full=True).written == set(), "all is there as this machine writes it"


def test_a_worker_with_another_checkout_keeps_out_and_says_so_once(shared_site: SiteOnPage) -> None:
    other = SiteOnPage(shared_site.root.with_name("other"), shared_site.url, shared_site.clean_url)
    other.write(make_text())
    other.edit("themes/plain/templates/footer.html", "the end", "another end")
    with run_machines(other, 1) as machines:
        built = shared_site.build(distributed=True)
        wait_for(lambda: machines[0].read().count("worker.other-inputs") == 1)
        assert machines[0].end() == 0
    assert (built.result.status, built.result.helped) == ("done", 0)
    assert machines[0].read().count("worker.other-inputs") == 1
    assert not other.output.exists()
    shared_site.assert_clean()


def test_a_killed_builder_leaves_shards_that_the_next_one_clears(shared_site: SiteOnPage) -> None:
    """Its workers make no more of them: what they would see has gone with it."""
    with database(shared_site.url):
        assert kill_at(40, lambda: build(shared_site.root, replace(shared_site.options, distributed=True)))
    assert shared_site.query("SELECT count(*) > 0 FROM cms.shards") == [(True,)]
    with run_machines(shared_site, 1, "--once") as machines:
        assert machines[0].process.wait(30) == 0, machines[0].read()
    assert shared_site.build(distributed=True).result.status == "done"
    assert shared_site.query("SELECT count(*) FROM cms.shards") == [(0,)]
    shared_site.assert_clean()


def test_a_database_with_a_queue_is_dumped_and_restored(shared_site: SiteOnPage, empty_db_url: str, tmp_path: Path) -> None:
    shared_site.build(distributed=True)
    with shared_site.connect() as connection, connect(empty_db_url, autocommit=True) as empty:
        dump_store(connection, tmp_path / "site.dump")
        restore_store(empty, tmp_path / "site.dump")
        restore_store(connection, tmp_path / "site.dump", replace=True)
    assert shared_site.build(distributed=True).result.status == "done"
    shared_site.assert_clean()


def test_a_build_whose_shards_were_deleted_says_so_and_the_next_one_makes_all(shared_site: SiteOnPage) -> None:
    shared_site.build()
    shared_site.query(
        "CREATE FUNCTION public.lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM cms.shards WHERE id = NEW.id; RETURN NULL; END $$"
    )
    shared_site.query("CREATE TRIGGER lose AFTER INSERT ON cms.shards FOR EACH ROW EXECUTE FUNCTION public.lose()")
    shared_site.edit("themes/plain/templates/footer.html", "the end", "another end")
    try:
        with pytest.raises(CmsError) as caught:
            shared_site.build(distributed=True)
    finally:
        shared_site.query("DROP FUNCTION public.lose() CASCADE")
    assert [p.code for p in caught.value.problems] == ["build.shards-lost"]
    assert shared_site.build(distributed=True).result.status == "done"
    shared_site.assert_clean()
