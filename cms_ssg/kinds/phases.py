"""The order in which a build publishes: no output of one phase is made while an earlier one has dirty outputs, so that nothing links to what
is not there yet, and nothing goes while something links to it.
"""

from __future__ import annotations

ASSETS = -1
"""Style sheets, scripts, images and files: pages name them."""

NEW_FEEDS = 0
"""New feeds: the heads of their lists name them, and nothing else does."""

NEW_LISTS = 1
"""New pages of lists: what they list is new as well, or there already. They come before it, since new pages of content name their lists: where a
list is refused, so is what would link to it. Until a later phase nothing that visitors know of links to either."""

NEW = 2
"""New pages of content: lists that were there before link to them."""

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

    One that is linked comes before the pages that link to it.
    """
    if not linked:
        return phase
    if phase == FEEDS:
        return NEW_FEEDS
    return NEW if phase < LISTS else NEW_LISTS
