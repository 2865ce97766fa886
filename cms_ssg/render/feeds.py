"""Feeds, sitemaps and robots.txt as bytes, from plain values and nothing else: no build date, no totals.

RSS 2.0 (https://www.rssboard.org/rss-specification) with atom:link, dc:creator and content:encoded; Atom (RFC 4287);
JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/), each with its WebSub hub (https://www.w3.org/TR/websub/); sitemaps (https://www.sitemaps.org/protocol.html) with hreflang
alternates; robots.txt (RFC 9309). Text may hold anything: what XML 1.0 forbids is dropped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote

from cms_ssg.render.dates import format_iso, format_rfc822

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for 'never' where Atom demands a time and a feed has no item."""


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One item. url absolute; id: permanent, by default the url; summary: plain text; html: the whole body or None."""

    title: str
    url: str
    id: str = ""
    summary: str = ""
    html: str | None = None
    published: datetime | None = None
    updated: datetime | None = None
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    image: str = ""


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed. url: the page it follows; feed_url: its own address; hub: of WebSub, "" for none; items newest first."""

    title: str
    url: str
    feed_url: str
    description: str = ""
    locale: str = ""
    author: str = ""
    hub: str = ""
    items: tuple[FeedItem, ...] = ()

    @property
    def updated(self) -> datetime | None:
        """The newest item's own time, so that the bytes follow the content and not the clock."""
        times = [time for item in self.items if (time := item.updated or item.published)]
        return max(times) if times else None


@dataclass(frozen=True, slots=True)
class SitemapUrl:
    """One address, absolute. alternates: (hreflang, url) of every variant, this one included, or none."""

    loc: str
    lastmod: datetime | None = None
    alternates: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SitemapFile:
    """One sitemap of an index. lastmod: the newest of its addresses."""

    loc: str
    lastmod: datetime | None = None


def render_rss(feed: Feed) -> bytes:
    """RSS 2.0. description is required there: an empty one repeats the title."""
    out = [
        '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"',
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">\n<channel>\n',
        f"<title>{_text(feed.title)}</title>\n<link>{_url(feed.url)}</link>\n",
        f"<description>{_text(feed.description or feed.title)}</description>\n",
        f'<atom:link href="{_url(feed.feed_url)}" rel="self" type="application/rss+xml"/>\n',
    ]
    if feed.hub:
        out.append(f'<atom:link href="{_url(feed.hub)}" rel="hub"/>\n')
    if feed.locale:
        out.append(f"<language>{_text(feed.locale)}</language>\n")
    if feed.updated:
        out.append(f"<lastBuildDate>{format_rfc822(feed.updated)}</lastBuildDate>\n")
    out.extend(_rss_item(item) for item in feed.items)
    out.append("</channel>\n</rss>\n")
    return "".join(out).encode()


def _rss_item(item: FeedItem) -> str:
    is_link = "true" if item.id in ("", item.url) else "false"
    guid = _url(item.url) if is_link == "true" else _text(item.id)
    out = [f"<item>\n<title>{_text(item.title)}</title>\n<link>{_url(item.url)}</link>\n", f'<guid isPermaLink="{is_link}">{guid}</guid>\n']
    if item.published:
        out.append(f"<pubDate>{format_rfc822(item.published)}</pubDate>\n")
    out.extend(f"<dc:creator>{_text(name)}</dc:creator>\n" for name in item.authors)
    out.extend(f"<category>{_text(tag)}</category>\n" for tag in item.tags)
    if item.summary:
        out.append(f"<description>{_text(item.summary)}</description>\n")
    if item.html is not None:
        out.append(f"<content:encoded>{_text(item.html)}</content:encoded>\n")
    out.append("</item>\n")
    return "".join(out)


def render_atom(feed: Feed) -> bytes:
    """Atom 1.0. An item without any time takes the epoch; a feed without an author is signed with its title (RFC 4287, 4.1.1)."""
    lang = f' xml:lang="{_text(feed.locale)}"' if feed.locale else ""
    out = [
        f'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom"{lang}>\n',
        f"<title>{_text(feed.title)}</title>\n<id>{_url(feed.feed_url)}</id>\n<updated>{format_iso(feed.updated or EPOCH)}</updated>\n",
        f'<link rel="self" type="application/atom+xml" href="{_url(feed.feed_url)}"/>\n',
        f'<link rel="alternate" type="text/html" href="{_url(feed.url)}"/>\n',
        f"<author><name>{_text(feed.author or feed.title)}</name></author>\n",
    ]
    if feed.hub:
        out.append(f'<link rel="hub" href="{_url(feed.hub)}"/>\n')
    if feed.description:
        out.append(f"<subtitle>{_text(feed.description)}</subtitle>\n")
    out.extend(_atom_entry(item) for item in feed.items)
    out.append("</feed>\n")
    return "".join(out).encode()


def _atom_entry(item: FeedItem) -> str:
    out = [
        f"<entry>\n<title>{_text(item.title)}</title>\n<id>{_url(item.url) if item.id in ('', item.url) else _text(item.id)}</id>\n",
        f'<link rel="alternate" type="text/html" href="{_url(item.url)}"/>\n',
        f"<updated>{format_iso(item.updated or item.published or EPOCH)}</updated>\n",
    ]
    if item.published:
        out.append(f"<published>{format_iso(item.published)}</published>\n")
    out.extend(f"<author><name>{_text(name)}</name></author>\n" for name in item.authors)
    out.extend(f'<category term="{_text(tag)}"/>\n' for tag in item.tags)
    # RFC 4287, 4.1.1.1: an entry has content or a summary, and the summary must not be missing where content is out of line.
    if item.summary or item.html is None:
        out.append(f'<summary type="text">{_text(item.summary)}</summary>\n')
    if item.html is not None:
        out.append(f'<content type="html" xml:base="{_url(item.url)}">{_text(item.html)}</content>\n')
    out.append("</entry>\n")
    return "".join(out)


def render_json_feed(feed: Feed) -> bytes:
    """JSON Feed 1.1, members in the order of the specification, empty ones left out."""
    value: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": make_ascii_url(feed.url),
        "feed_url": make_ascii_url(feed.feed_url),
        "description": feed.description,
        "authors": [{"name": feed.author}] if feed.author else [],
        "language": feed.locale,
        "hubs": [{"type": "WebSub", "url": make_ascii_url(feed.hub)}] if feed.hub else [],
    }
    value = {key: item for key, item in value.items() if item or key == "title"}
    value["items"] = [_json_item(item) for item in feed.items]
    return _SURROGATE.sub("\ufffd", json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def _json_item(item: FeedItem) -> dict[str, Any]:
    value: dict[str, Any] = {
        "id": item.id or make_ascii_url(item.url),
        "url": make_ascii_url(item.url),
        "title": item.title,
        "content_html": item.html,
        "content_text": item.summary or item.title if item.html is None else None,
        "summary": item.summary,
        "image": make_ascii_url(item.image),
        "date_published": format_iso(item.published),
        "date_modified": format_iso(item.updated),
        "authors": [{"name": name} for name in item.authors],
        "tags": list(item.tags),
    }
    return {key: part for key, part in value.items() if part or (key.startswith("content_") and part is not None)}


def render_sitemap(urls: Sequence[SitemapUrl]) -> bytes:
    """One sitemap file, addresses in the order given. The protocol allows 50,000; the caller stays below."""
    has_alternates = any(url.alternates for url in urls)
    xhtml = ' xmlns:xhtml="http://www.w3.org/1999/xhtml"' if has_alternates else ""
    out = [f'<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"{xhtml}>\n']
    for url in urls:
        links = "".join(f'<xhtml:link rel="alternate" hreflang="{_text(lang)}" href="{_url(href)}"/>' for lang, href in url.alternates)
        out.append(f"<url><loc>{_url(url.loc)}</loc>{_lastmod(url.lastmod)}{links}</url>\n")
    out.append("</urlset>\n")
    return "".join(out).encode()


def render_sitemap_index(files: Sequence[SitemapFile]) -> bytes:
    """The index that names the sitemap files, in the order given."""
    out = ['<?xml version="1.0" encoding="utf-8"?>\n<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n']
    out.extend(f"<sitemap><loc>{_url(file.loc)}</loc>{_lastmod(file.lastmod)}</sitemap>\n" for file in files)
    out.append("</sitemapindex>\n")
    return "".join(out).encode()


def render_robots(sitemaps: Sequence[str] = (), *, noindex: bool = False, disallow: Sequence[str] = ()) -> bytes:
    """robots.txt (RFC 9309). noindex closes the whole site and names no sitemap; disallow: paths such as ``/drafts/``."""
    if noindex:
        return b"User-agent: *\nDisallow: /\n"
    rules = [f"Disallow: {_SPACES.sub('', quote(path, safe=_SAFE))}" for path in disallow] or ["Allow: /"]
    lines = ["User-agent: *", *rules]
    if sitemaps:
        lines += ["", *(f"Sitemap: {make_ascii_url(url)}" for url in sitemaps)]
    return ("\n".join(lines) + "\n").encode()


_SAFE: Final = "%/:?#[]@!$&'()*+,;=-._~"
_SPACES = re.compile(r"\s+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ILLEGAL = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def make_ascii_url(url: str) -> str:
    """A URL with every character RFC 3986 does not allow percent-encoded, its host in punycode. Escapes already there stay."""
    if url.isascii() and not re.search(r"[\s\"<>\\^`{|}\x00-\x1f\x7f]", url):
        return url
    url = _SURROGATE.sub("", url)
    found = re.match(r"([a-zA-Z][a-zA-Z0-9+.-]*://)([^/?#]*)", url)
    if not found:
        return quote(url, safe=_SAFE)
    return found[1] + _ascii_host(found[2]) + quote(url[found.end() :], safe=_SAFE)


@lru_cache(maxsize=16)
def _ascii_host(host: str) -> str:
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return quote(host, safe=_SAFE)


def clean_xml(text: str) -> str:
    """Text without the characters XML 1.0 forbids (control characters, lone surrogates, U+FFFE, U+FFFF)."""
    return _ILLEGAL.sub("", text)


def _text(text: str) -> str:
    return clean_xml(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _url(url: str) -> str:
    return _text(make_ascii_url(url))


def _lastmod(value: datetime | None) -> str:
    return f"<lastmod>{format_iso(value)}</lastmod>" if value else ""
