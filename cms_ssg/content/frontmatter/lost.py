"""Front matter that is none by a slip: behind a typographic dash, four hyphens or a space, in a code block, or without its lines of hyphens.

What it says, such as ``draft: true``, must not be published as text.
"""

from __future__ import annotations

import re
from typing import Final

from cms_ssg.content.frontmatter.values import Refused

LOOKED_AT: Final = 4096
"""Characters at the beginning of a file."""

_START: Final = re.compile(r"(?:[ \t]*\n|[ \t]*<!--(?:(?!-->).)*-->[ \t]*\n)*", re.DOTALL)
_FENCE: Final = re.compile(
    r"[ \t]*(?:[-\u2010-\u2015\u2212\u2500]{1,12}|\++|;;;|={3,}|\.{3}|[~`]{3,}[ \t]*(?:ya?ml|toml|json|markdown|md)?[ \t]*\n[ \t]*---)[ \t]*\n"
)
_KEY: Final = re.compile(
    r"[ \t]*[{,]?[\"']?(?:title|date|draft|status|published|publish_at|publishdate|slug|permalink|layout|tags|categories|category|authors?|summary|description"
    r"|lang|type|uid|id|weight|aliases|image)[\"']?[ \t]*[:=][^\n]*(?:\n|\Z)",
    re.IGNORECASE,
)


def refuse_lost(text: str) -> None:
    """Raise Refused where a text begins with lines that are meant as front matter."""
    head = text[:LOOKED_AT]
    at = _START.match(head).end()  # type: ignore[union-attr]  # it matches the empty text
    fence = _FENCE.match(head, at)
    first = _KEY.match(head, fence.end() if fence else at)
    if first is None or (fence is None and _KEY.match(head, first.end()) is None):
        return
    line = text.count("\n", 0, at) + 1
    said = f"what begins here looks like front matter, such as \"{first[0].strip()[:60]}\", but it does not stand between two lines '---'"
    raise Refused(
        "content.front-matter-lost", said, line, "Put a line of three hyphens, '---', above and below it, with nothing before them."
    )
