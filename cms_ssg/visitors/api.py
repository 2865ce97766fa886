"""Routes by which a visitor proves an e-mail address: a link that is sent there and works once."""

from __future__ import annotations

from typing import Annotated, Final, LiteralString
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.confirm_links import Word, ask, digest_word, make_word
from cms_ssg.api.forms import Email, read_model
from cms_ssg.api.problems import fail
from cms_ssg.api.routing import Router, site_of
from cms_ssg.api.sites import SiteContext
from cms_ssg.config.api_settings import Visitors
from cms_ssg.mail.outbox import ADD as ADD_MAIL
from cms_ssg.mail.outbox import mail_values
from cms_ssg.paths import canonical_path
from cms_ssg.visitors.identity import forget_visitor, need_visitor, remember_visitor

router = Router("Visitors")

MOST_OPEN: Final = 3
"""Links of one address that may be open at a time: nobody's mailbox is filled from here."""

# One statement, so that two requests at once send no more.
ADD: Final[LiteralString] = """
INSERT INTO cms.visitor_links (site, digest, email, back, expires_at)
SELECT %(site)s, %(digest)s, %(email)s, %(back)s, clock_timestamp() + %(minutes)s * interval '1 minute'
WHERE (SELECT count(*) FROM cms.visitor_links WHERE site = %(site)s AND lower(email) = lower(%(email)s) AND expires_at > clock_timestamp()) < %(most)s"""
FORGET: Final[LiteralString] = "DELETE FROM cms.visitor_links WHERE site = %s AND expires_at <= clock_timestamp()"
USE: Final[LiteralString] = """
DELETE FROM cms.visitor_links WHERE site = %s AND digest = %s AND expires_at > clock_timestamp() RETURNING email, back"""


class LinkModel(BaseModel):
    """back: path of a page of the site to which the link leads in the end."""

    model_config = ConfigDict(extra="forbid")

    email: Email
    back: Annotated[str, Field(max_length=500)] = "/"


class VisitorModel(BaseModel):
    """Who a request comes from. issuer: of the sign-in, empty for a link."""

    email: str
    name: str
    issuer: str


@router.post(
    "/api/visitors/links", scope=PUBLIC, per_minute=5, status_code=202, response_class=Response, summary="Send a link by e-mail",
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": LinkModel.model_json_schema()}}}},
)  # fmt: skip
async def send_link(request: Request) -> Response:
    """Send a link that proves the address it is opened from. The answer is the same whether one was sent, so that it tells nobody who is known."""
    context = site_of(request)
    settings = _need_settings(context)
    sent = await read_model(request, LinkModel)
    try:
        back = canonical_path(sent.back)
    except ValueError as error:
        raise fail("api.invalid", f"back is no path of this site: {error}", status=422) from None
    word, digest = make_word()
    values = {
        "site": context.number, "digest": digest, "email": sent.email, "back": back, "minutes": settings.link_minutes, "most": MOST_OPEN,
    }  # fmt: skip
    async with context.connection() as connection, connection.transaction():
        await connection.execute(FORGET, (context.number,))
        if (await connection.execute(ADD, values)).rowcount:
            site = context.site.settings
            link = f"{context.site.link_url}/api/visitors/confirm?word={word}"
            body = (
                f"Somebody, probably you, wants to be known by this address at {site.title or site.base_url}.\n\n"
                f"If it was you, open this link within {settings.link_minutes} minutes:\n{link}\n\nIf not, do nothing.\n"
            )
            subject = f"Your link for {site.title or site.base_url}"
            await connection.execute(ADD_MAIL, mail_values(context.number, sent.email, subject, body))
    return Response(None, 202)


@router.get("/api/visitors/confirm", scope=PUBLIC, per_minute=20, response_class=Response, include_in_schema=False)
async def ask_to_confirm(request: Request, word: str = "") -> Response:
    """A page with a button: programs that look into e-mails open links, and must not use them up."""
    context = site_of(request)
    _need_settings(context)
    text = f"Confirm your address at {context.site.settings.title}."
    return await ask(context, text, "Confirm", f"{context.base_path}/api/visitors/confirm", word)


@router.post("/api/visitors/confirm", scope=PUBLIC, per_minute=20, response_class=Response, include_in_schema=False)
async def confirm(request: Request) -> Response:
    """Use a link up, and know the visitor from now on."""
    context = site_of(request)
    _need_settings(context)
    sent = await read_model(request, Word)
    async with context.connection() as connection:
        row = await (await connection.execute(USE, (context.number, digest_word(sent.word)))).fetchone()
    if row is None:
        raise fail("visitors.link", "this link was used, or is too old", status=410, hint="Ask for another one.")
    response = RedirectResponse(quote(f"{context.base_path}{row[1]}"), 303, {"Cache-Control": "no-store"})
    await remember_visitor(request, response, row[0])
    return response


@router.get("/api/visitors/me", scope=PUBLIC, response_model=VisitorModel, summary="Who I am")
async def show_visitor(request: Request) -> VisitorModel:
    """The proved address that this request comes with; 401 without one."""
    _need_settings(site_of(request))
    return VisitorModel(**(await need_visitor(request))._asdict())


@router.delete("/api/visitors/me", scope=PUBLIC, response_class=Response, status_code=204, summary="Be forgotten by this browser")
async def leave(request: Request) -> Response:
    """Take the cookie away."""
    _need_settings(site_of(request))
    response = Response(None, 204)
    forget_visitor(request, response)
    return response


def _need_settings(context: SiteContext) -> Visitors:
    settings = context.site.settings.visitors
    if settings is None:
        raise fail("api.no-route", "there is nothing at this address", status=404, hint="site.toml has no [visitors].")
    return settings
