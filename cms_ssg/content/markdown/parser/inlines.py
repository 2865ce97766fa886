"""Text within a block: one pass of a regular expression for plain text, markdown-it's rules for the rest."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from markdown_it.parser_inline import ParserInline

from cms_ssg.content.markdown.escape import AddLink, escape_text
from cms_ssg.content.markdown.parser.tokens import InlineState
from cms_ssg.content.markdown.placeholders import TAG_OPEN
from cms_ssg.content.urls import PLAIN_WEB, is_relative

FIRST_OF: Final = {
    "newline": "\n", "escape": "\\", "backticks": "`", "strikethrough": "~", "emphasis": "*_", "link": "[", "image": "!",
    "footnote_inline": "^", "footnote_ref": "[", "autolink": "<", "html_inline": "<", "entity": "&", "shortcode": TAG_OPEN,
}  # fmt: skip
STOP: Final = re.compile(rf"[\n\\`~*_\[\]!<&^{TAG_OPEN}]")

PLAIN: Final = rf"[^\\`*_\[\]<&!~^\n{TAG_OPEN}]"
CODE: Final = rf"`(?!`)[^`\n{TAG_OPEN}]+`(?!`)"
INNER: Final = rf"(?:{PLAIN}++|{CODE}|(?<=[^\W_])_+(?=[^\W_]))"
"""Plain text, code and underscores within words; possessive, so that no text is tried in more than one way."""
SAFE_URL: Final = r"[A-Za-z0-9\-._~/?=+,;:@#]*"
TITLE: Final = rf'(?: "([^"\\&<>\n{TAG_OPEN}]*)")?'
CONSTRUCT: Final = re.compile(
    rf"`(?!`)([^`\n{TAG_OPEN}]+)`(?!`)"  # 1 code
    rf"|(?<![^ \n(])\*\*(?=[^\W_])({INNER}++)(?:(?<=[^\W_])\*\*(?=[ \n.,;:?)'\"/-]|\Z)|(?<=[.:,;?)'\"%])\*\*(?=[ \n]|\Z))"  # 2 strong
    rf"|(?<![^ \n(])\*(?=[^\W_])({INNER}++)(?:(?<=[^\W_])\*(?=[ \n.,;:?)'\"/-]|\Z)|(?<=[.:,;?)'\"%])\*(?=[ \n]|\Z))"  # 3 em
    rf"|(?<![^ \n(])_(?=[^\W_])({PLAIN}+)(?:(?<=[^\W_])_(?=[ \n.,;:?)'\"/-]|\Z)|(?<=[.:,;?)'\"%])_(?=[ \n]|\Z))"  # 4 em
    rf"|!\[({PLAIN}*)\]\(({SAFE_URL}){TITLE}\)"  # 5, 6, 7 image
    rf"|\[({INNER}*+)\]\(({SAFE_URL}){TITLE}\)"  # 8, 9, 10 link
    r"|<(https?://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:/[A-Za-z0-9\-._~/=+,;:@#]*)?)>"  # 11 autolink
    r"|\\([!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~])"  # 12 escaped sign
    r"|(&)(?!#?[A-Za-z0-9]+;)"  # 13 ampersand
    r"|(<)(?![A-Za-z/!?])"  # 14 less than
    r"|(?<=[^\W_])(_+)(?=[^\W_])"  # 15 underscore within a word
    r"|(?<![ ~])(\n)(?![ \t])"  # 16 line end
    r"|(?<!~)(~)(?!~)|(\^)(?!\[)|(?<= )(\*)(?= )|(!)(?!\[)"  # 17-20 themselves
)
"""The constructs that need no look at their surroundings; where none matches, markdown-it's rules are asked."""
SIGN: Final = re.compile(rf"[\\`*_\[<&~^\n!{TAG_OPEN}]")

TARGETS: Final = frozenset([6, 7, 9, 10])
"""Groups of CONSTRUCT that end an image or a link."""


def write_plain(text: str, line: int, add_link: AddLink) -> str | None:
    """The HTML of an inline text that holds only plain constructs, None for any other.

    line: of its beginning. add_link is called only where the text is plain from end to end.
    """
    search, match_construct = SIGN.search, CONSTRUCT.match
    sign = search(text)
    if sign is None:
        return text if ">" not in text and '"' not in text else escape_text(text)
    marks = []
    while sign is not None:
        match = match_construct(text, sign.start())
        if match is None or (match.lastindex in TARGETS and not _is_plain_target(match[6] or match[9] or "")):
            return None
        marks.append(match)
        sign = search(text, match.end())
    quoted = ">" in text or '"' in text
    out: list[str] = []
    at = counted = 0
    for match in marks:
        begin = match.start()
        if match.lastindex in TARGETS:
            line += text.count("\n", counted, begin)
            counted = begin
        if begin > at:
            out.append(escape_text(text[at:begin]) if quoted else text[at:begin])
        at = match.end()
        out.append(_write_construct(match, line, add_link))
    out.append(escape_text(text[at:]) if quoted else text[at:])
    return "".join(out)


def _is_plain_target(target: str) -> bool:
    return not target or is_relative(target) or target[0] == "#" or bool(PLAIN_WEB.fullmatch(target))


def _write_construct(match: re.Match[str], line: int, add_link: AddLink) -> str:
    index = match.lastindex
    if index == 1:
        code = match[1]
        if code[0] == " " and code[-1] == " " and code.strip(" "):
            code = code[1:-1]
        return f"<code>{escape_text(code)}</code>"
    if index == 2:
        return f"<strong>{_write_inner(match[2])}</strong>"
    if index in (3, 4):
        return f"<em>{_write_inner(match[index])}</em>"
    if index in (6, 7):
        values = {"alt": match[5], "title": match[7] or ""}
        return add_link("image", match[6], line, values)
    if index in (9, 10):
        href = match[9]
        if is_relative(href):
            href = add_link("link", href, line, {})
        title = f' title="{match[10]}"' if match[10] else ""
        return f'<a href="{href}"{title}>{_write_inner(match[8])}</a>'
    if index == 11:
        return f'<a href="{match[11]}">{match[11]}</a>'
    if index == 12:
        return escape_text(match[12])
    if index == 13:
        return "&amp;"
    if index == 14:
        return "&lt;"
    return match[0]


def _write_inner(text: str) -> str:
    """Text that INNER matches: it holds nothing to look up."""
    return write_plain(text, 0, _no_link) or ""


def _no_link(kind: str, target: str, line: int, values: dict[str, Any]) -> str:
    return ""


class InlineParser(ParserInline):
    """markdown-it's inline parser with a rule table by first character."""

    def prepare(self) -> None:
        """Make the tables, once all rules are in place."""
        self.by_char: dict[str, list[Callable[[Any, bool], bool]]] = {}
        for rule in self.ruler.__rules__:
            if rule.enabled:
                for char in FIRST_OF.get(rule.name, ""):
                    self.by_char.setdefault(char, []).append(rule.fn)

    def skipToken(self, state: Any) -> None:
        """Step over one token, as markdown-it's skipToken does."""
        at = state.pos
        cache = state.cache
        if at in cache:
            state.pos = cache[at]
            return
        rules = self.by_char.get(state.src[at])
        if rules is None:
            stop = STOP.search(state.src, at)
            state.pos = max(min(stop.start() if stop else state.posMax, state.posMax), at + 1)
        elif state.level >= state.md.options.maxNesting:
            state.pos = state.posMax
        else:
            state.level += 1
            found = any(rule(state, True) for rule in rules)
            state.level -= 1
            if not found:
                state.pos = at + 1
        cache[at] = state.pos

    def tokenize(self, state: Any) -> None:
        """Make the tokens of a range, as markdown-it's tokenize does."""
        end, src, by_char = state.posMax, state.src, self.by_char
        deep = state.level >= state.md.options.maxNesting
        search = STOP.search
        while state.pos < end:
            at = state.pos
            rules = by_char.get(src[at])
            if rules is None:
                stop = search(src, at)
                stopped = stop.start() if stop and stop.start() < end else end
                state.pos = max(stopped, at + 1)
                state.append_pending(src[at : state.pos])
                continue
            if deep or not any(rule(state, False) for rule in rules):
                state.append_pending(src[at])
                state.pos = at + 1
        if state.pending:
            state.pushPending()

    def parse(self, src: str, md: Any, env: Any, tokens: list[Any]) -> list[Any]:
        """Make the tokens of a text."""
        state = InlineState(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens
