"""What the settings make of a list's name: whether it has pages, where, how many items each, which feeds."""

from __future__ import annotations

from dataclasses import dataclass

from cms_ssg.paths import canonical_path
from cms_ssg.site import Site

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
