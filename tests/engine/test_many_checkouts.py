"""Several checkouts, one store, one place where pages are published: what a machine that has never seen the site builds is what changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cms_ssg.build import SyncSummary, sync
from cms_ssg.errors import CmsError
from tests.content.scanning import commit, git
from tests.engine.siteonpage import SiteOnPage, assert_same, database, read_tree
from tests.engine.worksite import SITE

TARGET = '\n[target]\nurl = "folder:../public"\n'


class Checkout(SiteOnPage):
    """A site that is published beside its folder, so that its clones publish to the same place."""

    @property
    def output(self) -> Path:
        return self.root.parent / "public"

    def clone(self, name: str, *arguments: str) -> Checkout:
        """Another checkout of what is committed, on another machine: it has neither output nor records."""
        git(self.root.parent, "clone", "-q", *arguments, f"file://{self.root}", name)
        return Checkout(self.root.parent / name, self.url, self.clean_url, self.options)

    def sync(self) -> SyncSummary:
        with database(self.url):
            return sync(self.root, self.options)

    def entry_ids(self) -> dict[str, int]:
        return dict(self.query("SELECT source_key, id FROM cms.entries WHERE removed_at IS NULL"))

    def assert_clean(self, **options: object) -> None:
        """What is published is what a clean build of this checkout makes in a place of its own."""
        text = (self.root / "site.toml").read_text("utf-8")
        self.write_file("site.toml", text.replace(TARGET, ""))
        clean = self.build_clean(**options)
        self.write_file("site.toml", text)
        assert_same(self.tree(), read_tree(clean.root / "build"))


@pytest.fixture
def first(make_site: Callable[[str], SiteOnPage]) -> Checkout:
    """A committed site that was built."""
    site = make_site(SITE)
    checkout = Checkout(site.root, site.url, site.clean_url, site.options)
    checkout.write_file("site.toml", (site.root / "site.toml").read_text("utf-8") + TARGET)
    git(checkout.root, "init", "-q")
    commit(checkout.root)
    checkout.build()
    return checkout


def test_second_checkout_of_the_same_commit_reads_and_renders_nothing(first: Checkout) -> None:
    second = first.clone("second")
    assert second.sync().read == 0
    built = second.build()
    assert (built.result.planned, built.result.rendered, built.result.written) == (0, 0, 0)


def test_second_checkout_without_git_reads_and_renders_nothing(first: Checkout) -> None:
    """All its files have other times."""
    shutil.copytree(first.root, first.root.with_name("second"), ignore=shutil.ignore_patterns(".git"), copy_function=shutil.copyfile)
    second = Checkout(first.root.with_name("second"), first.url, first.clean_url, first.options)
    assert second.sync().read == 0
    assert second.build().rendered == set()


def test_checkout_that_publishes_into_a_folder_of_its_own_is_whole(first: Checkout) -> None:
    """What another machine published is not here."""
    second = SiteOnPage(first.clone("second").root, first.url, first.clean_url, first.options)
    second.edit("site.toml", TARGET, "")
    before = first.tree()
    second.build()
    assert_same(second.tree(), before)
    assert second.build().rendered == set()


@pytest.mark.parametrize("left", [False, True])
def test_output_folder_that_was_deleted_or_emptied_is_made_again(first: Checkout, left: bool) -> None:
    before = first.tree()
    shutil.rmtree(first.output)
    if left:
        first.output.mkdir()
    first.build()
    assert_same(first.tree(), before)
    assert first.build().rendered == set()


def test_second_checkout_renders_what_its_commits_changed(first: Checkout) -> None:
    second = first.clone("second")
    second.edit("content/posts/a.md", "Body of a", "Other body of a")
    commit(second.root)
    assert second.sync().read == 1
    assert second.build().rendered == {"/news/a/"}
    second.assert_clean()


def test_checkouts_that_take_turns_publish_the_newest(first: Checkout) -> None:
    second = first.clone("second")
    second.edit("content/posts/a.md", "Body of a", "From the second")
    commit(second.root)
    second.build()
    git(first.root, "pull", "-q", "--ff-only", str(second.root))
    assert first.build().rendered == set()
    first.edit("content/posts/b.md", "Lead of b", "From the first")
    first.build()
    first.assert_clean()


def test_shallow_clone_of_a_later_commit_renders_what_differs(first: Checkout) -> None:
    for number in range(3):
        first.write_file("content/pages/about.md", f"---\ntitle: About\n---\nEdit {number}.\n")
        commit(first.root)
    shallow = first.clone("shallow", "--depth=1")
    assert git(shallow.root, "rev-list", "--count", "HEAD") == "1"
    assert shallow.build().rendered == {"/about/"}
    shallow.assert_clean()


@pytest.mark.parametrize("committed", [False, True])
def test_edit_that_was_built_and_taken_back_is_gone_again(first: Checkout, committed: bool) -> None:
    before = first.tree()
    first.edit("content/posts/a.md", "title: A", "title: Mistake")
    first.build()
    assert first.tree() != before
    if committed:
        commit(first.root)
        git(first.root, "revert", "--no-edit", "HEAD")
    else:
        git(first.root, "checkout", "--", ".")
    first.build()
    assert_same(first.tree(), before)


def test_branch_that_does_not_descend_is_refused_until_forced_and_then_built(first: Checkout) -> None:
    base = git(first.root, "rev-parse", "HEAD")
    first.edit("content/posts/a.md", "title: A", "title: Published")
    first.write_file("content/posts/g.md", "---\ntitle: G\ndate: 2025-04-01\nsection: sport\n---\nText.\n")
    commit(first.root)
    first.build()
    published = first.tree()
    git(first.root, "reset", "-q", "--hard", base)
    first.edit("content/posts/b.md", "title: B", "title: Other branch")
    commit(first.root)
    with pytest.raises(CmsError) as caught:
        first.build()
    assert caught.value.problems[0].code == "sync.not-descendant"
    assert_same(first.tree(), published)
    first.build(force=True)
    first.assert_clean()
    assert first.build().rendered == set()


def test_rule_of_a_collection_that_changes_reads_all_files_again(first: Checkout) -> None:
    first.edit("site.toml", 'url = "/{section}/{slug}/"', 'url = "/{year}/{slug}/"')
    commit(first.root)
    second = first.clone("second")
    built = second.build()
    assert {"/2025/a/", "/2025/f/"} <= built.rendered
    assert "news/a/index.html" in built.removed
    second.assert_clean()


def test_schema_that_changes_reads_all_files_again(first: Checkout) -> None:
    first.write_file("content_schema/post.json", '{"x-sort": ["title"]}')
    commit(first.root)
    second = first.clone("second")
    assert {"/", "/page/1/"} <= second.build().rendered
    second.assert_clean()


@pytest.mark.parametrize("committed", [False, True])
def test_file_that_git_moves_keeps_its_row(first: Checkout, committed: bool) -> None:
    entry = first.entry_ids()["content/posts/a.md"]
    (first.root / "content/posts/deep").mkdir()
    git(first.root, "mv", "content/posts/a.md", "content/posts/deep/moved.md")
    if committed:
        commit(first.root)
    first.build()
    ids = first.entry_ids()
    assert ids["content/posts/deep/moved.md"] == entry
    assert "content/posts/a.md" not in ids
    first.assert_clean()


def test_checkout_whose_files_all_got_new_times_reads_nothing(first: Checkout) -> None:
    for folder in ("content", "static", "themes", "data"):
        for path in (first.root / folder).rglob("*"):
            os.utime(path, (1_700_000_000, 1_700_000_000))
    assert first.sync().read == 0
    assert first.build().rendered == set()
