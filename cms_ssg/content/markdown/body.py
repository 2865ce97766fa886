"""Markdown bodies: one text in, stored HTML free of look-ups out. See docs/content.md, "Body"."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

import msgspec

from cms_ssg.config.settings import Markdown
from cms_ssg.content.markdown.nesting import MAX_NESTING
from cms_ssg.content.markdown.placeholders import CLOSE, OPEN, TAG_CLOSE, TAG_OPEN
from cms_ssg.content.markdown.shortcode_tags import Shortcodes
from cms_ssg.content.markdown.words import count_words
from cms_ssg.content.version import reader_version
from cms_ssg.types import Body, Problem

__all__ = ["CLOSE", "OPEN", "render_body"]

MAX_EXCERPT: Final = 300
RESERVED: Final = re.compile(f"[{OPEN}{CLOSE}{TAG_OPEN}{TAG_CLOSE}]")
MAX_TOLD: Final = 50
"""Links to nothing on the page that are told: each is looked for in the text."""
ADDRESS: Final = re.compile(r"\bhttps?://\S+")


def render_body(text: str, settings: Markdown, place: str, first_line: int = 1, mdx: bool = False) -> tuple[Body, tuple[Problem, ...]]:
    """The stored form of a Markdown text.

    text: without front matter; place: the content file, for problems; first_line: the text's first
    line in it; mdx: JSX components are neutralised. Returns the body and what is worth telling. In its
    HTML stands ``OPEN + index + CLOSE`` for each of its links: as the value of an href, or for a whole image or
    shortcode, whose ``inner`` may hold others.
    """
    if not text:  # as of most rows of a table
        return _render_nothing(settings, first_line, mdx), ()
    return _render(text, settings, place, first_line, mdx)


@lru_cache(maxsize=64)
def _render_nothing(settings: Markdown, first_line: int, mdx: bool) -> Body:
    return _render("", settings, "", first_line, mdx)[0]


def _render(text: str, settings: Markdown, place: str, first_line: int, mdx: bool) -> tuple[Body, tuple[Problem, ...]]:
    key = _digest_body(text, settings, first_line, mdx)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    if not text.isascii():
        text = RESERVED.sub("", text)
    problems: list[Problem] = []
    sanitized = settings.raw_html == "sanitized"
    written, shortcodes = text, Shortcodes(sanitized)
    if settings.extensions:
        text = shortcodes.mark(text)
        text, mdx = _neutralise(text, place, first_line, mdx, problems)
        problems = [replace(found, line=first_line + shortcodes.true_line(found.line - first_line)) for found in problems]
    html, writer = _write_body(text, settings, first_line, mdx, shortcodes)
    if not writer.ids.isdisjoint(heading.anchor for heading in writer.toc):
        html, writer = _write_body(text, settings, first_line, mdx, shortcodes, taken=writer.ids)
    if sanitized and writer.raw:
        from cms_ssg.content.markdown.sanitize import sanitize

        html = sanitize(html, writer.links, key)
        for link in writer.links:
            if link.kind == "shortcode":
                link.values["inner"] = sanitize(link.values["inner"], writer.links, key)
    if settings.extensions and 'href="#' in html:
        html, found = _resolve_fragments(html, writer, written, place, first_line)
        problems += [] if mdx else found  # a component may have had that name
    said = "this code is left without colours: it takes too long to find them"
    hint = "Shorten it, take long runs of empty lines out, or write another language after the fence."
    problems += [Problem("content.slow-code", place, line, said, hint, "warning") for line in writer.slow]
    if "too_deep" in writer.env:
        line = first_line + shortcodes.true_line(writer.env["too_deep"])
        problems.append(
            Problem(
                "content.nesting",
                place,
                line,
                f"lists and quotes are nested more than {MAX_NESTING} deep; the rest is left out",
                severity="warning",
            )
        )
    problems += shortcodes.list_problems(place, first_line)
    body = Body(
        key,
        html,
        tuple(writer.toc),
        count_words(html, ascii_only=written.isascii()),
        tuple(writer.links),
        make_excerpt(writer.plain_text(writer.lead, images=False)),
    )
    return body, tuple(problems)


def _write_body(
    text: str, settings: Markdown, first_line: int, mdx: bool, shortcodes: Shortcodes, taken: Collection[str] = ()
) -> tuple[str, Any]:
    """A text's HTML, and the writer that made it. taken: anchors that no heading may have."""
    from cms_ssg.content.markdown.body_html import BodyWriter

    md = _load_parser(settings.extensions, mdx, settings.raw_html == "sanitized")
    tokens: list[Any] = []
    highlight = _load_highlight() if settings.highlight and settings.extensions else None
    writer = BodyWriter(md, shortcodes, first_line, settings, highlight, taken)
    md.block.parse(text, md, writer.env, tokens)
    return writer.write(tokens), writer


def _digest_body(text: str, settings: Markdown, first_line: int, mdx: bool) -> bytes:
    state = blake2b(_settings_digest(settings), digest_size=16)
    state.update(f"{first_line},{mdx:d},".encode())
    state.update(text.encode("utf-8", "surrogatepass"))
    return state.digest()


@lru_cache(maxsize=16)
def _settings_digest(settings: Markdown) -> bytes:
    return msgspec.json.encode([msgspec.to_builtins(settings), reader_version()])


def _resolve_fragments(html: str, writer: Any, text: str, place: str, first_line: int) -> tuple[str, list[Problem]]:
    """Links within the page led to its headings, and what is left without an aim."""
    from cms_ssg.content.markdown.anchors import find_line, resolve_fragments

    html, missing = resolve_fragments(html, [heading.anchor for heading in writer.toc])
    if any(link.kind == "shortcode" for link in writer.links):  # a template may have that name
        return html, []
    hint = "Each heading has an anchor made of its words; ## Heading {#own} gives it one of its own."
    return html, [
        Problem(
            "content.dangling-anchor",
            place,
            first_line + find_line(text, name),
            f'nothing on this page is called "#{name}"',
            hint,
            "warning",
        )
        for name in missing[:MAX_TOLD]
    ]


def _neutralise(text: str, place: str, first_line: int, mdx: bool, problems: list[Problem]) -> tuple[str, bool]:
    """Components taken out, in MDX and where Markdown holds some."""
    from cms_ssg.content.markdown.mdx import holds_components, neutralise

    if not mdx and not holds_components(text):
        return text, False
    text, found = neutralise(text, place, first_line, mdx=mdx)
    problems.extend(found)
    return text, mdx


@lru_cache(maxsize=8)
def _load_parser(extended: bool, mdx: bool, sanitized: bool) -> Any:
    """The parser for a set of rules."""
    from cms_ssg.content.markdown.parser import make_parser

    return make_parser(extended, mdx, sanitized)


def _load_highlight() -> Any:
    from cms_ssg.content.markdown.highlight import highlight_code

    return highlight_code


def make_excerpt(text: str) -> str:
    """The beginning of a text, at most MAX_EXCERPT characters, cut at the end of a word; "" for a list of addresses."""
    text = " ".join(text.split())
    if "://" in text and 2 * sum(map(len, ADDRESS.findall(text))) > len(text):
        return ""
    if len(text) <= MAX_EXCERPT:
        return text
    cut = text[: MAX_EXCERPT - 1]
    if text[MAX_EXCERPT - 1] != " ":
        cut = cut.rpartition(" ")[0] or cut
    return cut.rstrip(" ,;:.-–—") + "…"
