"""Put a new file in the place of an old one in one step, without the price that ext4 asks for a rename onto a file.

A rename that replaces a file makes ext4 write the new one's bytes to disk at once (mount option ``auto_da_alloc``), so that a crash of
the machine cannot leave an empty file; a page that can be made again does not need that. Exchanging the two names
(``renameat2`` with ``RENAME_EXCHANGE``, Linux 3.15) is as atomic, and the old file is removed afterwards.
"""

from __future__ import annotations

import ctypes
import errno
import os

AT_FDCWD, RENAME_EXCHANGE = -100, 2
CANNOT = frozenset((errno.ENOSYS, errno.EINVAL, errno.ENOENT, errno.EPERM, errno.EOPNOTSUPP))
"""What a system or a file system that knows no exchange answers, or where there is no old file: a rename will do."""

_renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)


def replace_file(new: str, old: str) -> None:
    """Give the file `new` the path `old`; both in one folder. Raises OSError, with `old` as it was."""
    if not _exchange(new, old):
        number = ctypes.get_errno()
        if _renameat2 is not None and number not in CANNOT:
            raise OSError(number, os.strerror(number), old)
        os.rename(new, old)
        return
    try:
        os.unlink(new)
    except OSError:  # a folder was there: it gets its place back
        give_back(new, old)
        raise


def give_back(new: str, old: str) -> None:
    """Undo the first half of replace_file: what had the path `old` before has it again."""
    _exchange(new, old)


def _exchange(one: str, other: str) -> bool:
    return _renameat2 is not None and _renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0
