"""What a release replaced, by the digest of its bytes: kept beside a folder target, so that a rollback needs no rendering."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from cms_ssg.files.ownership import make_folders, write_owned
from cms_ssg.reads import digest as make_digest


class Keepable(NamedTuple):
    """An object that is about to go. digest: of its bytes, None where that is not sure; etag: its version."""

    key: str
    digest: bytes | None
    etag: str | None


class KeptObject(NamedTuple):
    """Bytes that were kept. content_type, tags: as they were sent, '' where the store does not say."""

    data: bytes
    content_type: str = ""
    tags: str = ""


class Kept(Protocol):
    """A place for bytes by digest, which no visitor is shown."""

    def add_many(self, objects: Sequence[Keepable]) -> None:
        """Keep what lies at these keys; nothing there is no error."""

    def read_many(self, digests: Sequence[bytes]) -> list[KeptObject | None]:
        """What was kept under these digests, None where nothing with such bytes is."""

    def list_digests(self) -> set[bytes]:
        """All that is kept."""

    def is_own(self, digest: bytes, site: str) -> bool:
        """Whether these bytes were kept for a site of this name."""

    def drop_many(self, digests: Sequence[bytes]) -> None:
        """Take these away; nothing there is no error."""


class KeptFolder:
    """folder: absolute, in the site's ``.cms``, which nobody serves or copies to a server; pages: the target's.

    A page gets a second name there before it loses its own: a link costs what its removal saves, and no step leaves it without a name.
    """

    def __init__(self, folder: Path, pages: Path) -> None:
        self.prefix, self.pages = f"{folder}/", f"{pages}/"

    def add(self, key: str, digest: bytes) -> None:
        """Keep the file that is a page now. Where that cannot be, publishing goes on: a rollback that misses it says so."""
        page, place = self.pages + key, self._place(digest)
        try:
            try:
                os.link(page, place)
            except FileNotFoundError:
                make_folders(os.path.dirname(place))
                os.link(page, place)
        except FileExistsError:
            pass
        except OSError:  # another file system, one without links, a folder in the page's place
            self._copy(page, place)

    def _copy(self, page: str, place: str) -> None:
        new = f"{place}.new"
        try:
            write_owned(Path(new), Path(page).read_bytes())
            os.rename(new, place)
        except OSError:  # said by the rollback that misses it; a page that is to go out must not wait for it
            return

    def add_many(self, objects: Sequence[Keepable]) -> None:
        for one in objects:
            digest = one.digest
            if digest is None:
                try:
                    digest = make_digest(Path(self.pages + one.key).read_bytes())
                except OSError:  # it is not there
                    continue
            self.add(one.key, digest)

    def read_many(self, digests: Sequence[bytes]) -> list[KeptObject | None]:
        return [self._read(digest) for digest in digests]

    def _read(self, digest: bytes) -> KeptObject | None:
        try:
            data = Path(self._place(digest)).read_bytes()
        except FileNotFoundError:
            return None
        return KeptObject(data) if make_digest(data) == digest else None  # somebody had changed the page by hand

    def list_digests(self) -> set[bytes]:
        found: set[bytes] = set()
        for _, _, names in os.walk(self.prefix):
            found.update(bytes.fromhex(name) for name in names if len(name) == 32)
        return found

    def is_own(self, digest: bytes, site: str) -> bool:
        return True  # the folder is the site's

    def drop_many(self, digests: Sequence[bytes]) -> None:
        for digest in digests:
            Path(self._place(digest)).unlink(missing_ok=True)

    def _place(self, digest: bytes) -> str:
        name = digest.hex()
        return f"{self.prefix}{name[:2]}/{name}"
