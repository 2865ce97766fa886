"""The scan: whatever happened to the files and however it looks, the recorded content ends equal to what lies on the disk."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from cms_ssg.content.scan import FileState, GitState, Scan, make_blob_id, scan_files, start_scan, with_read
from cms_ssg.content.scan_git import scan_git
from cms_ssg.content.scan_walk import scan_walk, start_walk
from cms_ssg.errors import CmsError

FOLDERS = ("content", "static")


class Recorded:
    """What a sync keeps, in memory: the records of the scan and the bytes that were read."""

    def __init__(self) -> None:
        self.files: dict[str, FileState] = {}
        self.folders: dict[str, bytes] = {}
        self.git: GitState | None = None
        self.content: dict[str, bytes] = {}
        self.loaded: list[str] = []

    def load_folders(self) -> Mapping[str, bytes]:
        return dict(self.folders)

    def load_files_in(self, folders: Sequence[str]) -> Mapping[str, FileState]:
        self.loaded += folders
        return {path: state for path, state in self.files.items() if path.rpartition("/")[0] in folders}

    def load_files(self, paths: Sequence[str]) -> Mapping[str, FileState]:
        return {path: self.files[path] for path in paths if path in self.files}

    def load_all_files(self) -> Mapping[str, FileState]:
        return dict(self.files)

    def sync(self, root: Path, how: str = "auto", *, force: bool = False, failed: Sequence[str] = ()) -> Scan:
        """Scan, read what changed, record it. how: auto, git (must answer), walk, or either started early."""
        if how == "walk":
            found = scan_walk(root, FOLDERS, self)
        elif how == "early":
            found = scan_files(root, FOLDERS, self, self.git, force=force, started=start_scan(root, FOLDERS))
        elif how == "early walk":
            found = scan_walk(root, FOLDERS, self, started=start_walk(root, FOLDERS))
        elif how == "git":
            answer = scan_git(root, FOLDERS, self, self.git, force=force)
            assert answer is not None
            found = answer
        else:
            found = scan_files(root, FOLDERS, self, self.git, force=force)
        assert found.changed == sorted(found.changed, key=os.fsencode)
        read = {path: (root / path).read_bytes() for path in found.changed if path not in failed}
        found = with_read(found, {path: make_blob_id(data) for path, data in read.items()}, failed)
        for path in found.removed:
            del self.files[path], self.content[path]
        self.files |= found.states
        self.content |= read
        self.folders |= found.folders
        for folder in found.gone_folders:
            del self.folders[folder]
        self.git = found.git
        return found


def read_disk(root: Path) -> dict[str, bytes]:
    """The regular, visible files below the folders, found the plain way."""
    found = {}
    for top in FOLDERS:
        for folder, below, names in os.walk(root / top):
            below[:] = [name for name in below if not name.startswith(".") and not os.path.islink(os.path.join(folder, name))]
            for name in names:
                path = Path(folder, name)
                if not name.startswith(".") and not name.endswith("~") and not path.is_symlink() and "\\" not in name:
                    found[path.relative_to(root).as_posix()] = path.read_bytes()
    return found


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def git(root: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main")
    return subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def commit(root: Path, message: str = "x") -> str:
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", message)
    return git(root, "rev-parse", "HEAD")


def age(root: Path) -> None:
    """Let the files be older than the clock's doubt, without waiting: the change time cannot be set, so the test waits for it."""
    newest = max((os.lstat(os.path.join(folder, name)).st_ctime for folder, _, names in os.walk(root) for name in names), default=0.0)
    time.sleep(max(0.0, newest + 2.05 - time.time()))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    write(root, "content/a.md", "a")
    write(root, "content/posts/b.md", "b")
    write(root, "content/posts/mir/index.md", "mir")
    write(root, "content/posts/mir/photo.jpg", "jpg")
    write(root, "static/site.css", "css")
    write(root, "README.md", "not content")
    return root


@pytest.fixture
def checkout(site: Path) -> Path:
    git(site, "init", "-q")
    commit(site)
    return site


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


@pytest.mark.parametrize("how", ["walk", "git"])
def test_file_replaced_by_folder_and_back(checkout: Path, how: str) -> None:
    recorded = Recorded()
    recorded.sync(checkout, how)
    (checkout / "content/a.md").unlink()
    write(checkout, "content/a.md/index.md", "a folder called a.md")
    found = recorded.sync(checkout, how)
    assert (found.changed, found.removed) == (["content/a.md/index.md"], ["content/a.md"])
    shutil.rmtree(checkout / "content/a.md")
    write(checkout, "content/a.md", "a")
    found = recorded.sync(checkout, how)
    assert (found.changed, found.removed) == (["content/a.md"], ["content/a.md/index.md"])
    assert recorded.content == read_disk(checkout)


@pytest.mark.parametrize("how", ["walk", "git", "early walk"])
def test_symlinks_are_named_and_never_followed(checkout: Path, tmp_path: Path, how: str) -> None:
    outside = tmp_path / "outside"
    write(outside, "secret.md", "secret")
    (checkout / "content/link.md").symlink_to(outside / "secret.md")
    (checkout / "content/folder").symlink_to(outside)
    commit(checkout)
    recorded = Recorded()
    found = recorded.sync(checkout, how)
    assert [(problem.code, problem.place, problem.severity) for problem in found.problems] == [
        ("scan.symlink", "content/folder", "warning"),
        ("scan.symlink", "content/link.md", "warning"),
    ]
    assert len(recorded.content) == 5
    assert [problem.place for problem in recorded.sync(checkout, how).problems] == ["content/folder", "content/link.md"], "said every time"
    shutil.move(checkout / "content/posts", outside / "posts")
    (checkout / "content/posts").symlink_to(outside / "posts")
    found = recorded.sync(checkout, how)
    assert found.removed == ["content/posts/b.md", "content/posts/mir/index.md", "content/posts/mir/photo.jpg"]
    assert "content/posts" in [problem.place for problem in found.problems]


def test_root_that_is_a_symlink_and_root_outside_are_refused(site: Path, tmp_path: Path) -> None:
    (site / "linked").symlink_to(tmp_path)
    found = scan_walk(site, ["linked", "linked/deeper"], Recorded())
    assert [problem.place for problem in found.problems] == ["linked"]
    for folder in ("../x", "/etc", "content/../..", "a\\b"):
        with pytest.raises(CmsError) as caught:
            scan_walk(site, [folder], Recorded())
        assert caught.value.problems[0].code == "scan.outside"


@pytest.mark.parametrize("how", ["walk", "git"])
def test_hostile_names_are_named_and_left_out(checkout: Path, how: str) -> None:
    names = [b"caf\xe9.md", b"new\nline.md", b"esc\x1b[31m.md", b"back\\slash.md", b"turn\xe2\x80\xaeround.md", b"x" * 210 + b".md"]
    for name in names:
        (checkout / "content").joinpath(os.fsdecode(name)).write_text("odd")
    (checkout / os.fsdecode(b"content/bad\xff")).mkdir()
    (checkout / os.fsdecode(b"content/bad\xff/inner.md")).write_text("odd")
    fine = ["قصة.md", "日本語.md", "a b.md", "-rf.md", ":(top)x.md", "100%.md", "quote\"'.md", "emoji-🎉.md", "نام\u200cه.md", "*.md"]
    for good in fine:
        write(checkout, f"content/{good}", "fine")
    for committed in (False, True):
        if committed:
            commit(checkout)
        recorded = Recorded()
        found = recorded.sync(checkout, how)
        assert {problem.code for problem in found.problems} == {"scan.name"}
        assert len(found.problems) == len(names) + 1
        assert all(str(problem).replace("\n", "", 1).isprintable() for problem in found.problems)
        assert {path.removeprefix("content/") for path in recorded.content} >= set(fine)
        assert len(recorded.content) == 5 + len(fine)


def test_walk_and_git_ignore_hidden_and_temporary_files_alike(checkout: Path) -> None:
    for name in (
        ".hidden.md",
        "a.md~",
        ".#a.md",
        "#a.md#",
        ".a.md.swp",
        "x.swp",
        "4913",
        "x.tmp",
        ".DS_Store",
        ".obsidian/x.md",
        "node_modules/p/README.md",
    ):
        write(checkout, f"content/{name}", "no")
    for name in ("static/.well-known/security.txt", "static/.nojekyll", "content/#1.md", "content/4913.md"):
        write(checkout, name, "yes")
    walked, asked = Recorded(), Recorded()
    assert walked.sync(checkout, "walk").problems == []
    assert asked.sync(checkout, "git").problems == []
    assert walked.content == asked.content
    assert len(walked.content) == 9


def test_pipe_is_never_opened(site: Path) -> None:
    os.mkfifo(site / "content/pipe.md")
    found = scan_walk(site, FOLDERS, Recorded())
    assert [problem.code for problem in found.problems] == ["scan.special"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
@pytest.mark.parametrize("how", ["walk", "git"])
def test_folder_that_cannot_be_read_keeps_its_files(checkout: Path, how: str) -> None:
    recorded = Recorded()
    recorded.sync(checkout, how)
    (checkout / "content/posts").chmod(0)
    try:
        found = recorded.sync(checkout, how)
    finally:
        (checkout / "content/posts").chmod(0o755)
    assert found.removed == []
    assert "scan.unreadable" in [problem.code for problem in found.problems]


def test_hostile_repository_settings_run_nothing(checkout: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    shutil.copy(trap, hooks / "post-index-change")
    for key in ("core.fsmonitor", "core.pager", "pager.status", "diff.external", "core.sshCommand", "core.editor"):
        git(checkout, "config", key, str(trap))
    git(checkout, "config", "core.hooksPath", str(hooks))
    recorded = Recorded()
    recorded.sync(checkout, "git")
    write(checkout, "content/a.md", "edit")
    before = os.stat(checkout / ".git/index")
    recorded.sync(checkout, "git")
    assert not (tmp_path / "sprung").exists()
    assert os.stat(checkout / ".git/index").st_mtime_ns == before.st_mtime_ns


def test_variables_of_a_surrounding_hook_do_not_lead_astray(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "init", "-q", "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other/.git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "other/.git/index"))
    assert len(Recorded().sync(checkout, "git").changed) == 5


def test_missing_git_and_damaged_repository_are_walked(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / ".git/HEAD").write_text("nonsense")
    assert Recorded().sync(checkout).git is None
    monkeypatch.setenv("PATH", "/nonexistent")
    assert len(Recorded().sync(checkout).changed) == 5


def test_foreign_owner_is_walked_with_a_warning(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    found = Recorded().sync(checkout)
    assert found.git is None
    assert [problem.code for problem in found.problems] == ["scan.git-refused"]
    assert str(checkout) in found.problems[0].hint


def test_walk_after_git_and_git_after_walk_trust_only_what_still_holds(checkout: Path) -> None:
    age(checkout)
    recorded = Recorded()
    recorded.sync(checkout, "walk")
    write(checkout, "content/a.md", "by git")
    recorded.sync(checkout, "git")
    assert recorded.folders["content"] == b""
    write(checkout, "content/a.md", "by walk")
    recorded.sync(checkout, "walk")
    git(checkout, "checkout", "--", "content/a.md")
    recorded.sync(checkout)
    assert recorded.content == read_disk(checkout)


def test_edit_between_scan_and_read_that_is_taken_back_is_noticed(checkout: Path) -> None:
    recorded = Recorded()
    recorded.sync(checkout, "git")
    write(checkout, "content/b.md", "b")
    commit(checkout)
    found = scan_git(checkout, FOLDERS, recorded, recorded.git)
    assert found is not None
    assert found.changed == ["content/b.md"]
    blobs = {"content/b.md": make_blob_id(b"an edit in between")}
    done = with_read(found, blobs)
    assert done.git is not None
    assert done.git.dirty == ("content/b.md",)
    assert done.states["content/b.md"].blob == blobs["content/b.md"]


def test_walk_started_early_sees_what_happened_since(site: Path) -> None:
    age(site)
    recorded = Recorded()
    recorded.sync(site, "early walk")
    run = start_walk(site, FOLDERS)
    assert run is not None
    (site / "content/a.md").unlink()
    os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
    write(site, "content/posts/b.md", "seen next time")
    found = scan_walk(site, FOLDERS, recorded, started=run)
    assert found.removed in ([], ["content/a.md"]), "the child may have been faster"
    recorded.sync(site, "early walk")
    assert recorded.content == read_disk(site)


def test_scan_started_in_vain_leaves_no_process(checkout: Path) -> None:
    for run in (start_scan(checkout, FOLDERS), start_walk(checkout, FOLDERS)):
        assert run is not None
        run.stop()
        run.stop()
    for run in (start_scan(checkout, FOLDERS), start_walk(checkout, FOLDERS)):
        scan_files(checkout, FOLDERS, Recorded(), None, started=run)
        assert run is not None
        run.stop()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_skipped_folder_is_never_entered(checkout: Path) -> None:
    write(checkout, "build/index.html", "output")
    for answer in (scan_walk(checkout, ["."], Recorded(), skip=["build"]), scan_git(checkout, ["."], Recorded(), None, skip=["build"])):
        assert answer is not None
        assert "README.md" in answer.changed
        assert len(answer.changed) == 6


def test_checkout_with_the_large_file_reads_it_though_the_record_is_of_its_pointer(checkout: Path) -> None:
    (checkout / "static/film.mp4").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n")
    commit(checkout)
    recorded = Recorded()
    recorded.sync(checkout, "git")
    recorded.sync(checkout, "git")
    git(checkout, "update-index", "--assume-unchanged", "static/film.mp4")
    write(checkout, "static/film.mp4", "the film itself, clean for git")
    recorded.git = None
    assert recorded.sync(checkout, "git").changed == ["static/film.mp4"]


@pytest.mark.parametrize("seed", range(6))
def test_any_sequence_of_edits_by_either_way_ends_with_the_files_on_disk(checkout: Path, seed: int) -> None:
    rng = random.Random(seed)
    recorded = Recorded()
    names = [f"{top}/{folder}{name}" for top in FOLDERS for folder in ("", "x/", "x/y/") for name in ("1.md", "2.md", "é.md")]
    for step in range(25):
        for _ in range(rng.randint(1, 3)):
            path = rng.choice(names)
            action = rng.choice(["write", "write", "delete", "commit", "restore", "stash", "branch", "folder"])
            try:
                if action == "write":
                    write(checkout, path, rng.choice("abcdef"))
                elif action == "delete":
                    (checkout / path).unlink()
                elif action == "commit":
                    commit(checkout)
                elif action == "restore":
                    git(checkout, "checkout", "--", ".")
                elif action == "stash":
                    git(checkout, "stash", "-q", "-u")
                elif action == "branch":
                    git(checkout, "checkout", "-q", "-f", "--detach", rng.choice(git(checkout, "rev-list", "--all").split()))
                else:
                    shutil.rmtree((checkout / path).parent)
            except (OSError, subprocess.CalledProcessError):
                pass
        found = recorded.sync(checkout, rng.choice(["auto", "walk", "early", "early walk"]), force=True)
        assert recorded.content == read_disk(checkout), f"step {step}"
        assert not set(found.changed) & set(found.removed)
        assert {path.rpartition("/")[0] for path in recorded.files} <= recorded.folders.keys()
