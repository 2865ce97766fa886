"""Pictures and files of the old site: those that a folder at hand holds move to static/, the others keep their old address and are listed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from cms_ssg.migrate.folder import NewSite
from cms_ssg.text.counting import count
from cms_ssg.text.slugs import safe_path

LIST: Final = "migration-media.txt"
_SIZE: Final = re.compile(r"-\d{2,5}x\d{2,5}(?=\.\w+$)")


class Media:
    """Files of the old site. folder: a copy of them, None for none; under: the path of the old site below which the copy lies."""

    def __init__(self, site: NewSite, folder: Path | None, under: str) -> None:
        self._site, self._folder, self._under = site, folder, f"/{under.strip('/')}/" if under.strip("/") else "/"
        self._copied: dict[str, str] = {}
        site.connection.execute("CREATE TABLE IF NOT EXISTS media (address TEXT PRIMARY KEY) WITHOUT ROWID")

    def find(self, path: str, address: str) -> str:
        """The new address of a file of the old site: its old path where it is at hand, else its whole old address, which is listed.

        Of the smaller copies that WordPress makes the original will do.
        """
        path = unquote(path)
        if path in self._copied:
            return self._copied[path]
        for name in dict.fromkeys((path, _SIZE.sub("", path))):
            if self._copy(name):
                self._copied[path] = name
                return name
        self._site.connection.execute("INSERT OR IGNORE INTO media VALUES (?)", (address,))
        return address

    def _copy(self, path: str) -> bool:
        if self._folder is None or not path.startswith(self._under):
            return False
        try:
            source = self._folder / safe_path(path)[len(self._under) :]
            if not source.is_file() or not source.resolve().is_relative_to(self._folder.resolve()):
                return False
        except (ValueError, OSError):
            return False
        self._site.copy(source, f"static{path}")
        return True

    def finish(self) -> int:
        """Write the list of files that still lie at the old site, and return how many."""
        addresses = [row[0] for row in self._site.connection.execute("SELECT address FROM media ORDER BY address")]
        if addresses:
            self._site.write(LIST, "".join(f"{address}\n" for address in addresses).encode())
            self._site.report.forget(LIST, 0, 0)  # of a file that was cut off, how many there were then
            self._site.report.note(
                LIST,
                0,
                "media",
                f"{count(len(addresses), 'file')} at the old site: copy what {LIST} lists, and name the copy with --media",
                "not copied",
            )
        return len(addresses)
