"""Approvals: of a change that waits, and of an entry as it is. Each is of exactly one text."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from psycopg import Connection

from cms_ssg import authoring
from cms_ssg.content.approval import FIELD, add_approval, list_approvals, parse_approvals
from cms_ssg.content.frontmatter.parse import parse_front_matter
from cms_ssg.content.read_file import read_file
from cms_ssg.entries.find import find_entry
from cms_ssg.entries.notices import APPROVED, add_notices
from cms_ssg.entries.pending import apply_change, find_waiting, make_pending_input
from cms_ssg.entries.read import read_entry
from cms_ssg.entries.save import Entries, decode_json
from cms_ssg.entries.values import EntryInput
from cms_ssg.errors import CmsError, UsageError
from cms_ssg.site import Site
from cms_ssg.store.entries import OF_FILES
from cms_ssg.store.pending import PendingRow, approve_pending
from cms_ssg.store.revisions import list_writers
from cms_ssg.store.texts import StoredEntry, find_by_files, load_entries
from cms_ssg.types import Problem

ANYBODY: Final = "?"
"""Approves what is only planned."""


def approve_change(
    connection: Connection, site: Site, site_id: int, number: int, by: str, act: int = 0, seen: int = 0
) -> tuple[PendingRow, Problem | None, bool]:
    """Approve a change that waits; with enough approvals it is made, at once or at its time. Returns the change, what hinders it, whether it was made.

    An approval counts for the text that the change makes now, and no more once the entry was changed again. act: number of the act that this is
    part of; seen: version of the entry that was looked at, 0 if it does not matter.

    Raises UsageError pending.not-found, workflow.own, CmsError entry.changed.
    """
    row = find_waiting(connection, site_id, number)
    with connection.transaction():
        stored = next(iter(load_entries(connection, site_id, [row.entry], lock=True)), None)
        row = find_waiting(connection, site_id, number)
        if seen and stored is not None and stored.version != seen:
            said = f"the entry was changed since it was looked at: it is version {stored.version}, not {seen}"
            raise CmsError(Problem("entry.changed", row.file, 0, said, "Look at the change again before you approve it."))
        text = digest_pending(connection, site, site_id, row, stored)
        names = [name for name, said in parse_approvals(row.approved_by) if said == text]
        why = _find_own(connection, site_id, row, stored, by, names)
        if why:
            raise UsageError(Problem("workflow.own", row.file, 0, why, "--author NAME names somebody else, who approves it."))
        names.append(by)
        if stored is not None:
            add_notices(connection, site, site_id, APPROVED, stored, who=by, change=number)
        rule = site.settings.workflow.get(stored.type) if stored is not None else None
        is_enough = rule is None or len(names) >= rule.approvals
        approve_pending(connection, site_id, number, "\n".join(f"{name} {text}" for name in names), is_enough=is_enough)
        if not is_enough:
            return row, None, False
        row = find_waiting(connection, site_id, number)
        if row.due_at is not None:
            return row, None, False
        problem = apply_change(connection, site, site_id, row, "approval", act)
        return row, problem, problem is None


def digest_pending(connection: Connection, site: Site, site_id: int, row: PendingRow, stored: StoredEntry | None) -> str:
    """Stands for the text that a change that waits would make, "" where it cannot be made."""
    if stored is None or row.base is not None:
        return ""
    entries = Entries(connection, site, site_id, author=row.author)
    entries.approvers = [ANYBODY]
    rows = [one for _, one in entries.plan_entries([replace(make_pending_input(row), status="draft")], lock=False).writes]
    return next((digest for one in rows for name, digest in list_approvals(decode_json(one.draft.fields)) if name == ANYBODY), "")


def find_approvers_now(connection: Connection, site: Site, site_id: int, row: PendingRow, stored: StoredEntry | None) -> list[str]:
    """Who has approved what a change that waits would make now."""
    given = parse_approvals(row.approved_by)
    text = digest_pending(connection, site, site_id, row, stored) if given else ""
    return [name for name, said in given if said == text]


def describe_pending(row: PendingRow) -> dict[str, Any]:
    """A change that waits, for other programs: those who approved it by their names."""
    return row._asdict() | {"approved_by": ", ".join(name for name, _ in parse_approvals(row.approved_by))}


def find_why_not(connection: Connection, site_id: int, row: PendingRow, stored: StoredEntry | None, by: str) -> str:
    """Why somebody may not approve a change because of what they wrote, "" where they may."""
    if by == row.author:
        return f"{by} wrote it"
    is_draft = stored is not None and stored.status != "published"
    return f"{by} wrote a part of it" if is_draft and stored is not None and by in list_writers(connection, site_id, stored.id) else ""


def _find_own(connection: Connection, site_id: int, row: PendingRow, stored: StoredEntry | None, by: str, names: list[str]) -> str:
    if not by:
        return "nobody is named who approves it"
    return f"{by} approved it before" if by in names else find_why_not(connection, site_id, row, stored, by)


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
