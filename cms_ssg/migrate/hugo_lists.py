"""Where Hugo publishes lists: the home pages, sections, taxonomies and terms of each language, their feeds and their further pages."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from cms_ssg.migrate.folder import clean_address
from cms_ssg.migrate.hugo_addresses import fill_pattern, find_prefix, urlize
from cms_ssg.migrate.hugo_config import HugoConfig
from cms_ssg.migrate.hugo_pages import find_place
from cms_ssg.migrate.pages import SourcePage, find_date, list_words
from cms_ssg.text.slugs import make_slug


class OldList(NamedTuple):
    """One list. address: at the old site; new: what shows the same here; feed: of what is listed, here; members: how many it has;
    posts: how many a list at the same address shows here.
    """

    address: str
    new: str
    feed: str
    members: int
    posts: int = 0


def list_redirects(pages: list[SourcePage], config: HugoConfig, dated: Collection[str], front: str = "/") -> Iterator[tuple[str, str]]:
    """(old address, new address) for each list's page, feed and further pages.

    dated: sections that are lists of posts here; front: where all posts are listed here.
    """
    for found in _list_lists(pages, config, dated, front):
        yield found.address, found.new
        yield f"{found.address}index.xml", found.feed
        # Pages of a list are numbered from the oldest here, and the first shows those that do not fill one
        own = max(0, found.posts // config.page_size - 1) if config.page_path == "page" else 0
        for number in range(own + 1, max(1, -(-found.members // config.page_size)) + 1):
            yield f"{found.address}{config.page_path}/{number}/", found.new
    if len(config.languages) > 1:
        if not config.default_in_folder:
            yield f"/{config.default_language}/", "/"
        else:
            yield "/", f"/{config.default_language}/"
        for language in config.languages:
            yield f"/{language}/sitemap.xml", "/sitemap.xml"


def _list_lists(pages: list[SourcePage], config: HugoConfig, dated: Collection[str], front: str) -> Iterator[OldList]:
    for language in config.languages:
        prefix = find_prefix(language, config)
        home = f"{prefix}/"
        own = [(place, page) for page in pages for code, place in [find_place(page.file, config)] if code == language]
        plain = [(place, page) for place, page in own if not _is_list(place)]
        posts = sum(_is_shown(page) and ("/" not in place or place.split("/")[0] in dated) for place, page in plain)
        feed = f"{prefix}{front}feed.xml" if posts or front == "/" else home
        yield OldList(home, home, feed, len(plain), posts if front == "/" else 0)
        for section in sorted(
            {place.split("/")[0] for place, _ in own if "/" in place and _find_top(place)} - set(config.taxonomies.values())
        ):
            below = [page for place, page in plain if place.startswith(f"{section}/")]
            text = next((page for place, page in own if posixpath.dirname(place) == section and _is_list(place)), None)
            pattern = config.patterns(language).section.get(section, "")
            address = (
                text.address if text else clean_address(f"{prefix}/{fill_pattern(pattern, section, config) or urlize(section, config)}/")
            )
            if section in dated and any(page.fields.get("date") for page in below):
                new = f"{prefix}/{make_slug(section)}/"
                yield OldList(address, new, f"{new}feed.xml", len(below), sum(map(_is_shown, below)) if address == new else 0)
            elif text or below:
                first = min(below, key=lambda page: page.fields.get("weight") or 9999, default=None)
                yield OldList(address, address if text else (first.address if first else home), feed, len(below))
        for place, page in own:
            if _is_list(place) and place.count("/") > 1 and place.split("/")[0] not in config.taxonomies.values():
                folder = posixpath.dirname(place)
                yield OldList(page.address, page.address, feed, sum(other.startswith(f"{folder}/") for other, _ in plain))
        listed = [
            row
            for row in own
            if not _is_list(row[0]) or (row[0].count("/") and row[0].split("/")[0] not in (*dated, *config.taxonomies.values()))
        ]
        yield from _list_terms(own, listed, config, language, feed)


def _list_terms(
    own: list[tuple[str, SourcePage]], listed: list[tuple[str, SourcePage]], config: HugoConfig, language: str, feed: str
) -> Iterator[OldList]:
    """Lists of terms. own: all pages of a language; listed: those that lists of terms show here; feed: the language's."""
    prefix, patterns = find_prefix(language, config), config.patterns(language)
    for plural in config.taxonomies.values():
        members: dict[str, int] = defaultdict(int)
        posts: dict[str, int] = defaultdict(int)
        for _, page in own:
            for term in dict.fromkeys(list_words(page.fields.get(plural) or [])):
                members[term] += 1
        for _, page in listed:
            for term in dict.fromkeys(list_words(page.fields.get(plural) or [])):
                posts[term] += _is_shown(page)
        titles = {
            urlize(place.split("/")[1], config): str(page.fields.get("title") or "")
            for place, page in own
            if place.startswith(f"{plural}/") and place.count("/") > 1
        }
        new = f"{prefix}{find_taxonomy(plural, config)}"
        index = clean_address(f"{prefix}/{fill_pattern(patterns.taxonomy.get(plural, ''), plural, config) or urlize(plural, config)}/")
        index_here = new if posts else f"{prefix}/"
        yield OldList(index, index_here, feed, len(members))
        for term, number in members.items():
            name = titles.get(urlize(term, config)) or term
            old = fill_pattern(patterns.term.get(plural, ""), name, config) or f"{urlize(plural, config)}/{urlize(term, config)}"
            address = clean_address(f"{prefix}/{old}/")
            if address and term in posts:
                here = f"{new}{make_slug(term)}/"
                yield OldList(address, here, f"{here}feed.xml", number, posts[term] if here == address else 0)
            elif address:
                yield OldList(address, index_here, feed, number)


def find_taxonomy(plural: str, config: HugoConfig) -> str:
    """Where a taxonomy's terms lie here: where the old site had them, if its pattern ends in the term's name."""
    folder, _, last = config.permalinks.term.get(plural, "").strip("/").rpartition("/")
    if folder and last.startswith(":") and ":" not in folder:
        return f"/{folder}/"
    return f"/{urlize(plural, config)}/"


def _is_shown(page: SourcePage) -> bool:
    """Whether a list of posts shows the page for sure: pages with a term of publication may be shown or not."""
    date = find_date(page)
    terms = ("draft", "expiryDate", "publishDate")
    return date is not None and date <= datetime.now(UTC) and not any(page.fields.get(name) for name in terms)


def _is_list(place: str) -> bool:
    return posixpath.splitext(posixpath.basename(place))[0] == "_index"


def _find_top(place: str) -> str:
    """The section of a page; a folder right below the content that is a page with its files is none."""
    folder = posixpath.dirname(place)
    if posixpath.splitext(posixpath.basename(place))[0] == "index":
        folder = posixpath.dirname(folder)
    return folder.split("/")[0]
