"""Asking git about a checkout: one HEAD, its folders' trees, what differs from it, what moved since another commit.

Nothing here writes to the repository, runs its hooks or reaches the network.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cms_ssg.content.scan.changed_files import make_roots
from cms_ssg.types import Problem

SAFE: Final = (
    "git",
    "--no-pager",
    "--no-replace-objects",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "protocol.allow=never",
)
# Set by git around hooks, they would point at another repository, index or object store than the folder's own.
REPOSITORY_VARIABLES: Final = frozenset(
    {
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_COMMON_DIR",
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_PREFIX",
        "GIT_NAMESPACE",
        "GIT_SHALLOW_FILE",
        "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_CONFIG",
        "GIT_CONFIG_PARAMETERS",
        "GIT_LITERAL_PATHSPECS",
        "GIT_GLOB_PATHSPECS",
        "GIT_NOGLOB_PATHSPECS",
        "GIT_ICASE_PATHSPECS",
        "GIT_EXTERNAL_DIFF",
        "GIT_TRACE",
    }
)
_REGULAR_MODES: Final = frozenset({b"100644", b"100755", b"100664"})
_SUBMODULE: Final = b"160000"


class GitRun:
    """Git processes under way for one checkout; ``start_git`` makes it."""

    def __init__(self, root: Path, folders: Sequence[str], skip: Collection[str]) -> None:
        self.root = root
        self.folders = list(folders)
        self.refusals: list[Problem] = []
        self.where = _start(root, "rev-parse", "--show-toplevel", "--show-prefix", "--is-shallow-repository", "HEAD^{commit}")
        self.sparse = _start(root, "config", "--type=bool", "--get", "core.sparseCheckout")
        self.trees = _start(root, "cat-file", "--batch-check=%(objectname)", given=True)
        # Ignored files count: a stylesheet that a tool writes into static/ is often ignored by git, and a walk would see it.
        self.status = _start(
            root,
            "status",
            "--porcelain=v2",
            "-z",
            "--branch",
            "--no-ahead-behind",
            "--untracked-files=all",
            "--ignored=traditional",
            "--ignore-submodules=dirty",
            "--no-renames",
            "--",
            *_pathspecs(folders),
            *_excludes(folders, skip),
        )

    def stop(self) -> None:
        """End the processes, for a caller that will not scan after all. Does nothing once their answers were read."""
        for process in (self.where, self.sparse, self.trees, self.status):
            if process.returncode is None:
                process.kill()
                process.communicate()


def _excludes(folders: Sequence[str], skip: Collection[str]) -> list[str]:
    """What git need not look at. Naming a folder that no pathspec reaches anyway would make git walk through all of it."""
    return [f":(exclude,literal){inner}" for inner in skip if any(not folder or inner.startswith(f"{folder}/") for folder in folders)]


def start_git(root: Path, folders: Sequence[str], skip: Collection[str] = ()) -> GitRun | None:
    """Start asking git, so that its time runs beside the caller's imports. None without git or outside a checkout.

    root, folders, skip: as in ``scan_files``; pass the result to it.
    """
    top = os.path.realpath(root)
    while not os.path.lexists(os.path.join(top, ".git")):
        if top == os.path.dirname(top):
            return None
        top = os.path.dirname(top)
    try:
        return GitRun(root, make_roots(root, folders, []), skip)
    except OSError:
        return None


@dataclass(frozen=True, slots=True)
class GitFacts:
    """What git says of the checkout now. trees: folder -> tree id; dirty: paths relative to the site folder."""

    commit: str
    shallow: bool
    trees: dict[str, str]
    dirty: set[str]


def read_facts(run: GitRun) -> GitFacts | None:
    """Wait for the processes. None where the checkout is not one to trust git with; the run keeps what git refused."""
    asked = "".join(f"{name}\n" for name in ("HEAD^{commit}", *(f"HEAD:./{folder}" for folder in run.folders)))
    ids = _finish(run.trees, os.fsencode(asked))
    where = _finish(run.where)
    sparse = _finish(run.sparse)
    status = _finish(run.status)
    if b"dubious ownership" in where.error:
        run.refusals.append(_make_refusal(where.error))
    lines = where.text.split("\n")
    if where.code or status.code or ids.code or len(lines) != 5 or sparse.text.strip() == "true":
        return None
    top, prefix, shallow, commit = lines[:4]
    trees = ["" if " " in line else line for line in ids.text.splitlines()]
    if len(trees) != len(run.folders) + 1 or trees[0] != commit or not _is_same_folder(os.path.join(top, prefix), run.root):
        return None
    dirty = parse_status(status.data, os.fsencode(prefix), commit)
    return None if dirty is None else GitFacts(commit, shallow == "true", dict(zip(run.folders, trees[1:], strict=True)), dirty)


def parse_status(data: bytes, prefix: bytes, commit: str) -> set[str] | None:
    """The paths below prefix that `git status --porcelain=v2 -z` names; None for another HEAD, a submodule or a nested repository."""
    dirty: set[str] = set()
    fields = {b"1": 8, b"u": 10, b"?": 1, b"!": 1}
    for line in data.split(b"\0"):
        kind = line[:1]
        if line.startswith(b"# branch.oid "):
            if line[13:].decode() != commit:
                return None
        elif kind in fields:
            parts = line.split(b" ", fields[kind])
            path = parts[-1]
            if path.endswith(b"/") or (kind in b"1u" and _SUBMODULE in parts[3:7]):
                return None
            if path.startswith(prefix):
                dirty.add(os.fsdecode(path[len(prefix) :]))
        elif line and kind != b"#":
            return None
    return dirty


def read_changes(root: Path, folders: Sequence[str], old: str, new: str) -> tuple[bool, dict[str, bytes] | None] | None:
    """Compare two commits: (does new descend from old, path -> new blob id, b"" where it is no file any more).

    The second is None if a submodule is among the changes; the whole is None if the old commit is not in this clone.
    """
    if len(old) not in (40, 64) or not set(old) <= set("0123456789abcdef"):
        return None
    ancestry = _start(root, "merge-base", "--is-ancestor", old, new)
    changes = _finish(
        _start(
            root,
            "diff-tree",
            "-r",
            "-z",
            "--raw",
            "--no-abbrev",
            "--no-renames",
            "--relative",
            "--ignore-submodules=none",
            old,
            new,
            "--",
            *_pathspecs(folders),
        )
    )
    related = _finish(ancestry)
    return None if changes.code or related.code > 1 else (related.code == 0, parse_diff(changes.data))


def read_tree(root: Path, folders: Sequence[str], commit: str) -> dict[str, bytes] | None:
    """Every file of a commit in these folders with its blob id; None if there is a submodule or git fails."""
    tree = _finish(_start(root, "ls-tree", "-r", "-z", commit, "--", *(folder or "." for folder in folders)))
    return None if tree.code else parse_tree(tree.data)


def parse_diff(data: bytes) -> dict[str, bytes] | None:
    """Records such as ``:100644 100644 old new M``, NUL, path, NUL; a path that is no regular file now has the blob b""."""
    moved: dict[str, bytes] = {}
    parts = data.split(b"\0")
    for facts, path in zip(parts[0:-1:2], parts[1::2], strict=True):
        old_mode, new_mode, _, blob, _ = facts[1:].split(b" ")
        if _SUBMODULE in (old_mode, new_mode):
            return None
        moved[os.fsdecode(path)] = bytes.fromhex(blob.decode()) if new_mode in _REGULAR_MODES else b""
    return moved


def parse_tree(data: bytes) -> dict[str, bytes] | None:
    """Records such as ``100644 blob id``, tab, path, NUL."""
    files: dict[str, bytes] = {}
    for line in data.split(b"\0")[:-1]:
        facts, _, path = line.partition(b"\t")
        mode, _, blob = facts.split(b" ")
        if mode == _SUBMODULE:
            return None
        files[os.fsdecode(path)] = bytes.fromhex(blob.decode()) if mode in _REGULAR_MODES else b""
    return files


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a git process said."""

    code: int
    data: bytes
    error: bytes

    @property
    def text(self) -> str:
        return os.fsdecode(self.data)


def _start(root: Path, *arguments: str, given: bool = False) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if name not in REPOSITORY_VARIABLES}
    environment |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
    return subprocess.Popen(
        [*SAFE, *arguments],
        cwd=root,
        env=environment,
        stdin=subprocess.PIPE if given else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _finish(process: subprocess.Popen[bytes], given: bytes | None = None) -> _Answer:
    data, error = process.communicate(given)
    return _Answer(process.returncode, data, error)


def run_git(root: Path, *arguments: str) -> tuple[int, bytes]:
    """Run git and wait for it: its exit code, and what it printed. Raises OSError where there is no git."""
    answer = _finish(_start(root, *arguments))
    return answer.code, answer.data


def list_pathspecs(folders: Sequence[str]) -> list[str]:
    """Folders and files as git is to be told of them: by their names, whatever characters are in them."""
    return _pathspecs(folders)


def _pathspecs(folders: Sequence[str]) -> list[str]:
    return [f":(literal){folder or '.'}" for folder in folders]


def _is_same_folder(path: str, root: Path) -> bool:
    try:
        return os.path.samefile(path, root)
    except OSError:
        return False


def _make_refusal(error: bytes) -> Problem:
    top = os.fsdecode(error.split(b"'")[1] if error.count(b"'") > 1 else b".")
    return Problem(
        "scan.git-refused",
        "",
        0,
        "git refuses this folder because another user owns it; the files were compared one by one",
        f'If you trust it: git config --global --add safe.directory "{top}"',
        "warning",
    )
