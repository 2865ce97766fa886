"""MDX knows no indented code, so texts inside of elements are indented; Markdown would show them as code, or as plain HTML behind a tag."""

from __future__ import annotations

import re
from typing import Final

_FENCE: Final = re.compile(r"(`{3,}|~{3,})")
_ITEM: Final = re.compile(r"(?:[-*+]|\d{1,9}[.)])[ \t]+(?=\S)")
_TAG_ALONE: Final = re.compile(
    r"^</?(?:article|aside|blockquote|center|dd|details|div|figure|footer|header|li|main|nav|section|table|tbody|td|th|thead|tr|ul|ol)\b[^<>]*>\s*$|</summary>\s*$",
    re.IGNORECASE,
)
"""A tag alone on its line, inside or after which a text may be of several paragraphs."""
_TAG: Final = re.compile(r"</?[A-Za-z]")


def take_indents(text: str) -> str:
    """The text with only the indentation that lists and code need, and a blank line between a tag on a line of its own and the text below it."""
    walk = _Walk()
    for line in text.split("\n"):
        walk.take(line)
    return "\n".join(walk.out)


class _Walk:
    def __init__(self) -> None:
        self.out: list[str] = []
        self.base, self.list_at = 0, -1  # where the text begins; where the text of the current list item does, -1 outside of lists
        self.fence, self.fence_indent = "", 0
        self.is_verbatim = self.is_in_tag = self.is_behind_tag = False
        self.is_behind_blank = True

    def take(self, line: str) -> None:
        bare = line.lstrip(" \t")
        indent = len(line[: len(line) - len(bare)].expandtabs(4))
        if self.fence:
            self.out.append(line[min(self.fence_indent, len(line) - len(bare)) :])
            if bare.startswith(self.fence) and not bare.strip().strip(self.fence[0]):
                self.fence = ""
        elif self.is_verbatim:
            self._keep_verbatim(line)
        elif self.is_in_tag:
            self.out.append(bare)
            self.is_in_tag = ">" not in bare
        elif not bare.strip():
            self.out.append("")
            self.is_behind_blank, self.is_behind_tag = True, False
        elif _TAG.match(bare) and not self._is_in_list(indent):
            self._take_tag(bare)
        else:
            self._take_text(bare, indent)

    def _is_in_list(self, indent: int) -> bool:
        return self.list_at >= 0 and indent - self.base >= self.list_at

    def _take_tag(self, bare: str) -> None:
        self.list_at = -1
        is_alone = _TAG_ALONE.search(bare) is not None and (self.is_behind_blank or self.is_behind_tag)
        self.is_behind_tag, self.is_behind_blank = is_alone, False
        self.is_in_tag = bare.rfind("<") > bare.rfind(">")
        if bare.lower().startswith(("<pre", "<script", "<style", "<textarea")):
            self._keep_verbatim(bare)
        else:
            self.out.append(bare)

    def _keep_verbatim(self, line: str) -> None:
        self.out.append(line)
        self.is_verbatim = re.search(r"</(?:pre|script|style|textarea)\s*>", line, re.IGNORECASE) is None
        self.is_behind_tag = not self.is_verbatim

    def _take_text(self, bare: str, indent: int) -> None:
        if self.is_behind_tag:
            self.out.append("")
        if not self._is_in_list(indent) and (self.list_at < 0 or self.is_behind_blank or _ITEM.match(bare)):
            if self.list_at < 0 or indent < self.base or not _ITEM.match(bare):
                self.base = indent
            self.list_at = -1
        relative = max(0, indent - self.base)
        if item := _ITEM.match(bare):
            self.list_at = relative + len(item[0])
        if fence := _FENCE.match(bare):
            self.fence, self.fence_indent = fence[0], indent - relative
        self.out.append(" " * relative + bare)
        self.is_behind_tag = self.is_behind_blank = False
