"""What visitors send to a directory: new listings and messages to owners. Everything waits for somebody, or goes out by e-mail."""

from __future__ import annotations

import os
import re
from typing import Annotated, Any, Final, LiteralString, NamedTuple

from anyio.to_thread import run_sync
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.form_again import Question, ask_again, find_locale
from cms_ssg.api.form_bodies import MULTIPART, read_form
from cms_ssg.api.forms import Email, Trap, answer_sent, is_form, read_model
from cms_ssg.api.problems import ApiError, fail
from cms_ssg.api.routing import Router, caller_of, site_of
from cms_ssg.api.sites import SiteContext
from cms_ssg.errors import CmsError
from cms_ssg.mail.outbox import ADD as ADD_MAIL
from cms_ssg.mail.outbox import mail_values
from cms_ssg.store.connect import connect, database_url
from cms_ssg.types import Json
from cms_ssg.uploads.keep import KEEP
from cms_ssg.verticals.directory.changes import add_listing, check_listing, decide
from cms_ssg.verticals.directory.settings import Directory
from cms_ssg.visitors.uploads import Picture, keep_picture

router = Router("Directory")

SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:(?!\d)", re.IGNORECASE)
"""An address that names its scheme, and not a host with a port."""

FIND: Final[LiteralString] = """
SELECT l.number, l.title, l.email, l.owner_email, l.website, l.claim_status FROM cms.claims w JOIN cms.cards c ON c.entry = w.owner JOIN cms.listings l ON l.number = w.owner
WHERE w.site = %s AND w.name = %s AND w.wins AND w.owner_kind = 'e' AND c.live AND c.path = w.name"""


class ListingAt(NamedTuple):
    """What visitors' requests need to know of a listing."""

    number: int
    title: str
    email: str | None
    owner_email: str | None
    website: str | None
    claim_status: str


class ListingFields(BaseModel):
    """What visitors and owners may say of a listing."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    address: Annotated[str, StringConstraints(max_length=500)] = ""
    city: Annotated[str, StringConstraints(max_length=200)] = ""
    state: Annotated[str, StringConstraints(max_length=200)] = ""
    country: Annotated[str, StringConstraints(max_length=200)] = ""
    postal_code: Annotated[str, StringConstraints(max_length=40)] = ""
    phone: Annotated[str, StringConstraints(max_length=60)] = ""
    website: Annotated[str, StringConstraints(max_length=2000)] = ""
    hours: Annotated[str, StringConstraints(max_length=500)] = ""


class NewListing(ListingFields):
    """A listing that a visitor proposes."""

    description: Annotated[str, StringConstraints(max_length=5000)] = ""
    category: Annotated[str, StringConstraints(max_length=200)] = ""
    latitude: Annotated[float | None, Field(ge=-90, le=90, allow_inf_nan=False)] = None
    longitude: Annotated[float | None, Field(ge=-180, le=180, allow_inf_nan=False)] = None
    your_email: Email | None = None
    homepage: Trap = ""


class Message(BaseModel):
    """A message to the owner of a listing, whose address nobody is shown."""

    model_config = ConfigDict(extra="forbid")

    path: Annotated[str, StringConstraints(max_length=1000)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    email: Email
    message: Annotated[str, StringConstraints(min_length=1, max_length=5000)]
    homepage: Trap = ""


PERSON: Final = (
    Question("path", type="hidden"), Question("homepage", type="hidden"), Question("name", "directory_your_name", required=True),
    Question("email", "directory_your_email", "email", required=True, most=320),
)  # fmt: skip
CONTACT: Final = (*PERSON, Question("message", "directory_message", "textarea", required=True, most=5000))
PROPOSAL: Final = (
    *(Question(name, type="hidden") for name in ("homepage", "category", "latitude", "longitude")),
    Question("title", "directory_name", required=True, most=300), Question("description", "directory_description", "textarea", most=5000),
    Question("address", "directory_address", most=500), Question("postal_code", "directory_postal_code", most=40), Question("city", "directory_city"),
    Question("state", "directory_state"), Question("country", "directory_country"), Question("phone", "directory_phone", "tel", most=60),
    Question("website", "directory_website", most=2000, wrong="field_url"), Question("hours", "directory_hours", most=500),
    Question("your_email", "directory_your_email", "email", most=320), Question("picture", "directory_picture", "file"),
)  # fmt: skip
"""What the forms of pages ask, for the page that shows one once more. The picture is the last."""


class Verdict(BaseModel):
    """What is decided about a listing that waits."""

    model_config = ConfigDict(extra="forbid")

    approve: bool
    note: Annotated[str, StringConstraints(max_length=2000)] = ""


@router.post("/api/listings", scope=PUBLIC, per_minute=5, takes_files=MULTIPART, status_code=202, summary="Propose a listing")
async def propose_listing(request: Request) -> Response:
    """Take a new listing. It waits until somebody approves it. As multipart/form-data it may have a `picture`."""
    context = site_of(request)
    settings: Directory = context.site.settings.vertical["directory"]
    if not settings.submissions:
        raise fail("directory.closed", "this directory takes no proposals", status=404)
    try:
        await _take_proposal(request, context, settings)
    except ApiError as error:
        asked = PROPOSAL if settings.pictures else PROPOSAL[:-1]
        return await ask_again(request, error, asked, "directory_add", "directory_send")
    return answer_sent(request, f"{context.site.prefix(find_locale(request))}/add/", "sent", "pending")


async def _take_proposal(request: Request, context: SiteContext, settings: Directory) -> None:
    sent = await read_model(request, NewListing)
    picture = (await read_form(request)).files.get("picture") if is_form(request) else None
    if picture is not None and not settings.pictures:
        raise fail("directory.no-picture", "this directory takes no pictures with a proposal", status=422)
    if sent.homepage:  # whoever filled this in is told nothing
        return
    fields: dict[str, Json] = {
        name: value for name, value in sent.model_dump(exclude={"homepage", "your_email", "category"}).items() if value not in ("", None)
    }
    if sent.category:
        fields["categories"] = [sent.category]
    if sent.website and not SCHEME.match(sent.website):
        fields["website"] = f"https://{sent.website}"
    kept = None
    try:
        if picture is not None:
            await run_sync(_check, context, fields)
            kept = await keep_picture(request, picture, sent.your_email)
            fields["image"] = kept.path
        await run_sync(_save, context, fields, sent.your_email, kept)
    except CmsError as error:
        raise refused(error) from None


@router.post("/api/listings/contact", scope=PUBLIC, per_minute=5, status_code=202, summary="Write to an owner")
async def contact_owner(request: Request) -> Response:
    """Mail a message to the owner of a listing, or to its own address."""
    context = site_of(request)
    try:
        sent = await read_model(request, Message)
    except ApiError as error:
        return await ask_again(request, error, CONTACT, "directory_contact", "directory_send")
    async with context.connection() as connection:
        listing = await find_listing_at(connection, context, sent.path)
        recipient = listing.owner_email or listing.email
        if not recipient:
            raise fail("directory.no-address", "this listing has no address to write to", status=404)
        if not sent.homepage:
            body = f"{sent.name} <{sent.email}> writes about {listing.title}:\n\n{sent.message}\n\n{context.site.link_url}{sent.path}\n"
            await connection.execute(ADD_MAIL, mail_values(context.number, recipient, f"Message about {listing.title}", body, sent.email))
    return answer_sent(request, sent.path, "message-sent", "pending")


@router.post("/api/listings/{number}/decision", scope="moderate", summary="Decide about a listing that waits")
async def decide_listing(request: Request, number: int, verdict: Verdict) -> dict[str, str]:
    """Approve or reject a listing that waits."""
    context = site_of(request)
    if not await run_sync(_decide, context, number if 0 < number < 1 << 62 else 0, verdict, caller_of(request).name):
        raise fail("directory.not-waiting", f"no listing {number} waits", status=404)
    return {"status": "approved" if verdict.approve else "rejected"}


def _decide(context: SiteContext, number: int, verdict: Verdict, who: str) -> bool:
    site = context.site
    with connect(database_url(site.root, site.settings.database_url, os.environ), autocommit=True) as connection:
        return decide(connection, context.number, number, verdict.approve, verdict.note, "api", who)


def _check(context: SiteContext, fields: dict[str, Json]) -> None:
    site = context.site
    with connect(database_url(site.root, site.settings.database_url, os.environ), autocommit=True) as connection:
        check_listing(connection, site, context.number, fields)


def _save(context: SiteContext, fields: dict[str, Json], email: str | None, picture: Picture | None) -> int:
    site = context.site
    with connect(database_url(site.root, site.settings.database_url, os.environ), autocommit=True) as connection, connection.transaction():
        number = add_listing(connection, site, context.number, fields, email)
        if picture is not None:
            connection.execute(KEEP, {"site": context.number, "token": picture.token, "email": picture.person})
        return number


async def find_listing_at(connection: Any, context: SiteContext, path: str) -> ListingAt:
    """The listing whose page is at a path. Raises ApiError directory.not-found."""
    row = await (await connection.execute(FIND, (context.number, path.replace("\0", "").removeprefix(context.base_path)))).fetchone()
    if row is None:
        raise fail("directory.not-found", "there is no listing at this path", status=404)
    return ListingAt(*row)


def refused(error: CmsError) -> ApiError:
    """The answer for a listing whose fields the content type does not allow."""
    said = [problem.message.partition(": ") for problem in error.problems]
    problems = tuple((name[:60], text) if text else ("", name) for name, _, text in said)
    return ApiError(422, "api.invalid", "the listing is not as it should be", "/docs says what is taken.", fields=problems)
