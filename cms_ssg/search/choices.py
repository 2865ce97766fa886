"""What the search page of a site offers besides words: facets with their headings, and what its documents can be ordered and narrowed by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cms_ssg.search.asked import TYPE, Choices
from cms_ssg.search.documents import list_facets

if TYPE_CHECKING:
    from cms_ssg.render.strings import Translator
    from cms_ssg.site import Site

TEXTS: Final = {"section": "sections", "tag": "tags", "author": "authors", "series": "series"}
"""Taxonomies whose headings are texts of every theme."""


def find_choices(site: Site, locale: str, t: Translator) -> Choices:
    """The choices that a site's settings, content types and features allow."""
    types = {name: title for name in site.schemas if (title := _name_type(site, locale, t, name))}
    facets = {}
    for name in list_facets(site):
        heading = (t("search_type") if len(types) > 1 else "") if name == TYPE else _name_facet(site, locale, t, name)
        if heading:
            facets[name] = heading
    values = {value for fact in site.features.facts.values() for value in fact.search}
    currency = next((str(found) for table in site.settings.vertical.values() if (found := getattr(table, "currency", ""))), "")
    return Choices(
        facets, types, (TYPE, *site.settings.taxonomies), currency if "price" in values else "", "rating" in values, "stock" in values,
        any({"latitude", "longitude"} <= schema.properties.keys() for schema in site.schemas.values()), site.settings.statistics.beacon,
    )  # fmt: skip


def _name_type(site: Site, locale: str, t: Translator, name: str) -> str:
    """What the theme or the site calls the entries of a type; a type without a title is none of its visitors' business."""
    key = f"type_{name}"
    if (text := t(key)) != key:
        return text
    rule = site.settings.lists.get(name)
    return site.words(locale, "lists", name).title or (rule.title if rule is not None else "")


def _name_facet(site: Site, locale: str, t: Translator, name: str) -> str:
    """The heading of a facet, ``""`` where a theme says by an empty text ``facet_NAME`` that it is not for visitors."""
    key = f"facet_{name}"
    if (text := t(key)) != key:
        return text
    taxonomy = site.settings.taxonomies.get(name)
    if taxonomy is not None and (title := site.words(locale, "taxonomies", name).title or taxonomy.title):
        return title
    if name in TEXTS:
        return t(TEXTS[name])
    titles = (schema.properties[name].get("title") for schema in site.schemas.values() if name in schema.facets)
    return next((str(title) for title in titles if title), name[:1].upper() + name[1:].replace("_", " "))
