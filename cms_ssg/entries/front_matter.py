"""A stored entry as a file: the fields that its front matter has, and the file's bytes, the same for the same entry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cms_ssg.authoring.patch_yaml import dump_yaml
from cms_ssg.content.frontmatter.parse import cut_body
from cms_ssg.content.read_file import read_file
from cms_ssg.site import Site
from cms_ssg.store.entries import FILE, SHARED
from cms_ssg.store.texts import StoredEntry
from cms_ssg.types import Json, Problem


def make_fields(site: Site, entry: StoredEntry) -> dict[str, Any]:
    """What the entry's front matter says: read again, it makes this entry."""
    fields: dict[str, Json] = dict(entry.fields)
    rule = site.rules.find_collection(entry.file)
    if rule is None:
        return fields
    if rule.locale.startswith("field:"):
        fields[rule.locale[6:]] = entry.locale
    if entry.translation_key != site.rules.read_place(rule, entry.file).key:
        fields["translation_key"] = entry.translation_key
    return fields


def make_file(site: Site, entry: StoredEntry) -> bytes:
    """The file that holds the entry: YAML front matter in the order of its schema, then the body as it was written."""
    fields = make_fields(site, entry)
    if entry.status == "draft":
        fields["draft"] = True
    if entry.removed or entry.status == "trashed":
        fields["status"] = "trashed"
    schema = site.schemas.get(entry.type)
    order = {name: number for number, name in enumerate(schema.properties)} if schema is not None else {}
    names = sorted(fields, key=lambda name: (order.get(name, len(order)), name))
    return f"---\n{''.join(write_field(name, fields[name]) for name in names)}---\n{entry.markdown}".encode()


def write_field(name: str, value: Json) -> str:
    """A line of front matter."""
    return f"{dump_yaml(name)}: {dump_yaml(value)}\n"


def is_too_large(fields: dict[str, Any], most_bytes: int) -> bool:
    """Whether these fields are more than front matter may hold. most_bytes: by [limits] front_matter_kb."""
    return sum(len(write_field(name, value).encode()) for name, value in fields.items()) > most_bytes


def list_folders(site: Site, entry: StoredEntry) -> list[Path]:
    """The folders that may hold a file's entry: the site's, or those that it shares; none for an entry of the store."""
    if entry.source == SHARED:
        return [site.root / folder for folder in site.settings.shared]
    return [site.root] if entry.source == FILE else []


def read_body(site: Site, entry: StoredEntry) -> str:
    """The Markdown that a file's entry has in its file, "" where that cannot be read."""
    found = (read_file(str(folder), entry.file) for folder in list_folders(site, entry))
    data = next((data for data in found if not isinstance(data, Problem)), b"")
    return cut_body(data, entry.file, site.rules.front_matter_bytes)
