"""Routes for those who write reviews: sending one, and confirming the address it came with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Final, LiteralString, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.confirm_links import Word, add_question, answer_page, digest_word, make_word
from cms_ssg.api.form_again import Question, ask_again
from cms_ssg.api.form_bodies import MULTIPART, read_form
from cms_ssg.api.forms import Email, Trap, answer_sent, digest_visitor, is_form, read_model
from cms_ssg.api.problems import ApiError, fail
from cms_ssg.api.routing import Router, site_of
from cms_ssg.api.sites import SiteContext
from cms_ssg.mail.outbox import ADD as ADD_MAIL
from cms_ssg.mail.outbox import mail_values
from cms_ssg.reviews.moderation import MOST_TEXT, PICTURE_DAYS
from cms_ssg.reviews.settings import Reviews
from cms_ssg.reviews.spam import score_text
from cms_ssg.uploads.keep import KEEP
from cms_ssg.visitors.identity import find_visitor
from cms_ssg.visitors.uploads import Picture, keep_picture

router = Router("Reviews")

CONFIRM_URL: Final = "/api/reviews/confirm"
Short = Annotated[str, StringConstraints(max_length=200)]
Text = Annotated[str, StringConstraints(max_length=MOST_TEXT)]

FIND_ENTRY: Final[LiteralString] = """
SELECT c.entry, c.type, coalesce(c.card ->> 'title', '') FROM cms.claims w JOIN cms.cards c ON c.entry = w.owner
WHERE w.site = %s AND w.name = %s AND w.wins AND w.owner_kind = 'e' AND c.live AND c.path = w.name"""

RECENT: Final[LiteralString] = """
SELECT count(*) FILTER (WHERE created_at > clock_timestamp() - interval '1 hour'),
       count(*) FILTER (WHERE entry = %(entry)s AND (rating IS NULL) = %(is_comment)s
         AND (visitor = %(visitor)s AND content = %(content)s OR NOT %(is_comment)s AND lower(author_email) = lower(%(email)s)))
FROM cms.reviews WHERE site = %(site)s AND (visitor = %(visitor)s OR lower(author_email) = lower(%(email)s))"""

ADD: Final[LiteralString] = """
INSERT INTO cms.reviews (site, entry, author_name, author_email, rating, title, content, pros, cons, visit_date, status, spam_score, visitor, confirm_token, images,
  confirmed_at)
VALUES (%(site)s, %(entry)s, %(name)s, %(email)s, %(rating)s, %(title)s, %(content)s, %(pros)s, %(cons)s, %(visit_date)s, %(status)s, %(score)s, %(visitor)s, %(token)s, %(images)s,
  CASE WHEN %(is_proved)s THEN clock_timestamp() END)"""

CONFIRM: Final[LiteralString] = """
UPDATE cms.reviews SET confirm_token = NULL, confirmed_at = clock_timestamp()
WHERE site = %s AND confirm_token = %s AND created_at > clock_timestamp() - interval '7 days' RETURNING number"""

SPAM_PICTURES: Final[LiteralString] = """
UPDATE cms.uploads SET expires_at = clock_timestamp() + %(days)s * interval '1 day' WHERE site = %(site)s AND '/' || key = ANY(%(images)s)"""


class ReviewModel(BaseModel):
    """A review that a visitor sends."""

    model_config = ConfigDict(extra="forbid")

    path: Annotated[str, Field(max_length=1000, description="Path of the page that it is about.")]
    rating: Annotated[int, Field(ge=1, le=5)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    email: Annotated[Email | None, Field(description="Never shown.")] = None
    title: Short = ""
    content: Text = ""
    pros: Annotated[str, StringConstraints(max_length=1000)] = ""
    cons: Annotated[str, StringConstraints(max_length=1000)] = ""
    visit_date: date | None = None
    images: Annotated[
        list[Annotated[str, StringConstraints(max_length=100)]],
        Field(max_length=8, description="Tokens of images that the visitor sent to /api/uploads."),
    ] = []
    website: Trap = ""


class Sent(NamedTuple):
    """What a visitor sent: a review, or a comment, which has no rating and only a text."""

    path: str
    name: str
    email: str | None
    content: str
    website: str
    rating: int | None = None
    title: str = ""
    pros: str = ""
    cons: str = ""
    visit_date: date | None = None
    images: Sequence[str] = ()

    @property
    def is_comment(self) -> bool:
        return self.rating is None


class SentModel(BaseModel):
    """What became of a review. pending: somebody reads it before it is shown; confirm: its author has to open the link in an e-mail first."""

    status: str


@router.post(
    "/api/reviews", scope=PUBLIC, per_minute=30, takes_files=MULTIPART, status_code=202, response_model=SentModel, summary="Send a review",
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": ReviewModel.model_json_schema()}}}},
)  # fmt: skip
async def add_review(request: Request) -> Response:
    """Take a review of the page at `path`. It waits until somebody approves it. As multipart/form-data it may have a `picture`."""
    try:
        review = await read_model(request, ReviewModel)
        picture = (await read_form(request)).files.get("picture") if is_form(request) else None
        if picture is not None and not site_of(request).site.settings.vertical["reviews"].pictures:
            raise fail("reviews.no-image", "pictures are not taken with reviews here", status=422, hint="Send the review without it.")
        return await take(request, Sent(**review.model_dump()), picture)
    except ApiError as error:
        return await ask_again(
            request, error, _list_asked(site_of(request).site.settings.vertical["reviews"]), "reviews_write", "reviews_send"
        )


add_question(router, CONFIRM_URL, "reviews_confirm_text", "reviews_confirm")


@router.post(CONFIRM_URL, scope=PUBLIC, per_minute=20, include_in_schema=False)
async def confirm(request: Request) -> Response:
    """Note that the address is its author's; the review waits for a decision from now on."""
    context = site_of(request)
    sent = await read_model(request, Word)
    async with context.connection() as connection:
        cursor = await connection.execute(CONFIRM, (context.number, digest_word(sent.word)))
    t = context.translate(context.site.default_locale)
    if not cursor.rowcount:
        return await answer_page(context, t("reviews_title"), t("reviews_link_old"), status=410)
    return await answer_page(context, t("reviews_title"), t("reviews_confirmed"))


def _list_asked(settings: Reviews) -> list[Question]:
    """What the form of a page asks, for the page that shows it once more."""
    email = Question("email", f"reviews_email{'_needed' if settings.confirm else ''}", "email", required=settings.confirm, most=320)
    asked = [
        *(Question(name, type="hidden") for name in ("path", "website", "visit_date")), Question("rating", "reviews_rating", "stars", required=True),
        Question("name", "reviews_name", required=True, most=100), email, Question("title", "reviews_heading"),
        Question("content", "reviews_content", "textarea", most=MOST_TEXT), Question("pros", "reviews_pros", most=1000),
        Question("cons", "reviews_cons", most=1000),
    ]  # fmt: skip
    return [*asked, Question("picture", "reviews_picture", "file")] if settings.pictures else asked


async def take(request: Request, sent: Sent, picture: bytes | None = None) -> Response:
    """Queue what a visitor sent, with a picture of it. Raises ApiError reviews.no-entry, comments.closed, reviews.limit, reviews.twice, reviews.no-image."""
    context = site_of(request)
    settings = context.site.settings.vertical["reviews"]
    visitor = await find_visitor(request)
    email = visitor.email if visitor is not None else sent.email
    needs_link = settings.confirm and visitor is None
    if needs_link and not email:
        raise ApiError(422, "api.invalid", "the request is not as it should be: email", fields=(("email", "an address is needed here"),))
    status = "confirm" if needs_link else "pending"
    kept = None
    if picture is not None and not sent.website:
        async with context.connection() as connection:
            await _check(request, connection, sent, email)
        kept = await keep_picture(request, picture, email)
    async with context.connection() as connection, connection.transaction():
        values = await _check(request, connection, sent, email)
        if sent.website:
            return _thank(request, sent, status)  # whoever filled this in is told nothing
        word, token = make_word() if needs_link else ("", None)
        is_spam = values["score"] >= 1
        images = await _keep_images(connection, context, sent.images, visitor.email if visitor is not None else "", kept)
        await connection.execute(ADD, {
            **values, "status": "spam" if is_spam else "pending", "token": token, "is_proved": visitor is not None, "images": images,
        })  # fmt: skip
        if is_spam and images:
            await connection.execute(SPAM_PICTURES, {"site": context.number, "images": images, "days": PICTURE_DAYS})
        if word and not is_spam:
            await _ask_author(connection, context, values, word)
    return _thank(request, sent, status)


async def _check(request: Request, connection: Any, sent: Sent, email: str | None) -> dict[str, Any]:
    """The columns of what was sent. Raises ApiError reviews.no-entry, comments.closed, reviews.limit, reviews.twice where it is not taken."""
    context = site_of(request)
    values: dict[str, Any] = {
        "site": context.number, "name": sent.name, "email": email, "rating": sent.rating, "title": sent.title or None, "content": sent.content,
        "pros": sent.pros or None, "cons": sent.cons or None, "visit_date": sent.visit_date, "is_comment": sent.is_comment,
        "entry": await (find_discussion if sent.is_comment else find_entry)(connection, context, sent.path),
        "visitor": await digest_visitor(request, connection), "score": score_text(sent.name, sent.title, sent.content, sent.pros, sent.cons),
    }  # fmt: skip
    recent, same = await (await connection.execute(RECENT, values)).fetchone()
    if recent >= context.site.settings.vertical["reviews"].per_hour and not sent.website:
        said, hint = "too many reviews or comments were sent from here", "Try again in an hour."
        raise fail("reviews.limit", said, status=429, hint=hint, headers={"Retry-After": "3600"})
    if same and not sent.website:
        said = "you have sent this comment already" if sent.is_comment else "you have reviewed this already"
        raise fail("reviews.twice", said, status=409)
    return values


async def find_entry(connection: Any, context: SiteContext, path: str) -> int:
    """The number of what may be reviewed at a path. Raises ApiError reviews.no-entry."""
    row = await (await connection.execute(FIND_ENTRY, (context.number, path.replace("\0", "").removeprefix(context.base_path)))).fetchone()
    types = context.site.settings.vertical["reviews"].types
    if row is None or (types and row[1] not in types):
        raise fail("reviews.no-entry", "there is nothing to review at this path", status=404)
    return int(row[0])


async def find_discussion(connection: Any, context: SiteContext, path: str) -> int:
    """The number of what readers may comment on at a path. Raises ApiError comments.closed."""
    row = await (await connection.execute(FIND_ENTRY, (context.number, path.replace("\0", "").removeprefix(context.base_path)))).fetchone()
    if row is None or not (await (await connection.execute("SELECT cms.takes_comments(%s)", (row[0],))).fetchone())[0]:
        raise fail("comments.closed", "comments are closed here", status=404)
    return int(row[0])


async def _keep_images(connection: Any, context: SiteContext, tokens: Sequence[str], email: str, sent: Picture | None) -> list[str] | None:
    """The paths of images that the visitor with this proved address sent before, and of the one that came with the review. Raises ApiError reviews.no-image."""
    paths = []
    for token, person in (*((token, email.lower()) for token in tokens), *(((sent.token, sent.person),) if sent is not None else ())):
        values = {"site": context.number, "token": token, "email": person}
        row = await (await connection.execute(KEEP, values)).fetchone() if person else None
        if row is None:
            raise fail(
                "reviews.no-image",
                "an image was not sent by this visitor, or is used already",
                status=422,
                hint="POST /api/uploads takes images.",
            )
        paths.append(f"/{row[0]}")
    return paths or None


async def _ask_author(connection: Any, context: SiteContext, values: dict[str, Any], word: str) -> None:
    """Mail the link that confirms the author's address."""
    site = context.site
    t = context.translate(site.default_locale)
    link = f"{site.link_url}{CONFIRM_URL}?word={word}"
    body = f"{t('reviews_mail_text', site=site.settings.title)}\n\n{link}\n\n{t('reviews_mail_ignore')}\n"
    await connection.execute(ADD_MAIL, mail_values(context.number, values["email"], t("reviews_mail_subject"), body))


def _thank(request: Request, sent: Sent, status: str) -> Response:
    fragment = f"{'comment' if sent.is_comment else 'review'}-{'sent' if status == 'pending' else 'confirm'}"
    return answer_sent(request, sent.path, fragment, status)
