"""Links to a place within another page of the site that has no such place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, LiteralString, NamedTuple
from urllib.parse import unquote

from cms_ssg.content.markdown.anchors import list_ids
from cms_ssg.diagnostics.places_of_lists import Places, list_places
from cms_ssg.render.theme_chain import theme_folders
from cms_ssg.render.theme_check import list_templates
from cms_ssg.site import Site
from cms_ssg.types import Problem

PAGES: Final[LiteralString] = """
SELECT c.name, b.entry, b.html FROM cms.claims c JOIN cms.bodies b ON b.entry = c.owner
WHERE c.site = %s AND c.name = ANY(%s) AND c.wins AND c.owner_kind = 'e'"""
LISTS: Final[LiteralString] = """
SELECT c.name, coalesce(b.html, '') FROM cms.claims c JOIN cms.lists l ON l.id = (c.spec ->> 'list')::int
LEFT JOIN cms.bodies b ON b.entry = (l.card ->> 'entry')::bigint
WHERE c.site = %s AND c.name = ANY(%s) AND c.wins AND c.spec ->> 'kind' = ANY(%s)"""
"""Pages of lists, with the text of the entry that describes each."""
HAS_TEMPLATES: Final[LiteralString] = """
SELECT b.entry FROM cms.bodies b, jsonb_array_elements(b.links) l WHERE b.entry = ANY(%(entries)s) AND l ->> 0 = 'shortcode'
UNION SELECT e.id FROM cms.entries e WHERE e.id = ANY(%(entries)s) AND jsonb_path_exists(e.fields, '$.*[*].block')"""
"""Entries with shortcodes or blocks, whose templates may make any place."""


class Link(NamedTuple):
    """A link with a fragment. names: the claims that could answer it, likeliest first."""

    file: str
    line: int
    target: str
    names: tuple[str, ...]


def fragment_of(target: str) -> str:
    """What stands after the # of a link, "" for nothing that could be missing."""
    fragment = unquote(target.partition("#")[2])
    return "" if fragment.lower() == "top" or fragment.startswith(":~:") else fragment


def list_template_ids(templates: Mapping[str, Path]) -> frozenset[str]:
    """The places that every page may have by its templates."""
    return frozenset(name for path in templates.values() for name in list_ids(path.read_text("utf-8", "replace")) if "{" not in name)


@dataclass(frozen=True, slots=True)
class PlaceCheck:
    """Finds links whose page is there and their place in it is not. ids: what every page may have by its templates; lists: what pages of lists may
    have, None where that is not known; kinds: of outputs that are such pages.
    """

    ids: frozenset[str]
    lists: Places | None
    kinds: tuple[str, ...] = ()

    @classmethod
    def open(cls, site: Site) -> PlaceCheck:
        """For the theme that a site has now."""
        folders = theme_folders(site.root, site.settings).templates
        kinds = site.features.names(lambda kind: kind.page and not kind.content and not kind.vertical)
        return cls(list_template_ids(list_templates(folders)), list_places(site, list_templates(folders, parents=True)), tuple(kinds))

    def check(self, connection: Any, site_id: int, links: Sequence[Link]) -> Iterator[Problem]:
        """A warning for each of these links that leads to no place of its page."""
        wanted = sorted({name for link in links for name in link.names})
        if not wanted:
            return
        found = {name: (entry, html) for name, entry, html in connection.execute(PAGES, (site_id, wanted))}
        lists = dict(connection.execute(LISTS, (site_id, wanted, list(self.kinds))).fetchall()) if self.lists is not None else {}
        open_ended = {row[0] for row in connection.execute(HAS_TEMPLATES, {"entries": sorted({entry for entry, _ in found.values()})})}
        for link in links:
            name = next((name for name in link.names if name in found or name in lists), "")
            fragment = fragment_of(link.target)
            if name in found:
                entry, html = found[name]
                if entry in open_ended or fragment in (places := set(list_ids(html))) | self.ids:  # templates may make any place
                    continue
            elif name in lists and self.lists is not None:
                if self.lists.has(fragment, places := list_ids(lists[name])):
                    continue
                places |= self.lists.fixed
            else:
                continue
            near = get_close_matches(fragment, sorted(places), 1)
            hint = f'Did you mean "#{near[0]}"?' if near else "Headings have the places that their words make; see the page's source."
            said = f'the page of "{link.target}" has no place "#{fragment}"'
            yield Problem("content.dangling-fragment", link.file, link.line, said, hint, "warning")
