"""The bytes of one file of the site, whatever lies in its place by now."""

from __future__ import annotations

import os
import stat
from typing import Final

from cms_ssg.types import Problem

MAX_CONTENT_BYTES: Final = 32 * 1024 * 1024
"""Of a content file: more is no text that somebody wrote."""
OPEN_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


def read_file(root: str, file: str, limit: int | None = None) -> bytes | Problem:
    """The bytes of an ordinary file below the site folder `root`, or why there are none.

    limit: bytes it may have. What took the file's place since the scan does no harm: no link is followed
    and no pipe waited for.
    """
    path = f"{root}/{file}"
    try:
        handle = os.open(path, OPEN_FLAGS)
        try:
            info = os.fstat(handle)
            if not stat.S_ISREG(info.st_mode):
                return Problem("content.unreadable", file, 0, "this is no file", "Only ordinary files are content.")
            if limit is not None and info.st_size > limit:
                said = f"the file has more than {limit // 1024 // 1024} MB"
                return Problem("content.size", file, 0, said, "Split it, or put it into static/.")
            parts = [os.read(handle, info.st_size + 1)]
            while len(parts[-1]) > 0 and sum(map(len, parts)) != info.st_size:  # large, or somebody writes to it
                parts.append(os.read(handle, 1 << 20))
            return parts[0] if len(parts) == 1 else b"".join(parts)
        finally:
            os.close(handle)
    except (OSError, ValueError) as error:
        linked = os.path.islink(path) if "\0" not in file else False
        said = "a symbolic link is not read as content" if linked else f"cannot be read: {getattr(error, 'strerror', None) or error}"
        return Problem("content.unreadable", file, 0, said, "Until it can be read, what was read of it last stays.")
