"""What the settings make of a list's name: whether it has pages, where, how many items each, which feeds."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from cms_ssg.content.slugs import make_slug
from cms_ssg.paths import canonical_path
from cms_ssg.site import Site
from cms_ssg.types import Json

SITEMAP_OF_LISTS = "sitemap/lists"
"""The list of all lists that have pages: they are addresses too."""

SITEMAP_SIZE = 1000
"""Addresses a sitemap file holds at most; the protocol allows 50,000, but a small file costs less to make again."""


@dataclass(frozen=True, slots=True)
class ListRule:
    """What a list's name means. group: its first word; url: of its first page, '' for none; size: items a page, 0 for no pages.

    kind: of its first page; index: the list that holds this one; chunks: pages run from the oldest and
    cover everything; always: it has a page even when empty.
    """

    group: str
    slug: str
    url: str = ""
    kind: str = "list"
    size: int = 0
    feeds: tuple[str, ...] = ()
    index: str = ""
    chunks: bool = False
    always: bool = False
    title: str = ""


def list_rule(site: Site, locale: str, name: str) -> ListRule:
    """What the settings make of the list of this name and locale."""
    settings, prefix = site.settings, site.prefix(locale)
    group, _, slug = name.partition("/")
    if locale and locale not in site.locales:  # one that the settings no longer have: its paths would be the default locale's
        return ListRule(group, slug)
    if name == settings.home.list:
        own = settings.home.url == "/"
        url, kind = _canonical(prefix + settings.home.url), "home" if own else "list"
        return ListRule("home", "", url, kind, settings.page_size, settings.feeds, always=own, title=settings.home.title or settings.title)
    if group == "lists":
        taxonomy = settings.taxonomies.get(slug)
        special = {"sitemap": ("/sitemap.xml", "sitemaps"), "month": (f"{prefix}/archive/", "terms")}
        url, kind = special.get(slug, (_canonical(prefix + taxonomy.index) if taxonomy and taxonomy.index else "", "terms"))
        return ListRule(group, slug, url, kind, title=(taxonomy.title or slug) if taxonomy else slug)
    if group == "sitemap":
        return ListRule(group, slug, "", "sitemap", SITEMAP_SIZE, index="lists/sitemap", chunks=True)
    if group == "month":
        return ListRule(group, slug, f"{prefix}/{slug}/", "list", settings.page_size, index="lists/month")
    if group in settings.taxonomies:
        rule = settings.taxonomies[group]
        feeds = settings.feeds if rule.feeds is None else rule.feeds
        url = _canonical(prefix + rule.url.replace("{slug}", slug))
        return ListRule(group, slug, url, "list", rule.page_size or settings.page_size, feeds, index=f"lists/{group}")
    return ListRule(group, slug)


def _canonical(url: str) -> str:
    """A path of the settings as it is claimed, so that links and the sitemap name what is there; one that is not safe stays, and claims nothing."""
    try:
        return canonical_path(url)
    except ValueError:
        return url


def page_path(rule: ListRule, number: int) -> str:
    """Path of an archive page of a list, or of a sitemap file."""
    return f"/sitemap-{rule.slug}-{number}.xml" if rule.chunks else canonical_path(f"{rule.url.rstrip('/')}/page/{number}/")


def feed_path(rule: ListRule, feed: str) -> str:
    """Path of a list's feed: feed.xml (RSS), atom.xml or feed.json below its first page."""
    return canonical_path(rule.url.rstrip("/") + "/" + {"rss": "feed.xml", "atom": "atom.xml", "json": "feed.json"}[feed])


def described_paths(site: Site, card: Mapping[str, Json]) -> tuple[str, ...]:
    """The pages of what an entry with this card describes, a term or author: its list's, then the index's. None for other types."""
    taxonomy = "author" if card.get("type") == "author" else str(card.get("taxonomy") or "tag")
    if card.get("type") not in ("author", "term") or taxonomy not in site.settings.taxonomies:
        return ()
    locale = str(card.get("locale") or "")
    rule = list_rule(site, locale, f"{taxonomy}/{make_slug(str(card.get('slug') or ''))}")
    return tuple(url for url in (rule.url, list_rule(site, locale, rule.index).url) if url)


class OwnPaths(NamedTuple):
    """Addresses that a site makes something for by itself.

    files: what robots and readers ask for, which no page may be; pages: home pages and indexes, which a page may replace and a redirect may not.
    """

    files: frozenset[str]
    pages: frozenset[str]


@lru_cache(maxsize=8)
def own_paths(site: Site) -> OwnPaths:
    """The addresses that follow from the settings, whatever there is to show."""
    files = {"/robots.txt", "/sitemap.xml", "/404.html"}
    pages: set[str] = set()
    for locale in site.locales:
        home = list_rule(site, locale, site.settings.home.list)
        indexes = [list_rule(site, locale, f"lists/{name}").url for name in (*site.settings.taxonomies, "month")]
        files.add(f"{site.prefix(locale)}/404.html")
        with suppress(ValueError):  # a home page whose address is not safe has no feeds either
            files.update(feed_path(home, feed) for feed in home.feeds)
        pages.update(path for path in (home.url, *indexes) if path)
    return OwnPaths(frozenset(files), frozenset(pages))
