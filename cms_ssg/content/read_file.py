"""The bytes of one file of the site, whatever lies in its place by now."""

from __future__ import annotations

import os
import stat
from typing import Final

from cms_ssg.types import Problem

MAX_CONTENT_BYTES: Final = 32 * 1024 * 1024
"""Of a content file: more is no text that somebody wrote."""


def read_file(root: str, file: str, limit: int | None = None) -> bytes | Problem:
    """The bytes of an ordinary file below the site folder `root`, or why there are none.

    limit: bytes it may have. What took the file's place since the scan does no harm: no link is followed
    and no pipe waited for.
    """
    try:
        handle = os.open(os.path.join(root, file), os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with open(handle, "rb") as stream:
            info = os.fstat(handle)
            if not stat.S_ISREG(info.st_mode):
                return Problem("content.unreadable", file, 0, "this is no file", "Only ordinary files are content.")
            if limit is not None and info.st_size > limit:
                return Problem(
                    "content.size", file, 0, f"the file has more than {limit // 1024 // 1024} MB", "Split it, or put it into static/."
                )
            return stream.read()
    except (OSError, ValueError) as error:
        linked = os.path.islink(os.path.join(root, file)) if "\0" not in file else False
        said = "a symbolic link is not read as content" if linked else f"cannot be read: {getattr(error, 'strerror', None) or error}"
        return Problem("content.unreadable", file, 0, said, "Until it can be read, what was read of it last stays.")
