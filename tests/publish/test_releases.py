"""A build that changed objects can be taken back: the earlier bytes come back in order, nothing is rendered, and the site is held."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from cms_ssg.build import build
from cms_ssg.diagnostics.status import status
from cms_ssg.errors import CmsError
from cms_ssg.history.releases import diff_releases, list_releases, show_release
from cms_ssg.history.rollback import roll_back
from tests.engine.kept import KeptSite, keep
from tests.engine.killing import kill_at
from tests.engine.odd_site import SITE as ODD
from tests.engine.sample import SITE
from tests.engine.siteonpage import SiteOnPage, assert_same, database, wipe
from tests.publish.buckets import BucketSite
from tests.publish.five_releases import (
    Five,
    Published,
    change_theme,
    list_kept,
    publish_five,
    set_keep,
    without_assets,
)

MakeSite = Callable[[str], SiteOnPage]


@pytest.fixture
def make_site(engine_urls: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> MakeSite:
    def make(text: str) -> SiteOnPage:
        wipe(engine_urls[0])
        site = SiteOnPage(tmp_path_factory.mktemp("releases") / "site", *engine_urls)
        site.write(text)
        return site

    return make


@pytest.fixture(params=["folder", pytest.param("bucket", marks=pytest.mark.long)])
def site(request: pytest.FixtureRequest) -> SiteOnPage:
    """The same site, published to a folder and, in the long run, to a bucket."""
    if request.param == "bucket":
        made: SiteOnPage = request.getfixturevalue("whole_bucket_site")
        return made
    make: MakeSite = request.getfixturevalue("make_site")
    return make(SITE)


@pytest.fixture(scope="module")
def made_five(engine_urls: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[KeptSite, Five]]:
    wipe(engine_urls[0])
    site = SiteOnPage(tmp_path_factory.mktemp("releases") / "site", *engine_urls)
    site.write(SITE)
    made = publish_five(site)
    with keep(site) as kept:
        yield kept, made


@pytest.fixture
def five_in_folder(made_five: tuple[KeptSite, Five]) -> Five:
    """The site after five releases, and their numbers."""
    kept, (published, numbers) = made_five
    kept.restore()
    return replace(published, trees=dict(published.trees)), numbers


@pytest.fixture(params=["folder", pytest.param("bucket", marks=pytest.mark.long)])
def five(request: pytest.FixtureRequest) -> Five:
    """The same, published to a folder and, in the long run, to a bucket."""
    if request.param == "bucket":
        return publish_five(request.getfixturevalue("whole_bucket_site"))
    made: Five = request.getfixturevalue("five_in_folder")
    return made


def test_each_release_can_be_gone_back_to_and_each_rollback_taken_back(five: Five) -> None:
    published, numbers = five
    site = published.site
    for number in [numbers[3], numbers[2], numbers[1], numbers[0], numbers[2], numbers[4]]:
        result = published.back(number)
        assert (result.status, result.left) == ("done", [])
        assert_same(site.tree(), published.trees[number])
        published.assert_consistent()
        published.trees[result.number] = site.tree()
    with database(site.url):
        listed = list_releases(site.root)
    assert listed.held == numbers[4]
    assert [one.back_to for one in listed.releases][:2] == [numbers[4], numbers[2]]
    assert published.resume()
    published.build()
    site.assert_clean()
    published.assert_consistent()


def test_a_bucket_goes_back_is_held_and_goes_on(bucket_site: BucketSite) -> None:
    published, numbers = publish_five(bucket_site)
    published.back(numbers[1])
    assert_same(bucket_site.tree(), published.trees[numbers[1]])
    published.assert_consistent()
    assert bucket_site.build().written == frozenset()
    with database(bucket_site.url):
        killed = kill_at(30, lambda: roll_back(bucket_site.root, numbers[3]))
    assert killed
    published.back(numbers[3])
    assert_same(bucket_site.tree(), published.trees[numbers[3]])
    published.resume()
    published.build()
    bucket_site.assert_clean()
    published.assert_consistent()


def test_a_rollback_writes_what_differs_and_says_what_came_back(five: Five) -> None:
    published, numbers = five
    site = published.site
    with database(site.url):
        shown = {one.path: one.change for one in diff_releases(site.root, numbers[3]).objects}
        removed = {one.path: one for one in show_release(site.root, numbers[3]).objects if one.change == "removed"}
    assert shown["/2026/new/"] == "added"
    assert {"/2026/b/", "/once-b/"} <= removed.keys()
    assert removed["/2026/b/"].before == len(published.trees[numbers[2]]["2026/b/index.html"])
    result = published.back(numbers[3])
    assert (result.written, result.removed) == (
        sum(change != "added" for change in shown.values()), sum(change == "added" for change in shown.values())
    )  # fmt: skip
    assert result.returned == []
    back = published.back(numbers[2])
    assert {"/2026/b/", "/once-b/"} <= set(back.returned)


def test_a_held_site_plans_and_publishes_nothing_until_it_is_resumed_and_then_bad_pages_go(five: Five) -> None:
    published, numbers = five
    site = published.site
    published.back(numbers[1])
    held = site.build()
    assert (held.result.status, held.written, held.removed) == ("partial", frozenset(), frozenset())
    assert [p.code for p in held.result.problems] == ["build.held"]
    site.edit("content/posts/a.md", "title: A\n", "title: A, edited\n")
    assert site.build().written == frozenset()
    assert_same(site.tree(), published.trees[numbers[1]])
    published.assert_consistent()
    with database(site.url):
        assert status(site.root).text.startswith(f"held        at release {numbers[1]} since")
    assert published.resume()
    assert not published.resume()
    published.build()
    site.assert_clean()
    assert site.build().rendered == frozenset()


def test_what_is_taken_down_while_the_site_is_held_goes_and_a_named_page_comes(five: Five) -> None:
    published, numbers = five
    site = published.site
    published.back(numbers[3])
    site.delete("content/posts/a.md")
    killed = site.build()
    assert killed.removed == {"2026/a/index.html"}
    assert killed.written == frozenset()
    site.write_file("content/posts/break.md", "---\ntitle: Breaking\ndate: 2026-02-03\nsection: news\n---\nText.\n")
    assert site.build(urgent=("/2026/break/",)).written == {"2026/break/index.html"}
    assert site.build(urgent=("/",)).written == {"index.html"}
    assert b"Breaking" in site.tree()["index.html"]
    published.assert_consistent()
    published.resume()
    published.build()
    site.assert_clean()


def test_a_page_that_came_back_can_be_removed_while_the_site_is_held(five: Five) -> None:
    published, numbers = five
    site = published.site
    published.back(numbers[2])
    assert site.build().removed == frozenset()
    assert site.build(urgent=("/2026/b/",)).removed == {"2026/b/index.html"}


def kill_rollback(published: Published, number: int, then: int, stride: int) -> None:
    """Kill a rollback to one release at every few steps, and go on: again, or to another."""
    start = published.site.tree()
    newest = max(published.trees)
    for step in count(1, stride):
        with database(published.site.url):
            killed = kill_at(step, lambda: roll_back(published.site.root, number))
        if killed and step % 2:
            assert published.site.build().written == frozenset() or step < 5
        if then != number or killed:
            published.back(then)
        assert_same(published.site.tree(), published.trees[then])
        published.assert_consistent()
        published.back(newest)
        assert_same(published.site.tree(), start)
        if not killed:
            break
    assert step > 15, "a rollback has more steps than that"


def slower(site: SiteOnPage) -> int:
    """A bucket has more steps, and each takes longer."""
    return 5 if isinstance(site, BucketSite) else 1


@pytest.mark.parametrize("stride", [47, pytest.param(1, marks=pytest.mark.long)])
def test_a_rollback_that_is_killed_is_finished_by_the_next(five: Five, stride: int, monkeypatch: pytest.MonkeyPatch) -> None:
    published, numbers = five
    site = published.site
    monkeypatch.setattr("cms_ssg.history.rollback.STEP", 4)
    set_keep(site, 1000)
    stride *= slower(site)
    kill_rollback(published, numbers[1], numbers[1], stride)
    kill_rollback(published, numbers[1], numbers[3], stride * 2)


@pytest.mark.parametrize("stride", [71, pytest.param(1, marks=pytest.mark.long)])
def test_a_build_that_is_killed_is_taken_back_whole(five: Five, stride: int) -> None:
    """Also what it wrote and could not record."""
    published, numbers = five
    site = published.site
    set_keep(site, 1000)
    for step in count(2, stride * slower(site)):
        change_theme(site, f"changed by a template {step}")
        site.write_file(f"content/posts/more{step}.md", "---\ntitle: More\ndate: 2026-02-04\n---\nText.\n")
        site.write_file("static/note.txt", f"note {step}")
        with database(site.url):
            killed = kill_at(step, lambda: build(site.root, site.options))
        published.back(numbers[4] if step % 2 else numbers[3])
        assert_same(without_assets(site.tree()), without_assets(published.trees[numbers[4] if step % 2 else numbers[3]]))
        published.assert_consistent(rendered=False)
        published.resume()
        published.build()
        site.assert_clean()
        site.delete(f"content/posts/more{step}.md")
        change_theme(site, "")
        if not killed:
            break


def test_older_releases_are_forgotten_with_the_bytes_that_only_they_need(site: SiteOnPage) -> None:
    set_keep(site, 3)
    published, numbers = publish_five(site)
    assert [row[0] for row in site.query("SELECT build FROM cms.releases ORDER BY build")] == numbers[2:]
    assert site.query("SELECT count(*) FROM cms.release_objects WHERE build < %s", numbers[2]) == [(0,)]
    needed = {row[0].hex() for row in site.query("SELECT DISTINCT old_digest FROM cms.release_objects WHERE old_digest IS NOT NULL")}
    assert {name.rpartition("/")[2] for name in list_kept(site)} == needed
    with pytest.raises(CmsError, match=r"releases\.unknown"):
        published.back(numbers[1])
    published.back(numbers[2])
    assert_same(site.tree(), published.trees[numbers[2]])


def test_bytes_that_a_killed_build_kept_are_not_kept_for_ever(five: Five) -> None:
    published, _ = five
    site = published.site
    change_theme(site, "never finished")
    with database(site.url):
        killed = kill_at(60, lambda: build(site.root, site.options))
    assert killed
    change_theme(site, "another")
    published.build()
    needed = {row[0].hex() for row in site.query("SELECT DISTINCT old_digest FROM cms.release_objects WHERE old_digest IS NOT NULL")}
    assert {name.rpartition("/")[2] for name in list_kept(site)} == needed


def test_hooks_and_webhooks_are_told_of_a_rollback(make_site: MakeSite, tmp_path: Path) -> None:
    published, numbers = publish_five(make_site(SITE))
    told = tmp_path / "told"
    published.site.write_file(
        "hooks.py",
        f"""
from pathlib import Path
from cms_ssg.hooks import hook

@hook
def release_published(release):
    with Path({str(told)!r}).open("a") as file:
        print(release.build_id, release.back_to, release.written, release.removed, file=file)
""",
    )
    result = published.back(numbers[3])
    assert told.read_text() == f"{result.number} {numbers[3]} {result.written} {result.removed}\n"
    assert published.back(numbers[3]).number == 0
    assert len(told.read_text().splitlines()) == 1


def test_bytes_that_are_lost_are_named_and_nothing_is_changed(five: Five) -> None:
    published, numbers = five
    site = published.site
    lost = site.query("SELECT old_digest FROM cms.release_objects WHERE build = %s AND path = '/2026/b/'", numbers[2])[0][0].hex()
    if isinstance(site, BucketSite):
        site.bucket.client.delete_object(Bucket=site.bucket.name, Key=next(key for key in list_kept(site) if key.endswith(lost)))
    else:
        next((site.root / ".cms" / "kept").rglob(lost)).unlink()
    with pytest.raises(CmsError, match=rf"It can go back to release {numbers[2]}\.\s+/2026/b/"):
        published.back(numbers[1])
    assert_same(site.tree(), published.trees[numbers[4]])
    assert site.build().result.status == "done"
    published.back(numbers[2])
    assert_same(site.tree(), published.trees[numbers[2]])


def test_where_no_release_is_kept_nothing_is_noted_and_later_ones_begin_anew(site: SiteOnPage) -> None:
    set_keep(site, 0)
    _, numbers = publish_five(site)
    assert site.query("SELECT count(*) FROM cms.release_objects") == site.query("SELECT count(*) FROM cms.releases") == [(0,)]
    assert list_kept(site) == set()
    set_keep(site, 5)
    published = Published(site)
    change_theme(site, "one more")
    one = published.build()
    change_theme(site, "two more")
    two = published.build()
    assert list_kept(site)
    set_keep(site, 0)
    change_theme(site, "between")
    published.build()
    assert list_kept(site) == set()
    set_keep(site, 5)
    change_theme(site, "again")
    published.build()
    for number in (numbers[0], one, two):
        with pytest.raises(CmsError, match=r"releases\.unknown"):
            published.back(number)


def test_files_that_changed_hands_while_nobody_looked_are_not_put_back(five_in_folder: Five) -> None:
    """A page was changed by hand before a release replaced it: its bytes are not those of the release before."""
    published, numbers = five_in_folder
    site = published.site
    (site.output / "2026/a/index.html").write_text("by hand", "utf-8")
    site.edit("content/posts/a.md", "title: A\n", "title: A, edited\n")
    published.build()
    result = published.back(numbers[4])
    assert (result.status, result.left) == ("partial", ["/2026/a/"])


def test_another_checkout_and_another_target_are_refused(five_in_folder: Five) -> None:
    published, numbers = five_in_folder
    site = published.site
    other = Published(SiteOnPage(site.root.parent / "elsewhere" / "site", site.url, site.clean_url, site.options))
    shutil.copytree(site.root, other.site.root, ignore=shutil.ignore_patterns("build", ".cms"))
    with pytest.raises(CmsError, match=r"releases\.place"):
        other.back(numbers[3])
    site.write_file("site.toml", (site.root / "site.toml").read_text("utf-8") + '\n[target]\nurl = "folder:public"\n')
    with pytest.raises(CmsError, match=r"releases\.target"):
        published.back(numbers[3])


def test_pages_with_odd_names_come_back(make_site: MakeSite) -> None:
    published = Published(make_site(ODD))
    first = published.build()
    published.site.edit("site.toml", 'title = "Odd"', 'title = "Even"')
    published.build()
    published.back(first)
    assert_same(published.site.tree(), published.trees[first])
    published.assert_consistent()
