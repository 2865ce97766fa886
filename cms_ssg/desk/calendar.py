"""The desk's calendar: what goes out, what changes and what ends, by day in the site's time zone, and changes taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from itertools import groupby
from typing import Final, NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.changes import cancel
from cms_ssg.api.routing import Router, site_of
from cms_ssg.content.frontmatter.dates import say_time
from cms_ssg.desk.frame import HEADERS, View, answer_page, enter
from cms_ssg.desk.requests import read_number, read_pairs, work
from cms_ssg.desk.session import Session
from cms_ssg.entries.edit import Editor
from cms_ssg.entries.rights import Subject, find_refusal
from cms_ssg.errors import CmsError
from cms_ssg.store.calendar import Due, list_calendar, list_calendar_kinds
from cms_ssg.text.slugs import make_slug

router = Router("Desk")
PAGE: Final = 100
LONGEST: Final = 150
"""Characters of a title that are shown."""
SAID: Final = {"cancelled": "Taken back.", "gone": "It was made or taken back before."}
STATES: Final = {"failed": "cannot be made", "unapproved": "needs an approval"}


class Asked(NamedTuple):
    """What of the calendar is shown. section: a slug; skip: how many things before them."""

    section: str = ""
    type: str = ""
    skip: int = 0

    def link(self, **more: str) -> str:
        """The query of an address that asks for the same."""
        query = urlencode({name: str(value) for name, value in {**self._asdict(), **more}.items() if value})
        return f"?{query}" if query else ""


@router.get("/desk/calendar", scope=PUBLIC, include_in_schema=False)
async def show_calendar(request: Request) -> Response:
    """What will happen, by day."""
    session = await enter(request, "write")
    asked, base = _read_asked(request.query_params), site_of(request).base_path

    def render(editor: Editor) -> str:
        kinds = list_calendar_kinds(editor.connection, editor.site_id)
        spellings = [section for _, section in kinds if make_slug(section) == asked.section] if asked.section else None
        found = list_calendar(
            editor.connection, editor.site_id, type_name=asked.type, sections=spellings, skip=asked.skip, limit=PAGE + 1
        )  # fmt: skip
        main = _render_filter(kinds, asked) + _render_days(found[:PAGE], editor, session, asked, base)
        more = f'<p><a href="{escape(asked._replace(skip=asked.skip + PAGE).link())}">Later ones</a></p>' if len(found) > PAGE else ""
        return main + more

    done = SAID.get(request.query_params.get("done", ""), "")
    notice = f'<p class="notice" role="status">{done}</p>' if done else ""
    return answer_page(request, session, "Calendar", notice + await work(request, session, render), View("calendar"))


@router.post("/desk/calendar/{number}/cancel", scope=PUBLIC, include_in_schema=False)
async def cancel_change(request: Request, number: int) -> Response:
    """Take a change back."""
    pairs = await read_pairs(request)
    session = await enter(request, "write", pairs.get("csrf", ""))

    def run(editor: Editor) -> str:
        try:
            cancel(editor, session.writer, number)
        except CmsError as error:
            if error.problems[0].code == "pending.not-found":
                return "gone"
            raise
        return "cancelled"

    link = _read_asked(request.query_params).link(done=await work(request, session, run))
    return RedirectResponse(f"{site_of(request).base_path}/desk/calendar{link}", 303, HEADERS)


def _read_asked(query: Mapping[str, str]) -> Asked:
    return Asked(
        make_slug(query.get("section", "")[:200]), query.get("type", "")[:200].replace("\0", ""), read_number(query.get("skip", ""))
    )


def _render_filter(kinds: Sequence[tuple[str, str]], asked: Asked) -> str:
    types = dict.fromkeys([type_name for type_name, _ in kinds])
    sections = {make_slug(section): section for _, section in reversed(kinds) if make_slug(section)}
    boxes = [
        _render_choice("Section", "section", sections, asked.section),
        _render_choice("Type", "type", {one: one for one in types}, asked.type),
    ]
    return f'<form class="filter" role="search">{"".join(boxes)}<button>Show</button></form>'


def _render_choice(label: str, name: str, options: Mapping[str, str], chosen: str) -> str:
    """A list to choose from. What was asked for stays in it, also where nothing of it is left."""
    shown = {**options, **({chosen: chosen} if chosen and chosen not in options else {})}
    lines = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(text)}</option>'
        for value, text in sorted(shown.items(), key=lambda option: option[1].lower())
    )
    return f'<label>{label} <select name="{name}"><option value="">All</option>{lines}</select></label>'


def _render_days(found: Sequence[Due], editor: Editor, session: Session, asked: Asked, base: str) -> str:
    zone = editor.site.zone
    name = getattr(zone, "key", "") or "UTC"
    today = datetime.now(zone).date()
    if not found:
        return "<p>Nothing is scheduled.</p>" if asked == Asked() else "<p>Nothing of this kind is scheduled.</p>"
    parts = [f"<p>Times in {escape(name)}.</p>"]
    for day, items in groupby(found, key=lambda one: one.at.astimezone(zone).date()):
        near = {-1: "Yesterday, ", 0: "Today, ", 1: "Tomorrow, "}.get((day - today).days, "")
        lines = "".join(_render_item(one, editor, session, asked, base) for one in items)
        parts.append(
            f'<section class="day"><h2><time datetime="{day}">{near}{day:%A}, {day.day} {day:%B} {day.year}</time></h2><ul class="days">{lines}</ul></section>'
        )
    return "".join(parts)


def _render_item(one: Due, editor: Editor, session: Session, asked: Asked, base: str) -> str:
    about = " · ".join(filter(None, (one.type, one.section, one.locale if len(editor.site.locales) > 1 else "")))
    if one.change:
        state = STATES.get(one.state, "") + (f": {one.problem}" if one.problem else "")
        about += f" · change {one.change} by {one.author or 'nobody named'}" + (f", {state}" if state else "")
    title = one.title if len(one.title) <= LONGEST else f"{one.title[:LONGEST]}…"
    return (
        f'<li><time datetime="{one.at.isoformat()}">{say_time(one.at, editor.site.zone)}</time>'
        f'<div><strong>{escape(_say_event(one))}</strong> <a href="{base}/desk/entries/{one.entry}">{escape(title)}</a>'
        f'<span class="hint">{escape(about)}</span></div>{_render_cancel(one, session, asked, base)}</li>'
    )


def _say_event(one: Due) -> str:
    """What happens to an entry, in a few words."""
    if one.what == "publish" or (one.status == "published" and not one.is_live):
        return "Goes out"
    if one.what == "expire" or one.status == "draft":
        return "Ends"
    if one.status == "trashed":
        return "Goes to the trash"
    return f"Changes {', '.join('text' if name == 'body' else name for name in one.fields)}".strip()


def _render_cancel(one: Due, session: Session, asked: Asked, base: str) -> str:
    """The button for what can be taken back: a change of one's own, or any where the role may publish the entry."""
    subject = Subject(one.section, one.locale, is_live=True)
    if not one.change or (one.author != session.name and find_refusal(session.writer, "publish", subject)):
        return ""
    return (
        f'<form method="post" action="{base}/desk/calendar/{one.change}/cancel{escape(asked.link())}"><input type="hidden" name="csrf" value="{session.csrf}">'
        f'<button>Take back<span class="hide"> change {one.change} of {escape(one.title)}</span></button></form>'
    )
