"""Claims of names, such as paths: of several for one name, the one of the lowest kind has it."""

from __future__ import annotations

from typing import Final, NamedTuple

from cms_ssg.types import Json

Rank = tuple[int, str, str, str]

ENTRY, FILE, LIST, ALIAS, FALLBACK, DEFAULT, LATE_ALIAS = 0, 1, 2, 3, 4, 5, 6
"""Kinds of claims; the lowest wins. A lost FALLBACK or DEFAULT is no conflict.

LATE_ALIAS: of an address that the site makes a page for by itself, while it has anything to show there.
"""


class Owner:
    """Who asks for a name, as ``owner_kind`` has it. LIST: the front of a list and its feeds; LIST_PAGE: an archive page, numbered by
    ``number_list_page``; IMAGE: a set of variants.
    """

    ENTRY: Final = "e"
    FILE: Final = "f"
    LIST: Final = "l"
    LIST_PAGE: Final = "p"
    SITE: Final = "s"
    IMAGE: Final = "i"


PAGE_BITS: Final = 24
"""A list has fewer than 16 million archive pages."""


def number_list_page(list_id: int, page: int) -> int:
    """The owner of the claims of an archive page."""
    return list_id << PAGE_BITS | page


class ClaimRow(NamedTuple):
    """One claim as it is stored. owner_kind: see Owner; since: an entry's date, as of two claims of a kind the earlier wins."""

    name: str
    kind: int
    locale: str
    key: str
    owner_kind: str
    owner: int
    spec: dict[str, Json] | None
    wins: bool = False
    since: str = ""

    @property
    def rank(self) -> Rank:
        return (self.kind, self.since, self.locale, self.key)
