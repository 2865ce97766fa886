"""What an export of WordPress says of the site as a whole: settings, people, terms, menus, and the addresses of its lists."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from cms_ssg.files.bundled import folder
from cms_ssg.migrate.folder import NewSite
from cms_ssg.migrate.html_text import convert_html
from cms_ssg.migrate.wordpress_entries import Converter
from cms_ssg.migrate.wordpress_index import Index, name_taxonomy
from cms_ssg.migrate.wordpress_meta import plain_title
from cms_ssg.migrate.wordpress_types import NO_TERMS
from cms_ssg.migrate.wxr import Head
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Json

PAGE_SIZE = 10
"""Posts on a page of WordPress, as it comes."""


def write_site(head: Head, site: NewSite, index: Index, converter: Converter) -> None:
    """Write settings, people, terms and redirects, and finish the report."""
    _write_people(head, site, converter)
    taxonomies = _write_terms(site, index, converter)
    front = index.has_front_page()
    for code in index.languages.list_codes() or [""]:
        _redirect_lists(site, front, index.languages.find_prefix(code))
    title = plain_title(head.fields.get("title", "")) or "Untitled site"
    locales = index.languages.make_locales()
    settings: dict[str, Json] = {
        "name": make_slug(title)[:40] if make_slug(title).isascii() else "site",
        "title": title,
        "description": plain_title(head.fields.get("description", "")),
        "base_url": index.base_url or "http://localhost:8000",
        "locales": locales or [name_locale(head.fields.get("language", "en"))],
        "page_size": PAGE_SIZE,
        "taxonomies": taxonomies,
    }
    settings["name"] = settings["name"] or "site"
    if locales:
        settings["content_locale"] = "field:locale"
    if front:
        settings["home"] = {"url": "/blog/"}
    custom = index.list_custom_types()
    collections = [{"name": make_slug(kind), "path": f"content/{make_slug(kind)}", "type": "page"} for kind in custom if kind != "wp_block"]
    if pattern := index.find_pattern():
        collections.insert(0, {"name": "posts", "path": "content/posts", "type": "post", "url": pattern})
    if collections:
        settings["collection"] = collections
    if converter.comments.finish(site):
        settings |= {"verticals": ["blog", "reviews"], "theme": "moved"}
    menus = converter.menus.make()
    if menus:
        first = next((name for name in menus if name in ("main", "primary", "main-menu", "primary-menu")), next(iter(menus)))
        settings["menus"] = {"main" if name == first else name: rows for name, rows in menus.items() if name == first or name != "main"}
    converter.media.finish()
    site.finish(settings)


def name_locale(language: str) -> Json:
    """A locale of this language: with its region where the theme has words of that region's own."""
    code = language.replace("_", "-").lower()
    if re.fullmatch(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", code) is None:
        return {"code": "en"}
    if (folder("themes") / "base" / "i18n" / f"{code}.toml").is_file() or "-" not in code:
        return {"code": code}
    parts = code.split("-")
    return {"code": parts[0], "hreflang": "-".join([parts[0], *(part.upper() if len(part) == 2 else part.title() for part in parts[1:])])}


def _write_people(head: Head, site: NewSite, converter: Converter) -> None:
    """Files of the authors: those that the export describes, and others that entries name."""
    names = {make_slug(row.get("author_login", "")): row.get("author_display_name") or row.get("author_login", "") for row in head.authors}
    used = converter.list_used("authors")
    for slug in sorted({*names, *used} - {""}):
        if slug not in names:
            site.report.note(converter.file, 0, "authors that the export does not describe", slug, "named as they sign in")
        site.write_entry(f"content/authors/{slug}.md", {"title": plain_title(names.get(slug, "")) or slug, "slug": slug}, "")
        site.made["people"] += 1
        home = f"/author/{slug}/" if slug in used else "/"
        if home == "/":
            site.redirect(f"/author/{slug}/", home)
        site.redirect(f"/author/{slug}/feed/", f"{home}feed.xml")


def _write_terms(site: NewSite, index: Index, converter: Converter) -> dict[str, Any]:
    """Files of the terms, one for each language in which they are used, and the tables of their taxonomies."""
    taxonomies: dict[str, Any] = {
        "section": False,
        "series": False,
        "tag": {"url": "/tag/{slug}/"},
        "author": {"url": "/author/{slug}/"},
        "category": {"field": "categories", "url": "/category/{slug}/"},
    }
    rows = index.list_terms()
    for taxonomy, slug, name, parent, about in rows:
        if taxonomy in NO_TERMS:
            continue
        here = name_taxonomy(taxonomy)
        if here not in taxonomies:
            taxonomies[here] = {"field": here, "url": f"/{here}/{{slug}}/"}
        way = index.find_way(taxonomy, slug)
        if parent and slug in index.find_way(taxonomy, unquote(parent))[:-1]:
            site.report.note(
                converter.file, 0, "terms that stand above each other in a circle", f"{here}: {slug} below {parent}", "not below"
            )
            parent = ""
        field = {"category": "categories", "tag": "tags"}.get(here, here)
        text = convert_html(about, converter.rewrite, lambda kind, detail, fate: site.report.note(converter.file, 0, kind, detail, fate))
        used = converter.is_used(field, slug)
        codes = index.languages.list_term_codes(field, slug) or index.languages.list_codes()[:1] or [""]
        for code in codes:
            fields: dict[str, Json] = {
                "title": plain_title(name) or slug, "slug": slug, "parent": unquote(parent) or None, "locale": code or None,
                "translation_key": f"{here}/{slug}" if len(codes) > 1 else None,
            }  # fmt: skip
            site.write_entry(site.choose_name(f"content/terms/{here}/{make_slug(slug)}.md", f"term:{taxonomy}/{slug}/{code}"), fields, text)
            site.made["terms"] += 1
            prefix = index.languages.find_prefix(code)
            home = f"{prefix}/{here}/{slug}/" if used else f"{prefix}/"
            for old in (f"{prefix}/{taxonomy}/{'/'.join(way)}/", f"{prefix}/{taxonomy}/{slug}/", f"{prefix}/{here}/{'/'.join(way)}/"):
                if old != home:
                    site.redirect(old, home)
                site.redirect(f"{old}feed/", f"{home}feed.xml")
    return taxonomies


def _redirect_lists(site: NewSite, front: bool, prefix: str) -> None:
    """Addresses of lists in one language: feeds, further pages, years and days."""
    home, top = f"{prefix}/blog/" if front else f"{prefix}/", f"{prefix}/"
    for old, new in (("feed/", "feed.xml"), ("feed/atom/", "atom.xml"), ("feed/rss2/", "feed.xml")):
        site.redirect(f"{top}{old}", f"{home}{new}")
    site.redirect(f"{top}comments/feed/", f"{top}feed.xml")
    days: dict[str, int] = dict(
        site.connection.execute(
            "SELECT day, count(*) FROM moved LEFT JOIN languages USING (id) WHERE kind = 'post' AND day <> '' AND (? = '' OR path LIKE ? || '%') GROUP BY day",
            (prefix, top),
        ).fetchall()
    )
    months: dict[str, str] = {}
    for day in sorted(days):
        months.setdefault(day[:4], day[:7])
        site.redirect(f"{top}{day[:4]}/{day[5:7]}/{day[8:]}/", f"{top}{day[:4]}/{day[5:7]}/")
    for year, month in months.items():
        site.redirect(f"{top}{year}/", f"{top}{month[:4]}/{month[5:7]}/")
    today = datetime.now(UTC).date().isoformat()
    own = (
        0 if home != top else sum(number for day, number in days.items() if day <= today) // PAGE_SIZE - 1
    )  # which the new list has itself
    for number in range(max(2, own + 1), sum(days.values()) // PAGE_SIZE + 2):
        site.redirect(f"{top}page/{number}/", home)
