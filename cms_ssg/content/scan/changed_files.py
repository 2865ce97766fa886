"""What is recorded of files, and how a file on disk is compared with its record. Nothing here is saved: that is the caller's."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha1
from pathlib import Path
from typing import Final, Protocol

from cms_ssg.content.scan.file_names import show_path
from cms_ssg.types import Problem

RACY_NS: Final = 2_000_000_000
"""A file changed less than this before the scan may change again within the same tick of its file system's clock."""

LFS_SAID: Final = "it is a pointer of Git LFS and not the file itself"
LFS_HINT: Final = "Fetch the file itself: git lfs pull; in CI have the checkout do it (lfs: true)."
_LFS_POINTER: Final = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True, slots=True)
class FileState:
    """What is recorded of a file. path: posix, relative to the site folder; blob: git's blob id of the bytes read (20 bytes).

    ctime_ns is 0 where the file changed so shortly before the scan that its times prove nothing; it is compared again next time.
    """

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    blob: bytes | None = None

    def same_stat(self, other: FileState) -> bool:
        """Whether nothing the file system says about the file has changed."""
        return (self.size, self.mtime_ns, self.ctime_ns, self.inode) == (other.size, other.mtime_ns, other.ctime_ns, other.inode)


@dataclass(frozen=True, slots=True)
class GitState:
    """What is recorded of a checkout. commit: hex id of HEAD; trees: folder -> tree id, "" where HEAD lacks it.

    dirty: files whose bytes were not HEAD's, or that were refused: the next scan compares them whatever git says.
    """

    commit: str
    trees: Mapping[str, str]
    dirty: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan found. Paths are sorted; nothing here was saved.

    changed: to be read (again); removed: recorded, but gone; states: records to write, for changed files and for those whose
    times moved while their bytes did not; folders: digests to write (b"" = look inside next time); gone_folders: digests to delete;
    git: to be stored in place of the last one, None after a walk (then the stored one must go, or the next scan would trust it).
    """

    changed: list[str]
    removed: list[str]
    states: dict[str, FileState]
    folders: dict[str, bytes] = field(default_factory=dict)
    gone_folders: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    git: GitState | None = None


class Records(Protocol):
    """What the last scans recorded. Every folder with a recorded file has a digest (b"" is one)."""

    def load_folders(self) -> Mapping[str, bytes]:
        """All folder digests."""
        ...

    def load_files_in(self, folders: Sequence[str]) -> Mapping[str, FileState]:
        """Records of the files directly in these folders."""
        ...

    def load_files(self, paths: Sequence[str]) -> Mapping[str, FileState]:
        """Records of these files, where there are any."""
        ...

    def load_all_files(self) -> Mapping[str, FileState]:
        """Every record."""
        ...


def with_read(scan: Scan, blobs: Mapping[str, bytes], failed: Collection[str] = ()) -> Scan:
    """Complete a scan with what was really read, which may be newer than what the scan saw.

    blobs: path -> ``make_blob_id`` of the bytes that were read; failed: paths that could not be saved and must be offered again.
    """
    states = {**scan.states, **{path: replace(scan.states[path], blob=blob) for path, blob in blobs.items() if path in scan.states}}
    for path in failed:
        states.pop(path, None)
    git = scan.git
    if git is not None:
        moved = {path for path, blob in blobs.items() if path in scan.states and scan.states[path].blob not in (None, blob)}
        git = replace(git, dirty=tuple(sorted({*git.dirty, *moved, *failed})))
    folders = scan.folders | {folder_of(path): b"" for path in failed}
    return replace(scan, states=states, git=git, folders=folders)


def folder_of(path: str) -> str:
    """The folder a file lies in, ``""`` for the site folder."""
    return path.rpartition("/")[0]


def make_blob_id(data: bytes) -> bytes:
    """Git's blob id of these bytes. A Git LFS pointer gets one that git never has, so that the real file is noticed when it arrives."""
    if is_lfs_pointer(data):
        data += b"\0pointer"
    return sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).digest()


def is_lfs_pointer(data: bytes) -> bool:
    """Whether these bytes only say where Git LFS keeps the file."""
    return data.startswith(_LFS_POINTER) and len(data) < 1024


def read_blob_id(path: str, size: int) -> bytes | None:
    """The same for a file of the given size, a megabyte at a time; None if it cannot be read or changes meanwhile. Follows no symlink."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb", buffering=0) as file:
            if size <= 1 << 20:
                data = file.read(size + 1)
                return make_blob_id(data) if len(data) == size else None
            digest, seen = sha1(b"blob %d\0" % size, usedforsecurity=False), 0
            while chunk := file.read(1 << 20):
                digest.update(chunk)
                seen += len(chunk)
            return digest.digest() if seen == size else None
    except OSError:
        return None


class Comparison:
    """Compares files on disk with their records and collects what must be read and written."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.changed: list[str] = []
        self.states: dict[str, FileState] = {}
        self.racy_ns = time.time_ns() - RACY_NS

    def add(self, now: FileState, known: FileState | None) -> None:
        """Compare one file: by times first, then by bytes where only the times differ.

        now.blob, where known, is git's id of the file's clean bytes.
        """
        if known is not None and known.same_stat(now):
            return
        racy = self.is_racy(now)
        if racy:
            now = replace(now, ctime_ns=0)
        same = False
        if known is not None and known.blob is not None and known.size == now.size:
            same = read_blob_id(f"{self.root}/{now.path}", now.size) == known.blob
        if same and known is not None:
            now = replace(now, blob=known.blob)
        else:
            self.changed.append(now.path)
        self.states[now.path] = now

    def is_racy(self, state: FileState) -> bool:
        """Whether the file changed so shortly before the scan that the next change may leave the same times.

        A modification time in the future was set by hand and says nothing; the change time cannot be set.
        """
        return state.ctime_ns >= self.racy_ns or self.racy_ns <= state.mtime_ns <= self.racy_ns + 2 * RACY_NS


def make_roots(root: Path, folders: Sequence[str], problems: list[Problem]) -> list[str]:
    """Clean the folders to scan: posix, without those inside another, without symlinks (a warning each).

    Raises CmsError scan.outside for an absolute path or one with ``..``.
    """
    from cms_ssg.errors import fail

    clean: list[str] = []
    for folder in folders:
        parts = [part for part in folder.split("/") if part not in ("", ".")]
        if folder.startswith("/") or ".." in parts or "\\" in folder or "\0" in folder:
            raise fail(
                "scan.outside",
                f'the folder "{show_path(folder)}" is not inside the site folder',
                place="site.toml",
                hint="Give a path below the site folder, without .. and with forward slashes.",
            )
        clean.append("/".join(parts))
    kept: list[str] = []
    for folder in sorted(set(clean)):
        if any(folder == other or not other or folder.startswith(f"{other}/") for other in kept):
            continue
        link = find_symlink(root, folder)
        if link:
            problems.append(make_symlink_problem(link))
        else:
            kept.append(folder)
    return kept


def find_symlink(root: Path, folder: str) -> str:
    """The first part of a relative path that is a symlink, ``""`` if none is."""
    parts = folder.split("/") if folder else []
    for count in range(1, len(parts) + 1):
        part = "/".join(parts[:count])
        if os.path.islink(f"{root}/{part}"):
            return part
    return ""


def make_symlink_problem(path: str) -> Problem:
    """The warning for a symlink that was left out."""
    return Problem(
        "scan.symlink",
        show_path(path),
        0,
        "symbolic links are not followed; it was left out",
        "Put the file itself there, or a copy.",
        "warning",
    )


def make_special_problem(path: str) -> Problem:
    """The warning for a pipe, socket or device that was left out."""
    return Problem("scan.special", show_path(path), 0, "not a regular file; it was left out", "Remove it.", "warning")
