"""Block structure: markdown-it's rules behind a dispatch by first character, with short ways for the plainest blocks.

Every short way gives what markdown-it's own rules give (tests compare them on random input); what
is not plain goes to those rules.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from typing import Any, Final

from markdown_it.common.utils import MD_TRIM_CHARS
from markdown_it.parser_block import ParserBlock

from cms_ssg.content.markdown.parser.tokens import BlockState, Token
from cms_ssg.content.markdown.placeholders import TAG_OPEN
from cms_ssg.content.markdown.shortcodes import begins_shortcode

Rule = Callable[[Any, int, int, bool], bool]

SPECIAL_FIRST: Final = frozenset("#>-+*_=`~<|:[0123456789\\" + TAG_OPEN)
"""First characters of a line that may begin anything but a paragraph."""

FIRST_OF: Final = {
    "fence": "`~", "blockquote": ">", "hr": "*-_", "list": "*-+0123456789", "reference": "[", "footnote_def": "[",
    "html_block": "<", "heading": "#", "deflist": ":~", "shortcode_block": TAG_OPEN, "components": "<",
}  # fmt: skip
"""The first characters that each rule can begin with; a rule that is not here may begin with any."""

ITEM: Final = re.compile(
    rf" (?:[^\s#>\-+*_=`~<|:\[0-9\\{TAG_OPEN}]|\*{{1,2}}[^\s*_\-]|_{{1,2}}[^\s*_\-]|`(?!``)|[0-9]+(?![0-9.)])"
    r"|\[(?![ xX]\][ \t])(?!\^)(?![^\]\n]*\]:))"
)
"""What may follow a bullet so that the item's text is one plain paragraph."""

FENCE: Final = re.compile(r"(`{3,}|~{3,})(.*)")
SETEXT: Final = re.compile(r"(?:=+|-+)[ \t]*")


class BlockParser(ParserBlock):
    """markdown-it's block parser with a rule table by first character."""

    def prepare(self) -> None:
        """Make the tables, once all rules are in place."""
        rules = self.ruler.__rules__
        order = [(rule.name, rule.fn, rule.alt) for rule in rules if rule.enabled]
        known = set("".join(FIRST_OF.values())) | SPECIAL_FIRST
        self.names = frozenset(name for name, _, _ in order)
        self.by_char: dict[str, list[Rule]] = {}
        self.enders: dict[str, list[Rule]] = {}
        for char in known:
            fits = [(name, fn, alt) for name, fn, alt in order if name not in FIRST_OF or char in FIRST_OF[name]]
            self.by_char[char] = [fn for name, fn, _ in fits if name not in ("lheading", "paragraph", "code", "deflist")]
            self.enders[char] = [fn for name, fn, alt in fits if "paragraph" in alt and name != "table"]
        self.table: Rule | None = next((fn for name, fn, _ in order if name == "table"), None)
        self.deflist: Rule | None = next((fn for name, fn, _ in order if name == "deflist"), None)
        self.code: Rule | None = next((fn for name, fn, _ in order if name == "code"), None)
        self.plain = [] if self.table is None else [self.table]
        self.extended = self.table is not None
        self.ruler.getRules("")  # fills the cache
        chains: Any = self.ruler.__cache__
        for chain in ("blockquote", "list", "reference"):  # tried on every line that goes on lazily, at every depth
            chains[chain] = [make_dispatch([(name, fn) for name, fn, alt in order if chain in alt])]

    def tokenize(self, state: Any, startLine: int, endLine: int) -> None:
        """Make the tokens of some lines, as markdown-it's tokenize does."""
        line = startLine
        nesting = state.md.options.maxNesting
        empty_lines = False
        src, starts, ends, shifts, counts = state.src, state.bMarks, state.eMarks, state.tShift, state.sCount
        by_char, plain, code = self.by_char, self.plain, self.code
        while line < endLine:
            while line < state.lineMax and starts[line] + shifts[line] >= ends[line]:
                line += 1
            state.line = line
            if line >= endLine or counts[line] < state.blkIndent:
                break
            if state.level >= nesting:
                state.env.setdefault("too_deep", line)
                state.line = endLine
                break
            char = src[starts[line] + shifts[line]]
            shortcode = char == TAG_OPEN and begins_shortcode(state, starts[line] + shifts[line])
            if counts[line] - state.blkIndent >= 4 and code is not None and not shortcode:
                code(state, line, endLine, False)
            else:
                if state.level or not parse_simple(state, char, line, endLine, self.extended):
                    for rule in by_char.get(char, plain):
                        if rule(state, line, endLine, False):
                            break
                    else:
                        parse_text(self, state, line, endLine)
            state.tight = not empty_lines
            line = state.line
            if line - 1 < endLine and starts[line - 1] + shifts[line - 1] >= ends[line - 1]:
                empty_lines = True
            if line < endLine and starts[line] + shifts[line] >= ends[line]:
                empty_lines = True
                line += 1
                state.line = line

    def parse(self, src: str, md: Any, env: Any, outTokens: list[Any]) -> list[Any] | None:
        """Make the tokens of a text."""
        if not src:
            return None
        state = BlockState(src, md, env, outTokens)
        self.tokenize(state, 0, state.lineMax)
        return state.tokens


def make_dispatch(rules: list[tuple[str, Rule]]) -> Rule:
    """One rule in place of several named ones: of them, those that a line's first character fits are tried."""
    chars = set("".join(FIRST_OF[name] for name, _ in rules if name in FIRST_OF))
    anyway = [fn for name, fn in rules if name not in FIRST_OF]
    fitting = {char: [fn for name, fn in rules if name not in FIRST_OF or char in FIRST_OF[name]] for char in chars}

    def try_fitting(state: Any, startLine: int, endLine: int, silent: bool) -> bool:
        at = state.bMarks[startLine] + state.tShift[startLine]
        return any(rule(state, startLine, endLine, silent) for rule in fitting.get(state.src[at : at + 1], anyway))

    return try_fitting


def parse_text(parser: BlockParser, state: Any, start: int, endLine: int) -> None:
    """A heading underlined, a definition list or, as nothing else fits, a paragraph."""
    src, starts, ends, shifts, counts = state.src, state.bMarks, state.eMarks, state.tShift, state.sCount
    line, last, indent = start + 1, state.lineMax, state.blkIndent
    level = 0
    parent, state.parentType = state.parentType, "paragraph"
    while line < last:
        at = starts[line] + shifts[line]
        if at >= ends[line]:
            break
        if counts[line] - indent > 3 and parser.code is not None:
            line += 1
            continue
        char = src[at]
        if char in SPECIAL_FIRST:
            if char in "-=" and counts[line] >= indent and line < endLine and SETEXT.fullmatch(src, at, ends[line]):
                level = 1 if char == "=" else 2
                break
            if counts[line] >= 0 and any(rule(state, line, last, True) for rule in parser.enders[char]):
                break
        if parser.table is not None and counts[line] >= 0 and line + 1 < last:
            below = starts[line + 1] + shifts[line + 1]
            if src[below : below + 1] in ("|", "-", ":") and parser.table(state, line, last, True):
                break
        line += 1
    state.parentType = parent
    if level:
        token = state.push("heading", f"h{level}", 0)
        token.content = _text_of(state, start, line)
        token.map = [start, line]
        state.line = line + 1
        return
    if parser.deflist is not None and start + 1 < endLine and parser.deflist(state, start, endLine, False):
        return
    state.line = line
    if not state.level:
        token = Token("p", "p", 0)
        token.block = True
        token.content = src[starts[start] + shifts[start] : ends[line - 1]].strip(MD_TRIM_CHARS)
        token.map = [start, line]
        state.tokens.append(token)
        return
    state.push("paragraph_open", "p", 1).map = [start, line]
    token = state.push("inline", "", 0)
    token.content = _text_of(state, start, line)
    token.map = [start, line]
    state.push("paragraph_close", "p", -1)


def _text_of(state: Any, start: int, end: int) -> str:
    if end - start == 1:
        text: str = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    else:
        text = state.getLines(start, end, state.blkIndent, False)
    return text.strip(MD_TRIM_CHARS)


def parse_simple(state: Any, char: str, line: int, end: int, extended: bool) -> bool:
    """The short ways, at the top level only: a fence, a bullet list of one-line items, a quote of one line."""
    if char == "`" or char == "~":
        return _parse_fence(state, line, end)
    if not extended or state.tShift[line]:
        return False
    if char == "-" or char == "*" or char == "+":
        return _parse_list(state, char, line, end)
    if char == ">":
        return _parse_quote(state, line, end)
    return False


def _parse_fence(state: Any, line: int, end: int) -> bool:
    src, starts, ends = state.src, state.bMarks, state.eMarks
    if state.tShift[line] or end != state.lineMax:
        return False
    match = FENCE.match(src, starts[line], ends[line])
    if match is None or (match[1][0] == "`" and "`" in match[2]):
        return False
    if end - line > 1 and "|" in match[2]:
        return False  # it may be the head of a table
    closing = re.compile(rf"^ {{0,3}}{re.escape(match[1])}{match[1][0]}*[ \t]*$", re.MULTILINE).search(src, ends[line])
    last = bisect_left(starts, closing.start()) if closing else end
    token = state.push("fence", "code", 0)
    token.info, token.markup = match[2], match[1]
    if last > line + 1:
        token.content = src[starts[line + 1] : closing.start()] if closing else state.getLines(line + 1, end, 0, True)
    state.line = last + 1 if closing else end
    token.map = [line, state.line]
    return True


def _parse_list(state: Any, char: str, line: int, end: int) -> bool:
    src, starts, ends, shifts = state.src, state.bMarks, state.eMarks, state.tShift
    items: list[tuple[int, str]] = []
    at = line
    while at < end and starts[at] + shifts[at] < ends[at]:
        begin = starts[at]
        if shifts[at] or src[begin] != char or not ITEM.match(src, begin + 1, ends[at]):
            return False
        items.append((at, src[begin + 2 : ends[at]].rstrip(MD_TRIM_CHARS)))
        at += 1
    after = at
    while after < end and starts[after] + shifts[after] >= ends[after]:
        after += 1
    if after < end and (shifts[after] or src[starts[after]] in "-+*0123456789"):
        return False
    token = state.push("list", "ul", 0)
    token.items = items
    token.map = [line, at]
    state.line = at
    return True


def _parse_quote(state: Any, line: int, end: int) -> bool:
    src, starts, ends, shifts = state.src, state.bMarks, state.eMarks, state.tShift
    if line + 1 < end and starts[line + 1] + shifts[line + 1] < ends[line + 1]:
        return False
    if not ITEM.match(src, starts[line] + 1, ends[line]) or src[starts[line] + 2] == "[":
        return False
    token = state.push("quote", "blockquote", 0)
    token.content = src[starts[line] + 2 : ends[line]].strip(MD_TRIM_CHARS)
    token.map = [line, line + 1]
    state.line = line + 1
    return True


def parse_heading(state: Any, startLine: int, endLine: int, silent: bool) -> bool:
    """The rule for ``## headings``, as one token."""
    begin = state.bMarks[startLine] + state.tShift[startLine]
    text = state.src[begin : state.eMarks[startLine]]
    if text[:1] != "#" or state.is_code_block(startLine):
        return False
    rest = text.lstrip("#")
    level = len(text) - len(rest)
    if level > 6 or (rest and rest[0] not in " \t"):
        return False
    if silent:
        return True
    rest = rest.rstrip(" \t")
    short = rest.rstrip("#")
    if short and short[-1] in " \t":
        rest = short
    token = state.push("heading", f"h{level}", 0)
    token.content = rest.strip(MD_TRIM_CHARS)
    token.map = [startLine, startLine + 1]
    state.line = startLine + 1
    return True
