"""Anchors of headings as another generator makes them, kept where ours differ, so that links to parts of pages go on working."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from typing import Final

from cms_ssg.migrate.code_spans import find_code
from cms_ssg.text.slugs import make_slug

_HEADING: Final = re.compile(r"^( {0,3}#{1,6}[ \t]+)([^\n]*?)(?:[ \t]+#+)?[ \t]*$", re.MULTILINE)
_ATTRIBUTES: Final = re.compile(
    r"[ \t]*\{:?[ \t]*((?:[#.][\w:.-]+|[\w-]+=(?:\"[^\"]*\"|[^\s\"{}]+))(?:[ \t]+(?:[#.][\w:.-]+|[\w-]+=(?:\"[^\"]*\"|[^\s\"{}]+)))*)[ \t]*\}$"
)
_KEPT: Final = re.compile(r"[\w-]{1,100}")

Rule = Callable[[str], str]
"""The anchor of a heading's text, as it is written."""


def make_github_anchor(text: str) -> str:
    """GitHub's rule, which is that of Hugo and of Jekyll too: lower case, spaces as hyphens, other signs dropped."""
    return "".join("-" if sign in " \t" else sign for sign in text.strip().lower() if sign.isalnum() or sign in "-_ \t")


def make_blackfriday_anchor(text: str) -> str:
    """Hugo's rule of autoHeadingIDType = "blackfriday": one hyphen for each run of other signs."""
    return "-".join(re.findall(r"[^\W_]+", text.lower()))


def keep_anchors(body: str, rule: Rule) -> str:
    """The text with ``{#anchor}`` at headings whose anchors would be others here; of other attributes of headings only the anchor stays."""
    seen: dict[str, int] = {}

    def change(heading: re.Match[str]) -> str:
        text, own = heading[2], ""
        found = _ATTRIBUTES.search(text)
        if found is not None and not found[1].startswith(("#", ".")):
            found = None  # braces of the text
        if found is not None:
            own = next((word[1:] for word in found[1].split() if word.startswith("#")), "")
            text = text[: found.start()]
        anchor = own or rule(text) or "heading"
        number = seen.get(anchor, 0)
        seen[anchor] = number + 1
        wanted = f"{anchor}-{number}" if number and not own else anchor
        if number:
            seen.setdefault(wanted, 1)
        if (own or number or wanted != make_slug(text)) and _KEPT.fullmatch(wanted):
            return f"{heading[1]}{text} {{#{wanted}}}"
        return f"{heading[1]}{text}" if found else heading[0]

    code = find_code(body)
    begins = [begin for begin, _ in code]

    def change_outside(heading: re.Match[str]) -> str:
        number = bisect_right(begins, heading.start()) - 1
        return heading[0] if number >= 0 and heading.start() < code[number][1] else change(heading)

    return _HEADING.sub(change_outside, body)
