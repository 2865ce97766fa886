"""The date of an entry that goes out: one rule for the command, the desk, the API, approvals and scheduled changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from cms_ssg.content.frontmatter.dates import format_moment, parse_date
from cms_ssg.entries.values import EntryInput
from cms_ssg.site import Site
from cms_ssg.store.texts import StoredEntry
from cms_ssg.types import Json


def keep_given_date(site: Site, entry: EntryInput, file: str) -> EntryInput:
    """The same change; where it names a date, the entry gets that one and none of its own. file: of the entry."""
    rule = site.rules.find_collection(file)
    key = rule.fields.get("date", "date") if rule is not None else "date"
    return replace(entry, goes_out=None) if entry.goes_out is not None and not {"date", key}.isdisjoint(entry.fields) else entry


def date_publication(site: Site, old: StoredEntry, fields: Mapping[str, Json], goes_out: datetime) -> dict[str, Json]:
    """The field date of an entry that becomes public, where its type is dated by that; nothing where it is public already.

    old: the entry before; fields: as they will be; goes_out: when it is made public, unless its publish_at is later.
    """
    schema = site.schemas.get(old.type)
    begins, before = (_read_moment(site, one.get("publish_at")) for one in (fields, old.fields))
    was_public = old.status == "published" and (before is None or before <= goes_out)
    if schema is None or not schema.months or (was_public and begins in (None, before)):
        return {}
    return {"date": format_moment(max(begins, goes_out) if begins is not None else goes_out)}


def _read_moment(site: Site, value: Json) -> datetime | None:
    """A moment, None for none; what is wrong with one is said where the entry is checked."""
    try:
        return parse_date(value, site.settings.timezone) if value else None
    except (TypeError, ValueError):
        return None
