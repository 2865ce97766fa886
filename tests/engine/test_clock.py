"""The database's clock decides what is due, whatever the machine's says."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cms_ssg.build import plan
from cms_ssg.errors import CmsError
from cms_ssg.store import clock
from tests.engine.few_pages import SITE
from tests.engine.siteonpage import SiteOnPage, database

MakeSite = Callable[[str], SiteOnPage]


@pytest.fixture
def site(make_site: MakeSite) -> SiteOnPage:
    """A site with a post that is due in a minute, not built yet."""
    site = replace(make_site(SITE), options=replace(make_site(SITE).options, now=None))
    due = datetime.now(UTC) + timedelta(minutes=1)
    site.write_file("content/posts/due.md", f"---\ntitle: Due\ndate: 2026-01-01\npublish_at: {due.isoformat()}\n---\nText.\n")
    return site


def set_ahead(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this machine's clock be ahead of the database's."""

    class Shifted:
        @staticmethod
        def time() -> float:
            return time.time() + seconds

    monkeypatch.setattr(clock, "time", Shifted)


@pytest.mark.parametrize("seconds", [-200, 0, 200])
def test_an_embargo_is_kept_on_a_machine_whose_clock_is_wrong_and_that_is_told(
    seconds: int, site: SiteOnPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_ahead(seconds, monkeypatch)
    result = site.build().result
    assert not [key for key in site.tree() if "due" in key]
    told = [p for p in result.problems if p.code == "build.clock"]
    assert [p.severity for p in told] == (["warning"] if seconds else [])
    assert all(f"{'ahead of' if seconds > 0 else 'behind'} the database's" in p.message for p in told)
    assert abs(site.query("SELECT clock FROM cms.builds ORDER BY id DESC LIMIT 1")[0][0].timestamp() - time.time()) < 100


@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_a_machine_whose_clock_is_far_off_publishes_nothing_and_leaves_the_site_to_others(
    seconds: int, site: SiteOnPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_ahead(seconds, monkeypatch)
    with pytest.raises(CmsError) as caught:
        site.build()
    assert [p.code for p in caught.value.problems] == ["build.clock"]
    assert site.tree() == {}
    with database(site.url):
        assert "build.clock" in [p.code for p in plan(site.root, site.options).problems]
    monkeypatch.undo()
    assert site.build().result.status == "done"


def test_a_time_that_is_given_is_taken_whatever_the_clocks_say(site: SiteOnPage, monkeypatch: pytest.MonkeyPatch) -> None:
    set_ahead(3600, monkeypatch)
    site.build(now=datetime.now(UTC) + timedelta(minutes=2))
    assert [key for key in site.tree() if "due" in key]
