"""The scan of what is odd: links, hostile names and settings, races, damaged repositories."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from cms_ssg.content.scan.by_git import scan_git
from cms_ssg.content.scan.by_walk import scan_walk, start_walk
from cms_ssg.content.scan.changed_files import make_blob_id, with_read
from cms_ssg.content.scan.scan_files import scan_files, start_scan
from cms_ssg.errors import CmsError
from tests.content.scanning import FOLDERS, Recorded, age, commit, git, read_disk, write
from tests.engine.killing import Child


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
        "Thumbs.db",
        "ehthumbs.db",
        "Desktop.ini",
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


def test_short_walk_needs_no_process(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert start_scan(site, FOLDERS) is None
    files = sum(len(names) + len(folders) for folder in FOLDERS for _, folders, names in os.walk(site / folder))
    for few, is_started in ((files + 1, False), (files, True)):
        monkeypatch.setattr("cms_ssg.content.scan.by_walk.FEW", few)
        run = start_scan(site, FOLDERS)
        assert (run is not None) == is_started
        if run is not None:
            run.stop()


def test_scan_started_in_vain_leaves_no_process(checkout: Path) -> None:
    def scan() -> None:
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

    Child(scan).wait()  # this process may have others


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
