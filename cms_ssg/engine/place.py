"""Whether the target still holds what the manifest says: another target, an emptied folder, the folder of another checkout."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cms_ssg.errors import CmsError
from cms_ssg.files.ownership import make_folders, write_owned
from cms_ssg.publish.owner import Mark, Owner, open_mark, refuse_taken
from cms_ssg.publish.target import find_abilities, is_same_target
from cms_ssg.store.sites import SHARES_TARGET, SiteRow
from cms_ssg.types import Problem

if TYPE_CHECKING:
    from psycopg import Connection

    from cms_ssg.site import Site

SPLIT = "-"
"""The place of a site whose pages lie in the folders of several checkouts."""

EVERYTHING_HERE = "`cms build --full` puts every page here. Until then do not mirror the folder to a server."


def name_place(root: Path, url: str, *, make: bool) -> str:
    """The name of a checkout, kept in its ``.cms`` folder: the same after the site was moved, another in a second clone.

    root: the site folder; url: of the target: '' is the answer where that lies outside; make: give it a name where it has none
    and can be written to.
    """
    scheme, _, folder = url.partition(":")
    if scheme != "folder" or not (root / folder).resolve().is_relative_to(root):
        return ""
    path = root / ".cms" / "place"
    try:
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        if not make:
            return ""
    name = secrets.token_hex(8)
    try:
        make_folders(path.parent, 0o700)
        write_owned(path, f"{name}\n".encode())
    except OSError:  # a checkout that only reads cannot be told from others like it
        return ""
    return name


def find_reason(row: SiteRow, name: str, place: str, is_empty: Callable[[], bool]) -> str:
    """Why everything must be made again, '' where the target can be trusted.

    row: what is recorded; name: of the target, as name_target makes it; place: of this checkout.
    """
    if row.target is None:
        return ""
    if not is_same_target(row.target, name):
        url, _, form = name.partition(" ")
        same = form and is_same_target(row.target.partition(" ")[0], url)
        return "objects have other headers now" if same else f"the target is {url} now"
    return "the output folder is empty" if row.place == place and is_empty() else ""


def find_stranger(
    connection: Connection, site: Site, row: SiteRow, found: Owner | None, *, claims: bool, place: str, is_empty: Callable[[], bool]
) -> str:
    """Why the target may hold something else than is recorded, as its mark says; '' where it does not. Raises CmsError publish.taken.

    found: what the mark says; claims: whether this build may take over what another database published; place: of this checkout.
    """
    own = make_owner(site, row)
    if found is None:
        if row.target_marked and row.place == place:
            return "the target lost its mark, and perhaps its pages"
        [is_shared] = connection.execute(SHARES_TARGET, (site.settings.target.url, place, row.id)).fetchone() or (False,)
        return "another environment published to the target before" if is_shared else ""
    if found == own or is_empty():
        return ""
    if found.site != own.site or (not claims and find_abilities(site.settings).is_shared):
        raise refuse_taken(site.root, site.settings, found)
    return "another database published to the target since"


def make_owner(site: Site, row: SiteRow) -> Owner:
    """Who publishes this site."""
    return Owner(site.settings.store_name, row.writer)


def mark_target(site: Site, row: SiteRow, mark: Mark, place: str) -> None:
    """Have the target say whose it is, and the one that the site had before say it no longer. place: of this checkout."""
    own = make_owner(site, row)
    before = row.target.partition(" ")[0] if row.target and row.place == place else ""
    if before and before != site.settings.target.url:
        old = open_mark(site.root, site.settings, before)
        try:
            if old.place != mark.place and old.read() == own:
                old.remove()
        except CmsError:  # a bucket that is gone, or whose key is: whoever publishes there next is told what to remove
            pass
    mark.write(own)


def describe_place(row: SiteRow, place: str) -> Problem | None:
    """What to tell somebody who builds one site in the folders of two checkouts."""
    if row.place is None or row.place == place:
        return None
    said = (
        "no checkout's output folder holds every page: they were built by turns"
        if row.place == SPLIT
        else "this output folder holds only what is built here; the other pages are in another checkout's"
    )
    return Problem("publish.other-place", "site.toml", 0, said, EVERYTHING_HERE, "warning")
