"""Reads entries that no file holds again after settings, types or our own code changed, as a sync reads files again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from psycopg import Connection

from cms_ssg.site import Site
from cms_ssg.store.entries import DraftRow
from cms_ssg.store.texts import StoredEntry, list_unread, load_entries, save_readings
from cms_ssg.types import Problem

BATCH: Final = 500


def read_again(connection: Connection, site: Site, site_id: int, digest: bytes, commit: Callable[[], None]) -> tuple[int, list[Problem]]:
    """Read what was last read under other rules than these, or written by SQL. Returns how many, and what is wrong; its last values stay then.

    digest: of the rules; commit: called where what was saved so far may be kept.
    """
    total, said = 0, list[Problem]()
    while numbers := list_unread(connection, site_id, digest, BATCH):
        rows, problems = [], []
        for entry in load_entries(connection, site_id, numbers, lock=True):
            row, found = _read(site, entry)
            problems.append((entry.id, found))
            said += found
            if row is not None:
                rows.append((entry.id, row))
        if not problems:  # Markdown of an entry that another site has
            break
        save_readings(connection, rows, problems, digest)
        commit()
        total += len(problems)
    return total, said


def _read(site: Site, entry: StoredEntry) -> tuple[DraftRow | None, tuple[Problem, ...]]:
    from cms_ssg.entries.front_matter import make_fields  # with all that reads content, which a build that changes nothing does without
    from cms_ssg.entries.read import read_entry

    fields = make_fields(site, entry)
    if entry.removed or entry.status == "trashed":
        fields["status"] = "trashed"  # which is not published, so needs no approval
    elif entry.status == "draft":
        fields["draft"] = True
    return read_entry(site, entry.file, fields, entry.markdown)
