"""A body as it leaves the site, in a feed: its URLs made absolute, in whatever attribute or style they stand."""

from __future__ import annotations

import re
from html import escape, unescape
from typing import Final
from urllib.parse import urljoin

from cms_ssg.content.markdown.raw_html import CSS_IMPORT, CSS_URL, RAW_TEXT, SET_COMMA, URL_ATTRIBUTES, URL_SETS

_TAG: Final = re.compile(r"""<([a-zA-Z][\w:-]*)((?:[^<>"']|"[^"]*"|'[^']*')*)>""")
_ATTRIBUTE: Final = re.compile(r"""([\s/"'])([\w:-]+)(\s*=\s*)(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_SCHEME: Final = re.compile(r"\s*[a-zA-Z][a-zA-Z0-9+.-]*:")


def make_links_absolute(html: str, page_url: str) -> str:
    """A body whose URLs that are relative to page_url are absolute, fragments too: in attributes, sets of images, and CSS.

    References of a drawing to its own parts stay as they are.
    """
    out: list[str] = []
    at = 0
    while (begin := html.find("<", at)) >= 0:
        out.append(html[at:begin])
        match = _TAG.match(html, begin)
        if match is None:
            end = html.find("-->", begin) + 3 if html.startswith("<!--", begin) else begin + 1
            at = end if end > begin else len(html)
            out.append(html[begin:at])
            continue
        tag, at = match[1].lower(), match.end()
        out.append(f"<{match[1]}{_join_attributes(page_url, tag, match[2])}>")
        if tag in RAW_TEXT:
            closing = RAW_TEXT[tag].search(html, at)
            end = closing.start() if closing else len(html)
            out.append(_join_css(page_url, html[at:end]) if tag == "style" else html[at:end])
            at = end
    return "".join(out) + html[at:]


def _join_attributes(base: str, tag: str, text: str) -> str:
    if "=" not in text:
        return text

    def write(found: re.Match[str]) -> str:
        name = found[2].lower()
        if name not in URL_ATTRIBUTES and name not in URL_SETS and name not in ("style", "ping"):
            return found[0]
        if name == "data" and tag != "object":
            return found[0]
        value = unescape(next(group for group in found.groups()[3:] if group is not None))
        joined = _join_value(base, tag, name, value)
        return found[0] if joined == value else f'{found[1]}{found[2]}{found[3]}"{escape(joined)}"'

    return _ATTRIBUTE.sub(write, text)


def _join_value(base: str, tag: str, name: str, value: str) -> str:
    if name == "style":
        return _join_css(base, value)
    if name in URL_SETS:
        parts = [part.split(maxsplit=1) for part in SET_COMMA.split(value) if part.strip()]
        return ", ".join(" ".join([_join(base, part[0]), *part[1:]]) for part in parts)
    if name == "ping":
        return " ".join(_join(base, part) for part in value.split())
    if value.startswith("#") and (name == "xlink:href" or tag == "use"):
        return value
    return _join(base, value)


def _join_css(base: str, css: str) -> str:
    def write(found: re.Match[str]) -> str:
        return found[0] if found[3].startswith("#") else found[1] + _join(base, found[3])

    return CSS_IMPORT.sub(write, CSS_URL.sub(write, css))


def _join(base: str, value: str) -> str:
    if _SCHEME.match(value):
        return value
    try:
        return urljoin(base, value)
    except ValueError:  # "http://[" and the like: left as the author wrote it
        return value
