"""Who committed what to the content files of a checkout, as git tells it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from cms_ssg.content.git.run import list_pathspecs, run_git

FORMAT: Final = "--format=%x01%H%x00%aN%x00%aI%x00%s"
"""Each commit begins with the byte 1; its files follow, each ended by NUL."""


class FileCommit(NamedTuple):
    """A commit that changed a file. author: its name; at: when it was written; title: its first line."""

    file: str
    commit: str
    author: str
    at: datetime
    title: str


def read_commits(root: Path, paths: Sequence[str], old: str = "", most: int = 0) -> list[FileCommit]:
    """The commits of HEAD that changed files at or below these paths, the newest first; nothing where git knows nothing of them.

    old: only those since this commit; most: so many commits at most, 0 for all.
    """
    if old and not set(old) <= set("0123456789abcdef"):
        return []
    since = [f"{old}..HEAD"] if old else ["HEAD"]
    limit = [f"--max-count={most}"] if most else []
    try:
        code, data = run_git(
            root, "log", "-z", "--name-only", "--relative", "--no-renames", FORMAT, *limit, *since, "--", *list_pathspecs(paths)
        )
    except OSError:
        return []
    return parse_log(data) if code == 0 else []


def parse_log(data: bytes) -> list[FileCommit]:
    """What ``git log -z --name-only`` printed in FORMAT."""
    found = []
    for part in data.split(b"\1")[1:]:
        commit, author, at, title, *files = part.split(b"\0")
        for file in files:
            name = os.fsdecode(file.lstrip(b"\n"))
            if name:
                moment = datetime.fromisoformat(at.decode())
                found.append(FileCommit(name, commit.decode(), author.decode("utf-8", "replace"), moment, title.decode("utf-8", "replace")))
    return found
