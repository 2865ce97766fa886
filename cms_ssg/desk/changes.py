"""The desk's page of what waits: changes for a time or an approval, each with what it would change and what can be done about it."""

from __future__ import annotations

from html import escape

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.changes import approve, cancel
from cms_ssg.api.problems import fail
from cms_ssg.api.rights import describe_subject
from cms_ssg.api.routing import Router, site_of
from cms_ssg.content.approval import take_approvals
from cms_ssg.content.frontmatter.dates import say_moment
from cms_ssg.desk.frame import HEADERS, View, answer_page, enter
from cms_ssg.desk.requests import read_number, read_pairs, work
from cms_ssg.desk.session import Session
from cms_ssg.entries.approving import find_approvers_now, find_why_not
from cms_ssg.entries.edit import Editor
from cms_ssg.entries.history import show_changes
from cms_ssg.entries.rights import find_refusal
from cms_ssg.entries.values import Changes
from cms_ssg.errors import CmsError
from cms_ssg.store.pending import PendingRow, list_pending
from cms_ssg.store.texts import StoredEntry, load_entries

router = Router("Desk")
SAID = {
    "approved": "Approved.",
    "made": "Approved, and made.",
    "cancelled": "Taken back.",
    "stale": "The entry was changed since you opened this page, so nothing was approved. Look at what it says now.",
    "failed": "It does not fit any more: see below.",
}


@router.get("/desk/changes", scope=PUBLIC, include_in_schema=False)
async def show_changes_that_wait(request: Request) -> Response:
    """What waits, by its time."""
    session = await enter(request, "write")
    base = site_of(request).base_path

    def render(editor: Editor) -> str:
        rows = list_pending(editor.connection, editor.site_id)
        stored = {entry.id: entry for entry in load_entries(editor.connection, editor.site_id, sorted({row.entry for row in rows}))}
        return "".join(_render_row(row, stored.get(row.entry), editor, session, base) for row in rows) or "<p>Nothing waits.</p>"

    done = SAID.get(request.query_params.get("done", ""), "")
    notice = f'<p class="notice" role="status">{done}</p>' if done else ""
    return answer_page(request, session, "Waiting", notice + await work(request, session, render), View("changes"))


@router.post("/desk/changes/{number}/{action}", scope=PUBLIC, include_in_schema=False)
async def act(request: Request, number: int, action: str) -> Response:
    """Approve a change, or take it back."""
    pairs = await read_pairs(request)
    session = await enter(request, "write", pairs.get("csrf", ""))

    def run(editor: Editor) -> str:
        if action == "cancel":
            cancel(editor, session.writer, number)
            return "cancelled"
        if action != "approve":
            raise fail("api.no-route", "there is nothing at this address", status=404)
        try:
            _, problem, is_made = approve(editor, session.writer, number, read_number(pairs.get("version", "")))
        except CmsError as error:
            if error.problems[0].code == "entry.changed":
                return "stale"
            raise
        return "failed" if problem is not None else "made" if is_made else "approved"

    done = await work(request, session, run)
    return RedirectResponse(f"{site_of(request).base_path}/desk/changes?done={done}", 303, HEADERS)


def _render_row(row: PendingRow, stored: StoredEntry | None, editor: Editor, session: Session, base: str) -> str:
    when = say_moment(row.due_at, editor.site.zone) if row.due_at else "at once when it is approved"
    state = (
        f"cannot be made: {row.problem}" if row.state == "failed" else "needs an approval" if row.needs_approval else "waits for its time"
    )
    approved = find_approvers_now(editor.connection, editor.site, editor.site_id, row, stored) if row.approved_by else []
    lines = {"By": row.author or "nobody named", "When": when, "State": state, "Approved by": ", ".join(approved)}
    listed = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in lines.items() if text)
    difference = show_changes(_compare(row, stored)) if stored is not None else "The entry was deleted."
    title = escape(row.title or row.file or f"Entry {row.entry}")
    return (
        f'<article><h2><a href="{base}/desk/entries/{row.entry}">{title}</a> · change {row.id}</h2>'
        f'<dl>{listed}</dl><pre class="diff">{escape(difference)}</pre>{_render_buttons(row, stored, editor, session, base, approved)}</article>'
    )


def _render_buttons(
    row: PendingRow, stored: StoredEntry | None, editor: Editor, session: Session, base: str, approved: list[str]
) -> str:  # fmt: skip
    """What this person may do with a change. An approval is of the version that is shown."""
    address, buttons = f"{base}/desk/changes/{row.id}", ""
    subject = describe_subject(editor, stored) if stored is not None else None
    if row.needs_approval and subject is not None and session.name not in approved:
        refused = find_refusal(session.writer, "approve", subject._replace(author=row.author))
        if not refused and not find_why_not(editor.connection, editor.site_id, row, stored, session.name):
            buttons += f'<button class="main" formaction="{address}/approve">Approve</button>'
    if row.author == session.name or subject is None or not find_refusal(session.writer, "publish", subject._replace(is_live=True)):
        buttons += f'<button formaction="{address}/cancel">Take back</button>'
    hidden = {"csrf": session.csrf, "version": str(stored.version if stored is not None else 0)}
    inputs = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in hidden.items())
    return f'<form class="acts" method="post">{inputs}{buttons}</form>' if buttons else ""


def _compare(row: PendingRow, stored: StoredEntry) -> Changes:
    """What a change would change of an entry as it is; of a draft that it makes public, all that readers will see."""
    if stored.status != "published" and row.status == "published":
        fields, _ = take_approvals({**stored.fields, **row.fields})
        shown: Changes = {name: [None, value] for name, value in fields.items() if value not in (None, "")}
        return shown | {"body": ["", row.body if row.body is not None else stored.markdown], "status": [stored.status, row.status]}
    changes: Changes = {name: [stored.fields.get(name), value] for name, value in row.fields.items() if stored.fields.get(name) != value}
    if row.body is not None and row.body != stored.markdown:
        changes["body"] = [stored.markdown, row.body]
    if row.status is not None and row.status != stored.status:
        changes["status"] = [stored.status, row.status]
    return changes
