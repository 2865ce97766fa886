"""Claims: somebody says that a listing is theirs. An address at the listing's own domain proves it, or somebody decides at the desk."""

from __future__ import annotations

from typing import Annotated, Final, LiteralString
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.confirm_links import Word, add_question, answer_page, digest_word, make_word
from cms_ssg.api.form_again import Question, ask_again
from cms_ssg.api.forms import Email, Trap, answer_sent, digest_visitor, read_model
from cms_ssg.api.problems import ApiError, fail
from cms_ssg.api.routing import Router, site_of
from cms_ssg.mail.outbox import ADD as ADD_MAIL
from cms_ssg.mail.outbox import mail_values
from cms_ssg.verticals.directory.submissions import PERSON, find_listing_at

router = Router("Directory")

CONFIRM_URL: Final = "/api/listings/claims/confirm"

ADD_CLAIM: Final[LiteralString] = """
INSERT INTO cms.listing_claims (site, entry, name, email, message, proof, token, visitor) SELECT %(site)s, %(entry)s, %(name)s, %(email)s, %(message)s,
  %(proof)s, %(token)s, %(visitor)s
WHERE (SELECT count(*) FROM cms.listing_claims WHERE site = %(site)s AND status = 'pending' AND (visitor = %(visitor)s OR lower(email) = lower(%(email)s))) < 5
  AND NOT EXISTS (SELECT FROM cms.listing_claims WHERE entry = %(entry)s AND lower(email) = lower(%(email)s) AND status = 'pending')"""
CONFIRM: Final[LiteralString] = """
UPDATE cms.listing_claims k SET proof = 'confirmed', token = NULL, decided_at = clock_timestamp(), decided_by = 'e-mail',
  status = CASE WHEN EXISTS (SELECT FROM cms.listing_claims o WHERE o.entry = k.entry AND o.status = 'approved') THEN 'pending' ELSE 'approved' END
WHERE site = %s AND token = %s AND status = 'pending' AND created_at > clock_timestamp() - interval '7 days'"""

CLAIM: Final = (*PERSON, Question("message", "directory_message", "textarea", most=2000))


class NewClaim(BaseModel):
    """Somebody who says that a listing is theirs."""

    model_config = ConfigDict(extra="forbid")

    path: Annotated[str, StringConstraints(max_length=1000)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    email: Email
    message: Annotated[str, StringConstraints(max_length=2000)] = ""
    homepage: Trap = ""


@router.post("/api/listings/claims", scope=PUBLIC, per_minute=5, status_code=202, summary="Claim a listing")
async def claim_listing(request: Request) -> Response:
    """Take a claim. An address at the listing's own domain is proved by a link that is mailed there; others are looked at by somebody."""
    context = site_of(request)
    try:
        sent = await read_model(request, NewClaim)
    except ApiError as error:
        return await ask_again(request, error, CLAIM, "directory_claim", "directory_send")
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
            link = f"{context.site.link_url}{CONFIRM_URL}?word={word}"
            body = f"{t('directory_claim_mail', name=listing.title)}\n\n{link}\n\n{t('directory_mail_ignore')}\n"
            await connection.execute(ADD_MAIL, mail_values(context.number, sent.email, t("directory_claim_of", name=listing.title), body))
    return answer_sent(request, sent.path, "claim-sent", "pending")


add_question(router, CONFIRM_URL, "directory_confirm_text", "directory_confirm")


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


def is_at_domain(email: str, website: str) -> bool:
    """Whether an address is at the domain of a website."""
    host = (urlsplit(website).hostname or "").removeprefix("www.").lower()
    domain = email.rpartition("@")[2].lower()
    return "." in host and (domain == host or domain.endswith(f".{host}"))
