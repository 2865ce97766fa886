"""``cms git push``: entries of the store as commits by their authors; merged, they belong to their files."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from cms_ssg.content.git.branch import Branch
from cms_ssg.entries.git_push import commit_entries
from cms_ssg.entries.values import EntryInput
from cms_ssg.errors import CmsError, UsageError
from tests.engine.siteonpage import SiteOnPage
from tests.entries.writing import save, writing

SITE = """-- site.toml --
title = "T"
-- content/pages/about.md --
---
title: About
---
Text.
"""


@pytest.fixture
def site(make_site: Callable[..., SiteOnPage]) -> SiteOnPage:
    page = make_site(SITE)
    git(page, "init", "-q", "-b", "main")
    git(page, "add", "site.toml", "content")
    git(page, "commit", "-qm", "Begin")
    page.build()
    return page


def git(page: SiteOnPage, *arguments: str) -> str:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    return subprocess.run(["git", *who, *arguments], cwd=page.root, check=True, capture_output=True, text=True).stdout.strip()


def test_each_authors_entries_are_a_commit_and_merged_they_belong_to_their_files(site: SiteOnPage) -> None:
    save(site, EntryInput("page", {"title": "One"}, "A.\n"), author="ada")
    save(site, EntryInput("page", {"title": "Two"}, "B.\n", "draft"), author="bob")
    site.build()
    with writing(site) as writer:
        made = commit_entries(writer.connection, writer.site, writer.site_id, "edits")
        assert [(author, files) for _, author, files in made.commits] == [
            ("ada", ["content/pages/one.md"]),
            ("bob", ["content/pages/two.md"]),
        ]
        assert commit_entries(writer.connection, writer.site, writer.site_id, "edits").commits == []
    assert git(site, "status", "--porcelain", "content") == ""
    assert git(site, "log", "--format=%an", "edits").splitlines() == ["bob", "ada", "t"]
    git(site, "merge", "-q", "edits")
    built = site.build()
    assert built.result.problems == []
    assert (site.output / "one/index.html").exists()
    rows = site.query("SELECT source, removed_at IS NULL FROM cms.entries WHERE source_key = 'content/pages/one.md' ORDER BY source")
    assert rows == [("api", False), ("file", True)]


def test_the_branch_that_is_out_and_what_is_no_repository_are_refused(site: SiteOnPage, tmp_path: object) -> None:
    with writing(site) as writer:
        with pytest.raises(UsageError, match="on the branch main"):
            commit_entries(writer.connection, writer.site, writer.site_id, "main")
        with pytest.raises(CmsError, match="no name of a branch"):
            commit_entries(writer.connection, writer.site, writer.site_id, "a..b")
    with pytest.raises(CmsError, match="failed"):
        Branch(site.root, "edits").push("nowhere")
