"""Drafts, and what is to come, for the local server alone: rendered as a preview is, marked, and written nowhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final, LiteralString

from cms_ssg.content.frontmatter.dates import say_moment
from cms_ssg.errors import CmsError
from cms_ssg.preview.make import gather_objects, open_for_preview, show_with_images
from cms_ssg.preview.subject import Subject
from cms_ssg.site import Site
from cms_ssg.types import Problem

if TYPE_CHECKING:
    from psycopg import Connection

MOST_DRAFTS: Final = 100
"""The newest so many are shown."""

MOST_PAGES: Final = 300

DRAFTS: Final[LiteralString] = """
SELECT id, source_key, status, publish_at FROM cms.entries
WHERE site = %s AND removed_at IS NULL AND (status = 'draft' OR status = 'published' AND publish_at > clock_timestamp()) ORDER BY id DESC LIMIT %s"""
_BODY: Final = re.compile(rb"<body\b[^>]*>", re.IGNORECASE)
_STYLE: Final = (
    "all:initial;display:block;position:sticky;top:0;z-index:2147483647;padding:.4rem 1rem;"
    "background:#ffd75e;color:#221a00;font:600 .875rem/1.4 system-ui,sans-serif;text-align:center"
)


@dataclass(frozen=True, slots=True)
class DraftPages:
    """What the server gives in place of, or beside, what is published. objects: bytes and content type by path; drafts: path by content file."""

    objects: Mapping[str, tuple[bytes, str]] = field(default_factory=dict)
    drafts: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def render_drafts(root: Path, env: str = "") -> DraftPages:
    """Render the site's drafts with the pages that would show them. Nothing is kept; a file that cannot be read is left out.

    Raises CmsError where the store cannot be asked, or a build is in the way.
    """
    from cms_ssg.engine.surroundings import make_surroundings
    from cms_ssg.preview.render import Previewer

    with open_for_preview(root, env) as (site, connection, row):
        found = _list_drafts(connection, row.id, site)
        if not found or site.type_problems:
            return DraftPages()
        files = sorted({*(file for file, _ in found.values()), *_list_beside(site, [file for file, _ in found.values()])})
        now = datetime.now(UTC)
        subject = Subject("the drafts", site, files)
        previewer = Previewer(connection, row, subject, make_surroundings(site, now), now, MOST_PAGES)
        shown = show_with_images(previewer)
        pages = {one.job.path: one for one in shown.rendered if one.artifact is not None}
        problems = [one.problem for one in shown.rendered if one.problem is not None]
        objects = gather_objects(previewer, shown, pages, problems)
        entries = {path: one.job.owner for path, one in pages.items() if site.features.outputs[one.job.kind].role == "entry"}
        own = {path: found[owner] for path, owner in entries.items() if owner in found}
        for path, one in pages.items():
            assert one.artifact is not None
            said = own[path][1] if path in own else "This page shows drafts"
            objects[path] = (mark_page(one.artifact.data, f"{said}. Nobody else sees it."), one.artifact.content_type)
    return DraftPages(objects, {file: path for path, (file, _) in own.items()}, tuple(problems))


def _list_drafts(connection: Connection, site_id: int, site: Site) -> dict[int, tuple[str, str]]:
    """File and what it is, by the entry's number."""
    return {
        number: (file, "Draft" if status == "draft" else f"Goes out at {say_moment(publish_at, site.zone)}")
        for number, file, status, publish_at in connection.execute(DRAFTS, (site_id, MOST_DRAFTS)).fetchall()
        if (site.root / file).is_file()
    }


def _list_beside(site: Site, files: list[str]) -> list[str]:
    from cms_ssg.preview.subject import list_bundle

    return [other for file in files for other in list_bundle(site, file)]


def mark_page(data: bytes, text: str) -> bytes:
    """A page with a line at its top that says what it is; a feed or any other file as it is."""
    found = _BODY.search(data)
    if found is None:
        return data
    mark = f'<div role="note" data-cms-draft style="{_STYLE}">{escape(text)}</div>'.encode()
    return data[: found.end()] + mark + data[found.end() :]


def find_drafts(root: Path, env: str = "") -> DraftPages:
    """As render_drafts; where that cannot be done there are none, and a build says why."""
    try:
        return render_drafts(root, env)
    except CmsError as error:
        return DraftPages(problems=error.problems)
