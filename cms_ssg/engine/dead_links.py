"""Links that lead nowhere in a site: of its menus, always, and those in bodies that a build cut by what it removed."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final, LiteralString, NamedTuple
from urllib.parse import unquote, urlsplit

from psycopg import Connection

from cms_ssg.config.settings import MenuItem, SubItem
from cms_ssg.paths import canonical_path
from cms_ssg.reads import name_key
from cms_ssg.render.reference_names import link_names, menu_names, reference_names
from cms_ssg.site import Site
from cms_ssg.store.arrays import int_array
from cms_ssg.text.counting import count
from cms_ssg.types import Problem

MOST_NAMED: Final = 20
"""Dead links that a build tells one by one."""

CLAIMED: Final[LiteralString] = """
SELECT n FROM unnest(%s::text[]) n WHERE EXISTS (SELECT FROM cms.claims c WHERE c.site = %s AND c.name = n COLLATE "C" AND c.wins)"""

BODIES_OF_READERS: Final[LiteralString] = """
SELECT DISTINCT e.source_key, e.locale, d.path, b.links FROM unnest(%(keys)s::bigint[]) AS k(key)
CROSS JOIN LATERAL (SELECT path FROM cms.outputs o WHERE o.reads @> ARRAY[k.key] AND o.site = %(site)s) o
JOIN cms.claims c ON c.site = %(site)s AND c.name = o.path AND c.wins AND c.owner_kind = 'e'
JOIN cms.entries e ON e.id = c.owner JOIN cms.cards d ON d.entry = e.id AND d.live JOIN cms.bodies b ON b.entry = e.id
ORDER BY e.source_key"""

NOT_LIVE: Final[LiteralString] = """
SELECT e.source_key, e.locale, e.type, e.fields FROM cms.entries e JOIN cms.cards c ON c.entry = e.id
WHERE e.id = ANY(%s::bigint[]) AND NOT c.live"""


class MenuLine(NamedTuple):
    """A line of a menu. path: of its setting; names: the claims that would answer it, none for an address elsewhere."""

    menu: str
    path: tuple[str | int, ...]
    item: MenuItem | SubItem
    names: tuple[str, ...]


def list_menu_lines(site: Site) -> Iterator[MenuLine]:
    """The lines of all menus, those of locales too."""
    own: list[tuple[str, tuple[str | int, ...], dict[str, tuple[MenuItem, ...]]]] = [(site.default_locale, ("menus",), site.settings.menus)]
    own += [(locale.code, ("locales", number, "menus"), locale.menus) for number, locale in enumerate(site.settings.locales)]
    for locale, path, menus in own:
        for menu, items in menus.items():
            outer = [((*path, menu, number), item) for number, item in enumerate(items)]
            places: list[tuple[tuple[str | int, ...], MenuItem | SubItem]] = [*outer]
            places += [((*at, "below", number), under) for at, item in outer for number, under in enumerate(item.below)]
            for at, item in places:
                names = reference_names(site, locale, item.ref) if item.ref else menu_names(site, locale, item.url) or path_names(item.url)
                yield MenuLine(menu, (*at, "ref" if item.ref else "url"), item, names)


def list_dead_menu_lines(connection: Connection, site: Site, site_id: int) -> list[Problem]:
    """A warning for each line of a menu that leads nowhere in this site."""
    from cms_ssg.config.explain import open_origin
    from cms_ssg.config.tables import FILE

    lines = [line for line in list_menu_lines(site) if line.names]
    known = find_claimed(connection, site_id, (name for line in lines for name in line.names))
    dead = [line for line in lines if known.isdisjoint(line.names)]
    if not dead:
        return []
    origin = open_origin(site.root, site.settings.env, os.environ)
    hint = "Write a content file, type:slug, or a path of this site."
    return [
        Problem("settings.dangling-menu", FILE, origin.line(*line.path),
                f'the menu {line.menu} links to "{line.item.ref or line.item.url}", which does not exist', hint, "warning")
        for line in dead
    ]  # fmt: skip


def list_cut_links(connection: Connection, site: Site, site_id: int, removed: Collection[str], entries: Collection[int]) -> list[Problem]:
    """A warning for each link or image in a body that led to what a build removed, and leads nowhere now.

    removed: the paths; entries: those whose pages are among them. Links may name them by file or reference.
    """
    if not removed:
        return []
    gone = {*removed, *_list_names(connection, site, entries)}
    keys = int_array(name_key(f"claim/{name}") for name in gone)
    wanted: list[tuple[str, int, str, str, Sequence[str]]] = []
    for file, locale, path, links in connection.execute(BODIES_OF_READERS, {"keys": keys, "site": site_id}):
        for kind, target, line, values in links:
            if kind != "shortcode" and "form" not in values and "pieces" not in values:
                names = link_names(site, locale, file, path or "", target)
                if not gone.isdisjoint(names):
                    wanted.append((file, line, kind, target, names))
    known = find_claimed(connection, site_id, (name for *_, names in wanted for name in names))
    dead = [item for item in wanted if known.isdisjoint(item[4])]
    found = [make_dangling(*item[:4], hint="This build removed it. cms check lists all links that lead nowhere.") for item in dead]
    if len(found) > MOST_NAMED:
        more = f"this build removed what {count(len(found) - MOST_NAMED, 'more link')} led to"
        found[MOST_NAMED:] = [Problem("content.dangling-link", "", 0, more, "cms check lists all of them.", "warning")]
    return found


def _list_names(connection: Connection, site: Site, entries: Collection[int]) -> Iterator[str]:
    """What links called these of the entries that are no longer live."""
    for file, locale, kind, fields in connection.execute(NOT_LIVE, (int_array(entries),)) if entries else ():
        yield f"file:{file}"
        if kind in site.schemas:
            yield f"{locale}/{site.schemas[kind].reference(fields)}"
        if fields.get("id"):
            yield f"id:{fields['id']}"


def make_dangling(file: str, line: int, kind: str, target: str, hint: str) -> Problem:
    """What is said of a link or image that leads nowhere. hint: what was probably meant, "" where nobody knows."""
    if kind == "image":
        hint = hint or "Put it beside the entry's index.md, or in static/."
        return Problem("content.dangling-image", file, line, f'no image "{target}"', hint, "warning")
    if urlsplit(target).scheme == "ref":
        hint = hint or "References are written ref:type:slug."
    hint = hint or "Links may name a content file, a path of this site, or a file in static/."
    return Problem("content.dangling-link", file, line, f'"{target}" does not exist', hint, "warning")


def find_claimed(connection: Any, site_id: int, names: Iterable[str]) -> set[str]:
    """Those of these names that somebody has."""
    wanted = sorted(set(names))
    return {row[0] for row in connection.execute(CLAIMED, (wanted, site_id))} if wanted else set()


def path_names(url: str) -> tuple[str, ...]:
    """The claim that would answer a path; none for other addresses."""
    try:
        return (canonical_path(unquote(urlsplit(url).path)),) if url.startswith("/") and not url.startswith("//") else ()
    except ValueError:
        return ()
