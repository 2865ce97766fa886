"""Two that want one name, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from psycopg import Connection

from cms_ssg.kinds.claim import DEFAULT, ClaimRow, Owner
from cms_ssg.site import Site
from cms_ssg.store.claims import REFUSED, list_lost_claims
from cms_ssg.types import Problem

_FURTHER: Final = re.compile(r"/[^/]+/\d+/$|/[^/\d]+\d+/$")


def list_conflicts(connection: Connection, site: Site, site_id: int) -> Iterator[Problem]:
    """Every path that somebody wants and another has, and every term and author that two files describe."""
    for lost, winner in list_lost_claims(connection, site_id):
        reference = lost.name.partition("/")[2].partition(":")
        if lost.kind == DEFAULT:
            if winner is not None and lost.key != "lists/month":  # an archive of months is made without being asked for
                taxonomy = lost.key.partition("/")[2]
                said = f"{lost.name} is the index of {taxonomy}, which is shown nowhere, as the {_name_owner(site, winner)} is there"
                hint = f'If that is meant, say so in site.toml: [taxonomies.{taxonomy}] index = "". If not, give this another slug or path.'
                yield Problem("content.path-taken", winner.key, _find_line(site, winner), said, hint, "warning")
        elif lost.owner_kind == "i" and winner is not None and winner.owner_kind == "i":
            continue  # two sizes of one small picture are the same file
        elif (
            lost.owner_kind == Owner.SITE
            and winner is not None
            and winner.owner_kind in (Owner.LIST, Owner.LIST_PAGE)
            and _is_further(lost)
        ):
            continue
        elif lost.name.startswith("/"):
            yield _describe_path(site, lost, winner)
        elif winner is not None and reference[0] in ("term", "author"):
            what = reference[2].replace("/", " ") if reference[0] == "term" else f"author {reference[2]}"
            said = f"describes the {what}, as {winner.key} does, which comes first; this text is shown nowhere"
            yield Problem("content.described-twice", lost.key, 0, said, "Take one of them away, or give it another slug.", "warning")


def _is_further(lost: ClaimRow) -> bool:
    """Whether a redirect leads from a further page of a list to its first one: where the list has that page itself, all is well."""
    return lost.key.startswith("redirect") and bool(_FURTHER.search(lost.name))


def _describe_path(site: Site, lost: ClaimRow, winner: ClaimRow | None) -> Problem:
    """A path that was lost. winner: who has it, None where nobody has.

    A redirect of the settings that gives way to a page is a warning: patterns such as ``/:locale/old`` meet pages by design.
    """
    mine, place, line, hint = _name_owner(site, lost), "", 0, "Give one of them another slug, path or alias."
    if lost.owner_kind == Owner.SITE:
        place = "site.toml" if lost.key.startswith("redirect") else ""
    elif lost.owner_kind in (Owner.ENTRY, Owner.FILE):
        place = lost.key
        line = _find_line(site, lost)
    elif winner is not None and winner.owner_kind in (Owner.ENTRY, Owner.FILE):  # a page of a list, that somebody's page goes before
        place, line = winner.key, _find_line(site, winner)
    if lost.owner_kind == Owner.FILE:
        hint = "Rename or move the file."
    if lost.kind == REFUSED or (winner is not None and winner.kind == DEFAULT):
        own = winner is not None and winner.owner_kind in (Owner.LIST, Owner.SITE) and _name_kind(site, winner)
        made = f"the site's {own}" if own else "made by cms itself"
        message = f"{lost.name} is {made}, so the {mine} cannot have it"
        hint = (
            f"{hint} A file of static/ may take the place of robots.txt, 404.html, a sitemap or a feed." if lost.kind == REFUSED else hint
        )
    elif winner is None:
        message = f"{lost.name} is the name of a folder with other pages or files, the {mine} cannot have it too"
    else:
        message = f"{lost.name} is claimed twice: the {_name_owner(site, winner)} has it, the {mine} does not"
        if lost.kind == winner.kind and lost.since != winner.since:
            message += f"; the earlier date comes first ({winner.since[:10] or 'none'} before {lost.since[:10]})"
    return Problem("content.path-taken", place, line, message, hint, "warning" if lost.owner_kind == Owner.SITE else "error")


def _name_owner(site: Site, row: ClaimRow) -> str:
    """``page of content/pages/about.md``."""
    return f"{_name_kind(site, row) or 'list'} of {row.key}"


def _name_kind(site: Site, row: ClaimRow) -> str:
    kind = site.features.outputs.get(str((row.spec or {}).get("kind")))
    return kind.called if kind is not None else ""


def _find_line(site: Site, row: ClaimRow) -> int:
    """The line that says the path, 0 where the file's name does."""
    from cms_ssg.content.lines import line_of_field

    if row.owner_kind != Owner.ENTRY:
        return 0
    names = ("path", "slug") if site.features.role_of(row.spec) == "entry" else ("aliases", "from")
    return next((line for name in names if (line := line_of_field(site, row.key, name))), 0)
