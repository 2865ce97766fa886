"""Takes an import back: what it added goes, what it changed gets its old values, and what somebody changed since then stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from psycopg import Connection

from cms_ssg.entries.save import Entries
from cms_ssg.entries.values import EntryInput
from cms_ssg.errors import UsageError, fail
from cms_ssg.site import Site
from cms_ssg.store.imports import UNDONE, ChangedRow, ImportRow, drop_rows, list_imports, list_rows, renumber_rows, try_lock, unlock
from cms_ssg.store.revisions import MARK_IMPORT_UNDONE, add_act
from cms_ssg.store.texts import StoredEntry, delete_entries, load_entries
from cms_ssg.types import Json, Problem

BATCH: Final = 1000
FIXED: Final = frozenset(("locale", "collection"))
"""They follow from other fields."""


@dataclass(slots=True)
class Undone:
    """What was taken back. removed: entries that the import had added; restored: that it had changed; kept: that have later edits in all it did.

    act: the undo's number in the audit log.
    """

    number: int
    removed: int = 0
    restored: int = 0
    kept: int = 0
    act: int = 0


def find_import(connection: Connection, site_id: int, number: int) -> ImportRow:
    """An import by its number. Raises UsageError import.not-found."""
    found = list_imports(connection, site_id, number, 1)
    if not found:
        raise UsageError(Problem("import.not-found", "", 0, f"there is no import {number}", "cms import list shows what there is."))
    return found[0]


def undo_import(connection: Connection, site: Site, site_id: int, number: int, author: str = "") -> Undone:
    """Take an import back, a batch a transaction; killed, it goes on when it is run again. Raises UsageError import.not-found, CmsError import.undone."""
    row = find_import(connection, site_id, number)
    if row.undone_at is not None:
        raise fail("import.undone", f"import {number} was undone before", hint="cms import list shows what there is.")
    if not try_lock(connection, site_id, row.source):
        raise fail("import.busy", f"an import of {row.source} is running", hint="Wait for it.")
    result, entries, after = Undone(number), Entries(connection, site, site_id, row.source, author), 0
    try:
        while rows := list_rows(connection, number, after, BATCH):
            after = rows[-1].entry
            with connection.transaction():
                _undo_batch(entries, rows, result)
                drop_rows(connection, number, [one.entry for one in rows])
        connection.execute(UNDONE, (number,))
        result.act = _note(connection, site_id, author, result)
    finally:
        unlock(connection, site_id, row.source)
    return result


def _note(connection: Connection, site_id: int, author: str, result: Undone) -> int:
    """Say in the audit log what was taken back: entries that are deleted have no revisions to count."""
    said = f"import {result.number}: {result.removed} removed, {result.restored} restored, {result.kept} kept"
    by = add_act(connection, site_id, author, "cli", "undo", said)
    connection.execute(MARK_IMPORT_UNDONE, (by, site_id, f"import {result.number}: %"))
    return by


def _undo_batch(entries: Entries, rows: list[ChangedRow], result: Undone) -> None:
    stored = {e.id: e for e in load_entries(entries.connection, entries.site_id, [row.entry for row in rows], lock=True)}
    gone: list[int] = []
    inputs: list[tuple[EntryInput, int]] = []  # with the version that the entry had before, 0 where somebody changed it since
    for row in rows:
        entry = stored.get(row.entry)
        if entry is None:
            continue
        if row.changes is None:
            if entry.version == row.version:
                gone.append(entry.id)
            else:
                result.kept += 1
            continue
        values = _list_old_values(entry, row.changes)
        if values:
            inputs.append((EntryInput(number=entry.id, **values), row.version - 1 if entry.version == row.version else 0))
        else:
            result.kept += 1
    result.removed += delete_entries(entries.connection, entries.site_id, gone)
    again: list[tuple[int, int, int]] = []
    for (_, before), saved in zip(inputs, entries.save_entries([one for one, _ in inputs]), strict=True):
        if saved.action == "failed":
            result.kept += 1
            continue
        result.restored += 1
        if before:
            again.append((saved.number, before, saved.version))
    renumber_rows(entries.connection, result.number, again)


def _list_old_values(entry: StoredEntry, changes: dict[str, list[Json]]) -> dict[str, Any]:
    """What an EntryInput needs to bring back each value that nobody changed since."""
    values: dict[str, Any] = {}
    fields: dict[str, Json] = {}
    status = "trashed" if entry.removed or entry.status == "trashed" else entry.status
    for name, (before, after) in changes.items():
        if name == "body" and entry.markdown == after:
            values["body"] = before
        elif name == "status" and status == after:
            values["status"] = before
        elif name == "translation_key" and entry.translation_key == after:
            fields[name] = before
        elif name == "metadata":
            fields |= _list_old_metadata(entry.fields.get(name) or {}, before or {}, after or {})
        elif name not in FIXED and entry.fields.get(name) == after:
            fields[name] = before
    if fields:
        values["fields"] = fields
    return values


def _list_old_metadata(now: dict[str, Json], before: dict[str, Json], after: dict[str, Json]) -> dict[str, Json]:
    """The metadata with each value that nobody changed since brought back; nothing where all were."""
    merged = dict(now)
    for name in {**before, **after}:
        if before.get(name) != after.get(name) and now.get(name) == after.get(name):
            if name in before:
                merged[name] = before[name]
            else:
                merged.pop(name, None)
    return {"metadata": merged or None} if merged != now else {}
