"""Lean stand-ins for markdown-it's tokens and states: the same attributes, a fraction of the cost to make."""

from __future__ import annotations

from typing import Any, Final

from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

NOTHING: Final[dict[str, Any]] = {}
"""Shared by all tokens without attributes; never written to."""


class Token:
    """A token as the rules and the writer use it. rows and items hold whole tables and lists."""

    attrs: dict[str, Any] = NOTHING
    meta: dict[str, Any] = NOTHING
    map: list[int] | None = None
    children: list[Any] | None = None
    content = ""
    markup = ""
    info = ""
    block = False
    hidden = False
    rows: list[tuple[int, list[str]]]
    items: list[tuple[int, str]]

    def __init__(self, type: str, tag: str, nesting: int, level: int = 0) -> None:
        self.type = type
        self.tag = tag
        self.nesting = nesting
        self.level = level

    def attrSet(self, name: str, value: Any) -> None:
        """Set an attribute."""
        if self.attrs is NOTHING:
            self.attrs = {}
        self.attrs[name] = value

    def attrGet(self, name: str) -> Any:
        """An attribute's value or None."""
        return self.attrs.get(name)

    def attrJoin(self, name: str, value: str) -> None:
        """Add a word to an attribute."""
        self.attrSet(name, f"{self.attrs[name]} {value}" if name in self.attrs else value)


class BlockState(StateBlock):
    """markdown-it's block state, with its line table made from whole lines."""

    def __init__(self, src: str, md: Any, env: Any, tokens: list[Any]) -> None:
        self.src, self.md, self.env, self.tokens = src, md, env, tokens
        self.blkIndent = self.line = self.level = 0
        self.ddIndent = self.listIndent = -1
        self.tight, self.parentType, self.result = False, "root", ""
        self._code_enabled = "code" in md.block.ruler.get_active_rules()
        lines = src.split("\n")
        if not lines[-1].strip(" \t"):
            lines.pop()
        starts: list[int] = []
        ends: list[int] = []
        shifts = [0] * (len(lines) + 1)
        counts = [0] * (len(lines) + 1)
        at = 0
        for number, line in enumerate(lines):
            starts.append(at)
            at += len(line)
            ends.append(at)
            at += 1
            if line and line[0] in " \t":
                shift = shifts[number] = len(line) - len(line.lstrip(" \t"))
                counts[number] = shift if "\t" not in line[:shift] else _columns(line[:shift])
        starts.append(len(src))
        ends.append(len(src))
        self.bMarks, self.eMarks, self.tShift, self.sCount = starts, ends, shifts, counts
        self.bsCount = [0] * len(starts)
        self.lineMax = len(lines)

    def push(self, ttype: str, tag: str, nesting: int) -> Any:
        """Add a token."""
        if nesting < 0:
            self.level -= 1
        token = Token(ttype, tag, nesting, self.level)
        token.block = True
        if nesting > 0:
            self.level += 1
        self.tokens.append(token)  # type: ignore[arg-type]  # our Token
        return token


class InlineState(StateInline):
    """markdown-it's inline state, making our tokens. label_work: steps left for the search of brackets' ends."""

    def __init__(self, src: str, md: Any, env: Any, tokens: list[Any]) -> None:
        super().__init__(src, md, env, tokens)
        self.label_work = 10_000 + 20 * len(src)

    def pushPending(self) -> Any:
        """Turn the text gathered so far into a token."""
        token = Token("text", "", 0, self.pendingLevel)
        token.content = self.pending
        self.tokens.append(token)  # type: ignore[arg-type]  # our Token
        self.pending = ""
        return token

    def push(self, ttype: str, tag: str, nesting: int) -> Any:
        """Add a token, after the text before it."""
        if self._pending or self._pending_buffer:
            self.pushPending()
        meta = None
        if nesting < 0:
            self.level -= 1
            self.delimiters = self._prev_delimiters.pop()
        token = Token(ttype, tag, nesting, self.level)
        if nesting > 0:
            self.level += 1
            self._prev_delimiters.append(self.delimiters)
            self.delimiters = []
            meta = {"delimiters": self.delimiters}
        self.pendingLevel = self.level
        self.tokens.append(token)  # type: ignore[arg-type]  # our Token
        self.tokens_meta.append(meta)
        return token


def _columns(space: str) -> int:
    """The width of leading spaces and tabs, a tab stop every 4 columns."""
    width = 0
    for char in space:
        width += 4 - width % 4 if char == "\t" else 1
    return width
