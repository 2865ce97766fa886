"""What a site wants by itself: theme assets, the 404 page, robots.txt, redirects from settings, a home page in each locale."""

from __future__ import annotations

from collections.abc import Mapping

from psycopg import Connection

from cms_ssg.paths import canonical_path
from cms_ssg.plan.derive import ALIAS, DEFAULT, FILE
from cms_ssg.plan.dirty import Marks
from cms_ssg.site import Site
from cms_ssg.store.claims import ClaimRow, save_claims
from cms_ssg.store.lists import ListNames, touch_lists

OWNER = 0


def claim_site_paths(
    connection: Connection,
    site: Site,
    site_id: int,
    names: ListNames,
    marks: Marks,
    assets: Mapping[str, str],
    redirects: Mapping[str, str],
) -> None:
    """Replace the site's own claims.

    assets: name -> published path; redirects: old path -> path or URL.
    """
    rows = {}
    for name, path in assets.items():
        rows[path] = ClaimRow(path, FILE, "", f"asset {name}", "s", OWNER, {"kind": "asset", "name": name})
    for source, target in redirects.items():
        try:
            path = canonical_path("/" + source.lstrip("/"))
        except ValueError:
            continue
        if path != target:
            rows.setdefault(path, ClaimRow(path, ALIAS, "", f"redirect {source}", "s", OWNER, {"kind": "redirect", "target": target}))
    for locale in site.locales:
        path = site.prefix(locale) + "/404.html"
        rows.setdefault(path, ClaimRow(path, DEFAULT, locale, "404", "s", OWNER, {"kind": "404"}))
        if site.settings.search is not None:
            path = site.prefix(locale) + "/search/"
            rows.setdefault(path, ClaimRow(path, DEFAULT, locale, "search", "s", OWNER, {"kind": "search"}))
    if all(site.prefix(locale) for locale in site.locales):  # a server asks for these two at the root
        spec = {"kind": "redirect", "target": site.prefix(site.default_locale) + "/"}
        rows.setdefault("/", ClaimRow("/", DEFAULT, "", "front door", "s", OWNER, spec))
        rows.setdefault("/404.html", ClaimRow("/404.html", DEFAULT, site.default_locale, "404", "s", OWNER, {"kind": "404"}))
    rows.setdefault("/robots.txt", ClaimRow("/robots.txt", DEFAULT, "", "robots", "s", OWNER, {"kind": "robots"}))
    changes, _ = save_claims(connection, site_id, "s", {OWNER: list(rows.values())})
    marks.names(changes)
    names.ensure(connection, [(locale, site.settings.home.list) for locale in site.locales])
    touch_lists(connection, site_id, [site.settings.home.list])
