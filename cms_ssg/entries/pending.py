"""Changes that are made now and applied later: at a time, or once they are approved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from psycopg import Connection

from cms_ssg import authoring
from cms_ssg.content.approval import FIELD, add_approval, list_approvals
from cms_ssg.content.frontmatter.parse import parse_front_matter
from cms_ssg.content.read_file import read_file
from cms_ssg.entries.file_changes import apply_to_file
from cms_ssg.entries.find import find_entry
from cms_ssg.entries.front import read_body
from cms_ssg.entries.notices import APPROVED, tell
from cms_ssg.entries.read import read_entry
from cms_ssg.entries.save import Entries, decode_json
from cms_ssg.entries.values import EntryInput
from cms_ssg.errors import CmsError, UsageError
from cms_ssg.site import Site
from cms_ssg.store.entries import OF_FILES
from cms_ssg.store.pending import PendingRow, add_pending, approve_pending, claim_due, end_pending, find_pending, rebase_pending
from cms_ssg.store.revisions import add_act, list_writers
from cms_ssg.store.texts import StoredEntry, find_by_files, load_entries
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
    entries.origin, entries.approvers = origin, [name for name in row.approved_by.split(", ") if name]
    stored = next(iter(load_entries(connection, site_id, [row.entry], lock=True)), None)
    said = _find_obstacle(row, stored)
    if not said and row.base is not None:
        said = apply_to_file(site, row)
        if not said:
            end_pending(connection, site_id, row.id, "applied")
            return None
    elif not said:
        change = EntryInput("", row.fields, row.body, row.status, number=row.entry, expected_version=row.base_version)
        saved = entries.save_entries([change])[0]
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


def _find_obstacle(row: PendingRow, stored: StoredEntry | None) -> str:
    if stored is None:
        return "the entry was deleted"
    if row.status is None and (stored.removed or stored.status == "trashed"):
        return "the entry is in the trash"
    return ""


def approve_change(
    connection: Connection, site: Site, site_id: int, number: int, by: str, act: int = 0
) -> tuple[PendingRow, Problem | None, bool]:
    """Approve a change that waits; with enough approvals it is made, at once or at its time. Returns the change, what hinders it, whether it was made.

    act: number of the act that this is part of.

    Raises UsageError pending.not-found, workflow.own.
    """
    row = find_waiting(connection, site_id, number)
    if not by or by in (row.author, *row.approved_by.split(", ")):
        said = "nobody is named who approves it" if not by else f"{by} " + ("wrote it" if by == row.author else "approved it before")
        raise UsageError(Problem("workflow.own", row.file, 0, said, "--author NAME names somebody else, who approves it."))
    with connection.transaction():
        stored = next(iter(load_entries(connection, site_id, [row.entry], lock=True)), None)
        names = [*(name for name in row.approved_by.split(", ") if name), by]
        if stored is not None:
            tell(connection, site, site_id, APPROVED, stored, who=by, change=number)
        rule = site.settings.workflow.get(stored.type) if stored is not None else None
        if rule is not None and len(names) < rule.approvals:
            approve_pending(connection, site_id, number, ", ".join(names))
            return row, None, False
        approve_pending(connection, site_id, number, ", ".join(names), is_enough=True)
        row = find_waiting(connection, site_id, number)
        if row.due_at is not None:
            return row, None, False
        problem = apply_change(connection, site, site_id, row, "approval", act)
        return row, problem, problem is None


def approve_entry(entries: Entries, what: str, by: str) -> tuple[str, list[str]]:
    """Approve an entry as it is: a draft of the store, or what its file says. Returns its file, and the field `approved` as it is now.

    what: as for cms entry. Raises UsageError workflow.own, and CmsError.
    """
    connection, site, site_id = entries.connection, entries.site, entries.site_id
    entry = find_entry(connection, site, site_id, what)
    file = entry.file if entry is not None else authoring.find_content(site, what).file
    number = entry.id if entry is not None else next((row[1] for row in find_by_files(connection, site_id, [file])), 0)
    if not by or by in list_writers(connection, site_id, number):
        said = f"{by} wrote it" if by else "nobody is named who approves it"
        raise UsageError(Problem("workflow.own", file, 0, said, "--author NAME names somebody else, who approves it."))
    if entry is None or entry.source in OF_FILES:
        return file, _approve_file(site, file, by)
    entries.approvers = [by]
    entries.save_entry(EntryInput(number=number))
    after = load_entries(connection, site_id, [number])[0]
    return file, [f"{name} {digest}" for name, digest in list_approvals(after.fields)]


def _approve_file(site: Site, file: str, by: str) -> list[str]:
    data = read_file(str(site.root), file)
    if isinstance(data, Problem):
        raise CmsError(data)
    front = parse_front_matter(data, file, site.rules.front_matter_bytes)
    row, problems = read_entry(site, file, {**front.fields, "draft": True}, front.body)
    if row is None:
        raise CmsError(*problems, *front.problems)
    approved = add_approval(decode_json(row.fields), front.body, [by])
    authoring.set_values(site, file, {FIELD: approved}, ())
    return approved
