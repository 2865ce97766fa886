"""Routes of comments: sending one, and reading those of a page. Deciding about them is as for reviews."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Query as Parameter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.answers import BRIEFLY, answer_cached, tag_answer
from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.form_again import Question, ask_again
from cms_ssg.api.forms import Email, Trap, read_model
from cms_ssg.api.problems import ApiError, fail
from cms_ssg.api.routing import Router, site_of
from cms_ssg.kinds.row_kind import name_fact
from cms_ssg.reviews.api import ListQuery, cut_page
from cms_ssg.reviews.moderation import MOST_TEXT
from cms_ssg.reviews.sending import FIND_ENTRY, Sent, SentModel, take

router = Router("Comments")

SHOWN: Final = """
SELECT review_id::text, author_name, content, owner_response, created_at FROM cms.reviews
WHERE entry = %(entry)s AND status = 'approved' AND rating IS NULL AND (%(at)s::timestamptz IS NULL OR (created_at, review_id) < (%(at)s, %(id)s::uuid))
ORDER BY created_at DESC, review_id DESC LIMIT %(limit)s OFFSET %(offset)s"""
ASKED: Final = (
    Question("path", type="hidden"), Question("website", type="hidden"), Question("name", "comments_name", required=True, most=100),
    Question("email", "comments_email", "email", most=320), Question("content", "comments_content", "textarea", required=True, most=MOST_TEXT),
)  # fmt: skip
COLUMNS: Final = ("id", "author_name", "content", "owner_response", "created_at")


class CommentModel(BaseModel):
    """A comment that a visitor sends."""

    model_config = ConfigDict(extra="forbid")

    path: Annotated[str, Field(max_length=1000, description="Path of the page that it is about.")]
    name: Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
    email: Annotated[Email | None, Field(description="Never shown.")] = None
    content: Annotated[str, StringConstraints(min_length=1, max_length=MOST_TEXT, strip_whitespace=True)]
    website: Trap = ""


@router.post(
    "/api/comments", scope=PUBLIC, per_minute=30, status_code=202, response_model=SentModel, summary="Send a comment",
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": CommentModel.model_json_schema()}}}},
)  # fmt: skip
async def add_comment(request: Request) -> Response:
    """Take a comment on the page at `path`. It waits until somebody approves it."""
    try:
        comment = await read_model(request, CommentModel)
        return await take(request, Sent(**comment.model_dump()))
    except ApiError as error:
        return await ask_again(request, error, ASKED, "comments_write", "reviews_send")


@router.get("/api/comments", scope=PUBLIC, summary="Approved comments")
async def list_comments(request: Request, query: Annotated[ListQuery, Parameter()]) -> Response:
    """The approved comments on a page, the newest first."""
    context = site_of(request)
    async with context.connection() as connection:
        path = query.path.replace("\0", "").removeprefix(context.base_path)
        row = await (await connection.execute(FIND_ENTRY, (context.number, path))).fetchone()
    if row is None:
        raise fail("comments.no-entry", "there is no page at this path", status=404)
    entry, start = int(row[0]), query.find_start()

    async def load() -> Any:
        async with context.connection() as connection:
            found = await (await connection.execute(SHOWN, {"entry": entry, **start})).fetchall()
            is_open = (await (await connection.execute("SELECT cms.takes_comments(%s)", (entry,))).fetchone())[0]  # type: ignore[index]
        page, following = cut_page([dict(zip(COLUMNS, one, strict=True)) for one in found], query.limit)
        return {"open": is_open, "comments": page, "next_cursor": following}

    tag = name_fact("discussion", entry)
    data = await context.cache.load_json(f"comments:{entry}:{query.limit}:{query.offset}:{query.cursor}", load, (tag,))
    return answer_cached(request, data, BRIEFLY, headers=tag_answer(context.site.settings, tag, f"entry/{entry}"))
