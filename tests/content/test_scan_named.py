"""A scan of named files: right about those, and the next whole scan is right about everything."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from cms_ssg.content.scan.changed_files import FileState, GitState, Scan, make_blob_id, with_read
from cms_ssg.content.scan.named_files import scan_named
from cms_ssg.content.scan.scan_files import scan_files

FOLDERS = ("content", "static")


class Recorded:
    """What a sync keeps, in memory."""

    def __init__(self) -> None:
        self.files: dict[str, FileState] = {}
        self.folders: dict[str, bytes] = {}
        self.git: GitState | None = None
        self.content: dict[str, bytes] = {}

    def load_folders(self) -> Mapping[str, bytes]:
        return dict(self.folders)

    def load_files_in(self, folders: Sequence[str]) -> Mapping[str, FileState]:
        return {path: state for path, state in self.files.items() if path.rpartition("/")[0] in folders}

    def load_files(self, paths: Sequence[str]) -> Mapping[str, FileState]:
        return {path: self.files[path] for path in paths if path in self.files}

    def load_all_files(self) -> Mapping[str, FileState]:
        return dict(self.files)

    def sync(self, root: Path, names: Sequence[str] | None = None) -> Scan | None:
        found = scan_named(root, FOLDERS, self, self.git, names) if names is not None else scan_files(root, FOLDERS, self, self.git)
        if found is None:
            return None
        read = {path: (root / path).read_bytes() for path in found.changed}
        found = with_read(found, {path: make_blob_id(data) for path, data in read.items()})
        for path in found.removed:
            del self.files[path], self.content[path]
        self.files |= found.states
        self.content |= read
        self.folders |= found.folders
        for folder in found.gone_folders:
            self.folders.pop(folder, None)
        self.git = found.git
        return found


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@example.com", *arguments], cwd=root, check=True, capture_output=True)


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def read_disk(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for top in FOLDERS for path in (root / top).rglob("*") if path.is_file()}


@pytest.fixture(params=["folder", "checkout"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    for number in range(4):
        write(tmp_path, f"content/a/{number}.md", f"text {number}")
    if request.param == "checkout":
        git(tmp_path, "init", "-q")
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "-qm", "x")
    return tmp_path


def test_named_files_are_compared_and_others_are_not(site: Path) -> None:
    recorded = Recorded()
    recorded.sync(site)
    write(site, "content/a/1.md", "new")
    write(site, "content/b/new.md", "new")
    write(site, "content/a/2.md", "not named")
    (site / "content/a/3.md").unlink()
    found = recorded.sync(
        site, ["content/a/1.md", "content/b/new.md", "content/a/3.md", "content/a/0.md", "content/gone.md", "site.toml", "data/x.yaml"]
    )
    assert found is not None
    assert (found.changed, found.removed) == (["content/a/1.md", "content/b/new.md"], ["content/a/3.md"])
    assert recorded.content["content/a/2.md"] == b"text 2"
    recorded.sync(site)
    assert recorded.content == read_disk(site)


def test_folders_links_and_odd_names_need_a_whole_scan(site: Path) -> None:
    recorded = Recorded()
    recorded.sync(site)
    (site / "content/link.md").symlink_to(site / "content/a/1.md")
    (site / "content/linked").symlink_to(site / "content/a")
    os.mkfifo(site / "content/pipe.md")
    for name in ("content/a/", "content/link.md", "content/linked/1.md", "content/pipe.md", "content/back\\slash.md", "content/a"):
        assert recorded.sync(site, [name]) is None


def test_editors_files_and_the_output_are_nothing(site: Path) -> None:
    recorded = Recorded()
    recorded.sync(site)
    for name in ("content/a/.1.md.swp", "content/a/1.md~", "static/out/x.html"):
        write(site, name, "x")
    found = scan_named(
        site, FOLDERS, recorded, recorded.git, ["content/a/.1.md.swp", "content/a/1.md~", "static/out/x.html"], skip=["static/out"]
    )
    assert found is not None
    assert (found.changed, found.removed) == ([], [])


def test_named_edit_that_git_takes_back_is_noticed(site: Path) -> None:
    recorded = Recorded()
    recorded.sync(site)
    write(site, "content/a/1.md", "edited")
    recorded.sync(site, ["content/a/1.md"])
    write(site, "content/a/1.md", "text 1")
    recorded.sync(site)
    assert recorded.content["content/a/1.md"] == b"text 1"


@pytest.mark.parametrize("seed", range(6))
def test_any_mix_of_named_and_whole_scans_ends_equal_to_the_disk(site: Path, seed: int) -> None:
    choose, recorded = random.Random(seed), Recorded()
    recorded.sync(site)
    for _ in range(30):
        name = f"content/{choose.choice('abc')}/{choose.randrange(4)}.md"
        if choose.random() < 0.3 and (site / name).exists():
            (site / name).unlink()
        else:
            write(site, name, choose.choice(["x", "y", f"{choose.random()}"]))
        if choose.random() < 0.7:
            recorded.sync(site, [name])
        elif choose.random() < 0.3:
            recorded.sync(site)
        elif choose.random() < 0.2 and (site / ".git").exists():
            git(site, "add", "-A")
            git(site, "commit", "-qm", "y", "--allow-empty")
    time.sleep(0.01)
    recorded.sync(site)
    assert recorded.content == read_disk(site)
