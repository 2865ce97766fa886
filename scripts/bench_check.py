"""Checks that cms built what Hugo built: the same addresses, lists in the same order, and the same articles."""

from __future__ import annotations

import html
import random
import re
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from pathlib import Path

CARD = re.compile(
    r'<article class="card">\s*<h2><a href="([^"]*)">(.*?)</a></h2>\s*<p><time datetime="([^"]*)">.*?</time></p>\s*<p>(.*?)</p>', re.DOTALL
)
OLDER = re.compile(r'<a href="([^"]*)">Older</a>')
LINK = re.compile(r'<li><a href="([^"]*)">')
LOC = re.compile(r"<loc>\s*(.*?)\s*</loc>")
ITEM = re.compile(
    r"<item>.*?<title>(.*?)</title>.*?<link>(.*?)</link>.*?<pubDate>(.*?)</pubDate>.*?<description>(.*?)</description>", re.DOTALL
)
BASE = "https://news.example.com"


def compare_sites(hugo: Path, own: Path, articles: int = 100, seed: int = 1) -> list[str]:
    """Say where two outputs differ, at most a few lines a kind; an empty list means that none was found.

    hugo, own: the output folders; articles: how many random ones are compared in full. The numbers of archive pages may differ.
    """
    found: list[str] = []
    paths = sorted(path.relative_to(hugo).as_posix() for path in hugo.rglob("*") if path.is_file())
    paths = [path for path in paths if not re.search(r"(^|/)page/\d+/index\.html$", path)]
    found += [f"missing: {path}" for path in paths if not (own / _own_path(path)).is_file()]
    feeds = [path for path in paths if path.endswith("index.xml")]
    for feed in feeds:
        found += _compare_lists(hugo, own, feed.removesuffix("index.xml"))
    for taxonomy in ("authors/", "categories/", "tags/"):
        if _read_set(hugo / taxonomy / "index.html", LINK) != _read_set(own / taxonomy / "index.html", LINK):
            found.append(f"other terms: {taxonomy}")
    posts = [path for path in paths if path.startswith("posts/")]
    addresses = {f"{BASE}/{path.removesuffix('index.html')}" for path in posts}
    if missing := addresses - _read_sitemap(own):
        found.append(f"not in the sitemap: {len(missing)} articles, such as {min(missing)}")
    for path in random.Random(seed).sample(posts, min(articles, len(posts))):
        mine, theirs = read_article(own / path), read_article(hugo / path)
        found += [f"{path}: {part}: {mine[part]!r} is {theirs[part]!r} in Hugo's" for part in theirs if mine[part] != theirs[part]]
    return found if len(found) <= 20 else [*found[:20], f"and {len(found) - 20} more"]


def _own_path(path: str) -> str:
    return path.removesuffix("index.xml") + "feed.xml" if path.endswith("index.xml") else path


def _compare_lists(hugo: Path, own: Path, base: str) -> list[str]:
    mine, theirs = list(read_cards(own, f"/{base}")), list(read_cards(hugo, f"/{base}"))
    found = []
    if mine != theirs:
        place = next((i for i, (a, b) in enumerate(zip(mine, theirs, strict=False)) if a != b), min(len(mine), len(theirs)))
        both = f"{mine[place : place + 1]} for {theirs[place : place + 1]}"
        found.append(f"other cards: /{base}: {len(mine)} for {len(theirs)}, the first at {place}: {both}")
    if _read_feed(own / base / "feed.xml") != _read_feed(hugo / base / "index.xml"):
        found.append(f"other feed: /{base}")
    return found


def read_cards(site: Path, url: str) -> Iterator[tuple[str, str, datetime, str]]:
    """Every card of a list, from its front down the links to older pages: address, title, date, summary."""
    while url:
        page = (site / url.strip("/") / "index.html").read_text()
        for address, title, date, summary in CARD.findall(page):
            yield address, _visible(title), datetime.fromisoformat(date), _visible(summary)
        older = OLDER.search(page)
        url = older[1] if older else ""


def _read_feed(path: Path) -> list[tuple[object, ...]]:
    if not path.is_file():
        return []
    items = ITEM.findall(path.read_text())
    return [(_visible(title), link, parsedate_to_datetime(date), _visible(summary)) for title, link, date, summary in items]


def _visible(markup: str) -> str:
    """Text as a browser shows it: references resolved, white space squeezed."""
    return _squeeze(html.unescape(markup))


def _read_set(path: Path, pattern: re.Pattern[str]) -> set[str]:
    return set(pattern.findall(path.read_text())) if path.is_file() else set()


def _read_sitemap(site: Path) -> set[str]:
    """Every address in the sitemap, through its index."""
    found = _read_set(site / "sitemap.xml", LOC)
    for address in [address for address in found if address.endswith(".xml")]:
        found |= _read_set(site / address.removeprefix(BASE).strip("/"), LOC)
    return found


def read_article(path: Path) -> dict[str, object]:
    """What a reader sees of an article's page: title, date, links and the words of its body."""
    reader = _ArticleReader()
    if path.is_file():
        reader.feed(path.read_text())
    return {
        "title": _squeeze(reader.title),
        "date": datetime.fromisoformat(reader.date) if reader.date else None,
        "header": tuple(reader.header),
        "authors": tuple(reader.authors),
        "terms": tuple(reader.terms),
        "previous": reader.around.get("prev"),
        "next": reader.around.get("next"),
        "images": tuple(reader.images),
        "body": _squeeze(reader.body),
    }


def _squeeze(text: str) -> str:
    return " ".join(text.split())


class _ArticleReader(HTMLParser):
    """Collects the parts of an article's page; both peers give them the same class names."""

    INLINE = frozenset({"a", "strong", "em", "code", "span", "img"})
    VOID = frozenset({"img", "br", "hr", "meta", "link"})

    def __init__(self) -> None:
        super().__init__()
        self.title = self.body = self.date = ""
        self.header: list[str] = []
        self.authors: list[str] = []
        self.terms: list[str] = []
        self.images: list[tuple[str, str]] = []
        self.around: dict[str, tuple[str, str]] = {}
        self._open: list[tuple[str, str]] = []
        self._rel: tuple[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        href = values.get("href", "")
        if tag == "a":
            if self._in("header"):
                self.header.append(href)
            elif self._in("byline"):
                self.authors.append(href)
            elif self._in("terms"):
                self.terms.append(href)
            elif self._in("around"):
                self._rel = (values.get("rel", ""), href)
        elif tag == "time" and self._in("byline"):
            self.date = values.get("datetime", "")
        elif tag == "img" and self._in("content"):
            self.images.append((values.get("src", ""), values.get("alt", "")))
        if self._in("content") and tag not in self.INLINE:
            self.body += "\n"
        if tag not in self.VOID:
            self._open.append((tag, values.get("class", "")))

    def handle_endtag(self, tag: str) -> None:
        if self._in("content") and tag not in self.INLINE:
            self.body += "\n"
        if tag == "a":
            self._rel = None
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._in("content"):
            self.body += data
        elif self._open and self._open[-1][0] == "h1":
            self.title += data
        elif self._rel:
            self.around[self._rel[0]] = (self._rel[1], _squeeze(data))

    def _in(self, name: str) -> bool:
        return any(name in (tag, kind) for tag, kind in self._open)
