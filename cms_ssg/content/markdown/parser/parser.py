"""Puts the Markdown parser together: markdown-it with our rules and tables in place of its own."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.common.html_blocks import block_names
from markdown_it.common.normalize_url import normalizeLink, validateLink
from markdown_it.helpers import parseLinkDestination, parseLinkTitle
from markdown_it.rules_block.html_block import html_block
from markdown_it.rules_block.list import list_block
from markdown_it.rules_inline.html_inline import html_inline
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote.index import footnote_def, footnote_inline, footnote_ref

from cms_ssg.content.markdown.nesting import MAX_NESTING
from cms_ssg.content.markdown.parser.blocks import BlockParser, parse_heading
from cms_ssg.content.markdown.parser.inlines import InlineParser
from cms_ssg.content.markdown.parser.tables import parse_table
from cms_ssg.content.markdown.placeholders import TAG_OPEN
from cms_ssg.content.markdown.raw_html import MATH_ELEMENTS, TAG, is_element
from cms_ssg.content.markdown.shortcodes import shortcode_block, shortcode_inline
from cms_ssg.content.urls import PLAIN_WEB, is_relative, is_safe_url

PLAIN_DESTINATION: Final = re.compile(r"[^\x00-\x20\x7f()<\\&]+")
DATA_IMAGE: Final = re.compile(r"data:image/(?:gif|png|jpeg|webp)[;,]")
"""Of the URLs that hold data, those that can only be pictures; a link to one leads nowhere."""
FOOTNOTE: Final = re.compile(r"\[\^[^ \n\]]{1,999}\]")
BLOCK_NAMES: Final = frozenset(block_names)


class Parser(MarkdownIt):
    """markdown-it with links left as written where they are relative."""

    def __init__(self, extended: bool, mdx: bool, sanitized: bool) -> None:
        super().__init__("commonmark", {"maxNesting": MAX_NESTING, "tasklists": extended, "html": True})
        self.sanitized = sanitized
        self.block, self.inline = BlockParser(), InlineParser()
        self.configure(
            "commonmark", {"maxNesting": MAX_NESTING, "tasklists": extended, "html": True, "typographer": True, "quotes": "“”‘’"}
        )
        block, inline = self.block.ruler, self.inline.ruler
        block.at("heading", parse_heading, {"alt": ["paragraph", "reference", "blockquote"]})
        if extended:
            self.enable(["table", "strikethrough"])
            block.at("table", parse_table, {"alt": ["paragraph", "reference"]})
            block.before("reference", "footnote_def", footnote_def, {"alt": ["paragraph", "reference"]})
            block.before("table", "shortcode_block", shortcode_block, {"alt": ["paragraph", "reference", "blockquote", "list"]})
            deflist_plugin(self)
            block.at("html_block", mdx_block if mdx else known_html_block, {"alt": ["paragraph", "reference", "blockquote"]})
            inline.after("image", "footnote_inline", bounded_footnote)
            inline.after("footnote_inline", "footnote_ref", bounded_reference)
            inline.before("escape", "shortcode", shortcode_inline)
            inline.at("html_inline", known_html_inline)
        if mdx:
            self.disable("code")
            block.at("list", mdx_list, {"alt": ["paragraph", "reference", "blockquote"]})
        self.helpers: Any = SimpleNamespace(
            parseLinkDestination=parse_destination, parseLinkLabel=find_label_end, parseLinkTitle=parseLinkTitle
        )
        self.block.prepare()
        self.inline.prepare()

    def normalizeLink(self, url: str) -> str:
        """An absolute URL as it can stand in HTML, a relative one as it was written."""
        return url if PLAIN_WEB.fullmatch(url) or is_relative(url) or TAG_OPEN in url else normalizeLink(url)

    def validateLink(self, url: str) -> bool:
        """Whether a link's scheme is harmless: by markdown-it's list of bad ones, under the policy "sanitized" by one of good ones."""
        return bool(validateLink(url)) and (not self.sanitized or is_safe_url(url) or bool(DATA_IMAGE.match(url)))


def parse_destination(string: str, pos: int, maximum: int) -> Any:
    """markdown-it's parseLinkDestination, with a short way for targets without brackets and escapes."""
    match = PLAIN_DESTINATION.match(string, pos, maximum)
    if match is None or (string[match.end() : match.end() + 1] in ("(", "\\", "&", "<") and match.end() < maximum):
        return parseLinkDestination(string, pos, maximum)
    return SimpleNamespace(ok=True, pos=match.end(), str=match[0])


def find_label_end(state: Any, start: int, disableNested: bool = False) -> int:
    """markdown-it's parseLinkLabel, with a bound to the work that unclosed brackets make; beyond it they are text."""
    if state.src.find("]", start, state.posMax) < 0 or state.label_work < 0:
        return -1
    at, state.pos = state.pos, start + 1
    src, end, skip = state.src, state.posMax, state.md.inline.skipToken
    level, found = 1, -1
    while state.pos < end:
        state.label_work -= 1
        if state.label_work < 0:
            break
        mark = src[state.pos]
        if mark == "]":
            level -= 1
            if not level:
                found = state.pos
                break
        before = state.pos
        skip(state)
        if mark == "[":
            if before == state.pos - 1:
                level += 1
            elif disableNested:
                break
    state.pos = at
    return found


def make_parser(extended: bool, mdx: bool, sanitized: bool) -> Parser:
    """A parser. extended: our extensions to CommonMark; mdx: indented text is no code; sanitized: links have a scheme known to be harmless, or none."""
    return Parser(extended, mdx, sanitized)


def bounded_footnote(state: Any, silent: bool) -> bool:
    """The plugin's rule for ``^[notes]``, which looks for their end by itself."""
    if not state.src.startswith("^[", state.pos) or find_label_end(state, state.pos + 1) < 0:
        return False
    return footnote_inline(state, silent)


def bounded_reference(state: Any, silent: bool) -> bool:
    """The plugin's rule for ``[^notes]``, which looks for the bracket to the end of the text."""
    return bool(FOOTNOTE.match(state.src, state.pos, state.posMax)) and bool(footnote_ref(state, silent))


def known_html_inline(state: Any, silent: bool) -> bool:
    """The rule for tags in text; what HTML does not know, such as ``Promise<T>``, stays text."""
    match = TAG.match(state.src, state.pos, state.posMax)
    if match is not None and not is_element(match[2]):
        return False
    return html_inline(state, silent)


def known_html_block(state: Any, startLine: int, endLine: int, silent: bool) -> bool:
    """The rule for blocks of HTML; a line that only looks like a tag is text."""
    begin = state.bMarks[startLine] + state.tShift[startLine]
    match = TAG.match(state.src, begin, state.eMarks[startLine])
    if match is not None and not is_element(match[2]):
        return False
    return bool(html_block(state, startLine, endLine, silent))


def mdx_block(state: Any, startLine: int, endLine: int, silent: bool) -> bool:
    """The rule for HTML in MDX: a line of tags stands alone, so that what lies between such lines is Markdown."""
    begin, end = state.bMarks[startLine] + state.tShift[startLine], state.eMarks[startLine]
    src = state.src
    first = TAG.match(src, begin, end)
    if first is None or not is_element(first[2]):
        return False
    name = first[2].lower()
    if name in ("pre", "script", "style", "textarea"):
        return bool(html_block(state, startLine, endLine, silent))
    at = begin
    while (tag := TAG.match(src, at, end)) is not None:
        at = tag.end()
        while at < end and src[at] in " \t":
            at += 1
    only_tags = at >= end
    if silent:
        return name in BLOCK_NAMES or (only_tags and name not in ("br", "img", "wbr", "input"))
    if not only_tags and name not in BLOCK_NAMES and name not in MATH_ELEMENTS:
        return False
    kind = "html_block" if only_tags or name in MATH_ELEMENTS else "html_line"
    token = state.push(kind, "", 0)
    token.content = src[begin:end].rstrip() + ("\n" if kind == "html_block" else "")
    token.map = [startLine, startLine + 1]
    state.line = startLine + 1
    return True


def mdx_list(state: Any, startLine: int, endLine: int, silent: bool) -> bool:
    """The rule for lists in MDX: an item may be as far in as the one before it, also where that would be code in Markdown."""
    before, state.listIndent = state.listIndent, -1
    found = list_block(state, startLine, endLine, silent)
    state.listIndent = before
    return bool(found)
