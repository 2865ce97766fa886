"""The kinds of outputs: in which phase each is made and what its bytes are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ASSETS, NEW, NEW_LISTS, LEAVES, LISTS, ARCHIVES, FEEDS, REMOVALS = 0, 1, 2, 3, 4, 5, 6, 9
"""Phases: no output of one is made while an earlier one has dirty outputs, so that nothing links to what is not there yet."""


@dataclass(frozen=True, slots=True)
class OutputKind:
    """One kind of output. page: it is an HTML page that counts as one for people; linked: pages link to it, so that a new one comes before them."""

    name: str
    phase: int
    content_type: str
    page: bool = False
    linked: bool = False

    @property
    def phase_if_new(self) -> int:
        """When one is made that was not there before: before the pages that link to it, and after the new pages that it links to.

        A new feed is known to nobody before its list links to it.
        """
        return self.phase if not self.linked else NEW if self.phase < LISTS or self.phase == FEEDS else NEW_LISTS


HTML, XML = "text/html; charset=utf-8", "application/xml; charset=utf-8"

KINDS: Final = {
    kind.name: kind
    for kind in (
        OutputKind("asset", ASSETS, ""),
        OutputKind("file", ASSETS, ""),
        OutputKind("image", ASSETS, ""),
        OutputKind("entry", LEAVES, HTML, page=True, linked=True),
        OutputKind("fallback", LEAVES, HTML, page=True, linked=True),
        OutputKind("redirect", LEAVES, HTML),
        OutputKind("404", LEAVES, HTML, page=True),
        OutputKind("home", LISTS, HTML, page=True),
        OutputKind("list", LISTS, HTML, page=True, linked=True),
        OutputKind("archive", ARCHIVES, HTML, page=True, linked=True),
        OutputKind("terms", LISTS, HTML, page=True, linked=True),
        OutputKind("feed", FEEDS, XML, linked=True),
        OutputKind("sitemap", FEEDS, XML),
        OutputKind("sitemaps", FEEDS, XML),
        OutputKind("robots", FEEDS, "text/plain; charset=utf-8"),
    )
}
