"""Cache tags: short names of what a page shows, by which an edge can forget all pages that show it."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

from cms_ssg.reads import LIST, parse_key

MOST_BYTES: Final = 1500
"""Of all tags with what parts them. Cloudflare takes a Cache-Tag header of 16 kB, Fastly a Surrogate-Key header of 16 kB with keys of 1,024
bytes, CloudFront looks at 50 tags of an object; but the tags lie in an object's metadata, of which S3 takes 2 kB in all."""


def cache_tags(reads: Iterable[int], *, site: str = "", path: str = "") -> tuple[str, ...]:
    """The tags of a page: its site, itself, the lists and the entries that it reads, MOST_BYTES at most.

    reads: keys as outputs are recorded with; named ones (templates, settings) give no tag: who changes those renders everything anyway.
    What does not fit is left out from the end, so site and page are always there. The order depends on the reads alone.
    """
    found = sorted({parsed for key in reads if (parsed := parse_key(key)) is not None})
    lists = [list_tag(number) for aspect, number in found if aspect == "list"]
    entries = [entry_tag(number) for number in sorted({number for aspect, number in found if aspect != "list"})]
    own = [*([site_tag(site)] if site else []), *([page_tag(path, site)] if path else [])]
    tags: list[str] = []
    left = MOST_BYTES
    for tag in (*own, *lists, *entries):
        left -= len(tag) + 1
        if left < 0:
            break
        tags.append(tag)
    return tuple(tags)


def site_tag(site: str) -> str:
    """Of every page of a site. site: its name in the store."""
    return _make("s", site)


def page_tag(path: str, site: str) -> str:
    """Of one page alone."""
    return _make("p", f"{site} {path}")


def entry_tag(entry: int) -> str:
    """Of every page that shows something of an entry."""
    return _make("e", str(entry))


def list_tag(number: int) -> str:
    """Of every page that shows a list's title or address."""
    return _make("l", str(number * 4 + LIST))


def answer_tag(name: str, site: str) -> str:
    """Of every answer of the API that depends on this. name: a tag of the cache: ``search``, ``fact/rating/7``; an entry's is that of its pages."""
    kind, _, number = name.partition("/")
    return entry_tag(int(number)) if kind == "entry" and number.isascii() and number.isdigit() else _make("a", f"{site} {name}")


def _make(letter: str, name: str) -> str:
    """A letter and 8 characters of a digest: 40 bits. Two names with one tag are purged together, which costs a request."""
    return letter + base64.b32encode(blake2b(f"{letter} {name}".encode(), digest_size=5).digest()).decode().lower()
