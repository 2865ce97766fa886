"""Writes content files whole or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from cms_ssg.errors import CmsError
from cms_ssg.types import Problem


def write_file(path: Path, data: bytes, file: str, *, new: bool = False) -> None:
    """Replace a file by data, keeping its mode and owner; with new, refuse where one is there.

    A reader sees the old bytes or the new ones. Raises CmsError authoring.exists or authoring.unwritable.
    """
    temporary = path.with_name(f".{path.name[:200]}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data)
        if new:
            os.link(temporary, path)
        else:
            _copy_mode(path, temporary)
            os.replace(temporary, path)
    except FileExistsError:
        raise CmsError(Problem("authoring.exists", file, 0, "is there already", "Choose another --slug.")) from None
    except OSError as error:
        raise CmsError(Problem("authoring.unwritable", file, 0, f"cannot be written: {error.strerror}")) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _copy_mode(path: Path, temporary: Path) -> None:
    stat = path.stat()
    os.chmod(temporary, stat.st_mode & 0o7777)
    if hasattr(os, "getuid") and (stat.st_uid, stat.st_gid) != (os.getuid(), os.getgid()):
        with contextlib.suppress(OSError):
            os.chown(temporary, stat.st_uid, stat.st_gid)


def move_file(source: Path, target: Path, file: str) -> None:
    """Rename a file or folder; never over another. Raises CmsError authoring.exists or authoring.unwritable."""
    if target.exists():
        raise CmsError(Problem("authoring.exists", file, 0, "is there already", "Choose another name."))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.rename(source, target)
    except OSError as error:
        raise CmsError(Problem("authoring.unwritable", file, 0, f"cannot be written: {error.strerror}")) from None
