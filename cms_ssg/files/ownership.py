"""Where root works among the files of another user, what it makes is that user's: whose next command could otherwise change none of it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0

Owner = tuple[int, int]
"""A user and a group."""


def find_owner(path: str | Path) -> Owner | None:
    """Whose a new file in this folder is to be: of the owner of the folder, or of the nearest one above that is there. None: no matter."""
    folder = os.path.abspath(path)
    while IS_ROOT:
        with suppress(FileNotFoundError, NotADirectoryError):
            found = os.stat(folder)
            return (found.st_uid, found.st_gid) if found.st_uid else None
        folder = os.path.dirname(folder)
    return None


def give(path: str | Path | int, owner: Owner | None) -> None:
    """Give a file or folder, by its name or descriptor, to an owner that is not None; a system that knows no owners is left in peace."""
    if owner is not None:
        with suppress(OSError):
            os.chown(path, *owner, **({} if isinstance(path, int) else {"follow_symlinks": False}))


def make_folders(path: str | Path, mode: int = 0o777) -> None:
    """Make a folder, with those above it, of the owner of the first that is there. Raises OSError."""
    path = os.path.abspath(path)
    try:
        os.mkdir(path, mode)
    except FileExistsError:
        if not os.path.isdir(path):
            raise
    except FileNotFoundError:
        make_folders(os.path.dirname(path))
        make_folders(path, mode)
    else:
        if IS_ROOT:
            give(path, find_owner(os.path.dirname(path)))


def write_owned(path: Path, data: bytes) -> None:
    """Write a file, of the owner of its folder, which is made where it lacks. Raises OSError."""
    make_folders(path.parent)
    path.write_bytes(data)
    give(path, find_owner(path.parent))
