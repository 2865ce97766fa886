"""What tests of entries share: a writer for a site on a page, and its files moved into the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cms_ssg.build import sync
from cms_ssg.content.collections.rules import find_collection
from cms_ssg.content.frontmatter.parse import parse_front_matter
from cms_ssg.entries.save import Entries
from cms_ssg.entries.values import EntryInput, Saved
from cms_ssg.site import open_site
from cms_ssg.store.sites import ensure_site
from tests.engine.siteonpage import SiteOnPage, database


@contextmanager
def writing(page: SiteOnPage, source: str = "api", author: str = "") -> Iterator[Entries]:
    """Writes entries of the site."""
    site = open_site(page.root, {}, "")
    with page.connect() as connection:
        yield Entries(connection, site, ensure_site(connection, site.settings.store_name).id, source, author)


def save(page: SiteOnPage, *entries: EntryInput, source: str = "api", author: str = "") -> list[Saved]:
    """Save entries in one transaction."""
    with writing(page, source, author) as writer, writer.connection.transaction():
        return writer.save_entries(entries)


def move_to_store(page: SiteOnPage) -> int:
    """Every content file becomes an entry of the store; how many."""
    site = open_site(page.root, {}, "")
    inputs = []
    for path in sorted((page.root / "content").rglob("*.md")):
        file = path.relative_to(page.root).as_posix()
        if find_collection(file, site.rules.collections) is None:
            continue
        front = parse_front_matter(path.read_bytes(), file)
        fields = dict(front.fields)
        draft, status = fields.pop("draft", False), fields.pop("status", None)
        given = "trashed" if status == "trashed" else "draft" if draft is True or status == "draft" else None
        inputs.append(EntryInput("", fields, front.body, given, file=file))
        path.unlink()
    with database(page.url):
        sync(page.root, page.options)
    for saved in save(page, *inputs):
        assert saved.action == "added", saved
    return len(inputs)
