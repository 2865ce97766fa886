"""Gather what every page of a build shares: theme, strings, data, assets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cms_ssg.config.settings import MenuItem, SubItem
from cms_ssg.engine.inputs import find_ids, list_template_files, read_data
from cms_ssg.errors import CmsError
from cms_ssg.render.site_view import Surroundings
from cms_ssg.render.strings import Strings, Unreadable, load_strings
from cms_ssg.render.theme import Theme, make_asset_paths
from cms_ssg.render.theme_chain import load_image_rules, theme_folders
from cms_ssg.site import Site


def make_surroundings(site: Site, now: datetime) -> Surroundings:
    """Open the theme chain and read strings; data files are read when a page asks."""
    folders = theme_folders(site.root, site.settings)
    strings = {locale.code: _load_strings(folders.strings, locale.code, site.root) for locale in site.settings.locales}
    assets = make_asset_paths(site, folders.assets)
    menus = [site.settings.menus, *(locale.menus for locale in site.settings.locales)]
    lines = [line for menu in menus for items in menu.values() for line in items]
    items: list[MenuItem | SubItem] = [*lines]
    items += [below for line in lines for below in line.below]
    refs = tuple({item.ref: None for item in items if item.ref})
    urls = tuple({item.url: None for item in items if item.url.startswith("/")})
    rules = load_image_rules(folders.chain, site.settings)
    theme = Theme(folders.templates, lambda: find_ids(list_template_files(folders.templates, site.root)))
    return Surroundings(
        site, theme, strings, read_data(site.root, site.settings.data_files, site.settings.shared), assets, now, refs, urls, rules
    )


def _load_strings(folders: Sequence[Path], locale: str, root: Path) -> Strings:
    try:
        return load_strings(folders, locale, root)
    except CmsError as error:
        return Strings(locale, Unreadable(error))
