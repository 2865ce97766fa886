"""Tags and comments that are opened and never closed: a pattern that looks for their end would read the rest of the text for each of them."""

from __future__ import annotations

import re
from collections.abc import Iterable

GUARD = "\ue012"
"""Stands behind the first sign of such a tag, so that no pattern takes it for one; whoever puts it in takes it out again."""


def guard_unclosed(text: str, pairs: Iterable[tuple[re.Pattern[str], re.Pattern[str]]]) -> str:
    """The text with a guard in each opening tag behind which its closing one never comes. pairs: patterns of the two."""
    for opener, closer in pairs:
        last = -1
        for found in closer.finditer(text):
            last = found.start()
        text = text[: last + 1] + opener.sub(lambda tag: f"{tag[0][0]}{GUARD}{tag[0][1:]}", text[last + 1 :])
    return text


def pair_tags(names: Iterable[str]) -> list[tuple[re.Pattern[str], re.Pattern[str]]]:
    """The patterns of HTML's tags of these names."""
    return [(re.compile(rf"<{name}\b", re.IGNORECASE), re.compile(rf"</{name}\s*>", re.IGNORECASE)) for name in names]


def pair_shortcodes(names: Iterable[str]) -> list[tuple[re.Pattern[str], re.Pattern[str]]]:
    """The patterns of shortcodes of these names: ``[name`` and ``[/name]``."""
    return [(re.compile(rf"\[{name}\b"), re.compile(rf"\[/{name}\]")) for name in names]
