"""The scan: whatever happened to the files and however it looks, the recorded content ends equal to what lies on the disk."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from cms_ssg.content.scan.by_git import scan_git
from cms_ssg.errors import CmsError
from tests.content.scanning import FOLDERS, Recorded, age, commit, git, read_disk, write


def test_first_walk_reads_everything_and_the_next_reads_no_record(site: Path) -> None:
    age(site)
    recorded = Recorded()
    assert recorded.sync(site).changed == sorted(read_disk(site))
    again = recorded.sync(site)
    assert (again.changed, again.removed, again.states, again.folders, recorded.loaded) == ([], [], {}, {}, [])


def test_walk_loads_records_of_the_edited_folder_only(site: Path) -> None:
    age(site)
    recorded = Recorded()
    recorded.sync(site)
    write(site, "content/posts/b.md", "B")
    assert recorded.sync(site).changed == ["content/posts/b.md"]
    assert recorded.loaded == ["content/posts"]


def test_walk_finds_removed_files_and_folders(site: Path) -> None:
    recorded = Recorded()
    recorded.sync(site)
    (site / "content/a.md").unlink()
    shutil.rmtree(site / "content/posts")
    found = recorded.sync(site)
    assert found.removed == ["content/a.md", "content/posts/b.md", "content/posts/mir/index.md", "content/posts/mir/photo.jpg"]
    assert recorded.content == read_disk(site)
    assert found.gone_folders == ["content", "content/posts", "content/posts/mir"]


def test_touched_file_is_recorded_again_but_not_read(site: Path) -> None:
    recorded = Recorded()
    recorded.sync(site)
    os.utime(site / "content/a.md", (1, 1))
    found = recorded.sync(site)
    assert found.changed == []
    assert "content/a.md" in found.states


def test_edit_of_same_size_within_the_clock_tick_is_found(site: Path) -> None:
    """The second edit leaves the very same size, times and inode in the record, as a coarse clock would."""
    recorded = Recorded()
    recorded.sync(site)
    before = os.stat(site / "content/a.md")
    write(site, "content/a.md", "A")
    os.utime(site / "content/a.md", ns=(before.st_atime_ns, before.st_mtime_ns))
    after = os.stat(site / "content/a.md")
    record = recorded.files["content/a.md"]
    assert record.ctime_ns == 0, "a file this young proves nothing by its times"
    recorded.files["content/a.md"] = replace(record, size=after.st_size, mtime_ns=after.st_mtime_ns, inode=after.st_ino)
    assert recorded.folders["content"] == b""
    assert recorded.sync(site).changed == ["content/a.md"]


@pytest.mark.parametrize("how", ["walk", "git"])
def test_old_files_with_unchanged_times_are_trusted_and_young_ones_are_not(checkout: Path, how: str) -> None:
    recorded = Recorded()
    recorded.sync(checkout, how)
    assert all(state.ctime_ns == 0 for state in recorded.files.values())
    age(checkout)
    write(checkout, "content/a.md", "edited")
    recorded.sync(checkout, how)
    assert recorded.files["content/a.md"].ctime_ns == 0
    assert recorded.sync(checkout, how).changed == []


@pytest.mark.parametrize("how", ["walk", "git"])
def test_edited_synced_reverted(checkout: Path, how: str) -> None:
    recorded = Recorded()
    recorded.sync(checkout, how)
    write(checkout, "content/a.md", "edited")
    assert recorded.sync(checkout, how).changed == ["content/a.md"]
    git(checkout, "checkout", "--", "content/a.md")
    assert recorded.sync(checkout, how).changed == ["content/a.md"]
    assert recorded.content == read_disk(checkout)
    assert recorded.sync(checkout, how).changed == []


@pytest.mark.parametrize("how", ["walk", "git"])
def test_file_that_could_not_be_saved_is_offered_again(checkout: Path, how: str) -> None:
    age(checkout)
    recorded = Recorded()
    recorded.sync(checkout, how, failed=["content/a.md"])
    assert recorded.sync(checkout, how, failed=["content/a.md"]).changed == ["content/a.md"]
    assert recorded.sync(checkout, how).changed == ["content/a.md"]
    assert recorded.sync(checkout, how).changed == []


def test_commit_of_what_was_already_synced_changes_nothing(checkout: Path) -> None:
    recorded = Recorded()
    recorded.sync(checkout, "git")
    write(checkout, "content/new.md", "new")
    assert recorded.sync(checkout, "git").changed == ["content/new.md"]
    commit(checkout)
    assert recorded.sync(checkout, "git").changed == []
    assert recorded.git is not None
    assert recorded.git.dirty == ()


def test_git_sees_what_head_changed_and_what_was_deleted(checkout: Path) -> None:
    recorded = Recorded()
    recorded.sync(checkout, "git")
    write(checkout, "content/posts/c.md", "c")
    write(checkout, "content/a.md", "a2")
    git(checkout, "rm", "-q", "content/posts/b.md")
    commit(checkout)
    (checkout / "static/site.css").unlink()
    found = recorded.sync(checkout, "git")
    assert found.changed == ["content/a.md", "content/posts/c.md"]
    assert found.removed == ["content/posts/b.md", "static/site.css"]
    assert recorded.content == read_disk(checkout)


@pytest.mark.parametrize("committed", [False, True])
def test_git_mv_removes_the_old_path_and_reads_the_new(checkout: Path, committed: bool) -> None:
    recorded = Recorded()
    recorded.sync(checkout, "git")
    git(checkout, "mv", "content/posts/b.md", "content/posts/renamed.md")
    if committed:
        commit(checkout)
    found = recorded.sync(checkout, "git")
    assert (found.changed, found.removed) == (["content/posts/renamed.md"], ["content/posts/b.md"])


def test_untracked_and_ignored_files_count_as_in_a_walk(checkout: Path) -> None:
    write(checkout, ".gitignore", "*.css\n/static/out/\n")
    commit(checkout)
    write(checkout, "content/draft.md", "draft")
    write(checkout, "static/tool.css", "built")
    write(checkout, "static/out/deep/app.js", "built")
    recorded, walked = Recorded(), Recorded()
    recorded.sync(checkout, "git")
    walked.sync(checkout, "walk")
    assert recorded.content == walked.content == read_disk(checkout)
    write(checkout, "static/out/deep/app.js", "again")
    assert recorded.sync(checkout, "git").changed == ["static/out/deep/app.js"]
    shutil.rmtree(checkout / "static/out")
    assert recorded.sync(checkout, "git").removed == ["static/out/deep/app.js"]


def test_shallow_clone_of_a_later_commit_reads_only_what_differs(checkout: Path, tmp_path: Path) -> None:
    recorded = Recorded()
    recorded.sync(checkout, "git")
    for number in range(3):
        write(checkout, "content/a.md", f"edit {number}")
        commit(checkout)
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{checkout}", "shallow")
    found = recorded.sync(tmp_path / "shallow", "git")
    assert found.changed == ["content/a.md"]
    assert recorded.content == read_disk(checkout)


def test_shallow_fetch_that_cuts_the_history_is_not_taken_for_another_branch(checkout: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{checkout}", "shallow")
    clone = tmp_path / "shallow"
    recorded = Recorded()
    recorded.sync(clone, "git")
    for number in range(3):
        write(checkout, "content/a.md", f"edit {number}")
        commit(checkout)
    git(clone, "fetch", "-q", "--depth=1")
    git(clone, "reset", "-q", "--hard", "FETCH_HEAD")
    assert recorded.sync(clone, "git").changed == ["content/a.md"]


def test_cold_checkout_with_records_from_another_machine_reads_nothing(checkout: Path, tmp_path: Path) -> None:
    recorded = Recorded()
    recorded.sync(checkout, "git")
    git(tmp_path, "clone", "-q", str(checkout), "second")
    second = tmp_path / "second"
    assert recorded.sync(second, "git").changed == []
    recorded.git = None
    assert recorded.sync(second, "git").changed == []
    assert recorded.sync(second, "walk").changed == []
    write(second, "content/a.md", "second")
    assert recorded.sync(second, "git").changed == ["content/a.md"]


def test_untracked_file_of_another_machine_is_gone_here(checkout: Path, tmp_path: Path) -> None:
    recorded = Recorded()
    write(checkout, "content/draft.md", "draft")
    recorded.sync(checkout, "git")
    git(tmp_path, "clone", "-q", str(checkout), "second")
    assert recorded.sync(tmp_path / "second", "git").removed == ["content/draft.md"]


def test_forced_branch_is_refused_until_forced(checkout: Path) -> None:
    recorded = Recorded()
    base = git(checkout, "rev-parse", "HEAD")
    write(checkout, "content/a.md", "published")
    commit(checkout)
    recorded.sync(checkout, "git")
    git(checkout, "reset", "-q", "--hard", base)
    write(checkout, "content/other.md", "other")
    commit(checkout)
    with pytest.raises(CmsError) as caught:
        recorded.sync(checkout)
    assert caught.value.problems[0].code == "sync.not-descendant"
    assert "--force" in caught.value.problems[0].hint
    found = recorded.sync(checkout, force=True)
    assert found.changed == ["content/a.md", "content/other.md"]
    assert recorded.content == read_disk(checkout)
    assert recorded.sync(checkout).changed == []


def test_amended_message_and_commits_elsewhere_are_no_change(checkout: Path) -> None:
    recorded = Recorded()
    recorded.sync(checkout, "git")
    git(checkout, "commit", "-q", "--amend", "-m", "better words")
    assert recorded.sync(checkout, "git").changed == []
    write(checkout, "README.md", "more")
    commit(checkout)
    assert recorded.sync(checkout, "git").changed == []


def test_site_below_the_repository_root_and_in_a_worktree(tmp_path: Path) -> None:
    repository = tmp_path / "repo"
    write(repository, "sites/one/content/a.md", "a")
    write(repository, "sites/two/content/a.md", "other site")
    git(tmp_path, "init", "-q", "repo")
    commit(repository)
    site = repository / "sites/one"
    recorded = Recorded()
    assert recorded.sync(site, "git").changed == ["content/a.md"]
    write(repository, "sites/two/content/a.md", "edit of the other site")
    write(site, "content/b.md", "b")
    assert recorded.sync(site, "git").changed == ["content/b.md"]
    commit(repository)
    git(repository, "worktree", "add", "-q", "--detach", str(tmp_path / "tree"))
    other = tmp_path / "tree/sites/one"
    write(other, "content/c.md", "c")
    commit(tmp_path / "tree")
    assert recorded.sync(other, "git").changed == ["content/c.md"]
    assert recorded.content == read_disk(other)


def test_unborn_head_and_untracked_folders_are_walked(site: Path) -> None:
    git(site, "init", "-q")
    recorded = Recorded()
    assert scan_git(site, FOLDERS, recorded, None) is None
    assert len(recorded.sync(site).changed) == 5
    git(site, "add", "README.md")
    git(site, "commit", "-qm", "x")
    assert scan_git(site, FOLDERS, recorded, None) is None


def test_sparse_checkout_submodule_and_nested_repository_are_walked(checkout: Path, tmp_path: Path) -> None:
    recorded = Recorded()
    git(checkout, "sparse-checkout", "set", "content")
    assert recorded.sync(checkout).git is None
    assert recorded.content == read_disk(checkout)
    git(checkout, "sparse-checkout", "disable")
    assert recorded.sync(checkout).git is not None
    assert recorded.content == read_disk(checkout)
    git(tmp_path, "init", "-q", "module")
    write(tmp_path / "module", "inside.md", "inside")
    commit(tmp_path / "module")
    git(checkout, "submodule", "add", "-q", str(tmp_path / "module"), "content/module")
    assert recorded.sync(checkout).git is None
    commit(checkout)
    assert recorded.sync(checkout).git is None
    assert "content/module/inside.md" in recorded.content
    git(checkout, "rm", "-q", "-f", "content/module")
    commit(checkout)
    assert recorded.sync(checkout).git is not None
    git(checkout, "init", "-q", "content/nested")
    write(checkout, "content/nested/n.md", "n")
    assert recorded.sync(checkout).git is None
    assert recorded.content == read_disk(checkout)


def test_line_end_conversion_costs_reads_but_loses_nothing(checkout: Path, tmp_path: Path) -> None:
    write(checkout, "content/a.md", "one\ntwo\n")
    commit(checkout)
    git(tmp_path, "clone", "-q", "-c", "core.autocrlf=true", str(checkout), "windows")
    windows = tmp_path / "windows"
    assert b"\r\n" in (windows / "content/a.md").read_bytes()
    recorded = Recorded()
    recorded.sync(windows, "git")
    assert recorded.sync(windows, "git").changed == []
    recorded.git = None
    assert recorded.sync(windows, "git").changed == []
    recorded.git = None
    assert recorded.sync(checkout, "git").changed == ["content/a.md"], "the record is of the bytes with the other line ends"
    assert recorded.content == read_disk(checkout)
