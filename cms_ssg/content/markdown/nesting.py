"""Which raw tags stay under the policy "sanitized", so that elements are closed in order and are never very many deep.

A parser of HTML opens an unclosed <i> or <a> again in each block that follows, and looks through all that are open at each
tag: a page of a thousand unclosed tags and ten thousand paragraphs would become ten million elements.
"""

from __future__ import annotations

from typing import Final

MAX_NESTING: Final = 100
"""Of lists and quotes within each other."""
MAX_OPEN: Final = 100
MAX_FORMATTING: Final = 10
"""Of the open ones, those that are opened again in each block."""

FORMATTING: Final = frozenset("a b big code em font i nobr s small strike strong tt u".split())
SELF_ENDING: Final = frozenset("caption colgroup dd dt li optgroup option p rb rp rt rtc tbody td tfoot th thead tr".split())
"""Elements that the next one or the end of their parent ends; none of them lies in another of its kind without such a parent."""
EMPTY: Final = frozenset("area base br col embed hr img input link meta param source track wbr".split())


class Nesting:
    """The raw elements that are open. Those below `floor` were opened in an outer block, and stay."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self.floor = 0

    def enter(self) -> int:
        """Begin a part that closes what it opens. Returns what leave() is to be given."""
        floor, self.floor = self.floor, len(self.open)
        return floor

    def leave(self, floor: int) -> str:
        """The tags that close what a part left open."""
        html = self._close(self.floor)
        self.floor = floor
        return html

    def take(self, tag: str, name: str, *, closing: bool) -> str:
        """What stays of a tag. name: in lower case; closing: it is an end tag."""
        if name in EMPTY or name in SELF_ENDING:
            return tag
        if name == "plaintext":  # nothing ends it
            return ""
        if not closing:
            if len(self.open) >= MAX_OPEN or (name in FORMATTING and sum(other in FORMATTING for other in self.open) >= MAX_FORMATTING):
                return ""
            self.open.append(name)
            return tag
        for at in range(len(self.open) - 1, self.floor - 1, -1):
            if self.open[at] == name:
                return self._close(at)
        return ""

    def _close(self, first: int) -> str:
        html = "".join(f"</{name}>" for name in reversed(self.open[first:]))
        del self.open[first:]
        return html
