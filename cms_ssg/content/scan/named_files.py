"""Finding out about a few files that somebody says have changed, without looking at the others."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from cms_ssg.content.scan.changed_files import Comparison, FileState, GitState, Records, Scan, find_symlink, folder_of, make_roots
from cms_ssg.content.scan.file_names import find_path_problem, has_ignored_name


def scan_named(
    root: Path, folders: Sequence[str], records: Records, state: GitState | None, names: Collection[str], *, skip: Collection[str] = ()
) -> Scan | None:
    """Compare some files with their records; None where only a whole scan can tell.

    names: paths relative to the site, a folder's with a final ``/``; the other arguments as in ``scan_files``. The next
    whole scan looks at these files and their folders again, so that nothing rests on names having been complete.
    """
    roots = make_roots(root, folders, [])
    if any(name.endswith("/") and top.startswith(name) for name in names for top in roots):
        return None  # a folder above the content came or went
    inside = [name for name in names if any(not top or name.startswith(f"{top}/") for top in roots)]
    inside = sorted({name for name in inside if not has_ignored_name(name.rstrip("/")) and not _is_skipped(name, skip)})
    comparison = Comparison(root)
    removed: list[str] = []
    recorded = records.load_files(inside)
    for name in inside:
        if name.endswith("/") or find_path_problem(name) or find_symlink(root, name):
            return None
        try:
            found = os.lstat(f"{root}/{name}")
        except (FileNotFoundError, NotADirectoryError):
            if name in recorded:
                removed.append(name)
            continue
        except OSError:
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        now = FileState(name, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
        comparison.add(now, recorded.get(name))
    touched = [*comparison.states, *removed]
    again = {folder_of(path): b"" for path in touched}
    if state is not None:
        state = replace(state, dirty=tuple(sorted({*state.dirty, *touched})))
    return Scan(sorted(comparison.changed), removed, comparison.states, again, git=state)


def _is_skipped(name: str, skip: Collection[str]) -> bool:
    return any(name.startswith(f"{folder}/") for folder in skip)
