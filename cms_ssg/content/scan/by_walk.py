"""Finding changed files without git, by a walk.

A digest a folder over what the file system says of its files, so that only folders that differ need their records.
"""

from __future__ import annotations

import marshal
import os
import signal
from collections.abc import Collection, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, NoReturn, cast

from cms_ssg.content.scan.changed_files import Comparison, FileState, Records, Scan, make_roots, make_special_problem, make_symlink_problem
from cms_ssg.content.scan.file_names import find_name_problem, is_ignored, needs_name_check, show_path
from cms_ssg.types import Problem

FEW = 1000
"""Fewer files than this are walked in less time than a child process takes to start and to end."""

Row = tuple[str, int, int, int, int]
"""Name, size, mtime_ns, ctime_ns, inode."""


class WalkRun:
    """A walk under way in a child process; ``start_walk`` makes it."""

    def __init__(self, root: Path, folders: Sequence[str], skip: Collection[str]) -> None:
        self.asked = (str(root), tuple(folders), frozenset(skip))
        self._output, answer = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            _answer_and_exit(_Walk(root, frozenset(skip)), folders, answer)
        os.close(answer)
        self._running = True

    def read_digests(self, walk: _Walk) -> dict[str, bytes] | None:
        """Wait for the folder digests; what was left out is noted in walk. None if the child failed."""
        self._running = False
        with os.fdopen(self._output, "rb") as output:
            data = output.read()
        _, status = os.waitpid(self._child, 0)
        if status:
            return None
        digests, problems, unreadable = marshal.loads(data)
        walk.problems += [Problem(*problem) for problem in problems]
        walk.unreadable += unreadable
        return cast("dict[str, bytes]", digests)

    def stop(self) -> None:
        """End the child, for a caller that will not scan after all. Does nothing once the digests were read."""
        if self._running:
            self._running = False
            os.kill(self._child, signal.SIGKILL)
            os.close(self._output)
            os.waitpid(self._child, 0)


def start_walk(root: Path, folders: Sequence[str], skip: Collection[str] = ()) -> WalkRun | None:
    """Start walking in a child process, so that its time runs beside the caller's imports. None where there is no fork.

    Call it before any thread or connection exists. root, folders, skip: as in ``scan_files``; pass the result to it.
    """
    return WalkRun(root, folders, skip) if hasattr(os, "fork") else None


def has_many_files(root: Path, folders: Sequence[str], skip: Collection[str] = ()) -> bool:
    """Whether a walk is long enough to be started in a child process. Looks at no file, and at no more than FEW names."""
    left, stack = FEW, list(folders)
    while stack:
        folder = stack.pop()
        try:
            with os.scandir(root / folder) as entries:
                for entry in entries:
                    left -= 1
                    if left == 0:
                        return True
                    if entry.is_dir(follow_symlinks=False) and (path := f"{folder}/{entry.name}") not in skip:
                        stack.append(path)
        except OSError:  # the walk says what is wrong
            continue
    return False


def scan_walk(root: Path, folders: Sequence[str], records: Records, *, skip: Collection[str] = (), started: WalkRun | None = None) -> Scan:
    """Walk the folders and compare with the records. Arguments, result and errors as in ``scan_files``.

    A folder that cannot be read keeps its records and everything below it: an error, not a removal.
    """
    comparison = Comparison(root)
    walk = _Walk(root, frozenset(skip))
    roots = make_roots(root, folders, walk.problems)
    known_folders = records.load_folders()
    early = None
    if started is not None and started.asked == (str(root), tuple(folders), frozenset(skip)):
        early = started.read_digests(walk)
    elif started is not None:
        started.stop()
    listing = walk.list_folders(roots) if early is None else walk.list_again(early, known_folders)
    digests: dict[str, bytes] = {}
    differing: dict[str, list[Row]] = {}
    seen = set(early or ())
    for folder, rows in listing:
        seen.add(folder)
        digest = make_folder_digest(rows)
        if known_folders.get(folder) != digest:
            differing[folder] = rows
            digests[folder] = digest
    seen -= walk.vanished
    gone = sorted(folder for folder in known_folders if folder not in seen and not walk.hides(folder))
    recorded = records.load_files_in([*(folder for folder in sorted(differing) if folder in known_folders), *gone])
    present: set[str] = set()
    for folder in sorted(differing):
        prefix = f"{folder}/" if folder else ""
        for name, size, mtime_ns, ctime_ns, inode in differing[folder]:
            now = FileState(prefix + name, size, mtime_ns, ctime_ns, inode)
            present.add(now.path)
            comparison.add(now, recorded.get(now.path))
            if comparison.is_racy(now):
                digests[folder] = b""
    removed = sorted(path for path in recorded if path not in present)
    problems = sorted(set(walk.problems), key=lambda problem: (problem.place, problem.code))
    return Scan(sorted(comparison.changed), removed, comparison.states, digests, gone, problems)


def _answer_and_exit(walk: _Walk, folders: Sequence[str], answer: int) -> NoReturn:
    """In the child: walk, write the digests, leave without running anything of the parent's."""
    code = 1
    try:
        roots = make_roots(Path(walk.root), folders, [])
        digests = {folder: make_folder_digest(rows) for folder, rows in walk.list_folders(roots)}
        problems = [(p.code, p.place, p.line, p.message, p.hint, p.severity) for p in walk.problems]
        with os.fdopen(answer, "wb") as output:
            output.write(marshal.dumps((digests, problems, walk.unreadable)))
        code = 0
    finally:
        os._exit(code)


def make_folder_digest(rows: list[Row]) -> bytes:
    """16 bytes that change when any file of the folder is written, added, removed or renamed."""
    # Version 2 of marshal has no back references, so that equal rows give equal bytes.
    return blake2b(marshal.dumps(cast("Any", rows), 2), digest_size=16).digest()


class _Walk:
    """One walk over the folders: the files of each, and what was left out."""

    def __init__(self, root: Path, skip: frozenset[str]) -> None:
        self.root = str(root)
        self.skip = skip
        self.problems: list[Problem] = []
        self.unreadable: list[str] = []
        self.vanished: set[str] = set()

    def list_folders(self, roots: Sequence[str]) -> Iterator[tuple[str, list[Row]]]:
        """Yield every folder that holds files with its rows, sorted by name."""
        stack = list(roots)
        while stack:
            folder = stack.pop()
            rows, below = self._read(folder)
            stack += [path for path in below if path not in self.skip]
            if rows:
                yield folder, rows

    def list_again(self, digests: Mapping[str, bytes], known: Mapping[str, bytes]) -> Iterator[tuple[str, list[Row]]]:
        """Yield the folders whose digest from another process is not the recorded one, as they are now."""
        for folder in sorted(digests):
            if digests[folder] != known.get(folder):
                rows, _ = self._read(folder)
                if rows:
                    yield folder, rows
                else:
                    self.vanished.add(folder)

    def _read(self, folder: str) -> tuple[list[Row], list[str]]:
        """One folder's accepted files, sorted, and the paths of the folders in it."""
        try:
            rows, below, odd = _read_folder(f"{self.root}/{folder}" if folder else self.root)
        except (FileNotFoundError, NotADirectoryError):
            return [], []
        except OSError as error:
            self._refuse_folder(folder, error)
            return [], []
        prefix = f"{folder}/" if folder else ""
        self.problems += [
            make_symlink_problem(prefix + name) if link else make_special_problem(prefix + name)
            for name, link in odd
            if not is_ignored(name)
        ]
        if rows and needs_name_check([row[0] for row in rows]):
            rows = [row for row in rows if self._accepts(prefix + row[0], row[0])]
        if below and needs_name_check(below):
            below = [name for name in below if self._accepts(prefix + name, name)]
        rows.sort()
        return rows, [prefix + name for name in below]

    def hides(self, folder: str) -> bool:
        """Whether a folder could not be seen because it, or one above it, cannot be read."""
        return any(not top or folder == top or folder.startswith(f"{top}/") for top in self.unreadable)

    def _accepts(self, path: str, name: str) -> bool:
        if is_ignored(name):
            return False
        problem = find_name_problem(path)
        if problem:
            self.problems.append(problem)
        return problem is None

    def _refuse_folder(self, folder: str, error: OSError) -> None:
        self.unreadable.append(folder)
        self.problems.append(
            Problem(
                "scan.unreadable",
                show_path(folder),
                0,
                f"the folder cannot be read: {error.strerror}",
                "Its files stay as they were at the last build. Mend its permissions.",
            )
        )


def _read_folder(path: str) -> tuple[list[Row], list[str], list[tuple[str, bool]]]:
    """The files of one folder, the names of its folders, and what is neither (name, whether it is a symlink).

    An open folder makes every stat relative to it: a sixth faster than by path, and nobody can swap the folder for a link meanwhile.
    """
    rows: list[Row] = []
    below: list[str] = []
    odd: list[tuple[str, bool]] = []
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        with os.scandir(handle) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    try:
                        stat = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue
                    rows.append((entry.name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino))
                elif entry.is_dir(follow_symlinks=False):
                    below.append(entry.name)
                else:
                    odd.append((entry.name, entry.is_symlink()))
    finally:
        os.close(handle)
    return rows, below, odd
