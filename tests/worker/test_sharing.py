"""A distributed build makes what any other makes, however many help."""

from __future__ import annotations

import pytest

from tests.engine.siteonpage import SiteOnPage
from tests.worker.machines import run_machines


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_build_that_nobody_helps_makes_all_by_itself(jobs: int, shared_site: SiteOnPage) -> None:
    assert shared_site.build(distributed=True, jobs=jobs).result.status == "done"
    assert shared_site.query("SELECT count(*) FROM cms.shards") == [(0,)]
    assert shared_site.query("SELECT count(*) FROM cms_jobs.procrastinate_jobs") == [(0,)]
    shared_site.assert_clean()
    assert shared_site.build(distributed=True, jobs=jobs).rendered == set()


@pytest.mark.parametrize("helpers", [1, pytest.param(3, marks=pytest.mark.long)])
def test_workers_make_the_same_bytes(helpers: int, shared_site: SiteOnPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cms_ssg.share.Sharing._work", lambda self: False)  # this builder leaves all to others
    with run_machines(shared_site, helpers) as machines:
        built = shared_site.build(distributed=True)
        assert (built.result.status, built.result.helped > 8) == ("done", True)
        assert [machine.end() for machine in machines] == [0] * helpers, machines[0].read()
    shared_site.assert_clean()
    assert shared_site.build().rendered == set()
    assert shared_site.query("SELECT count(*) FROM cms_jobs.procrastinate_jobs") == [(0,)]
