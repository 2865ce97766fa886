"""Links to other files of the old site, by their paths there: they lead to the addresses that these have."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from cms_ssg.migrate.pages import replace_outside_code

_TARGET: Final = re.compile(r"(\]\(\s*<?|^[ ]{0,3}\[[^\]\n]+\]:[ \t]*<?|\b(?:href|src)=[\"'])([^)\s<>\"'#?]+)", re.MULTILINE)
_WHOLE: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|/")


def follow_files(body: str, file: str, addresses: Mapping[str, str]) -> str:
    """The text of a file with its links to others. addresses: of the files that are not found by their paths any more, by these."""

    def change(found: re.Match[str]) -> str:
        if _WHOLE.match(found[2]):
            return found[0]
        target = posixpath.normpath(posixpath.join(posixpath.dirname(file), unquote(found[2])))
        return f"{found[1]}{addresses.get(target, found[2])}"

    return replace_outside_code(body, _TARGET, change)
