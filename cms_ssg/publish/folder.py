"""A folder as the target: each file is written beside its place and put into it whole, so that nobody sees half of one."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path

from cms_ssg.files.ownership import Owner, find_owner, give, make_folders
from cms_ssg.publish.kept import KeptFolder
from cms_ssg.publish.target import FOLDER, IN_THE_WAY, Before, Listed, Object, Outcome
from cms_ssg.reads import digest

LASTING = frozenset((errno.ENAMETOOLONG, errno.EACCES, errno.EPERM, errno.EINVAL, errno.EILSEQ, errno.ELOOP))
"""What a file is refused with for what it is or where it lies; other refusals may be over soon, such as a full disk."""


class FolderTarget:
    """root: absolute; kept: where what is replaced goes, None for nowhere.

    A new version is written in the folder of the old one: ext4 finds a free inode there sooner than in one folder
    for all. A name of its own for each key lets the next build find what a killed one left.
    """

    abilities = FOLDER

    def __init__(self, root: Path, kept: Path | None = None) -> None:
        self.root = root
        self.kept = KeptFolder(kept, root) if kept is not None else None
        self.prefix = str(root) + "/"
        self.folders: set[str] = set()
        self.owner = find_owner(root)
        self.recheck: Before = None

    def write_many(self, objects: Sequence[Object], before: Before = None) -> list[Outcome]:
        outcomes = []
        for one in objects:
            if before is not None:
                before()
            try:
                outcomes.append(Outcome(self.write(one.key, one.data, one.live.digest if one.live is not None else None)))
            except (NotADirectoryError, IsADirectoryError, FileExistsError):
                outcomes.append(Outcome(False, refused=IN_THE_WAY, lasting=True))
            except OSError as error:
                outcomes.append(Outcome(False, refused=error.strerror or str(error), lasting=error.errno in LASTING))
        return outcomes

    def remove_many(self, keys: Sequence[str], before: Before = None) -> list[str | None]:
        outcomes: list[str | None] = []
        for key in keys:
            if before is not None:
                before()
            try:
                self.remove(key)
                outcomes.append(None)
            except OSError as error:
                outcomes.append(error.strerror or str(error))
        return outcomes

    def write(self, key: str, data: bytes, live: bytes | None) -> bool:
        """Put a file in its place. Returns whether it was not there with these bytes. Raises OSError.

        live: digest of what is there, None to look, as nothing is known.
        """
        path = self.prefix + key
        folder = path.rpartition("/")[0]
        if live is None:
            if folder not in self.folders:
                make_folders(folder)
                self.folders.add(folder)
            try:
                _create(path, data, self.owner)  # nobody links to it yet
                return True
            except FileExistsError:
                there = self.read(key)
                if there == data:
                    return False
                live = digest(there) if there is not None and self.kept is not None else None
            except FileNotFoundError:
                pass
        if self.kept is not None and live is not None:
            self.kept.add(key, live)
        self._replace(path, folder, self._new_path(key), data)
        return True

    def _replace(self, path: str, folder: str, new: str, data: bytes) -> None:
        from cms_ssg.publish.swap import replace_file

        try:
            _create(new, data, self.owner)
        except FileExistsError:  # another builder, that lost its lease, left it
            os.unlink(new)
            _create(new, data, self.owner)
        except FileNotFoundError:  # somebody removed the folder since we made it
            make_folders(folder)
            _create(new, data, self.owner)
        try:
            replace_file(new, path)
        except OSError:
            _forget(new)
            raise

    def _new_path(self, key: str) -> str:
        """Where the next version of an object is written: beside it, under a short name."""
        return f"{self.prefix}{key.rpartition('/')[0]}/.{blake2b(key.encode(), digest_size=8).hexdigest()}.new"

    def remove(self, key: str) -> None:
        path = self.prefix + key
        try:
            os.unlink(path)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return
        folder = path.rpartition("/")[0]
        while len(folder) >= len(self.prefix):
            try:
                os.rmdir(folder)
            except OSError:  # not empty: something else lives there
                return
            self.folders.discard(folder)
            folder = folder.rpartition("/")[0]

    def clear_left(self, keys: Sequence[str]) -> None:
        for key in keys:
            new = self._new_path(key)
            if os.path.isdir(new):  # it had a page's place, and the build died before it could see that
                from cms_ssg.publish.swap import give_back

                give_back(new, self.prefix + key)
            _forget(new)

    def read(self, key: str) -> bytes | None:
        try:
            return Path(self.prefix + key).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def is_empty(self) -> bool:
        try:
            with os.scandir(self.root) as entries:
                return all(entry.name.startswith(".") or entry.name == "_preview" for entry in entries)
        except (FileNotFoundError, NotADirectoryError):
            return True

    def list_objects(self) -> Iterator[Listed]:
        for folder, _, files in os.walk(self.root):
            for name in files:
                yield Listed(f"{folder}/{name}"[len(self.prefix) :], None, os.lstat(f"{folder}/{name}").st_size)

    def honours_conditions(self) -> bool:
        return True  # the lease alone says who may write here

    def is_own(self, key: str) -> bool:
        return False  # a file does not say who wrote it

    def adopt(self, key: str) -> None:
        """Nothing: files are written over whoever wrote them."""


def _create(path: str, data: bytes, owner: Owner | None) -> None:
    """Write a file that is not there yet, whole or not at all."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        give(descriptor, owner)
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
    except OSError:
        _forget(path)
        raise
    finally:
        os.close(descriptor)


def _forget(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:  # it was never there, or what refuses this refused its making too
        pass
