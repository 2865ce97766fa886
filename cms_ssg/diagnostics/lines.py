"""Where a setting, or a field of a content file, is written: the line that a message names."""

from __future__ import annotations

from cms_ssg.site import Site
from cms_ssg.types import Problem


def line_of_field(site: Site, file: str, field: str) -> int:
    """Where a file's front matter gives a field, 0 where it does not."""
    from cms_ssg.content.collections import find_collection
    from cms_ssg.content.frontmatter import parse_front_matter
    from cms_ssg.content.read_file import read_file

    collection, data = find_collection(file, site.rules.collections), read_file(str(site.root), file)
    if collection is None or isinstance(data, Problem):
        return 0
    lines = parse_front_matter(data, file).lines
    return lines.get(collection.fields.get(field, field).partition(".")[0]) or lines.get(field, 0)


def line_of_setting(site: Site, *key: str) -> int:
    """Where site.toml gives a setting, 0 where it does not."""
    from cms_ssg.config.load import read_site_toml
    from cms_ssg.config.toml_lines import list_key_lines

    return list_key_lines(read_site_toml(site.root)).get(key, 0)
