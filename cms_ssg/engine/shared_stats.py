"""Which shared files are as they were at the last build, by what the file system says of them: a file of the site's ``.cms`` folder, which may go at any time."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from cms_ssg.files.ownership import write_owned

FILE: Final = ".cms/shared.json"
UNSETTLED_NS: Final = 2_000_000_000
"""A file that was written so shortly before it was read may be written again in the same tick of the clock."""

Stat = tuple[int, int, int]
"""Time of the last change in ns, size in bytes, inode."""


class SharedStats:
    """What was noted of each shared file: its stat, and a digest of what was read."""

    def __init__(self, root: Path) -> None:
        self._file = root / FILE
        self._began_ns = time.time_ns()
        self._new: dict[str, tuple[Stat, str]] = {}
        try:
            self._old: Mapping[str, tuple[Stat, str]] = msgspec.json.decode(self._file.read_bytes(), type=dict[str, tuple[Stat, str]])
        except (OSError, msgspec.DecodeError):
            self._old = {}

    def find(self, path: Path) -> bytes | None:
        """The digest of a file that looks as it did, None for any other."""
        known = self._old.get(str(path))
        stat = _read_stat(path) if known is not None else None
        if known is None or stat is None or known[0] != stat:
            return None
        self._new[str(path)] = known
        return bytes.fromhex(known[1])

    def note(self, path: Path, digest: bytes) -> None:
        """Remember a file that was just read."""
        stat = _read_stat(path)
        if stat is not None and stat[0] < self._began_ns - UNSETTLED_NS:
            self._new[str(path)] = (stat, digest.hex())

    def save(self) -> None:
        """Write what was noted, where that is possible."""
        if self._new == self._old:
            return
        temporary = self._file.with_suffix(f".{os.getpid()}.tmp")
        try:
            self._file.parent.mkdir(exist_ok=True)
            write_owned(temporary, msgspec.json.encode(self._new))
            os.replace(temporary, self._file)
        except OSError:
            return


def _read_stat(path: Path) -> Stat | None:
    try:
        found = os.stat(path, follow_symlinks=False)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
