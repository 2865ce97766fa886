"""Pages of a preview as they are published: links to what is in it lead there, all others to the live site, and no search engine keeps them."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from html import escape, unescape
from typing import Final
from urllib.parse import unquote, urljoin

from cms_ssg.paths import canonical_path, encode_path
from cms_ssg.publish.headers import NOINDEX
from cms_ssg.site import Site

ATTRIBUTES: Final = r"""(?:[^<>"']|"[^"]*"|'[^']*')*"""
TOKEN: Final = re.compile(
    rf"<!--.*?-->|<(?P<raw>script|style|textarea|title)\b(?P<of_raw>{ATTRIBUTES})>(?P<body>.*?)(?P<end></(?P=raw)\s*>)"
    rf"|<(?P<tag>[a-zA-Z][\w:-]*)(?P<of_tag>{ATTRIBUTES})>",
    re.DOTALL | re.IGNORECASE,
)
ATTRIBUTE: Final = re.compile(r"""([\s/])([\w:-]+)(\s*=\s*)(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
CSS_URL: Final = re.compile(r"""(url\(\s*)(["']?)([^"')]+)\2(\s*\))|(@import\s+)(["'])([^"']+)\6""", re.IGNORECASE)
LINKS: Final = frozenset(("href", "src", "poster", "action", "formaction", "data"))
SETS: Final = frozenset(("srcset", "imagesrcset"))
LEFT_ALONE: Final = re.compile(r"""\brel\s*=\s*["']?[^"'>]*\b(?:canonical|alternate)\b""", re.IGNORECASE)
"""Links that tell machines which page this is: they go on naming the live one."""
ROBOTS: Final = re.compile(r"""\bname\s*=\s*["']?robots\b""", re.IGNORECASE)
HEAD: Final = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
START: Final = re.compile(r"\s*(?:<!doctype[^>]*>)?\s*(?:<html\b[^>]*>)?", re.IGNORECASE)
META: Final = f'<meta name="robots" content="{NOINDEX}">'


@dataclass(frozen=True, slots=True)
class Rewriter:
    """base: ``/_preview/TOKEN``; inside: paths of all that the preview holds, as the live site would have them."""

    site: Site
    base: str
    inside: Collection[str]

    def page(self, path: str, data: bytes) -> bytes:
        """A page's bytes below base. path: where the live site has it."""
        html = TOKEN.sub(lambda found: self._token(path, found), data.decode("utf-8", "replace"))
        head = HEAD.search(html) or START.match(html)
        at = head.end() if head is not None else 0
        return (html[:at] + META + html[at:]).encode()

    def style(self, path: str, data: bytes) -> bytes:
        """A style sheet's bytes below base."""
        return self._css(path, data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def url(self, path: str, url: str) -> str:
        """A link of the page at path: to the preview where that holds what it leads to, else to the live site."""
        target = unquote(self._path_of(path, url))
        if not target:
            return url
        rest = url[len(re.split(r"[?#]", url, maxsplit=1)[0]) :]
        for candidate in dict.fromkeys((target, _canonical(target))):
            if candidate in self.inside:
                return self.site.base_path + encode_path(self.base + candidate) + rest
        relative = not url.startswith("/") and "://" not in url
        return urljoin(self.site.base_path + encode_path(path), url) if relative else url

    def _path_of(self, path: str, url: str) -> str:
        """The path on the site that a link leads to, encoded, '' where it leads elsewhere or to a place on the page itself."""
        bare = re.split(r"[?#]", url, maxsplit=1)[0]
        site = self.site
        if not bare or (re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", bare) and not bare.startswith(f"{site.origin}/")):
            return ""
        full = urljoin(site.origin + site.base_path + encode_path(path), bare)
        start = f"{site.origin}{site.base_path}/"
        return full[len(start) - 1 :] if full.startswith(start) else ""

    def _token(self, path: str, found: re.Match[str]) -> str:
        if (raw := found["raw"]) is not None:
            body = self._css(path, found["body"]) if raw.lower() == "style" else found["body"]
            return f"<{raw}{self._attributes(path, found['of_raw'])}>{body}{found['end']}"
        tag, attributes = found["tag"], found["of_tag"]
        if tag is None or tag.lower() == "base" or (tag.lower() == "link" and LEFT_ALONE.search(attributes)):
            return found[0]
        if tag.lower() == "meta":
            return "" if ROBOTS.search(attributes) else f"<{tag}{self._attributes(path, attributes, meta=True)}>"
        return f"<{tag}{self._attributes(path, attributes)}>"

    def _attributes(self, path: str, text: str, *, meta: bool = False) -> str:
        return ATTRIBUTE.sub(lambda found: self._attribute(path, found, meta), text)

    def _attribute(self, path: str, found: re.Match[str], meta: bool) -> str:
        name = found[2].lower()
        value = unescape(next(text for text in (found[4], found[5], found[6]) if text is not None))
        if name in LINKS:
            new = self.url(path, value)
        elif name in SETS:
            new = ", ".join(self._candidate(path, part) for part in re.split(r",\s+", value.strip()))
        elif name == "style":
            new = self._css(path, value)
        elif meta and name == "content" and (target := unquote(self._path_of(path, value))) in self.inside and not target.endswith("/"):
            new = self.site.origin + self.url(path, value)  # the image of a social card
        else:
            return found[0]
        return found[0] if new == value else f'{found[1]}{found[2]}{found[3]}"{escape(new)}"'

    def _candidate(self, path: str, text: str) -> str:
        url, space, size = text.strip().partition(" ")
        return f"{self.url(path, url)}{space}{size}"

    def _css(self, path: str, text: str) -> str:
        def replace(found: re.Match[str]) -> str:
            if found[1] is not None:
                return f"{found[1]}{found[2]}{self.url(path, found[3].strip())}{found[2]}{found[4]}"
            return f"{found[5]}{found[6]}{self.url(path, found[7])}{found[6]}"

        return CSS_URL.sub(replace, text)


def _canonical(path: str) -> str:
    try:
        return canonical_path(path)
    except ValueError:
        return path
