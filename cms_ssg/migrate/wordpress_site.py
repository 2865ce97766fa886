"""What an export of WordPress says of the site as a whole: settings, people, terms, menus, and the addresses of its lists."""

from __future__ import annotations

import re
from typing import Any

from cms_ssg.files.bundled import folder
from cms_ssg.migrate.folder import NewSite
from cms_ssg.migrate.html_text import convert_html
from cms_ssg.migrate.wordpress_entries import Converter
from cms_ssg.migrate.wordpress_index import Index, name_taxonomy
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
    _redirect_lists(site, taxonomies, front)
    language = head.fields.get("language", "en")
    settings: dict[str, Json] = {
        "name": make_slug(head.fields.get("title", ""))[:40] if make_slug(head.fields.get("title", "")).isascii() else "site",
        "title": head.fields.get("title") or "Untitled site",
        "description": head.fields.get("description", ""),
        "base_url": index.base_url or "http://localhost:8000",
        "locales": [name_locale(language)],
        "page_size": PAGE_SIZE,
        "taxonomies": taxonomies,
    }
    settings["name"] = settings["name"] or "site"
    if front:
        settings["home"] = {"url": "/blog/"}
    custom = index.list_custom_types()
    if custom:
        settings["collection"] = [
            {"name": make_slug(kind), "path": f"content/{make_slug(kind)}", "type": "page"} for kind in custom if kind != "wp_block"
        ]
    if not settings.get("collection"):
        settings.pop("collection", None)
    menus = converter.list_menus()
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
    for row in head.authors:
        login = row.get("author_login", "")
        if login:
            slug = make_slug(login)
            fields = {"title": row.get("author_display_name") or login, "slug": slug}
            site.write_entry(f"content/authors/{slug}.md", fields, "")
            site.made["people"] += 1
            home = f"/author/{slug}/" if converter.is_used("author", login) else "/"
            if home == "/":
                site.redirect(f"/author/{slug}/", home)
            site.redirect(f"/author/{slug}/feed/", f"{home}feed.xml")


def _write_terms(site: NewSite, index: Index, converter: Converter) -> dict[str, Any]:
    """Files of the terms, and the tables of their taxonomies."""
    taxonomies: dict[str, Any] = {
        "section": False,
        "series": False,
        "tag": {"url": "/tag/{slug}/"},
        "author": {"url": "/author/{slug}/"},
        "category": {"field": "categories", "url": "/category/{slug}/"},
    }
    rows = index.list_terms()
    for taxonomy, slug, name, parent, about in rows:
        if taxonomy in ("nav_menu", "post_format", "wp_theme", "post_visibility"):
            continue
        here = name_taxonomy(taxonomy)
        if here not in taxonomies:
            taxonomies[here] = {"field": here, "url": f"/{here}/{{slug}}/"}
        fields: dict[str, Json] = {"title": name or slug, "slug": slug, "parent": parent or None}
        way = index.find_way(taxonomy, slug)
        used = converter.is_used({"category": "categories", "tag": "tags"}.get(here, here), slug)
        home = f"/{here}/{slug}/" if used else "/"
        for old in (f"/{taxonomy}/{'/'.join(way)}/", f"/{taxonomy}/{slug}/"):
            if old != home:
                site.redirect(old, home)
        text = convert_html(about, converter.rewrite, lambda kind, detail, fate: site.report.note(converter.file, 0, kind, detail, fate))
        site.write_entry(site.choose_name(f"content/terms/{here}/{make_slug(slug)}.md", f"term:{taxonomy}/{slug}"), fields, text)
        site.made["terms"] += 1
        site.redirect(f"/{taxonomy}/{'/'.join(way)}/feed/", f"{home}feed.xml")
        site.redirect(f"/{taxonomy}/{slug}/feed/", f"{home}feed.xml")
    return taxonomies


def _redirect_lists(site: NewSite, taxonomies: dict[str, Any], front: bool) -> None:
    """Addresses of lists: feeds, further pages, years and days."""
    home = "/blog/" if front else "/"
    for old, new in (("/feed/", "/feed.xml"), ("/feed/atom/", "/atom.xml"), ("/feed/rss2/", "/feed.xml"), ("/comments/feed/", "/feed.xml")):
        site.redirect(old, f"{home if front else '/'}{new[1:]}")
    rows = site.connection.execute("SELECT day, count(*) FROM moved WHERE kind = 'post' AND day <> '' GROUP BY day").fetchall()
    months: dict[str, str] = {}
    for day, _ in sorted(rows):
        months.setdefault(day[:4], day[:7])
        site.redirect(f"/{day[:4]}/{day[5:7]}/{day[8:]}/", f"/{day[:4]}/{day[5:7]}/")
    for year, month in months.items():
        site.redirect(f"/{year}/", f"/{month[:4]}/{month[5:7]}/")
    total = sum(count for _, count in rows)
    for number in range(2, total // PAGE_SIZE + 2):
        site.redirect(f"/page/{number}/", home)
