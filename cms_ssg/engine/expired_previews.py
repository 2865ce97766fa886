"""Take previews away: by name, or once they have expired. Their rows name their objects, so nothing is listed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
from psycopg import Connection

from cms_ssg.engine.place import name_place
from cms_ssg.errors import CmsError
from cms_ssg.publish.open_target import open_target
from cms_ssg.publish.target import Target, Writer
from cms_ssg.site import Site
from cms_ssg.store.previews import DELETE, PreviewRow, list_previews
from cms_ssg.types import Problem


def forget_expired(connection: Connection, site_id: int, site: Site) -> list[Problem]:
    """Remove what has expired and lies where this checkout can reach it. The caller commits. Returns what could not be removed."""
    return forget_previews(connection, site_id, site, list_previews(connection, site_id, expired=True))


def forget_previews(connection: Connection, site_id: int, site: Site, rows: Sequence[PreviewRow]) -> list[Problem]:
    """Remove these: the objects first, so that a kill leaves a row that is asked again. Returns what could not be removed."""
    problems: list[Problem] = []
    for row in rows:
        if row.place and row.place != find_place(site.root, row.target):
            continue  # it lies in the folder of another checkout
        try:
            refused = next((reason for reason in open_place(site, row.target).remove_many(row.keys) if reason is not None), None)
        except CmsError as error:  # a restored store may know of previews in a bucket that this machine has no key for
            refused = error.problems[0].message
        if refused is None:
            connection.execute(DELETE, (site_id, row.token))
        else:
            said = f"the preview of {row.subject} could not be removed: {refused}"
            problems.append(Problem("preview.left", "", 0, said, "The next build tries again.", "warning"))
    return problems


def find_place(root: Path, url: str) -> str:
    """The checkout whose folder a target is, '' where every checkout has the same."""
    scheme, _, folder = url.partition(":")
    return name_place(root, url, make=True) or str((root / folder).resolve()) if scheme == "folder" else ""


def open_place(site: Site, url: str, writer: Writer | None = None) -> Target:
    """A target that previews were published to, which may not be the site's any more. Nothing of it is kept as a release."""
    target = msgspec.structs.replace(site.settings.target, url=url, keep_releases=0)
    return open_target(site.root, msgspec.structs.replace(site.settings, target=target), writer)
