"""Routes of reviews: reading them, votes, and deciding about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final, LiteralString, NamedTuple
from uuid import UUID

from fastapi import Query as Parameter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from cms_ssg.api.answers import BRIEFLY, answer_cached, tag_answer
from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.cursors import read_cursor, write_cursor
from cms_ssg.api.forms import answer_form, digest_visitor, is_form
from cms_ssg.api.problems import ApiError, fail
from cms_ssg.api.routing import Router, site_of
from cms_ssg.kinds.row_kind import name_fact
from cms_ssg.reviews.moderation import DECIDE, LIST, MOST_TEXT, RESPOND, QueuedReview
from cms_ssg.reviews.sending import find_entry
from cms_ssg.store.query import Query, fetch_async

router = Router("Reviews")

Text = Annotated[str, StringConstraints(max_length=MOST_TEXT)]

VOTE: Final[LiteralString] = """
WITH voted AS (INSERT INTO cms.review_votes (review, visitor, is_helpful) SELECT number, %(visitor)s, %(helpful)s FROM cms.reviews
  WHERE site = %(site)s AND review_id = %(id)s AND status = 'approved' ON CONFLICT DO NOTHING RETURNING review)
UPDATE cms.reviews r SET helpful_count = helpful_count + (%(helpful)s IS TRUE)::int, not_helpful_count = not_helpful_count + (%(helpful)s IS FALSE)::int,
  reports = reports + (%(helpful)s IS NULL)::int FROM voted WHERE r.number = voted.review"""
PATH: Final[LiteralString] = """
SELECT c.path FROM cms.reviews r LEFT JOIN cms.cards c ON c.entry = r.entry WHERE r.site = %s AND r.review_id = %s AND r.status = 'approved'"""


class Shown(NamedTuple):
    """An approved review, as anybody may see it."""

    id: Any
    author_name: str
    rating: int
    title: str | None
    content: str
    pros: str | None
    cons: str | None
    images: list[str]
    visit_date: date | None
    verified: bool
    helpful: int
    not_helpful: int
    owner_response: str | None
    created_at: datetime


SHOWN: Final = Query(
    """
SELECT review_id, author_name, rating, title, content, pros, cons, coalesce(images, '{}'), visit_date, is_verified_purchase,
  helpful_count, not_helpful_count, owner_response, created_at
FROM cms.reviews WHERE entry = %(entry)s AND status = 'approved' AND rating IS NOT NULL AND (%(stars)s::int IS NULL OR rating = %(stars)s)
  AND (%(at)s::timestamptz IS NULL OR (created_at, review_id) < (%(at)s, %(id)s::uuid))
ORDER BY created_at DESC, review_id DESC LIMIT %(limit)s OFFSET %(offset)s""",
    Shown,
)


class ListQuery(BaseModel):
    """Which page of what is shown of an entry."""

    model_config = ConfigDict(extra="forbid")

    path: Annotated[str, Field(max_length=1000)]
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    offset: Annotated[int, Field(ge=0, le=100_000)] = 0
    cursor: Annotated[str, Field(max_length=200, description="next_cursor of the page before, in place of offset.")] = ""

    def find_start(self) -> dict[str, Any]:
        """Where the page begins, as the queries take it: behind a time and an id, or after so many. Raises ApiError api.invalid."""
        at, last = read_cursor(self.cursor, datetime.fromisoformat, UUID) if self.cursor else (None, None)
        return {"at": at, "id": last, "offset": 0 if self.cursor else self.offset, "limit": self.limit + 1}


class ReviewsQuery(ListQuery):
    """Which reviews."""

    rating: Annotated[int | None, Field(ge=1, le=5, description="Only those with so many stars.")] = None


def cut_page(rows: Sequence[dict[str, Any]], limit: int) -> tuple[Sequence[dict[str, Any]], str]:
    """The rows of a page, of which one more was asked for, and the cursor of the next page, ``""`` if there is none."""
    page = rows[:limit]
    return page, write_cursor(page[-1]["created_at"], page[-1]["id"]) if len(rows) > limit else ""


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


@router.get("/api/reviews", scope=PUBLIC, summary="Approved reviews")
async def list_reviews(request: Request, query: Annotated[ReviewsQuery, Parameter()]) -> Response:
    """The approved reviews of a page, the newest first, with what they come to."""
    context = site_of(request)
    async with context.connection() as connection:
        entry = await find_entry(connection, context, query.path)

    start = query.find_start()

    async def load() -> Any:
        async with context.connection() as connection:
            found = await fetch_async(connection, SHOWN, entry=entry, stars=query.rating, **start)
            rating = await (
                await connection.execute(
                    "SELECT rating_count, review_count, round(rating_sum::numeric / nullif(rating_count, 0), 2)::float8, stars FROM cms.ratings WHERE entry = %s",
                    (entry,),
                )
            ).fetchone()
        count, written, average, stars = rating or (0, 0, None, [0] * 5)
        page, following = cut_page([{**one._asdict(), "id": str(one.id)} for one in found], query.limit)
        return {
            "rating_avg": average, "rating_count": count, "review_count": written, "stars": stars,
            "reviews": page, "next_cursor": following,
        }  # fmt: skip

    tag = name_fact("rating", entry)
    data = await context.cache.load_json(f"reviews:{entry}:{query.limit}:{query.offset}:{query.cursor}:{query.rating}", load, (tag,))
    return answer_cached(request, data, BRIEFLY, headers=tag_answer(context.site.settings, tag, f"entry/{entry}"))


@router.post("/api/reviews/{review_id}/helpful", scope=PUBLIC, per_minute=30, summary="Vote")
async def vote(request: Request, review_id: str, helpful: bool = True) -> Response:
    """Say that a review helped, or did not; once a visitor."""
    return await _vote(request, review_id, helpful)


@router.post("/api/reviews/{review_id}/report", scope=PUBLIC, per_minute=10, summary="Report a review")
async def report(request: Request, review_id: str) -> Response:
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
        raise _no_review()
    async with context.connection() as connection:
        cursor = await connection.execute(statement, {"site": context.number, **values})
        if not cursor.rowcount:
            raise fail("reviews.not-found", f"there is no review {values['number']}", status=404)


async def _vote(request: Request, review_id: str, helpful: bool | None) -> Response:
    context = site_of(request)
    try:
        number = UUID(review_id)
    except ValueError:
        raise _no_review() from None
    async with context.connection() as connection:
        values = {"site": context.number, "id": number, "visitor": await digest_visitor(request, connection), "helpful": helpful}
        await connection.execute(VOTE, values)
        row = await (await connection.execute(PATH, (context.number, number))).fetchone()
    if row is None:
        raise _no_review()
    if is_form(request):
        return answer_form(request, row[0] or "/", "review-counted" if helpful is not None else "review-reported")
    return JSONResponse({"status": "counted"})


def _no_review() -> ApiError:
    return fail("reviews.not-found", "there is no such review", status=404)
