"""Links to a place within another page of the site that has no such place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, LiteralString, NamedTuple
from urllib.parse import unquote

from cms_ssg.content.markdown.anchors import list_ids
from cms_ssg.types import Problem

PAGES: Final[LiteralString] = """
SELECT c.name, b.entry, b.html FROM cms.claims c JOIN cms.bodies b ON b.entry = c.owner
WHERE c.site = %s AND c.name = ANY(%s) AND c.wins AND c.owner_kind = 'e'"""
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


def check_fragments(connection: Any, site_id: int, links: Sequence[Link], ids: frozenset[str]) -> Iterator[Problem]:
    """Links whose page is there and their place in it is not. ids: those of the templates."""
    wanted = sorted({name for link in links for name in link.names})
    found = {name: (entry, html) for name, entry, html in connection.execute(PAGES, (site_id, wanted))}
    open_ended = {row[0] for row in connection.execute(HAS_TEMPLATES, {"entries": sorted({entry for entry, _ in found.values()})})}
    for link in links:
        page = next((found[name] for name in link.names if name in found), None)
        if page is None or page[0] in open_ended:  # no entry, or one whose templates may make any place
            continue
        fragment, places = fragment_of(link.target), set(list_ids(page[1]))
        if fragment not in places | ids:
            near = get_close_matches(fragment, sorted(places), 1)
            hint = f'Did you mean "#{near[0]}"?' if near else "Headings have the places that their words make; see the page's source."
            said = f'the page of "{link.target}" has no place "#{fragment}"'
            yield Problem("content.dangling-fragment", link.file, link.line, said, hint, "warning")
