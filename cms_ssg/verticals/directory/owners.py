"""What owners may do: get a link by e-mail, and propose changes of their listing, which wait until somebody approves them."""

from __future__ import annotations

import os
from typing import Annotated, Any, Final, LiteralString
from urllib.parse import quote

from anyio.to_thread import run_sync
from markupsafe import Markup
from psycopg import Connection
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.confirm_links import answer_page, make_word
from cms_ssg.api.form_again import Blank, Question, ask_again, render_form, translate_labels
from cms_ssg.api.forms import Email, Trap, answer_sent, is_form, read_model
from cms_ssg.api.problems import ApiError
from cms_ssg.api.routing import Router, site_of
from cms_ssg.api.sites import SiteContext
from cms_ssg.desk.queue import Pressed
from cms_ssg.entries.approving import approve_change
from cms_ssg.entries.pending import schedule_change
from cms_ssg.entries.save import Entries
from cms_ssg.entries.values import EntryInput
from cms_ssg.errors import CmsError
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.mail.outbox import ADD as ADD_MAIL
from cms_ssg.mail.outbox import mail_values
from cms_ssg.store.connect import connect, database_url
from cms_ssg.store.texts import load_entries
from cms_ssg.types import Json
from cms_ssg.verticals.directory.answers import render_answers
from cms_ssg.verticals.directory.changes import FIELDS
from cms_ssg.verticals.directory.links import EDIT_URL, find_link
from cms_ssg.verticals.directory.privacy import OWNER
from cms_ssg.verticals.directory.submissions import ListingFields, find_listing_at, refused

router = Router("Directory")

ADD_LINK: Final[LiteralString] = """
WITH gone AS (DELETE FROM cms.listing_links WHERE site = %(site)s AND expires_at < clock_timestamp())
INSERT INTO cms.listing_links (word, site, entry, email) SELECT %(word)s, %(site)s, %(entry)s, %(email)s
WHERE (SELECT count(*) FROM cms.listing_links WHERE entry = %(entry)s AND expires_at > clock_timestamp()) < 5"""
END_OTHERS: Final[LiteralString] = """
UPDATE cms.pending_changes SET state = 'cancelled', ended_at = clock_timestamp()
WHERE site = %s AND entry = %s AND author = %s AND state IN ('waiting', 'failed')"""


class Wish(BaseModel):
    """An owner who asks for a link."""

    model_config = ConfigDict(extra="forbid")

    path: Annotated[str, StringConstraints(max_length=1000)]
    email: Email
    homepage: Trap = ""


class Edit(ListingFields):
    """What a listing is to say. Fields that are left out become empty."""

    word: Annotated[str, StringConstraints(max_length=100)]
    description: Annotated[str, StringConstraints(max_length=20_000)] = ""
    email: Annotated[str, StringConstraints(max_length=320)] = ""


@router.post(f"{EDIT_URL}/link", scope=PUBLIC, per_minute=5, status_code=202, summary="Ask for a link to change a listing")
async def send_link(request: Request) -> Response:
    """Mail a link to the owner of a listing. The answer is the same whoever asks."""
    context = site_of(request)
    wish = await read_model(request, Wish)
    async with context.connection() as connection, connection.transaction():
        listing = await find_listing_at(connection, context, wish.path)
        if not wish.homepage and (listing.owner_email or "").lower() == wish.email.lower():
            word, digest = make_word()
            values = {"site": context.number, "word": digest, "entry": listing.number, "email": wish.email}
            if (await connection.execute(ADD_LINK, values)).rowcount:
                t = context.translate(context.site.default_locale)
                link = f"{context.site.link_url}{EDIT_URL}?word={quote(word)}"
                subject, body = t("directory_edit_of", name=listing.title), f"{t('directory_edit_mail', name=listing.title)}\n\n{link}\n"
                await connection.execute(ADD_MAIL, mail_values(context.number, str(listing.owner_email), subject, body))
    return answer_sent(request, wish.path, "edit-sent", "sent")


@router.get(EDIT_URL, scope=PUBLIC, per_minute=20, include_in_schema=False)
async def show_form(request: Request, word: str = "") -> Response:
    """What the link leads to: the listing's fields in a form."""
    context = site_of(request)
    t = context.translate(context.site.default_locale)
    found = await find_link(context, word)
    if found is None:
        return await answer_page(context, t("directory_edit"), t("directory_edit_old"), status=410)
    number, fields, source, _ = found
    answers = await render_answers(context, number, word)
    if source == "file":
        return await answer_page(context, t("directory_edit"), t("directory_edit_of_file"), answers, status=200 if answers else 409)
    texts = {"word": [word[:100]], **{name: [str(fields.get(name) or "")] for name in FIELDS}}
    blank = Blank(context.base_path + EDIT_URL, translate_labels(_list_asked(fields), t), t("directory_send"))
    title = t("directory_edit_of", name=str(fields.get("title") or ""))
    return await answer_page(context, title, t("directory_edit_text"), render_form(blank, texts, {}) + answers)


@router.post(EDIT_URL, scope=PUBLIC, per_minute=10, status_code=202, summary="Propose a change of one's listing")
async def propose_edit(request: Request) -> Response:
    """Keep an owner's change of a listing until somebody approves it; a later one takes the place of the one that waits."""
    context = site_of(request)
    t = context.translate(context.site.default_locale)
    try:
        edit = await read_model(request, Edit)
    except ApiError as error:
        return await ask_again(request, error, _list_asked({}), "directory_edit", "directory_send")
    found = await find_link(context, edit.word)
    if found is None:
        return await answer_page(context, t("directory_edit"), t("directory_edit_old"), status=410)
    number, fields, _, path = found
    sent: dict[str, Json] = {name: getattr(edit, name).strip() or None for name in FIELDS if not isinstance(fields.get(name), dict)}
    changes = {name: value for name, value in sent.items() if value != fields.get(name)}
    if changes:
        try:
            await run_sync(_keep, context, number, changes)
        except CmsError as error:
            return await ask_again(request, refused(error), _list_asked(fields), "directory_edit", "directory_send")
    if is_form(request):
        return await answer_page(
            context, t("directory_edit"), t("directory_edit_waits"), Markup('<p><a href="{0}">{0}</a></p>').format(context.base_path + path)
        )
    return JSONResponse({"status": "pending", "changed": sorted(changes)}, 202)


def _list_asked(fields: dict[str, Json]) -> list[Question]:
    """What the form asks. fields: of the listing; hours by day are no text, and so are changed by the people of the directory."""
    most = {
        "title": 300,
        "address": 500,
        "postal_code": 40,
        "phone": 60,
        "website": 2000,
        "hours": 500,
        "email": 320,
        "description": 20_000,
    }
    kinds = {"description": "textarea", "address": "textarea", "email": "email", "phone": "tel"}
    return [
        Question("word", type="hidden"),
        *(
            Question(
                name,
                f"directory_{key}",
                kinds.get(name, "text"),
                name == "title",
                most.get(name, 200),
                wrong="field_url" if name == "website" else "",
            )
            for name, key in FIELDS.items()
            if not isinstance(fields.get(name), dict)
        ),
    ]


def approve_edit(opened: OpenSite, pressed: Pressed) -> bool:
    """Make an owner's change, with what others changed since then. What does not fit any more stays in the queue as failed."""
    number = int(pressed.key) if pressed.key.isascii() and pressed.key.isdigit() and len(pressed.key) < 19 else 0
    try:
        return approve_change(opened.connection, opened.site, opened.number, number, pressed.who)[2]
    except CmsError:
        return False


def _keep(context: SiteContext, number: int, changes: dict[str, Json]) -> None:
    site = context.site
    connection: Connection[Any]
    with connect(database_url(site.root, site.settings.database_url, os.environ), autocommit=True) as connection:
        entry = load_entries(connection, context.number, [number])[0]
        with connection.transaction():
            connection.execute(END_OTHERS, (context.number, number, OWNER))
            entries = Entries(connection, site, context.number, author=OWNER)
            schedule_change(entries, entry, EntryInput(fields=changes, number=number), None, needs_approval=True)
