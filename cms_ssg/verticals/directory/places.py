"""The names of places, categories and letters in addresses."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import NamedTuple

from cms_ssg.kinds.core_kinds import term_names
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Json


class Level(NamedTuple):
    """A place and those that it is in, as the rest of its list's name: ``united-states/oregon/portland``."""

    slug: str
    label: str


def list_levels(fields: Mapping[str, Json]) -> list[Level]:
    """Country, state and city of a listing, the widest first; what it does not name is left out."""
    levels: list[Level] = []
    for field in ("country", "state", "city"):
        label = str(fields.get(field) or "").strip()
        if slug := make_slug(label):
            above = f"{levels[-1].slug}/" if levels else ""
            levels.append(Level(above + slug, label))
    return levels


def list_categories(fields: Mapping[str, Json]) -> dict[str, str]:
    """Slug -> name of the categories that a listing names."""
    found: dict[str, str] = {}
    for name in term_names(fields.get("categories")):
        if slug := make_slug(name):
            found.setdefault(slug, name)
    return found


def find_letter(title: str) -> str:
    """The page of A to Z that a title is on: its first letter without accents, ``0-9`` for figures, ``other`` for anything else."""
    for char in unicodedata.normalize("NFKD", title.casefold()):
        if char.isascii() and char.isalpha():
            return char
        if char.isdigit():
            return "0-9"
        if char.isalpha():
            return make_slug(char) or "other"
    return "other"
