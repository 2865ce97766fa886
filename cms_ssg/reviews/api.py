"""Routes of reviews: sending one, reading them, votes, and deciding about them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Final, LiteralString, NamedTuple

from fastapi import Query as Parameter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from cms_ssg.api.answers import answer_cached
from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.forms import answer_form, digest_visitor, is_form, read_model
from cms_ssg.api.problems import fail
from cms_ssg.api.routing import Router, site_of
from cms_ssg.reviews.moderation import DECIDE, LIST, MOST_TEXT, RESPOND, QueuedReview
from cms_ssg.reviews.spam import score_text
from cms_ssg.store.query import Query, fetch_async
from cms_ssg.visitors.identity import find_visitor

router = Router("Reviews")

CACHE_CONTROL: Final = "public, max-age=0, s-maxage=1, stale-while-revalidate=1, stale-if-error=86400"
Short = Annotated[str, StringConstraints(max_length=200)]
Text = Annotated[str, StringConstraints(max_length=MOST_TEXT)]
Email = Annotated[str, StringConstraints(max_length=320, pattern=r"^[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\".]+$")]

FIND_ENTRY: Final[LiteralString] = """
SELECT c.entry, c.type, coalesce(c.card ->> 'title', '') FROM cms.claims w JOIN cms.cards c ON c.entry = w.owner
WHERE w.site = %s AND w.name = %s AND w.wins AND w.owner_kind = 'e' AND c.live AND c.path = w.name"""

RECENT: Final[LiteralString] = """
SELECT count(*) FILTER (WHERE created_at > clock_timestamp() - interval '1 hour'),
       count(*) FILTER (WHERE entry = %(entry)s AND (visitor = %(visitor)s AND content = %(content)s OR lower(author_email) = lower(%(email)s)))
FROM cms.reviews WHERE site = %(site)s AND (visitor = %(visitor)s OR lower(author_email) = lower(%(email)s))"""

ADD: Final[LiteralString] = """
INSERT INTO cms.reviews (site, entry, author_name, author_email, rating, title, content, pros, cons, visit_date, status, spam_score, visitor)
VALUES (%(site)s, %(entry)s, %(name)s, %(email)s, %(rating)s, %(title)s, %(content)s, %(pros)s, %(cons)s, %(visit_date)s, %(status)s, %(score)s, %(visitor)s)"""

VOTE: Final[LiteralString] = """
WITH voted AS (INSERT INTO cms.review_votes (review, visitor, is_helpful) SELECT number, %(visitor)s, %(helpful)s FROM cms.reviews
  WHERE site = %(site)s AND review_id = %(id)s AND status = 'approved' ON CONFLICT DO NOTHING RETURNING review)
UPDATE cms.reviews r SET helpful_count = helpful_count + (%(helpful)s IS TRUE)::int, not_helpful_count = not_helpful_count + (%(helpful)s IS FALSE)::int,
  reports = reports + (%(helpful)s IS NULL)::int FROM voted WHERE r.number = voted.review"""
EXISTS: Final[LiteralString] = "SELECT 1 FROM cms.reviews WHERE site = %s AND review_id = %s AND status = 'approved'"


class ReviewModel(BaseModel):
    """A review that a visitor sends. website: must be empty; programs that fill in every field give themselves away."""

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
    website: Annotated[str, StringConstraints(max_length=1000)] = ""


class SentModel(BaseModel):
    """What became of a review: somebody reads it before it is shown."""

    status: str


class Shown(NamedTuple):
    """An approved review, as anybody may see it."""

    id: Any
    author_name: str
    rating: int
    title: str | None
    content: str
    pros: str | None
    cons: str | None
    visit_date: date | None
    verified: bool
    helpful: int
    not_helpful: int
    owner_response: str | None
    created_at: datetime


SHOWN: Final = Query(
    """
SELECT review_id, author_name, rating, title, content, pros, cons, visit_date, is_verified_purchase, helpful_count, not_helpful_count, owner_response, created_at
FROM cms.reviews WHERE entry = %(entry)s AND status = 'approved' ORDER BY created_at DESC, review_id DESC LIMIT %(limit)s OFFSET %(offset)s""",
    Shown,
)


class ListQuery(BaseModel):
    """Which reviews."""

    model_config = ConfigDict(extra="forbid")

    path: Annotated[str, Field(max_length=1000)]
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    offset: Annotated[int, Field(ge=0, le=100_000)] = 0


class QueueQuery(BaseModel):
    """Which reviews that wait."""

    model_config = ConfigDict(extra="forbid")

    status: Annotated[str, Field(pattern="^(pending|approved|rejected|spam)$")] = "pending"
    limit: Annotated[int, Field(ge=1, le=1000)] = 50


class DecisionModel(BaseModel):
    """What is decided. note: why, for yourselves."""

    model_config = ConfigDict(extra="forbid")

    status: Annotated[str, Field(pattern="^(pending|approved|rejected|spam)$")]
    note: Text = ""


class ResponseModel(BaseModel):
    """The owner's answer; an empty text takes it away."""

    model_config = ConfigDict(extra="forbid")

    text: Text


@router.post(
    "/api/reviews", scope=PUBLIC, per_minute=30, status_code=202, response_model=SentModel, summary="Send a review",
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": ReviewModel.model_json_schema()}}}},
)  # fmt: skip
async def add_review(request: Request) -> Response:
    """Take a review of the page at `path`. It waits until somebody approves it."""
    context = site_of(request)
    review = await read_model(request, ReviewModel)
    visitor = await find_visitor(request)
    email = visitor.email if visitor is not None else review.email
    async with context.connection() as connection:
        entry = await _find_entry(connection, context, review.path)
        if review.website:
            return _thank(request, review.path)  # whoever filled this in is told nothing
        values: dict[str, Any] = {
            "site": context.number, "entry": entry, "name": review.name, "email": email, "rating": review.rating, "title": review.title or None,
            "content": review.content, "pros": review.pros or None, "cons": review.cons or None, "visit_date": review.visit_date,
            "visitor": await digest_visitor(request, connection), "score": score_text(review.name, review.title, review.content, review.pros, review.cons),
        }  # fmt: skip
        recent, same = await (await connection.execute(RECENT, values)).fetchone()  # type: ignore[misc]
        if recent >= context.site.settings.vertical["reviews"].per_hour:
            raise fail(
                "reviews.limit", "too many reviews from here", status=429, hint="Come back in an hour.", headers={"Retry-After": "3600"}
            )
        if same:
            raise fail("reviews.twice", "you have reviewed this already", status=409)
        await connection.execute(ADD, {**values, "status": "spam" if values["score"] >= 1 else "pending"})
    return _thank(request, review.path)


@router.get("/api/reviews", scope=PUBLIC, summary="Approved reviews")
async def list_reviews(request: Request, query: Annotated[ListQuery, Parameter()]) -> Response:
    """The approved reviews of a page, the newest first, with what they come to."""
    context = site_of(request)
    async with context.connection() as connection:
        entry = await _find_entry(connection, context, query.path)

    async def load() -> Any:
        async with context.connection() as connection:
            found = await fetch_async(connection, SHOWN, entry=entry, limit=query.limit, offset=query.offset)
            rating = await (
                await connection.execute(
                    "SELECT rating_count, review_count, round(rating_sum::numeric / nullif(rating_count, 0), 2)::float8, stars FROM cms.ratings WHERE entry = %s",
                    (entry,),
                )
            ).fetchone()
        count, written, average, stars = rating or (0, 0, None, [0] * 5)
        return {
            "rating_avg": average, "rating_count": count, "review_count": written, "stars": stars,
            "reviews": [{**one._asdict(), "id": str(one.id)} for one in found],
        }  # fmt: skip

    data = await context.cache.load_json(f"reviews:{entry}:{query.limit}:{query.offset}", load, (f"fact/rating/{entry}",))
    return answer_cached(request, data, CACHE_CONTROL)


@router.post("/api/reviews/{review_id}/helpful", scope=PUBLIC, per_minute=30, summary="Vote")
async def vote(request: Request, review_id: str, helpful: bool = True) -> dict[str, str]:
    """Say that a review helped, or did not; once a visitor."""
    return await _vote(request, review_id, helpful)


@router.post("/api/reviews/{review_id}/report", scope=PUBLIC, per_minute=10, summary="Report a review")
async def report(request: Request, review_id: str) -> dict[str, str]:
    """Ask somebody to look at a review again."""
    return await _vote(request, review_id, None)


@router.get("/api/reviews/queue", scope="moderate", summary="Reviews that wait")
async def list_queue(request: Request, query: Annotated[QueueQuery, Parameter()]) -> list[dict[str, Any]]:
    """What waits for a decision, the oldest first."""
    context = site_of(request)
    async with context.connection() as connection:
        found: list[QueuedReview] = await fetch_async(connection, LIST, site=context.number, status=query.status, limit=query.limit)
    return [one._asdict() for one in found]


@router.post("/api/reviews/{number}/decision", scope="moderate", summary="Decide about a review")
async def decide_review(request: Request, number: int, decision: DecisionModel) -> dict[str, str]:
    """Approve or reject a review, or file it as spam."""
    await _write(request, DECIDE, {"number": number, "status": decision.status, "note": decision.note.replace("\0", "")})
    return {"status": decision.status}


@router.post("/api/reviews/{number}/response", scope="moderate", summary="Answer a review")
async def respond_to_review(request: Request, number: int, response: ResponseModel) -> dict[str, str]:
    """Put the owner's answer below a review."""
    await _write(request, RESPOND, {"number": number, "text": response.text.replace("\0", "").strip()})
    return {"status": "saved"}


async def _write(request: Request, statement: LiteralString, values: dict[str, Any]) -> None:
    context = site_of(request)
    if not 0 < values["number"] < 1 << 62:
        raise fail("reviews.not-found", "there is no such review", status=404)
    async with context.connection() as connection:
        cursor = await connection.execute(statement, {"site": context.number, **values})
        if not cursor.rowcount:
            raise fail("reviews.not-found", f"there is no review {values['number']}", status=404)


async def _vote(request: Request, review_id: str, helpful: bool | None) -> dict[str, str]:
    from uuid import UUID

    context = site_of(request)
    try:
        number = UUID(review_id)
    except ValueError:
        raise fail("reviews.not-found", "there is no such review", status=404) from None
    async with context.connection() as connection:
        values = {"site": context.number, "id": number, "visitor": await digest_visitor(request, connection), "helpful": helpful}
        if (
            not (await connection.execute(VOTE, values)).rowcount
            and not await (await connection.execute(EXISTS, (context.number, number))).fetchone()
        ):
            raise fail("reviews.not-found", "there is no such review", status=404)
    return {"status": "counted"}


async def _find_entry(connection: Any, context: Any, path: str) -> int:
    row = await (await connection.execute(FIND_ENTRY, (context.number, path.replace("\0", "").removeprefix(context.base_path)))).fetchone()
    types = context.site.settings.vertical["reviews"].types
    if row is None or (types and row[1] not in types):
        raise fail("reviews.no-entry", "there is nothing to review at this path", status=404)
    return int(row[0])


def _thank(request: Request, path: str) -> Response:
    if is_form(request):
        return answer_form(request, path.removeprefix(site_of(request).base_path), "review-sent")
    return JSONResponse({"status": "pending"}, 202)
