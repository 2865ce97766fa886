"""A build that goes on follows the clock, and ends though somebody saves all the time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cms_ssg.build import build
from cms_ssg.engine.warm import Warm
from cms_ssg.reporting.progress import Reporter
from tests.engine.siteonpage import SiteOnPage, database
from tests.engine.test_saving_meanwhile import MakeSite, Order, change_footer, slow_site

__all__ = ["MakeSite", "slow_site"]


@pytest.fixture
def site(slow_site: SiteOnPage) -> SiteOnPage:
    """The slow site, built by the real clock."""
    site = replace(slow_site, options=replace(slow_site.options, now=None))
    site.build()
    return site


def wait_for(site: SiteOnPage, at: datetime) -> None:
    """Until the database's clock has passed a time."""
    site.query("SELECT pg_sleep(greatest(0, extract(epoch FROM %s - clock_timestamp()) + 0.01))", at)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_post_that_falls_due_during_a_full_rebuild_is_published_with_its_lists_before_the_rest(
    site: SiteOnPage, jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cms_ssg.engine.rounds.FEW", 2)
    due = datetime.now(UTC) + timedelta(seconds=3)
    site.write_file(
        "content/posts/due.md", f"---\ntitle: Due\ndate: 2026-02-02\nsection: news\npublish_at: {due.isoformat()}\n---\nText.\n"
    )
    site.build()
    change_footer(site)
    order = Order(site.output, lambda: wait_for(site, due))
    site.build(order, jobs=jobs)
    assert max(order.order.index(key) for key in ("2026/due/index.html", "index.html")) < order.order.index("p20/index.html")
    assert site.query("SELECT built_at_clock >= %s FROM cms.sites", due) == [(True,)]
    site.assert_clean()


def test_a_post_that_expires_during_a_full_rebuild_leaves_the_lists_before_the_rest(site: SiteOnPage) -> None:
    expires = datetime.now(UTC) + timedelta(seconds=3)
    site.edit("content/posts/e.md", "title: E\n", f"title: E\nexpire_at: {expires.isoformat()}\n")
    site.build()
    change_footer(site)
    order = Order(site.output, lambda: wait_for(site, expires))
    built = site.build(order)
    assert order.order.index("index.html") < order.order.index("p20/index.html")
    assert "2026/e/index.html" in built.removed
    site.assert_clean()


def test_a_clock_that_was_asked_for_stands_still(slow_site: SiteOnPage) -> None:
    site = slow_site
    due = datetime.now(UTC) - timedelta(days=1)
    assert site.options.now is not None
    assert site.options.now < due
    change_footer(site)

    def save() -> None:
        site.write_file("content/posts/due.md", f"---\ntitle: Due\ndate: 2026-02-02\npublish_at: {due.isoformat()}\n---\nText.\n")

    names = iter([(), ("content/posts/due.md",)])
    order = Order(site.output, save)
    site.build(order, more=lambda: next(names, ()) if order.saved else ())
    assert not (site.output / "2026/due").exists()
    assert site.query("SELECT built_at_clock = %s FROM cms.sites", site.options.now) == [(True,)]


def test_a_build_ends_though_somebody_saves_all_the_time_and_leaves_the_rest_to_the_next_one(
    site: SiteOnPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cms_ssg.engine.meanwhile.INTAKE_S", 0.0)
    names = save_all_the_time(site)
    site.edit("content/posts/a.md", "title: A\n", "title: A, edited\n")
    site.build(more=lambda: next(names))
    assert "E, edited 0" in (site.output / "index.html").read_text("utf-8")
    assert next(names) == ("content/posts/e.md",)
    site.build()
    site.assert_clean()


def test_who_saves_all_the_time_does_not_hold_up_a_rebuild(site: SiteOnPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cms_ssg.engine.meanwhile.INTAKE_S", 0.0)
    names = save_all_the_time(site)
    change_footer(site)
    site.build(Reporter(), more=lambda: next(names))
    assert "another footer" in (site.output / "p29/index.html").read_text("utf-8")
    assert "E, edited" in (site.output / "index.html").read_text("utf-8")
    site.build()
    site.assert_clean()


def test_where_publishing_takes_long_more_is_taken_in_before(site: SiteOnPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cms_ssg.engine.meanwhile.INTAKE_S", 0.0)
    names, warm = save_all_the_time(site), Warm()
    site.edit("content/posts/a.md", "title: A\n", "title: A, edited\n")
    with database(site.url):
        build(site.root, replace(site.options, more=lambda: next(names)), warm=warm)
        assert warm.drain_s > 0
        warm.drain_s = 10_000.0
        left = iter([next(names), (), next(names), next(names)])
        site.edit("content/posts/a.md", "A, edited", "A, again")
        build(site.root, replace(site.options, more=lambda: next(left, ())), warm=warm)
        warm.close()
    assert next(left, "all") == "all"
    site.assert_clean()


def test_entries_and_facts_that_are_written_to_the_store_all_the_time_do_not_hold_up_lists(
    site: SiteOnPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cms_ssg.engine.meanwhile.INTAKE_S", 0.0)
    saver = Saver(site)
    site.edit("content/posts/e.md", "title: E\n", "title: E, edited\n")
    site.build(saver)
    assert saver.listed_after < saver.saved == saver.MOST
    site.build()
    assert b"E, edited" in (site.output / "index.html").read_bytes()


class Saver(Reporter):
    """Writes an entry and a fact to the store after each round, so often. listed_after: how often until the home page showed the edited post."""

    MOST = 12

    def __init__(self, site: SiteOnPage) -> None:
        self.site, self.saved, self.listed_after = site, 0, self.MOST

    def advance(self, count: int = 1) -> None:
        if b"E, edited" in (self.site.output / "index.html").read_bytes():
            self.listed_after = min(self.listed_after, self.saved)
        if self.saved < self.MOST:
            self.saved += 1
            self.site.query(
                "UPDATE cms.entries SET fields = fields || jsonb_build_object('summary', %s::text) WHERE source_key = 'content/posts/a.md'",
                f"Written {self.saved}",
            )
            self.site.query("SELECT cms.touch(id, 'setting/frame') FROM cms.sites")


def save_all_the_time(site: SiteOnPage) -> Iterator[tuple[str, ...]]:
    """Edits of one post without end, as far as a build is concerned."""
    title = "E"
    for number in range(200):
        new = f"E, edited {number}"
        site.edit("content/posts/e.md", f"title: {title}\n", f"title: {new}\n")
        title = new
        yield ("content/posts/e.md",)
    raise AssertionError("the build did not end")
