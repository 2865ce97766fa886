"""Owners answer reviews of their listings, below the form that changes a listing; an answer waits until somebody approves it."""

from __future__ import annotations

from typing import Annotated, Any, Final, LiteralString

from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.confirm_links import answer_page
from cms_ssg.api.forms import is_form, read_model
from cms_ssg.api.problems import fail
from cms_ssg.api.routing import Router, site_of
from cms_ssg.api.sites import SiteContext
from cms_ssg.verticals.directory.links import EDIT_URL, find_link

router = Router("Directory")

MOST: Final = 20
"""Reviews that the form shows, the newest."""

REVIEWS: Final[LiteralString] = """
SELECT number, rating, author_name, coalesce(title, ''), content, coalesce(owner_answer, owner_response, ''), owner_answer IS NOT NULL
FROM cms.reviews WHERE site = %s AND entry = %s AND status = 'approved' ORDER BY created_at DESC, number DESC LIMIT %s"""
ANSWER: Final[LiteralString] = """
UPDATE cms.reviews SET owner_answer = %s, owner_answer_at = clock_timestamp() WHERE site = %s AND entry = %s AND number = %s AND status = 'approved'"""

_FORM: Final = Markup(
    '<form class="form" method="post" action="{action}"><input type="hidden" name="word" value="{word}"><input type="hidden" name="review" value="{number}">'
    '<h3>{stars} {title}</h3><p class="meta"><bdi>{author}</bdi></p><p class="said">{text}</p>'
    '<p class="field"><label for="answer-{number}">{label}</label> <textarea id="answer-{number}" name="text" rows="3" maxlength="5000">{answer}</textarea></p>'
    '{waits}<button class="button">{send}</button></form>'
)


class Answer(BaseModel):
    """What an owner answers to a review; an empty text takes the answer away."""

    model_config = ConfigDict(extra="forbid")

    word: Annotated[str, StringConstraints(max_length=100)]
    review: int
    text: Annotated[str, StringConstraints(max_length=5000)] = ""


async def render_answers(context: SiteContext, listing: int, word: str) -> Markup:
    """A form for each of a listing's newest reviews, '' where it has none."""
    t = context.translate(context.site.default_locale)
    async with context.connection() as connection:
        rows = await (await connection.execute(REVIEWS, (context.number, listing, MOST))).fetchall()
    forms = [
        _FORM.format(
            action=f"{context.base_path}{EDIT_URL}/answers", word=word[:100], number=number, stars="★" * rating, title=title, author=author, text=text,
            label=t("directory_answer"), answer=answer, send=t("directory_send"),
            waits=Markup('<p class="quiet">{}</p>').format(t("directory_answer_waits")) if waits else "",
        )
        for number, rating, author, title, text, answer, waits in rows
    ]  # fmt: skip
    return Markup('<h2 id="answers">{}</h2>').format(t("directory_answers")) + Markup("").join(forms) if forms else Markup("")


@router.post(f"{EDIT_URL}/answers", scope=PUBLIC, per_minute=20, status_code=202, summary="Answer a review of your listing")
async def answer_review(request: Request) -> Response:
    """Keep an owner's answer to a review until somebody approves it."""
    context = site_of(request)
    sent = await read_model(request, Answer)
    t = context.translate(context.site.default_locale)
    found: Any = await find_link(context, sent.word)
    if found is None:
        return await answer_page(context, t("directory_edit"), t("directory_edit_old"), status=410)
    number = sent.review if 0 < sent.review < 1 << 62 else 0
    async with context.connection() as connection:
        values = (sent.text.replace("\0", "").strip(), context.number, found[0], number)
        if not (await connection.execute(ANSWER, values)).rowcount:
            raise fail("directory.no-review", "this listing has no such review", status=404)
    if is_form(request):
        back = Markup('<p><a href="{0}">{0}</a></p>').format(context.base_path + found[3])
        return await answer_page(context, t("directory_answers"), t("directory_answer_waits"), back)
    return JSONResponse({"status": "pending"}, 202)
