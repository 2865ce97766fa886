"""Settings of a Hugo site in the words of this one: languages, taxonomies, menus."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from cms_ssg.migrate.folder import clean_address
from cms_ssg.migrate.hugo_config import HugoConfig
from cms_ssg.migrate.hugo_lists import find_taxonomy
from cms_ssg.migrate.hugo_pages import find_place
from cms_ssg.migrate.pages import SourcePage, as_table, list_words
from cms_ssg.migrate.report import Report
from cms_ssg.migrate.wordpress_site import name_locale
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Json


def name_taxonomy(plural: str) -> str:
    """The name here of a taxonomy, which Hugo calls by its plural."""
    return {"tags": "tag", "categories": "category", "authors": "author", "series": "series"}.get(plural, make_slug(plural))


def make_locales(config: HugoConfig) -> list[dict[str, Json]]:
    """The site's languages, the default one first, each with the prefix that it had."""
    found = []
    for code, table in config.languages.items():
        locale = {"code": code} if len(config.languages) > 1 else name_locale(str(config.values.get("languagecode") or code))
        name = table.get("languagename") or table.get("label")
        if name and len(config.languages) > 1:
            locale["name"] = str(name)
        if code == config.default_language and config.default_in_folder:
            locale["prefix"] = f"/{code}"
        found.append(locale)
    return found


def make_taxonomies(config: HugoConfig) -> dict[str, Json]:
    """Hugo's taxonomies with their addresses; those that it does not have are off."""
    found: dict[str, Json] = {"tag": False, "series": False, "author": False, "section": {"url": "/{slug}/"}}
    for plural in config.taxonomies.values():
        base = find_taxonomy(plural, config)
        found[name_taxonomy(plural)] = {"field": plural, "url": f"{base}{{slug}}/", "index": base}
    if found["author"] is False:
        del found["author"]
    return found


def _list_rows(pages: list[SourcePage], config: HugoConfig) -> dict[str, list[dict[str, Any]]]:
    """Lines of menus that pages of the default language ask for in their front matter, by the menu's name."""
    found: dict[str, list[dict[str, Any]]] = {}
    for page in pages:
        wanted = page.fields.get("menus") or page.fields.get("menu")
        if (
            not wanted
            or not page.address
            or page.fields.get("draft") is True
            or find_place(page.file, config)[0] != config.default_language
        ):
            continue
        for name in wanted if isinstance(wanted, dict) else list_words(wanted):
            given = as_table(wanted.get(name)) if isinstance(wanted, dict) else {}
            title = given.get("name") or page.fields.get("linkTitle") or page.fields.get("title") or page.address
            row = {"weight": page.fields.get("weight"), **given, "name": str(title), "url": page.address}
            found.setdefault(str(name), []).append({key: value for key, value in row.items() if value is not None})
    return found


def make_menus(config: HugoConfig, pages: list[SourcePage], find_page: Callable[[str, str], str], report: Report) -> dict[str, Json]:
    """Lines of menus of the configuration and of pages, in order; those of a third level stand at the second."""
    menus: dict[str, Json] = {}
    by_pages = _list_rows(pages, config)
    for name in dict.fromkeys((*config.menus, *by_pages)):
        rows = [*config.menus.get(name, ()), *by_pages.get(name, ())]
        made: list[tuple[dict[str, Any], dict[str, Json]]] = []
        parents = {str(row.get("parent")) for row in rows if row.get("parent")}
        for row in sorted(rows, key=_weigh):
            url = str(row.get("url") or "") or find_page(str(row.get("pageRef") or ""), "") or str(row.get("pageRef") or "")
            title = str(row.get("name") or row.get("title") or row.get("identifier") or url)
            if not url and str(row.get("identifier") or row.get("name")) in parents:
                url = "#"
            if not url:
                report.note(config.file, 0, "lines of menus", f'{name}: "{title}" leads to nothing')
                continue
            url = url if re.match(r"(?:[a-z]+:|/|#)", url) else f"/{url}"
            made.append(
                (row, {"title": title, "url": clean_address(url) if url.startswith("/") and "#" not in url and "?" not in url else url})
            )
        if lines := _nest(made):
            menus[make_slug(name) or "main"] = lines
    return menus


def _weigh(row: dict[str, Any]) -> float:
    weight = row.get("weight")
    return weight if isinstance(weight, int | float) and weight else 9999


def _nest(made: list[tuple[dict[str, Any], dict[str, Json]]]) -> list[dict[str, Json]]:
    """The lines of a menu, those with a parent below it; a line that leads nowhere by itself leads where the first below it does."""
    by_name = {str(row.get("identifier") or row.get("name") or row.get("title")): (row, line) for row, line in made}
    top = []
    for row, line in made:
        holder = row
        for _ in range(len(made)):
            if not (parent := by_name.get(str(holder.get("parent") or ""))):
                break
            holder = parent[0]
        if holder is row:
            top.append(line)
        else:
            by_name[str(holder.get("identifier") or holder.get("name") or holder.get("title"))][1].setdefault("below", []).append(line)
    for line in top:
        if line["url"] == "#" and line.get("below"):
            line["url"] = line["below"][0]["url"]
    return [line for line in top if line["url"] != "#"]
