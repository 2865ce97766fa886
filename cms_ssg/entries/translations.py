"""Which translations are missing or older than what they translate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from psycopg import Connection

from cms_ssg.content.git.log import read_commits
from cms_ssg.site import Site
from cms_ssg.store.entries import FILE, SHARED
from cms_ssg.store.query import Query, fetch

NEARBY: Final = timedelta(seconds=5)
"""What was saved within so short a time was saved together."""


class VersionRow(NamedTuple):
    """An entry with the time of its last change of content. added_at: of the store's first record of it."""

    id: int
    file: str
    source: str
    translation_key: str
    locale: str
    title: str
    owner: str
    changed_at: datetime | None
    added_at: datetime | None


LIST: Final = Query(
    """
SELECT e.id, e.source_key, e.source, e.translation_key, e.locale, coalesce(e.fields ->> 'title', ''), coalesce(e.fields -> 'metadata' ->> 'owner', ''),
  (SELECT max(r.made_at) FROM cms.revisions r WHERE r.entry = e.id AND r.kind = 'c' AND (r.body IS NOT NULL OR r.changes - ARRAY['status', 'file'] <> '{}')),
  (SELECT min(r.made_at) FROM cms.revisions r WHERE r.entry = e.id)
FROM cms.entries e WHERE e.site = %(site)s AND e.removed_at IS NULL AND e.status = 'published' AND e.type = ANY(%(types)s) ORDER BY e.source_key""",
    VersionRow,
)


class Translation(NamedTuple):
    """A translation that is to be made. state: missing, or stale if its original was changed after it; file: of the translation, "" where it is missing."""

    state: Literal["missing", "stale"]
    locale: str
    original: str
    title: str
    file: str
    owner: str
    original_at: datetime | None
    translated_at: datetime | None


def list_translations(connection: Connection, site: Site, site_id: int, locale: str = "") -> Iterator[Translation]:
    """What lacks in each locale but the first. locale: only in this one.

    An entry was changed when git says so, where it is a file's that is committed; else when the store noted it.
    """
    types = [name for name, schema in site.schemas.items() if schema.pages]
    rows = fetch(connection, LIST, site=site_id, types=types)
    commits = _read_commit_times(site)
    by_key: dict[tuple[str, str], VersionRow] = {(row.translation_key, row.locale): row for row in rows}
    wanted = [locale] if locale else list(site.locales)[1:]
    for row in rows:
        if row.locale != site.default_locale:
            continue
        at = _find_time(row, commits)
        for code in wanted:
            other = by_key.get((row.translation_key, code))
            if other is None:
                yield Translation("missing", code, row.file, row.title, "", row.owner, at, None)
                continue
            translated_at = _find_time(other, commits)
            if (
                at is not None
                and (row.changed_at is not None or (row.source, row.file) in commits)
                and translated_at is not None
                and at > translated_at + NEARBY
            ):
                yield Translation("stale", code, row.file, row.title, other.file, other.owner or row.owner, at, translated_at)


def list_originals(connection: Connection, site: Site, site_id: int) -> list[str]:
    """Files of everything public in the first locale that has pages."""
    types = [name for name, schema in site.schemas.items() if schema.pages]
    return [row.file for row in fetch(connection, LIST, site=site_id, types=types) if row.locale == site.default_locale]


def _find_time(row: VersionRow, commits: Mapping[tuple[str, str], datetime]) -> datetime | None:
    committed = commits.get((row.source, row.file))
    return committed or row.changed_at or row.added_at


def _read_commit_times(site: Site) -> dict[tuple[str, str], datetime]:
    """When each content file was committed last: (source, file) -> time. A file with changes that are not committed is left out."""
    times: dict[tuple[str, str], datetime] = {}
    for source, roots in ((FILE, [site.root]), (SHARED, [site.root / folder for folder in site.settings.shared])):
        for root in roots:
            for one in read_commits(root, ["content"]) if root.is_dir() else ():
                times.setdefault((source, one.file), one.at)
    return times
