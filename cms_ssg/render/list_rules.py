"""What a list's name means on a site: whether it has pages, where, how many items each, which feeds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import Final, NamedTuple

from cms_ssg.kinds.list_kind import FEED_FILES, ListKind, ListRule, claimable, feed_path
from cms_ssg.site import Site
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Json


def list_rule(site: Site, locale: str, name: str) -> ListRule:
    """What the settings make of the list of this name and locale."""
    settings, prefix = site.settings, site.prefix(locale)
    group, _, slug = name.partition("/")
    if locale and locale not in site.locales:  # one that the settings no longer have: its paths would be the default locale's
        return ListRule(group, slug)
    if name == settings.home.list:
        own, words = settings.home.url == "/", site.words(locale, "home")
        url, kind = claimable(prefix + settings.home.url), "home" if own else "list"
        return ListRule(
            "home",
            "",
            url,
            kind,
            settings.page_size,
            settings.feeds,
            always=own,
            title=words.title or settings.home.title or site.title(locale),
            description=words.description,
        )
    if group == "type" and slug in settings.lists:
        of_type = settings.lists[slug]
        feeds = settings.feeds if of_type.feeds is None else of_type.feeds
        words = site.words(locale, "lists", slug)
        title = words.title or of_type.title or slug.replace("-", " ").capitalize()
        size, text = of_type.page_size or settings.page_size, words.description or of_type.description
        return ListRule("type", slug, claimable(prefix + of_type.url), "list", size, feeds, title=title, description=text)
    if group in settings.taxonomies:
        rule = settings.taxonomies[group]
        feeds = settings.feeds if rule.feeds is None else rule.feeds
        url = claimable(prefix + rule.url.replace("{slug}", slug))
        return ListRule(group, slug, url, "list", rule.page_size or settings.page_size, feeds, index=f"lists/{group}")
    found = site.features.lists.get(group)
    if found is None:
        return ListRule(group, slug)
    rule_ = found.rule(site, locale, slug)
    return rule_ if rule_.group else replace(rule_, group=group)


def list_kind(site: Site, name: str) -> ListKind | None:
    """The kind of the lists of this name, None for those of a taxonomy and for what no feature knows."""
    group = name.partition("/")[0]
    return None if group in site.settings.taxonomies else site.features.lists.get(group)


def described_paths(site: Site, card: Mapping[str, Json]) -> tuple[str, ...]:
    """The pages of what an entry with this card describes, a term or author: its list's, then the index's. None for other types."""
    schema = site.schemas.get(str(card.get("type")))
    taxonomy = schema.headed_taxonomy(card) if schema is not None else ""
    if taxonomy not in site.settings.taxonomies:
        return ()
    locale = str(card.get("locale") or "")
    rule = list_rule(site, locale, f"{taxonomy}/{make_slug(str(card.get('slug') or ''))}")
    return tuple(url for url in (rule.url, list_rule(site, locale, rule.index).url) if url)


_PART_OF_SITEMAP: Final = re.compile(r".*/sitemap-[^/]+-\d+\.xml")


class OwnPaths(NamedTuple):
    """Addresses that a site makes something for by itself.

    files: what robots and readers ask for, which no page may be; pages: home pages and indexes, which a page may replace and a redirect may not.
    """

    files: frozenset[str]
    pages: frozenset[str]


def is_made_file(site: Site, path: str) -> bool:
    """Whether no page of content may have a path: robots and readers ask there for something else, be it the feed of some list."""
    name = path.rpartition("/")[2]
    feeds = {FEED_FILES[feed] for feed in site.settings.feeds}
    return path in own_paths(site).files or name in feeds or bool(_PART_OF_SITEMAP.fullmatch(path))


@lru_cache(maxsize=8)
def own_paths(site: Site) -> OwnPaths:
    """The addresses that follow from the settings, whatever there is to show."""
    files = {"/robots.txt", "/sitemap.xml", "/404.html"}
    pages: set[str] = set()
    groups = (*site.settings.taxonomies, *(kind.group for kind in site.features.lists.values() if kind.index_url))
    for locale in site.locales:
        home = list_rule(site, locale, site.settings.home.list)
        indexes = [list_rule(site, locale, f"lists/{name}").url for name in groups]
        files.add(f"{site.prefix(locale)}/404.html")
        with suppress(ValueError):  # a home page whose address is not safe has no feeds either
            files.update(feed_path(home, feed) for feed in home.feeds)
        pages.update(path for path in (home.url, *indexes) if path)
    return OwnPaths(frozenset(files), frozenset(pages))
