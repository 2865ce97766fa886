"""Merges a change that was made from an older version of an entry with what others changed since then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import msgspec
from psycopg import Connection

from cms_ssg.content.approval import put_approvals, take_approvals
from cms_ssg.entries.merge import Conflict, merge_bodies, merge_fields
from cms_ssg.entries.rebuild import load_version
from cms_ssg.entries.values import EntryInput
from cms_ssg.store.entries import OF_FILES, DraftRow
from cms_ssg.store.texts import StoredEntry
from cms_ssg.types import Json, Problem

Read = tuple[DraftRow | None, str, bool, tuple[Problem, ...]]


@dataclass(frozen=True, slots=True)
class MergedEntry:
    """read: the entry with both changes, as it would be stored; theirs: fields that only others changed; conflicts: fields that both did."""

    read: Read
    theirs: tuple[str, ...] = ()
    conflicts: dict[str, Conflict] = field(default_factory=dict)


def merge_changes(
    connection: Connection, site_id: int, entry: EntryInput, stored: StoredEntry, read: Callable[[EntryInput, StoredEntry, str], Read]
) -> MergedEntry | None:
    """The change that was made from entry.expected_version, made in what is stored now; None where that version is not known.

    read: makes what would be stored of a change of an entry.
    """
    base = load_version(connection, site_id, stored, entry.expected_version or 0)
    if base is None or stored.source in OF_FILES:
        return None
    keys = _list_keys(base)
    status = entry.status or keys["status"]
    # read as a draft: only what is made of both changes has to be approved
    draft, markdown, removed, problems = read(
        entry if status == "trashed" else replace(entry, status="draft", goes_out=None), base, base.file
    )
    if draft is None:
        return MergedEntry((None, markdown, removed, problems))
    # approvals are of one text each: those of another text than the merged one count no more, and are no conflict
    (old, _), (now, known), (given_values, more) = map(take_approvals, (base.fields, stored.fields, msgspec.json.decode(draft.fields)))
    given = {"status": status, "translation_key": draft.translation_key}
    fields = merge_fields(old, now, given_values)
    merged_keys = merge_fields(keys, _list_keys(stored), given)
    body, paragraphs = merge_bodies(base.markdown, stored.markdown, markdown)
    conflicts = fields.conflicts | merged_keys.conflicts
    for number, conflict in enumerate(paragraphs):
        conflicts["body" if len(paragraphs) == 1 else f"body.{number + 1}"] = conflict
    if conflicts:
        return MergedEntry((None, "", False, ()), (), conflicts)
    theirs = [*fields.theirs, *merged_keys.theirs, *(["body"] if body != markdown else [])]
    status = str(merged_keys.values["status"])
    values = put_approvals(fields.values, list(dict.fromkeys([*known, *more])))
    both = stored._replace(fields=values, translation_key=str(merged_keys.values["translation_key"]), markdown=body)
    return MergedEntry(read(EntryInput(number=stored.id, status=status, goes_out=entry.goes_out), both, stored.file), tuple(theirs))  # type: ignore[arg-type]


def _list_keys(entry: StoredEntry) -> dict[str, Json]:
    return {"status": "trashed" if entry.removed or entry.status == "trashed" else entry.status, "translation_key": entry.translation_key}
