"""Gather what every page of a build shares: theme, strings, data, assets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cms_ssg.engine.inputs import find_ids, list_template_files, read_data, theme_chain
from cms_ssg.errors import CmsError
from cms_ssg.render.site_view import Surroundings
from cms_ssg.render.strings import Strings, Unreadable, load_strings
from cms_ssg.render.theme import Theme, make_asset_paths
from cms_ssg.site import Site
from cms_ssg.themes import load_image_rules


def make_surroundings(site: Site, now: datetime) -> Surroundings:
    """Open the theme chain and read strings; data files are read when a page asks."""
    chain = theme_chain(site.root, site.settings)
    folders = [folder / "i18n" for folder in reversed(chain)] + [site.root / "i18n"]
    strings = {locale.code: _load_strings(folders, locale.code, site.root) for locale in site.settings.locales}
    assets = make_asset_paths(site, chain)
    refs = tuple({item.ref: None for lines in site.settings.menus.values() for item in lines if item.ref})
    urls = tuple({item.url: None for lines in site.settings.menus.values() for item in lines if item.url.startswith("/")})
    rules = load_image_rules(chain, site.settings)
    theme = Theme(chain, lambda: find_ids(list_template_files(chain, site.root)))
    return Surroundings(site, theme, strings, read_data(site.root, site.settings.data_files), assets, now, refs, urls, rules)


def _load_strings(folders: Sequence[Path], locale: str, root: Path) -> Strings:
    try:
        return load_strings(folders, locale, root)
    except CmsError as error:
        return Strings(locale, Unreadable(error))
