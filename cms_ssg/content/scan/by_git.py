"""Finding changed files with git: what HEAD changed since the last sync, and what the working tree changed since HEAD.

Files marked ``assume-unchanged`` or ``skip-worktree`` by hand are invisible to git, so their edits are not seen here.
"""

from __future__ import annotations

import os
import stat as stat_bits
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from cms_ssg.content.git.run import GitFacts, GitRun, read_changes, read_facts, read_tree, start_git
from cms_ssg.content.scan.changed_files import (
    Comparison,
    FileState,
    GitState,
    Records,
    Scan,
    find_symlink,
    folder_of,
    make_roots,
    make_special_problem,
    make_symlink_problem,
)
from cms_ssg.content.scan.file_names import find_path_problem, has_ignored_name, show_path
from cms_ssg.errors import fail
from cms_ssg.types import Problem


def scan_git(
    root: Path,
    folders: Sequence[str],
    records: Records,
    state: GitState | None,
    *,
    force: bool = False,
    skip: Collection[str] = (),
    started: GitRun | None = None,
) -> Scan | None:
    """Find changed files from git. Arguments, result and errors as in ``scan_files``.

    None where the caller must walk: no checkout, no commit yet, nothing tracked in these folders, a sparse checkout, submodules or
    nested repositories. Where git refuses the folder, ``started`` has a warning.
    """
    own: list[Problem] = []
    roots = make_roots(root, folders, own)
    run = started if started is not None and started.folders == roots else start_git(root, roots, skip)
    facts = read_facts(run) if run is not None else None
    if facts is None or not any(facts.trees.values()):
        return None
    dirty = facts.dirty | set(state.dirty if state else ())
    known: Mapping[str, FileState]
    moved = _list_moved(root, roots, facts, state, force)
    if moved is not None:
        candidates = moved.keys() | dirty
        known = records.load_files(sorted(candidates)) if candidates else {}
    else:
        moved = read_tree(root, roots, facts.commit)
        if moved is None:
            return None
        known = records.load_all_files()
        differing = {path for path, blob in moved.items() if path not in known or known[path].blob != blob}
        candidates = differing | (known.keys() - moved.keys()) | dirty
    look = _Look(root, roots, skip, own)
    comparison, removed = Comparison(root), []
    for path in sorted(candidates):
        now = look.find_state(path, None if path in facts.dirty else moved.get(path))
        if now is not None:
            comparison.add(now, known.get(path))
        elif path in known and path not in look.unreadable:
            removed.append(path)
    # A later walk must look inside these folders: the digests it would compare with are older than the records.
    stale = dict.fromkeys(sorted({folder_of(path) for path in [*comparison.states, *removed]}), b"")
    git = GitState(facts.commit, facts.trees, tuple(sorted(facts.dirty | look.refused)))
    own.sort(key=lambda problem: (problem.place, problem.code))
    return Scan(sorted(comparison.changed), removed, comparison.states, stale, [], own, git)


def _list_moved(root: Path, roots: Sequence[str], facts: GitFacts, state: GitState | None, force: bool) -> dict[str, bytes] | None:
    """Path -> blob id (b"" if deleted) of what HEAD changed since the last sync; None if only a look at all of HEAD can tell.

    A commit that changes nothing in these folders (amended message, other folders) is welcome whatever it descends from.
    """
    if state is None or state.trees.keys() != facts.trees.keys():
        return None
    if state.trees == facts.trees:
        return {}
    found = read_changes(root, roots, state.commit, facts.commit)
    if found is None:
        return None
    descends, moved = found
    if not descends and not facts.shallow and not force:
        raise fail(
            "sync.not-descendant",
            f"HEAD {facts.commit[:12]} does not descend from {state.commit[:12]}, the commit of the last sync",
            hint="A newer state may have been published from elsewhere. Pull first, or publish this one with --force.",
        )
    return moved


class _Look:
    """Looks at single files as a walk would: the same names ignored, the same things refused."""

    def __init__(self, root: Path, roots: Sequence[str], skip: Collection[str], problems: list[Problem]) -> None:
        self.root = root
        self.roots = tuple(f"{folder}/" if folder else "" for folder in roots)
        self.skip = tuple(f"{folder}/" for folder in skip)
        self.problems = problems
        self.refused: set[str] = set()
        self.unreadable: set[str] = set()
        self.links: dict[str, str] = {}
        self.said = {(problem.code, problem.place) for problem in problems}

    def find_state(self, path: str, blob: bytes | None) -> FileState | None:
        """What the file system says of a file, None if it is not one that counts. blob: git's id of its clean bytes, if it has them."""
        if has_ignored_name(path) or not path.startswith(self.roots) or path.startswith(self.skip):
            return None
        problem = find_path_problem(path) or self._find_link_problem(folder_of(path))
        if problem is None:
            try:
                stat = os.lstat(f"{self.root}/{path}")
            except (FileNotFoundError, NotADirectoryError):
                return None
            except OSError as error:
                self.unreadable.add(path)
                problem = Problem(
                    "scan.unreadable",
                    show_path(folder_of(path)),
                    0,
                    f"the folder cannot be read: {error.strerror}",
                    "Its files stay as they were at the last build. Mend its permissions.",
                )
            else:
                if stat_bits.S_ISREG(stat.st_mode):
                    return FileState(path, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, blob or None)
                if stat_bits.S_ISDIR(stat.st_mode):
                    return None
                problem = make_symlink_problem(path) if stat_bits.S_ISLNK(stat.st_mode) else make_special_problem(path)
        self.refused.add(path)
        if (problem.code, problem.place) not in self.said:
            self.said.add((problem.code, problem.place))
            self.problems.append(problem)
        return None

    def _find_link_problem(self, folder: str) -> Problem | None:
        if folder not in self.links:
            self.links[folder] = find_symlink(self.root, folder)
        return make_symlink_problem(self.links[folder]) if self.links[folder] else None
