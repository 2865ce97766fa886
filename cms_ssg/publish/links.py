"""Which of some paths a published text links to, by its bytes: what could not be written must not be linked to, what is linked to must not go."""

from __future__ import annotations

import re
from collections.abc import Collection
from html import unescape
from typing import Final, NamedTuple
from urllib.parse import unquote

_APART: Final = re.compile(r"""[\s"'<>]+""")
_INNER: Final = re.compile(r"[()=]")
_END: Final = re.compile(r"[#?]|,\Z")


LINKS_TO: Final = "it links to "
"""How the reason begins of what was not written for a link in it."""


class Absent(NamedTuple):
    """Paths of a site that are not at the target. base_url: of the site."""

    base_url: str = ""
    paths: frozenset[str] = frozenset()

    def find_link(self, data: bytes) -> str:
        """The first of the paths that a text links to, '' for none."""
        return min(find_links(self.base_url, self.paths, data), default="") if self.paths else ""


def find_links(base_url: str, paths: Collection[str], data: bytes) -> set[str]:
    """Those of the paths that a text links to."""
    return list_links(base_url, data) & frozenset(paths)


def list_links(base_url: str, data: bytes) -> set[str]:
    """Paths of a site that a text may link to: by whole URLs or from the host on. base_url: of the site."""
    starts = (unquote(base_url), "/" + unquote(base_url).partition("://")[2].partition("/")[2] if base_url.count("/") > 2 else "")
    found: set[str] = set()
    for word in set(_APART.split(data.decode("utf-8", "replace"))):
        if "/" not in word:
            continue
        for part in {word, *_INNER.split(word)}:
            link = unquote(unescape(_END.split(part, maxsplit=1)[0]))
            found.update(link[len(start) :] for start in starts if link.startswith(start))
    return found
