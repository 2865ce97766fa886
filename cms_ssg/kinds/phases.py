"""The order in which a build publishes: no output of one phase is made while an earlier one has dirty outputs, so that nothing links to what
is not there yet, and nothing goes while something links to it.
"""

from __future__ import annotations

ASSETS = 0
"""Style sheets, scripts, images and files: pages name them."""

NEW = 1
"""New pages of content: lists link to them."""

NEW_LISTS = 2
"""New pages of lists: they link to the pages that are new, the others link to them."""

LEAVES = 3
"""Pages of content that were there before."""

LISTS = 4
"""First pages of lists that were there before, the home page among them."""

ARCHIVES = 5
"""Later pages of lists."""

FEEDS = 6
"""Feeds and sitemaps."""

REMOVALS = 9
"""What goes: nothing links to it any more."""


def phase_when_new(phase: int, *, linked: bool) -> int:
    """When an output is made that was not there before. phase: that of its kind; linked: pages link to outputs of its kind.

    One that is linked comes before the pages that link to it, and after the new pages that it links to. A new feed is known to nobody
    before its list links to it.
    """
    if not linked:
        return phase
    return NEW if phase < LISTS or phase == FEEDS else NEW_LISTS
