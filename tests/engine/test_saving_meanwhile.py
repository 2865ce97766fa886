"""What is saved while a build goes on overtakes the rest of it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cms_ssg.build import build, sync
from cms_ssg.errors import CmsError
from cms_ssg.reporting.progress import Reporter
from tests.engine.killing import Child
from tests.engine.sample import SITE
from tests.engine.siteonpage import SiteOnPage, database
from tests.engine.test_two_builders import stop_at, wait_until_stopped

MakeSite = Callable[[str], SiteOnPage]


class Order(Reporter):
    """Notes in which order outputs are written, and saves something after the first round of pages."""

    def __init__(self, output: Path, save: Callable[[], object]) -> None:
        self.output, self.save, self.saved, self.pages, self.order = output, save, False, 0, list[str]()
        self.seen = self.look()

    def look(self) -> dict[str, int]:
        return {path.relative_to(self.output).as_posix(): path.stat().st_ino for path in self.output.rglob("*.html")}

    def advance(self, count: int = 1) -> None:
        now = self.look()
        self.order += sorted(key for key, inode in now.items() if self.seen.get(key) != inode)
        self.seen = now
        if not self.saved and len(self.order) >= 2:
            self.saved = True
            self.save()


@pytest.fixture
def slow_site(make_site: MakeSite, monkeypatch: pytest.MonkeyPatch) -> SiteOnPage:
    """A site with 30 more pages that show no post, and whose outputs are made four at a time."""
    for name in ("rounds.ROUND", "round_size.MOST", "rounds.BATCH"):
        monkeypatch.setattr(f"cms_ssg.engine.{name}", 4)
    site = make_site(SITE)
    site.write_file("themes/plain/templates/page.html", '{% extends "base.html" %}{% block main %}{{ entry.content }}{% endblock %}')
    for number in range(30):
        site.write_file(f"content/pages/p{number:02}.md", f"---\ntitle: P {number}\n---\nText.\n")
    site.build()
    return site


def test_a_file_saved_during_a_full_rebuild_is_published_with_its_lists_before_the_rest(slow_site: SiteOnPage) -> None:
    site = slow_site

    def save() -> None:
        site.edit("content/posts/e.md", "title: E\n", "title: E, edited\n")
        sync(site.root, site.options)

    change_footer(site)
    order = Order(site.output, save)
    site.build(order)
    assert b"E, edited" in (site.output / "2026/e/index.html").read_bytes()
    assert "index.html" in order.order
    assert max(order.order.index(key) for key in ("2026/e/index.html", "index.html")) < order.order.index("p20/index.html")
    site.assert_clean()


def test_a_new_page_comes_before_lists_that_link_to_it_and_a_removal_after_everything(slow_site: SiteOnPage) -> None:
    site = slow_site

    def save() -> None:
        site.write_file("content/posts/new.md", "---\ntitle: New\ndate: 2026-02-02\nsection: news\n---\nText.\n")
        site.delete("content/pages/p29.md")
        sync(site.root, site.options)

    change_footer(site)
    order = Order(site.output, save)
    site.build(order)
    assert order.order.index("2026/new/index.html") < order.order.index("index.html") < order.order.index("p20/index.html")
    site.assert_clean()


def test_a_watch_takes_in_what_is_written_while_it_builds(slow_site: SiteOnPage) -> None:
    site, names = slow_site, list[tuple[str, ...]]()

    def save() -> None:
        site.edit("content/posts/a.md", "title: A\n", "title: A, edited\n")
        names.append(("content/posts/a.md",))

    change_footer(site)
    order = Order(site.output, save)
    site.build(order, more=lambda: names.pop() if names else ())
    assert order.order.index("2026/a/index.html") < order.order.index("p20/index.html")
    site.assert_clean()


def test_what_one_build_wrote_and_replaced_is_not_kept(slow_site: SiteOnPage) -> None:
    site, names = slow_site, list[tuple[str, ...]]()

    def save() -> None:
        site.edit("content/posts/a.md", "title: A, edited\n", "title: A, twice\n")
        names.append(("content/posts/a.md",))

    site.edit("content/posts/a.md", "title: A\n", "title: A, edited\n")
    change_footer(site)
    order = Order(site.output, save)
    site.build(order, more=lambda: names.pop() if names else ())
    assert order.order.count("2026/a/index.html") == 2
    kept = {path.name for path in (site.root / ".cms/kept").rglob("*") if path.is_file()}
    noted = site.query("SELECT DISTINCT encode(old_digest, 'hex') FROM cms.release_objects WHERE old_digest IS NOT NULL")
    assert kept == {digest for (digest,) in noted}


def test_a_build_that_has_to_wait_saves_its_files_for_the_one_that_goes_on(make_site: MakeSite, monkeypatch: pytest.MonkeyPatch) -> None:
    site = make_site(SITE)
    monkeypatch.setattr("cms_ssg.store.lease.PATIENCE_S", 0.6)
    monkeypatch.setattr("cms_ssg.store.lease.MOMENT_S", 0.1)
    site.build()
    change_footer(site)
    with database(site.url):
        other = Child(lambda: stop_at(30, site))
        wait_until_stopped(other.pid)
        site.edit("content/posts/a.md", "title: A\n", "title: A, edited\n")
        try:
            with pytest.raises(CmsError, match=r"What was saved is published by that build"):
                build(site.root, site.options)
        finally:
            os.kill(other.pid, signal.SIGCONT)
        assert other.wait() == "done"
    assert b"A, edited" in (site.output / "2026/a/index.html").read_bytes()
    assert site.build().written == frozenset()
    site.assert_clean()


def test_a_sync_beside_a_build_does_not_wait_and_hooks_hear_of_it_from_the_build(make_site: MakeSite, tmp_path: Path) -> None:
    site, told = make_site(SITE), tmp_path / "told"
    site.write_file(
        "hooks.py",
        f"""
from pathlib import Path
from cms_ssg.hooks import hook

@hook
def content_after_save(saved):
    with Path({str(told)!r}).open("a") as file:
        file.writelines(entry.title + "\\n" for entry in saved.entries)
""",
    )
    site.build()
    told.unlink()
    change_footer(site)
    with database(site.url):
        other = Child(lambda: stop_at(30, site))
        wait_until_stopped(other.pid)
        try:
            site.edit("content/posts/a.md", "title: A\n", "title: A, edited\n")
            assert sync(site.root, site.options).status == "done"
            assert not told.exists()
        finally:
            os.kill(other.pid, signal.SIGCONT)
        assert other.wait() == "done"
    assert told.read_text().splitlines() == ["A, edited"]
    site.edit("content/posts/a.md", "A, edited", "A, again")
    with database(site.url):
        sync(site.root, site.options)
    assert told.read_text().splitlines() == ["A, edited", "A, again"]


def test_two_that_save_at_once_take_turns_and_one_that_cannot_wait_says_so(make_site: MakeSite, monkeypatch: pytest.MonkeyPatch) -> None:
    site = make_site(SITE)
    with database(site.url):
        savers = [Child(lambda: sync(site.root, replace(site.options)).status) for _ in range(3)]
        assert [one.wait() for one in savers] == ["done"] * 3
        sleeper = Child(lambda: fall_asleep_holding(site))
        wait_until_stopped(sleeper.pid)
        monkeypatch.setattr("cms_ssg.store.sync_lock.PATIENCE_S", 0.2)
        try:
            with pytest.raises(CmsError, match=r"sync\.busy"):
                sync(site.root, site.options)
        finally:
            os.kill(sleeper.pid, signal.SIGKILL)
            os.waitpid(sleeper.pid, 0)
        monkeypatch.setattr("cms_ssg.store.sync_lock.PATIENCE_S", 5.0)
        assert sync(site.root, site.options).status == "done"


def fall_asleep_holding(site: SiteOnPage) -> str:
    from cms_ssg.store.connect import connect
    from cms_ssg.store.sync_lock import hold_sync

    with connect(site.url) as connection:
        number = connection.execute("SELECT id FROM cms.sites").fetchone()[0]  # type: ignore[index]
        connection.commit()
        with hold_sync(connection, number):
            os.kill(os.getpid(), signal.SIGSTOP)
            time.sleep(60)
    return "woke"


def change_footer(site: SiteOnPage) -> None:
    """Every page is to be made again."""
    site.edit("themes/plain/templates/footer.html", "footer", "another footer")
