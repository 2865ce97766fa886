"""Find in published pages the scripts and styles that stand in the page itself, so that a policy can allow these and no others."""

from __future__ import annotations

import base64
import re
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from html import unescape
from urllib.parse import urlsplit

_ATTRIBUTES = rb"""(?:[^>"']|"[^"]*"|'[^']*')*"""
_ELEMENT = re.compile(rb"<!--.*?-->|<(script|style)\b(" + _ATTRIBUTES + rb")>(.*?)</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(rb"<([a-z][a-z0-9-]*)(\s" + _ATTRIBUTES + rb")>", re.IGNORECASE)
_ATTRIBUTE = re.compile(rb"""([^\s"'=<>/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")
_MAY_HOLD = re.compile(rb"<style|<script|<iframe|<link|<base|\sstyle\s*=|\son[a-z]+\s*=", re.IGNORECASE)

EXECUTED = frozenset(
    (
        "", "module", "importmap", "speculationrules", "text/javascript", "application/javascript", "application/ecmascript", "text/ecmascript",
        "application/x-javascript", "text/jscript", "text/livescript", "text/x-javascript",
    )
)  # fmt: skip
"""Types of script that a browser runs, and that a policy must allow; others, such as application/ld+json, are data to it."""

LOADS = {"script": ("script-src", "src"), "iframe": ("frame-src", "src"), "link": ("style-src", "href")}
"""Elements that load what a policy must allow: its directive, the attribute with the address."""


@dataclass(slots=True)
class Inline:
    """What the pages hold, by number of pages, and one page of each.

    scripts, styles, style_attributes: sources such as ``'sha256-…'``; loads: (directive, origin) of what comes from elsewhere;
    handlers: attributes such as onclick.
    """

    scripts: Counter[str] = field(default_factory=Counter)
    styles: Counter[str] = field(default_factory=Counter)
    style_attributes: Counter[str] = field(default_factory=Counter)
    loads: Counter[tuple[str, str]] = field(default_factory=Counter)
    handlers: Counter[str] = field(default_factory=Counter)
    pages: dict[object, str] = field(default_factory=dict)

    def add_page(self, path: str, html: bytes, own_origin: str) -> None:
        """Note what a page holds. own_origin: what comes from there needs no mention."""
        if not _MAY_HOLD.search(html):
            return
        html = html.replace(b"\r\n", b"\n").replace(b"\r", b"\n")  # as a browser reads it
        scripts, styles = set(), set()
        for name, attributes, text in _ELEMENT.findall(html):
            found = _read_attributes(attributes)
            if name.lower() == b"style":
                styles.add(hash_source(text))
            elif name and "src" not in found and found.get("type", "").strip().lower() in EXECUTED:
                scripts.add(hash_source(text))
        self._note(self.scripts, scripts, path)
        self._note(self.styles, styles, path)
        self._note_attributes(path, _ELEMENT.sub(lambda match: b"<%b%b>" % match.group(1, 2) if match[1] else b"", html), own_origin)

    def _note_attributes(self, path: str, html: bytes, own_origin: str) -> None:
        """What elements carry and load. html: without comments and the texts of scripts and styles."""
        loads, styles, handlers = set(), set(), set()
        for name, attributes in _TAG.findall(html):
            found = _read_attributes(attributes)
            if "style" in found:
                styles.add(hash_source(found["style"].encode()))
            handlers |= {key for key in found if key.startswith("on") and len(key) > 3}
            directive, attribute = LOADS.get(name.decode("ascii", "replace").lower(), ("", ""))
            is_style = name.lower() != b"link" or "stylesheet" in found.get("rel", "").lower().split()
            if directive and is_style and (origin := _read_origin(found.get(attribute, ""))) and origin != own_origin:
                loads.add((directive, origin))
        self._note(self.loads, loads, path)
        self._note(self.style_attributes, styles, path)
        self._note(self.handlers, handlers, path)

    def _note(self, counter: Counter[str] | Counter[tuple[str, str]], found: set[str] | set[tuple[str, str]], path: str) -> None:
        for value in found:
            counter[value] += 1  # type: ignore[index]
            self.pages[value] = min(path, self.pages.get(value, path))


def hash_source(text: bytes) -> str:
    """The source expression that allows exactly this text (CSP3, 2.3.1)."""
    return f"'sha256-{base64.b64encode(sha256(text).digest()).decode()}'"


def _read_attributes(text: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(text):
        found.setdefault(name.decode("utf-8", "replace").lower(), unescape((double or single or bare).decode("utf-8", "replace")))
    return found


def _read_origin(url: str) -> str:
    """``https://example.org`` of an address elsewhere, "" for one of the site itself."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    return f"{parts.scheme or 'https'}://{parts.netloc}" if parts.netloc else ""
