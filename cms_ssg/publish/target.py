"""Where pages go: the role every target plays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from cms_ssg.errors import fail


class Target(Protocol):
    """A place for objects by key (``about/index.html``). Writing and removing are safe to repeat."""

    def write(self, key: str, data: bytes, content_type: str, *, fresh: bool = False) -> None:
        """Put an object there, whole or not at all. fresh: nothing is expected to be there yet. Raises OSError."""

    def remove(self, key: str) -> None:
        """Take an object away; nothing there is no error. Raises OSError."""

    def read(self, key: str) -> bytes | None:
        """An object's bytes, None where there is none."""

    def is_empty(self) -> bool:
        """Whether nothing at all is there, as when somebody removed it."""

    def list_keys(self) -> Iterator[str]:
        """Every key that is there. For audits only: builds never list."""


def open_target(root: Path, url: str) -> Target:
    """The target a setting names: ``folder:build`` relative to the site folder."""
    scheme, _, rest = url.partition(":")
    if scheme == "folder" and rest:
        from cms_ssg.publish.folder import FolderTarget

        return FolderTarget((root / rest).resolve())
    raise fail("settings.target", f'no such target: "{url}"', place="site.toml", hint='Write [target] url = "folder:build".')
