"""Where Hugo publishes lists: the home pages, sections, taxonomies and terms of each language, their feeds and their further pages."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import NamedTuple

from cms_ssg.migrate.folder import clean_address
from cms_ssg.migrate.hugo_addresses import fill_pattern, find_prefix, urlize
from cms_ssg.migrate.hugo_config import HugoConfig
from cms_ssg.migrate.hugo_pages import find_place
from cms_ssg.migrate.pages import SourcePage, list_words
from cms_ssg.text.slugs import make_slug


class OldList(NamedTuple):
    """One list. address: at the old site; new: what shows the same here; feed: of what is listed, here; members: how many it has."""

    address: str
    new: str
    feed: str
    members: int


def list_redirects(pages: list[SourcePage], config: HugoConfig, dated: Collection[str]) -> Iterator[tuple[str, str]]:
    """(old address, new address) for each list's page, feed and further pages. dated: sections that are lists of posts here."""
    for found in _list_lists(pages, config, dated):
        yield found.address, found.new
        yield f"{found.address}index.xml", found.feed
        for number in range(1, max(1, -(-found.members // config.page_size)) + 1):
            yield f"{found.address}{config.page_path}/{number}/", found.new
    if len(config.languages) > 1:
        if not config.default_in_folder:
            yield f"/{config.default_language}/", "/"
        else:
            yield "/", f"/{config.default_language}/"
        for language in config.languages:
            yield f"/{language}/sitemap.xml", "/sitemap.xml"


def _list_lists(pages: list[SourcePage], config: HugoConfig, dated: Collection[str]) -> Iterator[OldList]:
    for language in config.languages:
        prefix = find_prefix(language, config)
        home, feed = f"{prefix}/", f"{prefix}/feed.xml"
        own = [(place, page) for page in pages for code, place in [find_place(page.file, config)] if code == language]
        plain = [(place, page) for place, page in own if not _is_list(place)]
        yield OldList(home, home, feed, len(plain))
        for section in sorted(
            {place.split("/")[0] for place, _ in own if "/" in place and _find_top(place)} - set(config.taxonomies.values())
        ):
            below = [page for place, page in plain if place.startswith(f"{section}/")]
            front = next((page for place, page in own if posixpath.dirname(place) == section and _is_list(place)), None)
            pattern = config.patterns(language).section.get(section, "")
            address = (
                front.address if front else clean_address(f"{prefix}/{fill_pattern(pattern, section, config) or urlize(section, config)}/")
            )
            if section in dated and any(page.fields.get("date") for page in below):
                yield OldList(address, f"{prefix}/{make_slug(section)}/", f"{prefix}/{make_slug(section)}/feed.xml", len(below))
            elif front or below:
                first = min(below, key=lambda page: page.fields.get("weight") or 9999, default=None)
                yield OldList(address, address if front else (first.address if first else home), feed, len(below))
        for place, page in own:
            if _is_list(place) and place.count("/") > 1 and place.split("/")[0] not in config.taxonomies.values():
                folder = posixpath.dirname(place)
                yield OldList(page.address, page.address, feed, sum(other.startswith(f"{folder}/") for other, _ in plain))
        yield from _list_terms(own, plain, config, language)


def _list_terms(
    own: list[tuple[str, SourcePage]], plain: list[tuple[str, SourcePage]], config: HugoConfig, language: str
) -> Iterator[OldList]:
    prefix, patterns = find_prefix(language, config), config.patterns(language)
    for plural in config.taxonomies.values():
        members: dict[str, int] = defaultdict(int)
        for _, page in plain:
            for term in dict.fromkeys(list_words(page.fields.get(plural) or [])):
                members[term] += 1
        titles = {
            place.split("/")[1]: str(page.fields.get("title") or "")
            for place, page in own
            if place.startswith(f"{plural}/") and place.count("/") > 1
        }
        new = f"{prefix}{find_taxonomy(plural, config)}"
        index = clean_address(f"{prefix}/{fill_pattern(patterns.taxonomy.get(plural, ''), plural, config) or urlize(plural, config)}/")
        yield OldList(index, new if members else f"{prefix}/", f"{prefix}/feed.xml", len(members))
        for term, number in members.items():
            name = titles.get(urlize(term)) or term
            old = fill_pattern(patterns.term.get(plural, ""), name, config) or f"{urlize(plural, config)}/{urlize(term, config)}"
            address = clean_address(f"{prefix}/{old}/")
            if address:
                yield OldList(address, f"{new}{make_slug(term)}/", f"{new}{make_slug(term)}/feed.xml", number)


def find_taxonomy(plural: str, config: HugoConfig) -> str:
    """Where a taxonomy's terms lie here: where the old site had them, if its pattern ends in the term's name."""
    folder, _, last = config.permalinks.term.get(plural, "").strip("/").rpartition("/")
    if folder and last.startswith(":") and ":" not in folder:
        return f"/{folder}/"
    return f"/{urlize(plural, config)}/"


def _is_list(place: str) -> bool:
    return posixpath.splitext(posixpath.basename(place))[0] == "_index"


def _find_top(place: str) -> str:
    """The section of a page; a folder right below the content that is a page with its files is none."""
    folder = posixpath.dirname(place)
    if posixpath.splitext(posixpath.basename(place))[0] == "index":
        folder = posixpath.dirname(folder)
    return folder.split("/")[0]
