"""The title of an entry where its body begins with it."""

from __future__ import annotations

import re
from html import unescape
from typing import Final

from markupsafe import Markup

OPENING: Final = re.compile(r"\s*(?:<(?:article|div|header|hgroup|section)\b[^>]*>\s*)*(<h1\b([^>]*)>(.*?)</h1>\s*)", re.DOTALL)
TAG: Final = re.compile(r"<[^<>]*>")
ANCHOR: Final = re.compile(r'\bid="([^"]*)"')
NO_WORD: Final = re.compile(r"[\W_]+")


def take_title(content: Markup, title: str) -> tuple[Markup, str]:
    """A body without the heading that only repeats the title above it.

    content: its HTML. Returns it without a first heading of level 1 that has the words of the title, and that heading's
    anchor; anything else stays as it is, with the anchor "".
    """
    found = OPENING.match(content)
    if found is None or _words(TAG.sub("", found[3])) != _words(str(Markup.escape(title))):
        return content, ""
    anchor = ANCHOR.search(found[2])
    return Markup(content[: found.start(1)] + content[found.end(1) :]), unescape(anchor[1]) if anchor else ""


def _words(text: str) -> str:
    text = unescape(text)
    return NO_WORD.sub("", text).casefold() or " ".join(text.split())
