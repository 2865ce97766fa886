"""What a site wants by itself: theme assets, the 404 page, robots.txt, redirects from settings, a home page in each locale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, LiteralString

from cms_ssg.kinds.claim import DEFAULT, FILE, ClaimRow, Owner
from cms_ssg.paths import canonical_path
from cms_ssg.plan.context import PlanContext
from cms_ssg.plan.derive import alias_kind
from cms_ssg.store.claims import save_claims
from cms_ssg.store.lists import touch_lists
from cms_ssg.types import Json

OWNER, STATIC_SEARCH = 0, 1
"""Owners of a site's claims: the second one of the files that browsers search in, which engine/static_search.py makes."""

FORGET_FILES: Final[LiteralString] = """
WITH gone AS (DELETE FROM cms.static_indexes WHERE site = %(site)s) DELETE FROM cms.static_index_files WHERE site = %(site)s"""
LAST = "\uffff"
"""A source key that no other comes after: of claims that lose against any of their kind."""


def claim_site_paths(context: PlanContext, assets: Mapping[str, str], redirects: Mapping[str, str]) -> None:
    """Replace the site's own claims.

    assets: name -> published path; redirects: old path -> path or URL.
    """
    connection, site, site_id = context.connection, context.site, context.site_id
    rows = {
        path: ClaimRow(path, FILE, "", f"asset {name}", Owner.SITE, OWNER, {"kind": "asset", "name": name}) for name, path in assets.items()
    }
    for source, target in redirects.items():
        try:
            path = canonical_path("/" + source.lstrip("/"))
        except ValueError:
            continue
        if path != target:
            spec: dict[str, Json] = {"kind": "redirect", "target": target}
            rows.setdefault(path, ClaimRow(path, alias_kind(site, path), "", f"redirect {source}", Owner.SITE, OWNER, spec))
    made = [("/robots.txt", "", "robots", {"kind": "robots"})]
    made += [(f"{site.prefix(locale)}/404.html", locale, "404", {"kind": "404"}) for locale in site.locales]
    if site.settings.search is not None:
        made += [(f"{site.prefix(locale)}/search/", locale, "search", {"kind": "search"}) for locale in site.locales]
    if all(site.prefix(locale) for locale in site.locales):  # a server asks for these two at the root
        made.append(("/", "", "front door", {"kind": "redirect", "target": site.prefix(site.default_locale) + "/"}))
        made.append(("/404.html", site.default_locale, "404", {"kind": "404"}))
    start = site.prefix(site.default_locale) + "/"
    homes = {site.prefix(locale) + "/": locale for locale in site.locales}  # themes link to each locale's home page
    made += [(path, locale, LAST, {"kind": "redirect", "target": start}) for path, locale in homes.items() if path != start]
    claims = [*rows.values(), *(ClaimRow(path, DEFAULT, locale, key, Owner.SITE, OWNER, spec) for path, locale, key, spec in made)]
    claims += [claim for vertical in site.features.verticals if vertical.site_claims is not None for claim in vertical.site_claims(site)]
    owned = {OWNER: claims}
    if site.settings.search is None or not site.settings.search.is_static:
        owned[STATIC_SEARCH] = []
        connection.execute(FORGET_FILES, {"site": site_id})
    changes, _ = save_claims(connection, site_id, Owner.SITE, owned)
    context.marks.names(changes)
    context.names.ensure(connection, [(locale, site.settings.home.list) for locale in site.locales])
    touch_lists(connection, site_id, [site.settings.home.list])
