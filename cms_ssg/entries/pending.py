"""Changes that are made now and applied later: at a time, or once they are approved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from psycopg import Connection

from cms_ssg.content.approval import parse_approvals
from cms_ssg.entries.file_changes import apply_to_file
from cms_ssg.entries.front_matter import read_body
from cms_ssg.entries.save import Entries
from cms_ssg.entries.values import EntryInput
from cms_ssg.errors import CmsError, UsageError
from cms_ssg.site import Site
from cms_ssg.store.entries import OF_FILES
from cms_ssg.store.pending import PendingRow, add_pending, claim_due, end_pending, find_pending, rebase_pending
from cms_ssg.store.revisions import add_act
from cms_ssg.store.texts import StoredEntry, load_entries
from cms_ssg.types import Problem


def schedule_change(
    entries: Entries, entry: StoredEntry, change: EntryInput, due_at: datetime | None, *, needs_approval: bool = False
) -> int:
    """Keep a change of an entry for later. What is wrong with it is said now. Returns its number. Raises CmsError, UsageError entry.of-file."""
    if entry.source in OF_FILES and (entry.source != "file" or not entry.id or needs_approval or not entries.site.settings.desk.files):
        hint = "Commit the change when it is time, or merge a branch then; [desk] files = true has cms write it into the file at its time."
        raise UsageError(Problem("entry.of-file", entry.file, 0, "a file's entry is changed in its file", hint))
    base = {"fields": entry.fields, "body": read_body(entries.site, entry)} if entry.source in OF_FILES else None
    entries.takes_files = base is not None
    with entries.connection.transaction():
        checked = entries.save_entries([replace(change, status="draft") if needs_approval else change], dry_run=True)[0]
        entries.takes_files = False
        if checked.action == "failed":
            raise CmsError(*checked.problems)
        return add_pending(
            entries.connection, entries.site_id, entry=entry.id, base_version=entry.version, author=entries.author, due_at=due_at,
            needs_approval=needs_approval, fields=dict(change.fields), body=change.body, status=change.status, base=base,
        )  # fmt: skip


def cancel_change(connection: Connection, site_id: int, number: int) -> PendingRow:
    """Take back a change that waits. Raises UsageError pending.not-found."""
    row = find_waiting(connection, site_id, number)
    end_pending(connection, site_id, number, "cancelled")
    return row


def find_waiting(connection: Connection, site_id: int, number: int) -> PendingRow:
    """A change that waits, or failed. Raises UsageError pending.not-found."""
    row = find_pending(connection, site_id, number)
    if row is None or row.state not in ("waiting", "failed"):
        said = f"there is no change {number}" if row is None else f"change {number} was {row.state} before"
        raise UsageError(Problem("pending.not-found", "", 0, said, "cms entry pending lists what waits."))
    return row


def apply_due(connection: Connection, site: Site, site_id: int, now: datetime, commit: Callable[[], None]) -> tuple[int, list[Problem]]:
    """Apply what is due, in the order of the times. Returns how many were, and a warning for each that does not fit any more."""
    count, problems = 0, list[Problem]()
    while (row := claim_due(connection, site_id, now)) is not None:
        act = add_act(connection, site_id, row.author, "schedule", "apply", f"change {row.id} of {row.file}")
        problem = apply_change(connection, site, site_id, row, act=act)
        if problem is not None:
            problems.append(problem)
        else:
            count += 1
        commit()
    return count, problems


def apply_change(
    connection: Connection, site: Site, site_id: int, row: PendingRow, origin: str = "schedule", act: int = 0
) -> Problem | None:
    """Apply a change in the caller's transaction; a warning where it does not fit. What others changed since it was made is merged.

    act: number of the act that it belongs to, by which it can be undone.
    """
    entries = Entries(connection, site, site_id, author=row.author)
    entries.act = act
    entries.origin, entries.approvals = origin, parse_approvals(row.approved_by)
    stored = next(iter(load_entries(connection, site_id, [row.entry], lock=True)), None)
    said = _find_obstacle(row, stored)
    if not said and row.base is not None:
        said = apply_to_file(site, row)
        if not said:
            end_pending(connection, site_id, row.id, "applied")
            return None
    elif not said:
        goes_out = (row.due_at or datetime.now(UTC)) if row.status == "published" else None
        saved = entries.save_entries([replace(make_pending_input(row), goes_out=goes_out)])[0]
        if saved.action != "failed":
            assert stored is not None
            end_pending(connection, site_id, row.id, "applied")
            rebase_pending(connection, site_id, row, stored.version, saved.version)
            return None
        said = "; ".join(problem.message for problem in saved.problems)
    end_pending(connection, site_id, row.id, "failed", said)
    hint = f"cms entry pending shows it, cms entry cancel {row.id} takes it away."
    return Problem(
        "pending.failed", row.file, 0, f"change {row.id} by {row.author or 'nobody named'} cannot be made: {said}", hint, "warning"
    )


def make_pending_input(row: PendingRow) -> EntryInput:
    """A change that waits, as it is saved."""
    return EntryInput("", row.fields, row.body, row.status, number=row.entry, expected_version=row.base_version)


def _find_obstacle(row: PendingRow, stored: StoredEntry | None) -> str:
    if stored is None:
        return "the entry was deleted"
    if row.status is None and (stored.removed or stored.status == "trashed"):
        return "the entry is in the trash"
    return ""
