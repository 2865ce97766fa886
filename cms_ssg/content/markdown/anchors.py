"""Links within a page. An anchor is made of a heading's words by other rules elsewhere; what can be meant is what is linked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape, unescape
from typing import Final
from urllib.parse import unquote

from cms_ssg.text.slugs import MAX_SLUG

FRAGMENT: Final = re.compile(r'(<a href=")#([^"]+)"')
ANCHORED: Final = re.compile(r'(<h[1-6] id="|<a href="#)([^"]*)"')
IDS: Final = re.compile(r"""\s(?:id|name)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
CUT: Final = MAX_SLUG - 20
"""An anchor of more characters may be the beginning of a longer heading."""
NO_WORD: Final = re.compile(r"[\W_]+")


class Names:
    """Names of which each is given once. taken: those that somebody else has."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._numbers: dict[str, int] = {}

    def give(self, wanted: str) -> str:
        """The name, or with the first number that makes it another: ``about-2``."""
        free, number = wanted, 1
        while free in self._taken:
            number = self._numbers.get(wanted, number) + 1
            self._numbers[wanted] = number
            free = f"{wanted}-{number}"
        self._taken.add(free)
        return free


def rename_anchors(html: str, names: Mapping[str, str]) -> str:
    """HTML whose headings have other anchors, and whose links within the page follow. names: old -> new."""
    found = {escape(old): escape(new) for old, new in names.items()}
    return ANCHORED.sub(lambda match: f'{match[1]}{found.get(match[2], match[2])}"', html)


def list_ids(html: str) -> set[str]:
    """What links within a page can lead to: ids, and names of anchors."""
    return {unescape(match[1] or match[2] or match[3] or "") for match in IDS.finditer(html)}


def resolve_fragments(html: str, headings: list[str]) -> tuple[str, list[str]]:
    """Lead links such as ``#what-s-next`` to the heading ``whats-next``: the one with the same letters and digits.

    headings: the anchors of the page. Returns the HTML, and the fragments that nothing on the page answers to.
    """
    missing: list[str] = []
    found = {fragment for _, fragment in FRAGMENT.findall(html) if not fragment.startswith(("fn-", "fnref-"))}
    if not found:
        return html, missing
    ids = list_ids(html)
    loose: dict[str, set[str]] = {}
    cut: dict[str, set[str]] = {}
    for anchor in headings:
        folded = _fold(anchor)
        loose.setdefault(folded, set()).add(anchor)
        if len(anchor) > CUT:
            cut.setdefault(folded, set()).add(anchor)
    lengths = sorted({len(folded) for folded in cut})
    meant: dict[str, str] = {}
    for fragment in sorted(found):
        wanted = unquote(unescape(fragment))
        if wanted in ids or wanted.lower() == "top":
            continue
        folded = _fold(wanted)
        alike = loose.get(folded) or {anchor for length in lengths for anchor in cut.get(folded[:length], ())}
        if len(alike) == 1:
            meant[fragment] = escape(min(alike))
        else:
            missing.append(wanted)
    if meant:
        html = FRAGMENT.sub(lambda match: f'{match[1]}#{meant.get(match[2], match[2])}"', html)
    return html, missing


def find_line(text: str, fragment: str) -> int:
    """How many lines before the first link to a fragment, 0 if it is written in another way."""
    at = text.find(f"#{fragment}")
    return text.count("\n", 0, at) if at >= 0 else 0


def _fold(anchor: str) -> str:
    return NO_WORD.sub("", anchor.casefold())
