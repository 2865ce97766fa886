"""Fields and Markdown as the file of a name would be read, in the form in which they are stored."""

from __future__ import annotations

from typing import Any

from cms_ssg.content.read import read_values
from cms_ssg.site import Site
from cms_ssg.store.entries import DraftRow, make_row
from cms_ssg.types import Problem


def read_entry(site: Site, file: str, fields: dict[str, Any], markdown: str) -> tuple[DraftRow | None, tuple[Problem, ...]]:
    """The row of an entry, None where one of the problems is an error; and all problems."""
    draft, problems = read_values(site.rules, file, fields, markdown)
    if draft is not None:
        return make_row(draft, site.rules.types[draft.type].dated), problems
    hint = "Give a [[collection]] of site.toml this path, or trash the entry."
    missing = Problem("entry.no-collection", file, 0, "no collection takes the file that would hold this entry", hint)
    return None, problems or (missing,)
