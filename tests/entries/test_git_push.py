"""``cms git push``: entries of the store as commits by their authors; merged, they belong to their files."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

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


@pytest.fixture
def remote(site: SiteOnPage, tmp_path: Path) -> Path:
    """A bare repository that the site's is sent to."""
    folder = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder)], check=True)
    git(site, "remote", "add", "origin", str(folder))
    git(site, "push", "-q", "origin", "main")
    return folder


def write_hook(file: Path, text: str) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    file.chmod(0o755)


@pytest.mark.parametrize("side", ["remote", "here"])
def test_what_a_hook_says_is_told_and_what_it_refused_is_sent_the_next_time(site: SiteOnPage, remote: Path, side: str) -> None:
    hook = remote / "hooks/pre-receive" if side == "remote" else site.root / ".git/hooks/pre-push"
    write_hook(hook, "echo 'Posts are frozen until Monday.' >&2; exit 1")
    save(site, EntryInput("page", {"title": "One"}, "A.\n"), author="ada")
    with writing(site) as writer:
        place = (writer.connection, writer.site, writer.site_id, "edits", "origin")
        for _ in range(2):
            with pytest.raises(CmsError, match=r"Posts are frozen until Monday\."):
                commit_entries(*place)
        hook.unlink()
        made = commit_entries(*place)
        assert (made.commits, made.is_sent) == ([], True)
        assert commit_entries(*place).is_sent is False
    assert git(site, "ls-remote", "origin", "edits").split()[0] == git(site, "rev-parse", "edits")


def test_what_others_added_to_the_branch_stays_and_a_merged_branch_goes_on_from_the_merge(
    site: SiteOnPage, remote: Path, tmp_path: Path
) -> None:
    save(site, EntryInput("page", {"title": "One"}, "A.\n"), author="ada")
    with writing(site) as writer:
        commit_entries(writer.connection, writer.site, writer.site_id, "edits", "origin")
    other = tmp_path / "other"
    run = ["git", "-c", "user.name=o", "-c", "user.email=o@example.org"]
    subprocess.run([*run, "clone", "-q", "-b", "edits", str(remote), str(other)], check=True)
    (other / "note.txt").write_text("x", "utf-8")
    for words in (["add", "note.txt"], ["commit", "-qm", "By somebody else"], ["push", "-q", "origin", "edits"]):
        subprocess.run([*run, *words], cwd=other, check=True)
    save(site, EntryInput("page", {"title": "Two"}, "B.\n"), author="bob")
    with writing(site) as writer:
        assert commit_entries(writer.connection, writer.site, writer.site_id, "edits", "origin").is_sent
    assert git(site, "log", "--format=%an", "origin/edits").splitlines() == ["bob", "o", "ada", "t"]
    git(site, "merge", "-q", "--no-ff", "-m", "Merge", "edits")
    merge = git(site, "rev-parse", "HEAD")
    site.build()
    save(site, EntryInput("page", {"title": "Three"}, "C.\n"), author="ada")
    with writing(site) as writer:
        assert len(commit_entries(writer.connection, writer.site, writer.site_id, "edits", "origin").commits) == 1
    assert git(site, "rev-parse", "origin/edits^") == merge
    (other / "note.txt").write_text("y", "utf-8")
    for words in (["commit", "-qam", "Another way"], ["push", "-qf", "origin", "edits"]):
        subprocess.run([*run, *words], cwd=other, check=True)
    with writing(site) as writer, pytest.raises(CmsError, match="have different commits"):
        commit_entries(writer.connection, writer.site, writer.site_id, "edits", "origin")


@pytest.mark.parametrize("author", ["<>", "Ada <ada@example.org>", "A\nb <c>", "...", "", "Ana María <x y>"])
def test_every_name_can_be_an_author(site: SiteOnPage, author: str) -> None:
    Branch(site.root, "edits").add_commit({"content/pages/x.md": b"x\n"}, author, "x")
    assert git(site, "log", "-1", "--format=%an <%ae>", "edits") in (
        "cms <cms@localhost>", "Ada <ada@example.org>", "Ab <c>", "Ana María <xy>",
    )  # fmt: skip
