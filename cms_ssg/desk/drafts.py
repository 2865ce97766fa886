"""Routes of an entry while somebody writes it: who else has it open, what was typed so far, and how it would look."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.answers import HTML, JSON
from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.routing import Router, site_of
from cms_ssg.api.sites import SiteContext
from cms_ssg.desk.entry_form import BODY, PREFIX, list_texts
from cms_ssg.desk.frame import HEADERS, enter
from cms_ssg.desk.images import FOLDER as PICTURES
from cms_ssg.desk.requests import read_form, read_number, read_pairs, work
from cms_ssg.desk.writing import Form, May, find_entry_at_desk, make_change
from cms_ssg.entries.edit import Editor
from cms_ssg.entries.values import EntryInput
from cms_ssg.errors import CmsError
from cms_ssg.store.open_editors import keep_texts, see_editor
from cms_ssg.store.texts import StoredEntry

if TYPE_CHECKING:
    from cms_ssg.render.site_view import Surroundings

router = Router("Desk")

FRESH_S: Final = 10.0
"""Templates, data and strings are read again for a preview after so long."""

PREVIEW_HEADERS: Final = {
    "Cache-Control": "no-store", "X-Frame-Options": "SAMEORIGIN",
    "Content-Security-Policy": "sandbox allow-same-origin; script-src 'none'; object-src 'none'; frame-ancestors 'self'; form-action 'none'",
}  # fmt: skip


@router.post("/desk/entries/{number}/keep", scope=PUBLIC, include_in_schema=False)
async def keep(request: Request, number: int) -> Response:
    """Say that somebody has the entry open, keep what they typed, and tell them who else has. take: it is their turn now."""
    pairs = await read_pairs(request)
    session = await enter(request, "write", pairs.get("csrf", ""))

    def note(editor: Editor) -> Response:
        entry = find_entry_at_desk(editor, number)
        may = May(editor, session.writer, entry)
        may_edit = may.edit or may.propose
        takes = pairs.get("take") == "yes"
        people = see_editor(editor.connection, editor.site_id, number, session.name, takes=takes, only_reads=not may_edit)
        if pairs.get("do") == "keep" and may_edit:
            keep_texts(
                editor.connection,
                editor.site_id,
                number,
                session.name,
                read_number(pairs.get("version", "")),
                {**dict(list_texts(pairs)), **({"base": pairs["base"]} if "base" in pairs else {})},
            )
        value = {
            "version": entry.version, "mine": any(one.holds for one in people if one.person == session.name),
            "others": [{"name": one.person, "holds": one.holds} for one in people if one.person != session.name],
        }  # fmt: skip
        return Response(json.dumps(value), 200, HEADERS, JSON)

    return await work(request, session, note)


@router.post("/desk/entries/{number}/preview", scope=PUBLIC, include_in_schema=False)
async def preview(request: Request, number: int) -> Response:
    """The entry's page with what the form says, as a build would render it."""
    pairs = await read_pairs(request)
    session = await enter(request, "write", pairs.get("csrf", ""))

    context = site_of(request)
    base = context.base_path

    def find_url(file: str) -> str:
        """Where a picture can be seen that no build has published yet."""
        path = file.removeprefix(f"{PICTURES}/")
        return f"{base}/desk/images/pictures/{quote(path)}" if path != file else ""

    def render(editor: Editor) -> bytes:
        from cms_ssg.preview.entry import render_entry as render_page_of

        entry = find_entry_at_desk(editor, number)
        form = read_form(editor, number, pairs)
        change, wrong = make_change(editor, editor.site.schemas[entry.type], entry, form)
        if wrong:
            return _say("; ".join(f"{name.removeprefix(PREFIX)}: {text}" for name, text in wrong.items()))
        try:
            html = render_page_of(editor.connection, editor.site, find_surroundings(context), _whole(entry, change, form), find_url)
            return html.replace(f'"{base}/pictures/'.encode(), f'"{base}/desk/images/pictures/'.encode())
        except CmsError as error:
            return _say("; ".join(problem.message for problem in error.problems))

    return Response(await work(request, session, render), 200, PREVIEW_HEADERS, HTML)


def find_surroundings(context: SiteContext) -> Surroundings:
    """Theme, strings and data for previews, read again now and then."""
    from cms_ssg.engine.surroundings import make_surroundings

    known: tuple[float, Surroundings | None] = context.extras.get("desk_surroundings", (0.0, None))
    made, around = known
    if around is None or time.monotonic() - made > FRESH_S:
        around = make_surroundings(context.site, datetime.now(UTC))
        context.extras["desk_surroundings"] = (time.monotonic(), around)
    return around


def _whole(entry: StoredEntry, change: EntryInput, form: Form) -> EntryInput:
    """The change with the whole body, since what is stored may be another version by now."""
    return EntryInput(number=entry.id, fields=change.fields, body=form.texts.get(BODY, entry.markdown))


def _say(text: str) -> bytes:
    return f'<!doctype html><meta charset="utf-8"><body style="font:1rem/1.5 system-ui,sans-serif;padding:1rem">{escape(text)}'.encode()
