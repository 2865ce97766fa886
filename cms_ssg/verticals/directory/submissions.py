"""What visitors send to a directory: new listings, claims and messages to owners. Everything waits for somebody, or goes out by e-mail."""

from __future__ import annotations

import os
from typing import Annotated, Any, Final, LiteralString, NamedTuple
from urllib.parse import urlsplit

from anyio.to_thread import run_sync
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.confirm_links import Word, answer_page, ask, digest_word, make_word
from cms_ssg.api.forms import Email, Trap, answer_sent, digest_visitor, read_model
from cms_ssg.api.problems import ApiError, fail
from cms_ssg.api.routing import Router, site_of
from cms_ssg.api.sites import SiteContext
from cms_ssg.errors import CmsError
from cms_ssg.mail.outbox import ADD as ADD_MAIL
from cms_ssg.mail.outbox import mail_values
from cms_ssg.store.connect import connect, database_url
from cms_ssg.types import Json
from cms_ssg.verticals.directory.changes import APPROVE, REJECT, add_listing

router = Router("Directory")

CONFIRM_URL: Final = "/api/listings/claims/confirm"

FIND: Final[LiteralString] = """
SELECT l.number, l.title, l.email, l.owner_email, l.website, l.claim_status FROM cms.claims w JOIN cms.cards c ON c.entry = w.owner JOIN cms.listings l ON l.number = w.owner
WHERE w.site = %s AND w.name = %s AND w.wins AND w.owner_kind = 'e' AND c.live AND c.path = w.name"""
ADD_CLAIM: Final[LiteralString] = """
INSERT INTO cms.listing_claims (site, entry, name, email, message, proof, token, visitor) SELECT %(site)s, %(entry)s, %(name)s, %(email)s, %(message)s,
  %(proof)s, %(token)s, %(visitor)s
WHERE (SELECT count(*) FROM cms.listing_claims WHERE site = %(site)s AND status = 'pending' AND (visitor = %(visitor)s OR lower(email) = lower(%(email)s))) < 5
  AND NOT EXISTS (SELECT FROM cms.listing_claims WHERE entry = %(entry)s AND lower(email) = lower(%(email)s) AND status = 'pending')"""
CONFIRM: Final[LiteralString] = """
UPDATE cms.listing_claims k SET proof = 'confirmed', token = NULL, decided_at = clock_timestamp(), decided_by = 'e-mail',
  status = CASE WHEN EXISTS (SELECT FROM cms.listing_claims o WHERE o.entry = k.entry AND o.status = 'approved') THEN 'pending' ELSE 'approved' END
WHERE site = %s AND token = %s AND status = 'pending' AND created_at > clock_timestamp() - interval '7 days'"""


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


class NewClaim(BaseModel):
    """Somebody who says that a listing is theirs."""

    model_config = ConfigDict(extra="forbid")

    path: Annotated[str, StringConstraints(max_length=1000)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    email: Email
    message: Annotated[str, StringConstraints(max_length=2000)] = ""
    homepage: Trap = ""


class Message(BaseModel):
    """A message to the owner of a listing, whose address nobody is shown."""

    model_config = ConfigDict(extra="forbid")

    path: Annotated[str, StringConstraints(max_length=1000)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    email: Email
    message: Annotated[str, StringConstraints(min_length=1, max_length=5000)]
    homepage: Trap = ""


class Verdict(BaseModel):
    """What is decided about a listing that waits."""

    model_config = ConfigDict(extra="forbid")

    approve: bool
    note: Annotated[str, StringConstraints(max_length=2000)] = ""


@router.post("/api/listings", scope=PUBLIC, per_minute=5, status_code=202, summary="Propose a listing")
async def propose_listing(request: Request) -> Response:
    """Take a new listing. It waits until somebody approves it."""
    context = site_of(request)
    sent = await read_model(request, NewListing)
    if not sent.homepage:
        fields: dict[str, Json] = {
            name: value
            for name, value in sent.model_dump(exclude={"homepage", "your_email", "category"}).items()
            if value not in ("", None)
        }
        if sent.category:
            fields["categories"] = [sent.category]
        if sent.website and "://" not in sent.website:
            fields["website"] = f"https://{sent.website}"
        try:
            await run_sync(_save, context, fields, sent.your_email)
        except CmsError as error:
            raise refused(error) from None
    return answer_sent(request, "/add/", "sent", "pending")


@router.post("/api/listings/claims", scope=PUBLIC, per_minute=5, status_code=202, summary="Claim a listing")
async def claim_listing(request: Request) -> Response:
    """Take a claim. An address at the listing's own domain is proved by a link that is mailed there; others are looked at by somebody."""
    context = site_of(request)
    sent = await read_model(request, NewClaim)
    async with context.connection() as connection, connection.transaction():
        listing = await find_listing_at(connection, context, sent.path)
        if listing.claim_status != "unclaimed":
            raise fail(
                "directory.claimed", "somebody looks after this listing already", status=409, hint="Write to the people of this directory."
            )
        word, token = make_word() if is_at_domain(sent.email, listing.website or "") else ("", None)
        values = {
            "site": context.number, "entry": listing.number, "name": sent.name, "email": sent.email, "message": sent.message, "proof": "sent" if word else "none",
            "token": token, "visitor": await digest_visitor(request, connection),
        }  # fmt: skip
        if not sent.homepage and (await connection.execute(ADD_CLAIM, values)).rowcount and word:
            t = context.translate(context.site.default_locale)
            link = f"{context.site.settings.base_url}{CONFIRM_URL}?word={word}"
            body = f"{t('directory_claim_mail', name=listing.title)}\n\n{link}\n\n{t('directory_mail_ignore')}\n"
            await connection.execute(ADD_MAIL, mail_values(context.number, sent.email, t("directory_claim_of", name=listing.title), body))
    return answer_sent(request, sent.path, "claim-sent", "pending")


@router.get(CONFIRM_URL, scope=PUBLIC, per_minute=20, include_in_schema=False)
async def ask_to_confirm(request: Request, word: str = "") -> Response:
    """What the link in the e-mail leads to."""
    context = site_of(request)
    t = context.translate(context.site.default_locale)
    return await ask(context, t("directory_confirm_text"), t("directory_confirm"), context.base_path + CONFIRM_URL, word)


@router.post(CONFIRM_URL, scope=PUBLIC, per_minute=20, include_in_schema=False)
async def confirm_claim(request: Request) -> Response:
    """Approve a claim whose address is proved, unless somebody else has the listing by now."""
    from psycopg.errors import UniqueViolation

    context = site_of(request)
    form = await read_model(request, Word)
    try:
        async with context.connection() as connection:
            count = (await connection.execute(CONFIRM, (context.number, digest_word(form.word)))).rowcount
    except UniqueViolation:
        count = 0
    t = context.translate(context.site.default_locale)
    text, status = (t("directory_confirmed"), 200) if count else (t("directory_confirm_old"), 410)
    return await answer_page(context, t("directory_claim"), text, status=status)


@router.post("/api/listings/contact", scope=PUBLIC, per_minute=5, status_code=202, summary="Write to an owner")
async def contact_owner(request: Request) -> Response:
    """Mail a message to the owner of a listing, or to its own address."""
    context = site_of(request)
    sent = await read_model(request, Message)
    async with context.connection() as connection:
        listing = await find_listing_at(connection, context, sent.path)
        recipient = listing.owner_email or listing.email
        if not recipient:
            raise fail("directory.no-address", "this listing has no address to write to", status=404)
        if not sent.homepage:
            body = f"{sent.name} <{sent.email}> writes about {listing.title}:\n\n{sent.message}\n\n{context.site.settings.base_url}{sent.path}\n"
            await connection.execute(ADD_MAIL, mail_values(context.number, recipient, f"Message about {listing.title}", body, sent.email))
    return answer_sent(request, sent.path, "message-sent", "pending")


@router.post("/api/listings/{number}/decision", scope="moderate", summary="Decide about a listing that waits")
async def decide_listing(request: Request, number: int, verdict: Verdict) -> dict[str, str]:
    """Approve or reject a listing that waits."""
    context = site_of(request)
    values = {"site": context.number, "number": number if 0 < number < 1 << 62 else 0, "note": verdict.note.replace("\0", "")}
    async with context.connection() as connection:
        if not (await connection.execute(APPROVE if verdict.approve else REJECT, values)).rowcount:
            raise fail("directory.not-waiting", f"no listing {number} waits", status=404)
    return {"status": "approved" if verdict.approve else "rejected"}


def is_at_domain(email: str, website: str) -> bool:
    """Whether an address is at the domain of a website."""
    host = (urlsplit(website).hostname or "").removeprefix("www.").lower()
    domain = email.rpartition("@")[2].lower()
    return "." in host and (domain == host or domain.endswith(f".{host}"))


def _save(context: SiteContext, fields: dict[str, Json], email: str | None) -> int:
    site = context.site
    with connect(database_url(site.root, site.settings.database_url, os.environ), autocommit=True) as connection:
        return add_listing(connection, site, context.number, fields, email)


async def find_listing_at(connection: Any, context: SiteContext, path: str) -> ListingAt:
    """The listing whose page is at a path. Raises ApiError directory.not-found."""
    row = await (await connection.execute(FIND, (context.number, path.replace("\0", "").removeprefix(context.base_path)))).fetchone()
    if row is None:
        raise fail("directory.not-found", "there is no listing at this path", status=404)
    return ListingAt(*row)


def refused(error: CmsError) -> ApiError:
    """The answer for a listing whose fields the content type does not allow."""
    problems = tuple((problem.message.partition(":")[0][:60], problem.message) for problem in error.problems)
    return ApiError(422, "api.invalid", "the listing is not as it should be", "/docs says what is taken.", fields=problems)
