"""Shortcodes within raw HTML: in its text they run, in attributes they fill the value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cms_ssg.content.markdown.escape import escape_text
from cms_ssg.content.markdown.placeholders import TAG_OPEN
from cms_ssg.content.markdown.raw_html import ATTRIBUTE, TAG
from cms_ssg.content.markdown.shortcode_tags import MARK

if TYPE_CHECKING:
    from cms_ssg.content.markdown.body_html import BodyWriter

SIGN: Final = re.compile(f"[<{TAG_OPEN}]")
APART: Final = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style|textarea)\b.*?(?:</\1|\Z)", re.DOTALL | re.IGNORECASE)
"""Comments, and elements whose content is no HTML."""


def fill_html(writer: BodyWriter, html: str, line: int) -> str:
    """Raw HTML with a placeholder for each shortcode. line: where it begins in the marked text."""
    if TAG_OPEN not in html:
        return html
    kept, writer.out = writer.out, []
    depth = len(writer.outer)
    places = {int(match[1]): match.start() for match in MARK.finditer(html)}
    at = 0
    waiting: list[int] = []
    while at < len(html):
        sign = SIGN.search(html, at)
        begin = sign.start() if sign else len(html)
        writer.out.append(html[at:begin])
        at = begin
        if sign is None:
            break
        if sign[0] == "<":
            if apart := APART.match(html, at):
                writer.out.append(writer.shortcodes.as_written(apart[0], used=apart[1] is None))
                at = apart.end()
            elif (tag := TAG.match(html, at)) is not None and TAG_OPEN in tag[0]:
                inner = ATTRIBUTE.sub(lambda found: _fill_attribute(writer, found, line), tag[3])
                writer.out.append(f"<{tag[1]}{tag[2]}{inner}{' ' + tag[4] if tag[4] else ''}>")
                at = tag.end()
            else:
                at = tag.end() if tag else at + 1
                writer.out.append(html[begin:at])
            continue
        match = MARK.match(html, at)
        at += 1
        if match is None or int(match[1]) >= len(writer.shortcodes.tags):
            continue
        at, index = match.end(), int(match[1])
        opened = writer.shortcodes.tags[index]
        if waiting and waiting[-1] == index:
            waiting.pop()
            writer.close_shortcode(index)
        elif opened.kind == "open":
            writer.open_shortcode(index)
            if places.get(opened.partner, -1) > begin and len(waiting) < 100:
                waiting.append(opened.partner)
            else:
                writer.close_shortcode(-1)
        else:
            writer.out.append(escape_text(opened.name if opened.kind == "shown" else opened.source))
    while len(writer.outer) > depth:
        writer.close_shortcode(-1)
    filled = "".join(writer.out)
    writer.out = kept
    return filled


def _fill_attribute(writer: BodyWriter, found: re.Match[str], line: int) -> str:
    group = next((number for number in (2, 3, 4) if found[number] is not None), 0)
    if not group or TAG_OPEN not in found[group]:
        return found[0]
    value = writer.add_link("link", found[group], line, {"attribute": found[1].lower()})
    return f' {found[1]}="{value}"'
