"""Writes a change that waited into a content file, merged with what the file says by now."""

from __future__ import annotations

from cms_ssg import authoring
from cms_ssg.content.frontmatter.parse import parse_front_matter
from cms_ssg.content.read_file import read_file
from cms_ssg.entries.merge import merge_bodies, merge_fields
from cms_ssg.errors import CmsError
from cms_ssg.site import Site
from cms_ssg.store.pending import PendingRow
from cms_ssg.types import Json, Problem


def apply_to_file(site: Site, row: PendingRow) -> str:
    """Change the file that a change is of. Returns what hinders it, "" where it was done."""
    data = read_file(str(site.root), row.file)
    if isinstance(data, Problem):
        return data.message
    front, base = parse_front_matter(data, row.file, site.rules.front_matter_bytes), row.base or {}
    try:
        now = authoring.Content(site, row.file).draft.fields
    except CmsError as error:
        return error.problems[0].message
    before: dict[str, Json] = base.get("fields") or {}
    given = {**before, **row.fields}
    merged = merge_fields(
        {name: before.get(name) for name in row.fields}, {name: now.get(name) for name in row.fields}, {n: given[n] for n in row.fields}
    )
    body, paragraphs = (front.body, []) if row.body is None else merge_bodies(base.get("body") or "", front.body, row.body)
    if merged.conflicts or paragraphs:
        names = ", ".join([*merged.conflicts, *(["body"] if paragraphs else [])])
        return f"the file was changed in the same places since: {names}"
    values = {name: value for name, value in merged.values.items() if value is not None}
    try:
        if row.fields or body != front.body:
            gone = [name for name, value in merged.values.items() if value is None]
            authoring.set_values(site, row.file, values, gone, None if body == front.body else body)
        if row.status == "published":
            authoring.publish(site, row.file, keep_date="date" in row.fields)
        elif row.status is not None:
            {"draft": authoring.unpublish, "trashed": authoring.trash}[row.status](site, row.file)
    except CmsError as error:
        return error.problems[0].message
    return ""
