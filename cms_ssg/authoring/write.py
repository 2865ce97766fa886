"""Writes content files whole or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from cms_ssg.content.scan.changed_files import find_symlink
from cms_ssg.errors import CmsError
from cms_ssg.files.ownership import make_folders, write_owned
from cms_ssg.types import Problem


def write_file(path: Path, data: bytes, file: str, *, new: bool = False) -> None:
    """Replace a file by data, keeping its mode and owner; with new, refuse where one is there.

    A reader sees the old bytes or the new ones. file: its path in the site. Raises CmsError authoring.exists, authoring.symlink or
    authoring.unwritable.
    """
    refuse_symlink(path, file)
    temporary = path.with_name(f".{path.name[:200]}.{os.getpid()}.tmp")
    try:
        write_owned(temporary, data)
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


def refuse_symlink(path: Path, file: str) -> None:
    """Refuse a file that a link leads to another place: it would leave the site, whose builds follow no links."""
    root = Path(str(path).removesuffix(file))
    if link := find_symlink(root, file):
        raise CmsError(
            Problem(
                "authoring.symlink", link, 0, "is a symbolic link, and links are not followed", "Name a place that is in the site itself."
            )
        )


def _copy_mode(path: Path, temporary: Path) -> None:
    stat = path.stat()
    os.chmod(temporary, stat.st_mode & 0o7777)
    if hasattr(os, "getuid") and (stat.st_uid, stat.st_gid) != (os.getuid(), os.getgid()):
        with contextlib.suppress(OSError):
            os.chown(temporary, stat.st_uid, stat.st_gid)


def move_file(source: Path, target: Path, file: str) -> None:
    """Rename a file or folder; never over another. file: the target's path in the site. Raises as write_file does."""
    refuse_symlink(target, file)
    if target.exists():
        raise CmsError(Problem("authoring.exists", file, 0, "is there already", "Choose another name."))
    try:
        make_folders(target.parent)
        os.rename(source, target)
    except OSError as error:
        raise CmsError(Problem("authoring.unwritable", file, 0, f"cannot be written: {error.strerror}")) from None
