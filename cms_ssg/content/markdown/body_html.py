"""From tokens to HTML in one pass: placeholders for what must be looked up, headings with anchors, footnotes at the end."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from html import unescape
from typing import Any, Final

from markdown_it.common.utils import MD_TRIM_RE, unescapeAll
from markdown_it.rules_core.replacements import RARE_RE, SCOPED_ABBR_RE, replace_rare, replace_scoped
from markdown_it.rules_core.smartquotes import QUOTE_RE, process_inlines
from markdown_it.rules_core.state_core import StateCore

from cms_ssg.config.settings import Markdown
from cms_ssg.content.markdown.anchors import Names
from cms_ssg.content.markdown.escape import escape_text
from cms_ssg.content.markdown.html_tags import fill_html
from cms_ssg.content.markdown.nesting import Nesting
from cms_ssg.content.markdown.notes import mark_id, note_id, note_mark, plain_alt, write_note
from cms_ssg.content.markdown.parser import write_plain
from cms_ssg.content.markdown.placeholders import CLOSE, OPEN, PLACEHOLDER, TAG_OPEN
from cms_ssg.content.markdown.raw_html import write_html
from cms_ssg.content.markdown.shortcode_tags import MARK, Shortcodes
from cms_ssg.content.time_limit import TooSlow
from cms_ssg.content.urls import is_relative, is_safe_url
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Heading, Json, Link

FOOTNOTE_MARK: Final = re.compile(r'<sup class="footnote-ref"><a [^<>]*>[0-9]*</a></sup>')
TAGS: Final = re.compile(r"<[^<>]*>")
MAX_QUOTES: Final = 2_000
"""Quotation marks in one paragraph that are made typographic: the time for them grows with the square of their number."""
OWN_ANCHOR: Final = re.compile(r"[ \t]*\{#([^\s{}\"'<>&]{1,100})\}$")
PRE: Final = '<pre tabindex="0">'
"""Code scrolls sideways: a reader without a mouse has to be able to reach it."""

Highlight = Callable[[str, str], str | None]


class BodyWriter:
    """Writes one body. html, links, toc, lead (the HTML of the first paragraph with text), slow (lines of code without colours) and
    ids (of what is no heading) are the result. taken: anchors that no heading may have.
    """

    def __init__(
        self,
        md: Any,
        shortcodes: Shortcodes,
        first_line: int,
        settings: Markdown,
        highlight: Highlight | None,
        taken: Collection[str] = (),
    ) -> None:
        self.md, self.first_line, self.shortcodes, self.highlight = md, first_line, shortcodes, highlight
        self.env: dict[str, Any] = {"shortcodes": shortcodes}
        self.extended, self.typographer, self.sanitized = settings.extensions, settings.typographer, settings.raw_html == "sanitized"
        self.nesting = Nesting() if self.sanitized else None
        self.links: list[Link] = []
        self.toc: list[Heading] = []
        self.anchors, self.ids = Names(taken), set[str]()
        self.slow: list[int] = []
        self.lead = ""
        self.raw = False
        self.out: list[str] = []
        self.outer: list[tuple[list[str], int, Any]] = []
        self.notes: dict[str, str] = {}
        self.note_lines: dict[int, int] = {}

    def add_link(self, kind: Any, target: str, line: int, values: dict[str, Json]) -> str:
        """Note a link, image or shortcode; the placeholder that stands for it."""
        if TAG_OPEN in target:
            if pieces := self.shortcodes.split(target):
                values = {**values, "pieces": pieces}
            target = self.shortcodes.as_written(target)
        for name, value in values.items():
            if isinstance(value, str) and TAG_OPEN in value:
                values = {**values, name: self.shortcodes.as_written(value)}
        self.links.append(Link(kind, target, self.first_line + self.shortcodes.true_line(line - self.first_line), values))
        return f"{OPEN}{len(self.links) - 1}{CLOSE}"

    def write(self, tokens: list[Any]) -> str:
        """The HTML of a body's block tokens."""
        self._write_blocks(tokens)
        if self.env.get("footnotes", {}).get("list"):
            self._write_notes()
        return "".join(self.out)

    def _write_blocks(self, tokens: list[Any]) -> None:
        last = len(tokens) - 1
        hidden = False
        blocks = BLOCKS
        for index, token in enumerate(tokens):
            kind = token.type
            if kind == "p":
                html = self.inline(token.content, self.first_line + token.map[0])
                self.out.append(f"<p>{html}</p>\n")
                if not self.lead and not self.outer:
                    self.lead = html if html[:1] not in "<" + OPEN or self.plain_text(html, images=False).strip() else ""
            elif kind == "inline":
                self.out.append(self.inline(token.content, self.first_line + (token.map[0] if token.map else 0)))
            elif token.hidden:
                hidden = True
                continue
            elif (write := blocks.get(kind)) is not None:
                if hidden and kind not in ("fence", "code_block", "html_block"):
                    self.out.append("\n")
                write(self, token)
            else:
                if hidden and token.nesting != -1:
                    self.out.append("\n")
                self.out.append(self._tag(token, tokens[index + 1] if index < last else None))
            hidden = False

    def _tag(self, token: Any, following: Any) -> str:
        attributes = "".join(f' {name}="{escape_text(str(value))}"' for name, value in token.attrs.items()) if token.attrs else ""
        if token.nesting < 0:
            return f"</{token.tag}>\n"
        html = f"<{token.tag}{attributes}{' /' if token.nesting == 0 else ''}>"
        filled = following is None or not (following.type == "inline" or following.hidden)
        if filled and not (following is not None and following.nesting == -1 and following.tag == token.tag != "blockquote"):
            html += "\n"
        if "checked" in token.meta:
            if token.type == "list_item_open" and following is not None and following.type == "paragraph_open" and not following.hidden:
                following.meta = token.meta  # in a list with empty lines, the box stands in the line of its text
                return html
            checked, sign = (' checked=""', "☑") if token.meta["checked"] else ("", "☐")
            html += f'<input type="checkbox" disabled=""{checked} aria-label="{sign}" /> '
        return html

    def inline(self, text: str, line: int) -> str:
        """The HTML of an inline text that begins on a line of the file."""
        if not self.typographer:
            html = write_plain(text, line, self.add_link)
            if html is not None:
                return html
        children: list[Any] = []
        self.md.inline.parse(text, self.md, self.env, children)
        if self.typographer:
            if SCOPED_ABBR_RE.search(text):
                replace_scoped(children)
            if RARE_RE.search(text):
                replace_rare(children)
            if QUOTE_RE.search(text) and text.count('"') + text.count("'") <= MAX_QUOTES:
                process_inlines(children, StateCore("", self.md, self.env))
        html = self._write_inlines(children, line)
        return html if TAG_OPEN not in html else self.shortcodes.as_written(html, escape=escape_text)

    def _write_inlines(self, tokens: list[Any], line: int) -> str:
        kept, self.out = self.out, []
        floor = self.nesting.enter() if self.nesting is not None else 0
        for token in tokens:
            kind = token.type
            if kind == "text" or kind == "text_special":
                self.out.append(escape_text(token.content) if TAG_OPEN not in token.content else self._write_marked(token.content))
            elif kind == "softbreak":
                self.out.append("\n")
                line += 1
            elif kind == "hardbreak":
                self.out.append("<br />\n")
                line += 1
            elif kind == "code_inline":
                self.out.append(f"<code>{escape_text(self.shortcodes.as_written(token.content, used=True))}</code>")
            elif kind == "link_open":
                self._write_link(token, line)
            elif kind == "image":
                values = {"alt": plain_alt(token.children), "title": str(token.attrs.get("title", ""))}
                self.out.append(self.add_link("image", str(token.attrs["src"]), line, values))
            elif kind == "html_inline":
                self.out.append(self._raw(token.content, line))
                line += token.content.count("\n")
            elif kind == "footnote_ref":
                self.note_lines.setdefault(token.meta["id"], line)
                self.ids.update((note_id(token.meta), mark_id(token.meta)))
                self.out.append(note_mark(token.meta))
            elif kind == "shortcode_open":
                self._open_shortcode(token)
            elif kind == "shortcode_close":
                self._close_shortcode(token)
            else:
                self.out.append(f"<{'/' if token.nesting < 0 else ''}{token.tag}>")
        html = "".join(self.out)
        self.out = kept
        return html if self.nesting is None else html + self.nesting.leave(floor)

    def _write_marked(self, text: str) -> str:
        """An address that is its own text, with what its shortcodes make."""
        kept, self.out = self.out, []
        at = 0
        for match in MARK.finditer(text):
            index = int(match[1])
            if index < len(self.shortcodes.tags) and self.shortcodes.tags[index].kind == "open":
                self.out.append(escape_text(text[at : match.start()]))
                self.open_shortcode(index)
                self.close_shortcode(-1)
                at = match.end()
        html = "".join((*self.out, escape_text(text[at:])))
        self.out = kept
        return html

    def _write_link(self, token: Any, line: int) -> None:
        href = str(token.attrs["href"])
        href = self.add_link("link", href, line, {}) if is_relative(href) or TAG_OPEN in href else escape_text(href)
        title = f' title="{escape_text(str(token.attrs["title"]))}"' if "title" in token.attrs else ""
        safe = not self.sanitized or is_safe_url(str(token.attrs["href"]))  # what an image may show is no page to go to
        self.out.append(f'<a href="{href}"{title}>' if safe else f"<a{title}>")

    def plain_text(self, html: str, images: bool = True) -> str:
        """The text of a piece of HTML, images by their alternative or left out."""
        if "<" not in html and "&" not in html and OPEN not in html:
            return html
        if "footnote-ref" in html:
            html = FOOTNOTE_MARK.sub("", html)
        text = PLACEHOLDER.sub(self._alt_of if images else "", TAGS.sub("", html))
        return unescape(text)

    def _alt_of(self, match: re.Match[str]) -> str:
        link = self.links[int(match[1])]
        return str(link.values.get("alt", "")) if link.kind == "image" else ""

    def _heading(self, token: Any) -> None:
        content, anchor, tag = token.content, "", token.tag
        line = self.first_line + token.map[0]
        if not self.extended:
            self.out.append(f"<{tag}>{self.inline(content, line)}</{tag}>\n")
            return
        if content.endswith("}") and (own := OWN_ANCHOR.search(content)):
            content, anchor = content[: own.start()], own[1]
        html = self.inline(content, line)
        text = " ".join(self.plain_text(html).split())
        anchor = self.anchors.give(anchor or make_slug(text) or "section")
        self.toc.append(Heading(int(tag[1]), text, anchor))
        self.out.append(f'<{tag} id="{escape_text(anchor)}">{html}</{tag}>\n')

    def _list(self, token: Any) -> None:
        out, first, inline = self.out, self.first_line, self.inline
        out.append("<ul>\n")
        for line, text in token.items:
            out.append(f"<li>{inline(text, first + line)}</li>\n")
        out.append("</ul>\n")

    def _quote(self, token: Any) -> None:
        self.out.append(f"<blockquote>\n<p>{self.inline(token.content, self.first_line + token.map[0])}</p>\n</blockquote>\n")

    def _table(self, token: Any) -> None:
        marks = [f' class="align-{align}"' if align else "" for align in token.meta["aligns"]]
        out, inline = self.out, self.inline
        tag = "th"
        out.append("<table>\n<thead>\n")
        for number, (line, cells) in enumerate(token.rows):
            if number == 1:
                out.append("<tbody>\n")
            row = [
                f"<{tag}{mark}>{inline(cell, self.first_line + line) if cell else ''}</{tag}>"
                for mark, cell in zip(marks, cells, strict=True)
            ]
            out.append("<tr>\n" + "\n".join(row) + "\n</tr>\n")
            if number == 0:
                out.append("</thead>\n")
                tag = "td"
        out.append("</tbody>\n</table>\n" if len(token.rows) > 1 else "</table>\n")

    def _fence(self, token: Any) -> None:
        info, code = (self.shortcodes.as_written(text, used=True) for text in (token.info, token.content))
        if "\\" in info or "&" in info:
            info = unescapeAll(info)
        words = MD_TRIM_RE.split(info.strip(), maxsplit=1) if info else [""]
        name = words[0]
        if self.extended and name:
            name = re.split(r"[,{:]", name, maxsplit=1)[0]
            if (html := self._colour(code, name, token)) is not None:
                self.out.append(f'<pre class="highlight" tabindex="0"><code class="language-{escape_text(name)}">{html}</code></pre>\n')
                return
        language = f' class="language-{escape_text(name)}"' if name else ""
        self.out.append(f"{PRE}<code{language}>{escape_text(code)}</code></pre>\n")

    def _colour(self, code: str, language: str, token: Any) -> str | None:
        try:
            return self.highlight(code, language) if self.highlight is not None else None
        except TooSlow:
            self.slow.append(self.first_line + self.shortcodes.true_line(token.map[0]))
            return None

    def _code(self, token: Any) -> None:
        self.out.append(f"{PRE}<code>{escape_text(self.shortcodes.as_written(token.content))}</code></pre>\n")

    def _html(self, token: Any) -> None:
        self.out.append(self._raw(token.content, self.first_line + token.map[0]))

    def _raw(self, html: str, line: int) -> str:
        self.raw = True
        html = write_html(html, line, self.add_link, self.ids, check_names=self.extended, nesting=self.nesting)
        return fill_html(self, html, line) if TAG_OPEN in html else html

    def _html_line(self, token: Any) -> None:
        self.out.append(self.inline(token.content, self.first_line + token.map[0]) + "\n")

    def open_shortcode(self, index: int) -> None:
        """What is written from here on is within this shortcode."""
        self._enter(index)

    def close_shortcode(self, closing: int) -> None:
        """End the shortcode that was opened last. closing: index of the tag that does so, -1 for none."""
        inner, index = self._leave()
        self.shortcodes.used.update((index, closing))
        tag, close = self.shortcodes.tags[index], self.shortcodes.tags[closing].source if closing >= 0 else ""
        self.links.append(Link("shortcode", tag.name, self.first_line + tag.line, {**tag.meta, "inner": inner, "close": close}))
        self.out.append(f"{OPEN}{len(self.links) - 1}{CLOSE}")

    def _open_shortcode(self, token: Any) -> None:
        self.open_shortcode(int(token.info))

    def _close_shortcode(self, token: Any) -> None:
        self.close_shortcode(int(token.info))
        if token.block:
            self.out.append("\n")

    def _open_note(self, token: Any) -> None:
        self._enter(token.meta["label"])

    def _close_note(self, _: Any) -> None:
        html, label = self._leave()
        self.notes[label] = html

    def _enter(self, what: Any) -> None:
        """Begin what is written apart."""
        self.outer.append((self.out, self.nesting.enter() if self.nesting is not None else 0, what))
        self.out = []

    def _leave(self) -> tuple[str, Any]:
        """End it: its HTML, and what _enter() was given."""
        html = "".join(self.out)
        self.out, floor, what = self.outer.pop()
        return html if self.nesting is None else html + self.nesting.leave(floor), what

    def _write_notes(self) -> None:
        notes = self.env["footnotes"]["list"]
        written: list[str] = []
        while len(written) < len(notes):  # writing a note may add others
            note = notes[len(written)]
            html = self.notes.get(note.get("label", ""), "")
            if "tokens" in note:  # it stands in the text
                html = f"<p>{self._write_inlines(note['tokens'], self.note_lines.get(len(written), self.first_line))}</p>\n"
            written.append(write_note(len(written) + 1, html, note.get("count", 1)))
        self.out.append(f'<section class="footnotes" role="doc-endnotes">\n<ol>\n{"".join(written)}</ol>\n</section>\n')


BLOCKS: Final[dict[str, Callable[[BodyWriter, Any], None]]] = {
    "heading": BodyWriter._heading,
    "list": BodyWriter._list,
    "quote": BodyWriter._quote,
    "table": BodyWriter._table,
    "fence": BodyWriter._fence,
    "code_block": BodyWriter._code,
    "html_block": BodyWriter._html,
    "html_line": BodyWriter._html_line,
    "shortcode_open": BodyWriter._open_shortcode,
    "shortcode_close": BodyWriter._close_shortcode,
    "footnote_reference_open": BodyWriter._open_note,
    "footnote_reference_close": BodyWriter._close_note,
}
