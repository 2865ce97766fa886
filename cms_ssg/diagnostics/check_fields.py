"""What front matter names beside its image, and ids of raw HTML that the theme gives to something else: both work, and not as was meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, LiteralString
from urllib.parse import urlsplit

from cms_ssg.content.lines import line_of_field
from cms_ssg.content.read_file import read_file
from cms_ssg.diagnostics.check_fragments import list_template_ids
from cms_ssg.engine.dead_links import find_claimed
from cms_ssg.render.reference_names import link_names
from cms_ssg.site import Site
from cms_ssg.types import Problem

NAMED: Final[LiteralString] = """
SELECT e.source_key, e.locale, c.path, coalesce(e.fields ->> 'avatar', ''), coalesce(e.fields ->> 'canonical', '')
FROM cms.entries e JOIN cms.cards c ON c.entry = e.id
WHERE e.site = %s AND c.live AND (e.fields ? 'avatar' OR e.fields ? 'canonical') ORDER BY e.source_key"""

WITH_IDS: Final[LiteralString] = r"""
SELECT e.source_key, b.html FROM cms.entries e JOIN cms.cards c ON c.entry = e.id JOIN cms.bodies b ON b.entry = e.id
WHERE e.site = %s AND c.live AND b.html ~* %s ORDER BY e.source_key"""

FRAMES: Final = frozenset(["base.html", "entry.html", "page.html", "post.html"])
OWN_ID: Final = re.compile(r"""<(?!h[1-6][\s>])[a-z][^<>]*\sid\s*=\s*["']?([^\s"'<>]+)""", re.IGNORECASE)


def check_fields(connection: Any, site: Site, site_id: int) -> Iterator[Problem]:
    """Pictures and canonical addresses that front matter names and that do not exist, as warnings."""
    base = site.settings.base_url.rstrip("/")
    wanted: list[tuple[str, str, str, tuple[str, ...]]] = []
    for file, locale, path, avatar, canonical in connection.execute(NAMED, (site_id,)):
        inner = canonical.removeprefix(base) if canonical.startswith(f"{base}/") else canonical
        if canonical and not canonical.startswith("/") and not urlsplit(canonical).scheme:
            said = f'canonical: "{canonical}" is neither a path of this site nor a whole address, so search engines cannot rely on it'
            hint = "Write a path that begins with /, or an address that begins with https://."
            yield Problem("content.relative-canonical", file, line_of_field(site, file, "canonical"), said, hint, "warning")
        for field, written, target in (("avatar", avatar, avatar), ("canonical", canonical, inner if inner.startswith("/") else "")):
            names = link_names(site, locale, file, path or "", target) if target else ()
            if names:
                wanted.append((file, field, written, names))
    known = find_claimed(connection, site_id, (name for *_, names in wanted for name in names))
    for file, field, written, names in wanted:
        if known.isdisjoint(names):
            code, hint = (
                ("content.dangling-image", "Put it beside the entry's index.md, or in static/.")
                if field == "avatar"
                else (
                    "content.dangling-link",
                    "A page whose original is elsewhere is in no sitemap: name a page of this site, or a whole address.",
                )
            )
            yield Problem(code, file, line_of_field(site, file, field), f'{field}: "{written}" does not exist', hint, "warning")


def check_own_ids(connection: Any, site: Site, site_id: int, templates: Mapping[str, Path]) -> Iterator[Problem]:
    """Elements of raw HTML with an id that an element of the theme's pages has, as warnings: links and scripts find the first of the two only."""
    ids = list_template_ids({name: path for name, path in templates.items() if name in FRAMES or name.startswith("partials/")})
    plain = sorted(name for name in ids if re.fullmatch(r"[\w-]+", name))
    if not plain:
        return
    pattern = rf"""<[a-z][^<>]*\sid\s*=\s*["']?({"|".join(plain)})["'\s>]"""
    for file, html in connection.execute(WITH_IDS, (site_id, pattern)):
        for name in sorted(set(OWN_ID.findall(html)) & ids):
            said = f'an element has the id "{name}", which the theme already uses on this page'
            data = read_file(str(site.root), file)
            found = re.search(rf"""\sid\s*=\s*["']?{re.escape(name)}(?![\w-])""".encode(), data) if isinstance(data, bytes) else None
            line = data.count(b"\n", 0, found.start()) + 1 if found is not None and isinstance(data, bytes) else 0
            yield Problem(
                "content.same-id", file, line, said, "Use another id: links and scripts find only the first of the two elements.", "warning"
            )
