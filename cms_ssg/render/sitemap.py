"""Renders sitemaps and their index; how they are written is in ``feeds.py``."""

from __future__ import annotations

from typing import Any

from cms_ssg.kinds.claim import Owner
from cms_ssg.kinds.list_kind import is_list_member, list_of_member
from cms_ssg.kinds.output_kind import XML
from cms_ssg.reads import ADDRESS
from cms_ssg.render import feeds
from cms_ssg.render.list_rules import list_rule
from cms_ssg.render.page import Page
from cms_ssg.render.requests import Job
from cms_ssg.render.views import parse_time


def render_sitemap(page: Page, job: Job) -> tuple[bytes, str]:
    """One file of a sitemap."""
    urls = []
    for member in reversed(page.reader.window("page", job.spec["list"], job.spec["page"])):
        if is_list_member(member):
            if address := _list_address(page, list_of_member(member)):
                urls.append(feeds.SitemapUrl(address, None, ()))
            continue
        page.reader.reads.entry(ADDRESS, member)
        card = page.reader.need("card", member)
        if card is None:
            continue
        lastmod = parse_time(card.get("updated") or card.get("date"), page.site.zone)
        urls.append(feeds.SitemapUrl(page.absolute(card["path"]), lastmod, _sitemap_alternates(page, card)))
    if not urls:  # all that its lists are at is somebody else's; the protocol wants an address in each file
        front = list_rule(page.site, page.site.default_locale, page.site.settings.home.list).url
        urls.append(feeds.SitemapUrl(page.absolute(front), None, ()))
    return feeds.render_sitemap(urls), XML


def _list_address(page: Page, number: int) -> str:
    """Where a list's first page is, '' if its path is another's. By its name alone: a new title is no new address."""
    row = page.reader.need("listed", number)
    path = list_rule(page.site, row.locale, row.name).url
    holder = page.reader.claim(path)
    return page.absolute(path) if holder is not None and (holder.owner_kind, holder.owner) == (Owner.LIST, number) else ""


def _sitemap_alternates(page: Page, card: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """(hreflang, URL) of the variants that search engines may have, where there are two or more."""
    if len(page.site.locales) < 2:
        return ()
    row = page.reader.list_named("", f"variants/{card['variants']}")
    found = []
    for member in reversed(page.reader.window("all", row.id) if row is not None else ()):
        page.reader.reads.entry(ADDRESS, member)
        other = page.reader.need("card", member)
        if other is not None and other["locale"] in page.site.locales and "unindexed" not in other:
            locale = page.site.locales[other["locale"]]
            found.append((locale.hreflang or locale.code, page.absolute(other["path"])))
    return tuple(found) if len(found) > 1 else ()


def render_sitemap_index(page: Page, job: Job) -> tuple[bytes, str]:
    """The index of the sitemap's files."""
    row = page.reader.list_numbered(job.spec["list"])
    files = []
    for member in reversed(page.reader.window("all", row.id)):
        month = page.reader.list_numbered(list_of_member(member))
        for path, lastmod in ((month.card or {}).get("files") or ()) if month is not None else ():
            files.append(feeds.SitemapFile(page.absolute(path), parse_time(lastmod, page.site.zone)))
    return feeds.render_sitemap_index(files), XML
