"""What the tests of the scan share: records as the store would keep them, sites and checkouts to scan."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from cms_ssg.content.scan.by_git import scan_git
from cms_ssg.content.scan.by_walk import scan_walk, start_walk
from cms_ssg.content.scan.changed_files import FileState, GitState, Scan, make_blob_id, with_read
from cms_ssg.content.scan.scan_files import scan_files, start_scan

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
