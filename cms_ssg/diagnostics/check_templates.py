"""What ``cms check`` says of links that are written in templates: one that leads nowhere does so on every page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from cms_ssg.engine.dead_links import find_claimed
from cms_ssg.render.reference_names import link_names
from cms_ssg.render.theme_chain import theme_folders
from cms_ssg.render.theme_check import list_templates
from cms_ssg.site import Site
from cms_ssg.types import Problem

LINK: Final = re.compile(r"""\burl\(\s*(['"])(/[^'"{}]*)\1\s*\)|\shref\s*=\s*(["'])(/(?!/)[^"'{}<>]*)\3""")


def check_template_links(connection: Any, site: Site, site_id: int) -> Iterator[Problem]:
    """Links of the site's own templates that lead nowhere in it: ``url('/about/')`` and ``href="/about/"``. What is put together is not known here."""
    wanted = []
    for path in list_templates(theme_folders(site.root, site.settings).templates).values():
        if path.is_relative_to(site.root):
            wanted += [
                (path, line, target, link_names(site, site.default_locale, "", "/", target)) for line, target in _list_links(path, site)
            ]
    known = find_claimed(connection, site_id, (name for *_, found in wanted for name in found))
    for path, line, target, found in wanted:
        if found and known.isdisjoint(found):
            said = f'"{target}" does not exist'
            hint = "Links may name a path of this site, or a file in static/."
            yield Problem("theme.dangling-link", path.relative_to(site.root).as_posix(), line, said, hint, "warning")


def _list_links(path: Path, site: Site) -> Iterator[tuple[int, str]]:
    """(line, path without the base path) of each link."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):  # the check of templates says it
        return
    for match in LINK.finditer(text):
        target = match[2] or match[4].removeprefix(site.base_path)
        yield text.count("\n", 0, match.start()) + 1, target or "/"
