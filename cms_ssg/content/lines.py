"""Where a field of a content file is written: the line that a message names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cms_ssg.content.collections.rules import find_collection
from cms_ssg.content.frontmatter.parse import parse_front_matter
from cms_ssg.content.read_file import read_file
from cms_ssg.types import Problem

if TYPE_CHECKING:
    from cms_ssg.site import Site


def line_of_field(site: Site, file: str, field: str) -> int:
    """Where a file's front matter gives a field, 0 where it does not."""
    collection, data = find_collection(file, site.rules.collections), read_file(str(site.root), file)
    if collection is None or isinstance(data, Problem):
        return 0
    lines = parse_front_matter(data, file, site.rules.front_matter_bytes).lines
    return lines.get(collection.fields.get(field, field).partition(".")[0]) or lines.get(field, 0)
