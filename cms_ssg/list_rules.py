"""What a list's name means on a site: whether it has pages, where, how many items each, which feeds."""

from __future__ import annotations

from dataclasses import replace

from cms_ssg.kinds.list_kind import ListKind, ListRule, claimable
from cms_ssg.site import Site


def list_rule(site: Site, locale: str, name: str) -> ListRule:
    """What the settings make of the list of this name and locale."""
    settings, prefix = site.settings, site.prefix(locale)
    group, _, slug = name.partition("/")
    if locale and locale not in site.locales:  # one that the settings no longer have: its paths would be the default locale's
        return ListRule(group, slug)
    if name == settings.home.list:
        own = settings.home.url == "/"
        url, kind = claimable(prefix + settings.home.url), "home" if own else "list"
        return ListRule("home", "", url, kind, settings.page_size, settings.feeds, always=own, title=settings.home.title or settings.title)
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
