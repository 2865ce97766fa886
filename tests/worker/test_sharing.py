"""A distributed build makes what any other makes, however many help."""

from __future__ import annotations

import pytest

from tests.engine.siteonpage import SiteOnPage


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_build_that_nobody_helps_makes_all_by_itself(jobs: int, shared_site: SiteOnPage) -> None:
    assert shared_site.build(distributed=True, jobs=jobs).result.status == "done"
    assert shared_site.query("SELECT count(*) FROM cms.shards") == [(0,)]
    assert shared_site.query("SELECT count(*) FROM cms_jobs.procrastinate_jobs") == [(0,)]
    shared_site.assert_clean()
    assert shared_site.build(distributed=True, jobs=jobs).rendered == set()
