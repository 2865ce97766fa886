"""Routes of changes that wait, of approvals and comments, of revisions and of the audit log."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query as QueryParameter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.entries import EntryChange, answer_json, load_one, open_editor, read_version
from cms_ssg.api.problems import fail
from cms_ssg.api.rights import check_right, describe_subject, make_writer
from cms_ssg.api.routing import Router, caller_of
from cms_ssg.entries.approving import approve_change, describe_pending
from cms_ssg.entries.edit import Editor
from cms_ssg.entries.history import find_last_act, undo_act
from cms_ssg.entries.pending import cancel_change, find_waiting
from cms_ssg.entries.rights import Deed, Writer
from cms_ssg.entries.values import EntryInput
from cms_ssg.store.comments import list_comments, resolve_comment
from cms_ssg.store.pending import PendingRow, list_pending
from cms_ssg.store.revisions import list_acts, list_revisions
from cms_ssg.store.texts import StoredEntry, load_entries
from cms_ssg.types import Problem

router = Router("Changes")


class NewChange(EntryChange):
    """A change of an entry that is to be made later."""

    at: Annotated[
        str, Field(max_length=40, description="When, in the site's zone where it names none; at once after its approval without.")
    ] = ""
    needs_approval: bool = True


class NewComment(BaseModel):
    """Something that is said about an entry."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(min_length=1, max_length=5000)]
    asks: Annotated[bool, Field(description="Something is to be changed before it is published.")] = False
    change: Annotated[int | None, Field(ge=1, le=2**62, description="The change that waits, if it is about one.")] = None


class AuditQuery(BaseModel):
    """Which acts are listed, the newest first."""

    model_config = ConfigDict(extra="forbid")

    author: Annotated[str, Field(max_length=200)] = ""
    limit: Annotated[int, Field(ge=1, le=1000)] = 50


@router.get("/api/changes", scope="read", response_class=Response, summary="List changes that wait")
def list_waiting(request: Request) -> Response:
    """Changes that wait for a time or an approval, and those that could not be made, by their time."""
    with open_editor(request) as editor:
        rows = list_pending(editor.connection, editor.site_id)
    return answer_json({"changes": [describe_pending(row) for row in rows]})


@router.post(
    "/api/entries/{number}/changes", scope="write", response_class=Response, status_code=201, summary="Propose or schedule a change"
)
def propose_change(request: Request, number: int, new: NewChange) -> Response:
    """Keep a change until its time, or until somebody else approves it. Without needs_approval the role must allow the change itself."""
    with open_editor(request) as editor:
        entry = load_one(editor, number)
        subject = describe_subject(editor, entry)
        section = str(new.fields.get("section", subject.section) or "")
        is_live = not new.needs_approval and (subject.is_live or new.status == "published")
        deed: Deed = "publish" if is_live else "edit"
        for one in (subject._replace(is_live=is_live), subject._replace(is_live=is_live, section=section)):
            check_right(editor, make_writer(caller_of(request)), deed, one, entry.file)
        if not new.needs_approval and not new.at:
            raise fail(
                "api.invalid", "a change that needs no approval waits for a time: at", status=422, hint="PATCH changes an entry at once."
            )
        kept = {"date": entry.fields["date"]} if new.keep_date and new.status == "published" and entry.fields.get("date") else {}
        change = EntryInput(fields={**kept, **new.fields}, body=new.body, status=new.status)
        waiting, _ = editor.change_later(str(number), change, new.at, needs_approval=new.needs_approval)
        row = find_waiting(editor.connection, editor.site_id, waiting)
    return answer_json(describe_pending(row), 201)


@router.post("/api/changes/{number}/approve", scope="write", response_class=Response, summary="Approve a change")
def approve_waiting(request: Request, number: int) -> Response:
    """Approve a change that somebody else made. With enough approvals it is made, at once or at its time; `made` says so.

    If-Match: ETag of the entry as it was looked at; without it the approval is of what the change makes now.
    """
    seen = read_version(request)[0] if request.headers.get("if-match") else 0
    with open_editor(request) as editor:
        row, problem, is_made = approve(editor, make_writer(caller_of(request)), number, seen)
    return answer_json({"change": row.id, "entry": row.entry, "made": is_made, "problem": problem.message if problem is not None else None})


@router.delete("/api/changes/{number}", scope="write", response_class=Response, summary="Take a change back")
def cancel_waiting(request: Request, number: int) -> Response:
    """Take back a change that waits: one's own, or as an editor any."""
    with open_editor(request) as editor:
        row = cancel(editor, make_writer(caller_of(request)), number)
    return answer_json({"cancelled": row.id})


@router.get("/api/entries/{number}/revisions", scope="read", response_class=Response, summary="List an entry's revisions")
def list_entry_revisions(request: Request, number: int) -> Response:
    """Who changed what of an entry, when and where from, the newest first."""
    with open_editor(request) as editor:
        load_one(editor, number)
        rows = list_revisions(editor.connection, editor.site_id, number, 100)
    return answer_json({"revisions": [row._asdict() for row in rows]})


@router.get("/api/entries/{number}/comments", scope="read", response_class=Response, summary="List comments on an entry")
def list_entry_comments(request: Request, number: int) -> Response:
    """What was said about an entry and its changes, the newest first."""
    with open_editor(request) as editor:
        load_one(editor, number)
        rows = list_comments(editor.connection, editor.site_id, number)
    return answer_json({"comments": [row._asdict() for row in rows]})


@router.post("/api/entries/{number}/comments", scope="write", response_class=Response, status_code=201, summary="Comment on an entry")
def comment(request: Request, number: int, new: NewComment) -> Response:
    """Say something about an entry as it is now, or about a change that waits."""
    with open_editor(request) as editor:
        made = editor.comment(load_one(editor, number), new.text, asks=new.asks, change=new.change)
        if not made:
            raise fail("pending.not-found", f"the entry has no change {new.change}", status=404, hint="GET /api/changes lists what waits.")
    return answer_json({"comment": made}, 201)


@router.post("/api/comments/{number}/resolve", scope="write", response_class=Response, summary="Say that a comment was seen to")
def resolve(request: Request, number: int) -> Response:
    """Close a comment."""
    with open_editor(request) as editor:
        if number >= 2**62 or not resolve_comment(editor.connection, editor.site_id, number, caller_of(request).name):
            raise fail("api.no-comment", f"there is no open comment {number}", status=404)
    return answer_json({"resolved": True})


@router.get("/api/audit", scope="admin", response_class=Response, summary="List what was done")
def show_audit(request: Request, asked: Annotated[AuditQuery, QueryParameter()]) -> Response:
    """Every act by command, desk and API, also those that were refused, the newest first."""
    with open_editor(request) as editor:
        acts = list_acts(editor.connection, editor.site_id, author=asked.author, most=asked.limit)
    return answer_json({"acts": [act._asdict() for act in acts]})


@router.post("/api/audit/{number}/undo", scope="admin", response_class=Response, summary="Take an act back")
def undo(request: Request, number: int) -> Response:
    """Give the entries that an act changed the values that they had. Entries whose later changes touch the same stay, and are named."""
    with open_editor(request) as editor:
        result = undo_act(editor.entries, find_last_act(editor.connection, editor.site_id, min(number, 2**62)))
    conflicts = {str(entry): [problem.message for problem in found] for entry, found in result.conflicts.items()}
    return answer_json({"act": result.act, "restored": result.restored, "conflicts": conflicts})


def approve(editor: Editor, writer: Writer, number: int, seen: int = 0) -> tuple[PendingRow, Problem | None, bool]:
    """Approve a change, if the role may. seen: version of the entry that was looked at, 0 for any.

    Raises ApiError api.role, CmsError pending.not-found, workflow.own, entry.changed.
    """
    row, entry = _find(editor, number)
    if entry is not None:
        check_right(editor, writer, "approve", describe_subject(editor, entry)._replace(author=row.author), f"change {number}")
    with editor.act("approve", f"change {number}"):
        return approve_change(editor.connection, editor.site, editor.site_id, number, writer.name, editor.entries.act, seen)


def cancel(editor: Editor, writer: Writer, number: int) -> PendingRow:
    """Take a change back, if it is one's own or the role may. Raises ApiError api.role, CmsError pending.not-found."""
    row, entry = _find(editor, number)
    if entry is not None and row.author != writer.name:
        check_right(editor, writer, "publish", describe_subject(editor, entry)._replace(is_live=True), f"change {number}")
    with editor.act("cancel", f"change {number}"):
        return cancel_change(editor.connection, editor.site_id, number)


def _find(editor: Editor, number: int) -> tuple[PendingRow, StoredEntry | None]:
    row: Any = find_waiting(editor.connection, editor.site_id, min(number, 2**62))
    return row, next(iter(load_entries(editor.connection, editor.site_id, [row.entry])), None)
