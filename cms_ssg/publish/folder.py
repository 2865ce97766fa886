"""A folder as the target: each file is written beside the tree and renamed into it, so that nobody sees half of one."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path


class FolderTarget:
    """root: absolute. Temporary files live in a sibling folder, so that a kill leaves nothing inside."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.prefix = str(root) + "/"
        self.temporary = root.parent / f".{root.name}.tmp"
        self.folders: set[str] = set()

    def write(self, key: str, data: bytes, content_type: str, *, fresh: bool = False) -> None:
        path = self.prefix + key
        folder = path.rpartition("/")[0]
        if fresh:
            if folder not in self.folders:
                _make_folder(folder)
                self.folders.add(folder)
            if self._create(path, data):
                return
        temporary = f"{self.temporary}/{os.getpid()}-{threading.get_ident()}"
        try:
            _write_file(temporary, data, os.O_TRUNC)
        except FileNotFoundError:
            os.makedirs(self.temporary, exist_ok=True)
            _write_file(temporary, data, os.O_TRUNC)
        try:
            os.rename(temporary, path)
        except FileNotFoundError:  # somebody removed the folder since we made it
            os.makedirs(folder, exist_ok=True)
            os.rename(temporary, path)

    def _create(self, path: str, data: bytes) -> bool:
        """Write a file nobody links to yet straight to its place; False if there is one."""
        try:
            _write_file(path, data, os.O_EXCL)
        except (FileExistsError, FileNotFoundError):
            return False
        except OSError:
            try:
                os.unlink(path)
            except OSError:
                pass
            raise
        return True

    def remove(self, key: str) -> None:
        path = self.prefix + key
        try:
            os.unlink(path)
        except (FileNotFoundError, NotADirectoryError):
            return
        folder = path.rpartition("/")[0]
        while len(folder) >= len(self.prefix):
            try:
                os.rmdir(folder)
            except OSError:  # not empty: something else lives there
                return
            self.folders.discard(folder)
            folder = folder.rpartition("/")[0]

    def read(self, key: str) -> bytes | None:
        try:
            return Path(self.prefix + key).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def is_empty(self) -> bool:
        try:
            with os.scandir(self.root) as found:
                return next(found, None) is None
        except FileNotFoundError:
            return True

    def list_keys(self) -> Iterator[str]:
        for folder, _, files in os.walk(self.root):
            for name in files:
                yield f"{folder}/{name}"[len(self.prefix) :]

    def close(self) -> None:
        """Remove what was needed while writing."""
        shutil.rmtree(self.temporary, ignore_errors=True)


def _make_folder(folder: str) -> None:
    try:
        os.mkdir(folder)
    except FileExistsError:
        if not os.path.isdir(folder):
            raise
    except FileNotFoundError:
        os.makedirs(folder, exist_ok=True)


def _write_file(path: str, data: bytes, flag: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | flag, 0o666)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
    finally:
        os.close(descriptor)
