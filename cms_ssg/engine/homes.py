"""Content that has the address of a home page while the list of the home page was told no other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, LiteralString

from psycopg import Connection

from cms_ssg.content.lines import line_of_field
from cms_ssg.site import Site
from cms_ssg.types import Problem

TAKEN_HOMES: Final[LiteralString] = """
SELECT w.name, w.key FROM cms.claims w
JOIN cms.claims l ON l.site = w.site AND l.name = w.name AND NOT l.wins AND l.owner_kind = 'l' AND l.key = %s
JOIN cms.lists i ON i.id = l.owner AND i.items > 0
WHERE w.site = %s AND w.name = ANY(%s) AND w.wins AND w.owner_kind IN ('e', 'f') ORDER BY w.name"""


def list_taken_homes(connection: Connection, site: Site, site_id: int) -> Iterator[Problem]:
    """A warning for each home page that a content file or a file of static/ has, so that what is in the list is on no first page."""
    home = site.settings.home
    if home.url != "/":  # it was told where to go
        return
    names = [f"{site.prefix(locale)}/" for locale in site.locales]
    for path, file in connection.execute(TAKEN_HOMES, (home.list, site_id, names)):
        line = line_of_field(site, file, "path") or line_of_field(site, file, "slug")
        said = f'has the address of the home page, {path}, so the list "{home.list}" has no first page'
        hint = 'If that is meant, give the list a place of its own in site.toml: [home] url = "/blog/". If not, give this another slug or path.'
        yield Problem("content.home-taken", file, line, said, hint, "warning")
