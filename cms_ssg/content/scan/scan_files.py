"""Finds the files that changed since the last sync.

Git is asked where the site is a checkout (``by_git.py``), the folders are walked otherwise (``by_walk.py``); both see the same files.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from cms_ssg.content.git.run import GitRun, start_git
from cms_ssg.content.scan.by_git import scan_git
from cms_ssg.content.scan.by_walk import WalkRun, has_many_files, scan_walk, start_walk
from cms_ssg.content.scan.changed_files import GitState, Records, Scan


def start_scan(root: Path, folders: Sequence[str], skip: Collection[str] = ()) -> GitRun | WalkRun | None:
    """Start the slow part of a scan, git's or a long walk in a child process, so that it runs beside the caller's imports. None where nothing is slow.

    Call it before any thread or connection exists. Arguments as in ``scan_files``; pass the result to it, or call its ``stop()``.
    """
    return start_git(root, folders, skip) or (start_walk(root, folders, skip) if has_many_files(root, folders, skip) else None)


def scan_files(
    root: Path,
    folders: Sequence[str],
    records: Records,
    state: GitState | None,
    *,
    force: bool = False,
    skip: Collection[str] = (),
    started: GitRun | WalkRun | None = None,
) -> Scan:
    """Find the files that must be read again and those that are gone.

    root: site folder; folders: relative to it, ``""`` or ``.`` for the whole; state: the last Scan.git; force: accept a commit that does
    not descend from the last one; skip: relative folders never entered (the target); started: from ``start_scan``, to save its time.
    After reading, pass the result through ``with_read`` and save that. Raises CmsError sync.not-descendant, scan.outside.
    """
    if isinstance(started, WalkRun):
        return scan_walk(root, folders, records, skip=skip, started=started)
    run = started or start_git(root, folders, skip)
    found = scan_git(root, folders, records, state, force=force, skip=skip, started=run)
    if found is None:
        found = scan_walk(root, folders, records, skip=skip)
        found.problems[:0] = run.refusals if run is not None else []
    return found
