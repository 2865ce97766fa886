"""Routes of the newsroom: live updates with a token, a stream of them, and breaking news."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg import errors
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.problems import ApiError, fail
from cms_ssg.api.routing import Router, site_of
from cms_ssg.api.sites import SiteContext
from cms_ssg.api.streams import stream
from cms_ssg.content.frontmatter.values import clean_text
from cms_ssg.errors import CmsError
from cms_ssg.store.query import fetch_async
from cms_ssg.verticals.news import queries
from cms_ssg.verticals.news.breaking import BreakingInput, check_breaking
from cms_ssg.verticals.news.following import LiveFeed, feed_of
from cms_ssg.verticals.news.texts import check_content, render_content
from cms_ssg.verticals.news.writing import blog_missing, clip, refuse_ended, update_missing

router = Router("News")
LIVE = "live"


class UpdateModel(BaseModel):
    """An update to be posted. id: made by the client, so that one that is sent twice is posted once."""

    model_config = ConfigDict(extra="forbid")
    markdown: str | None = Field(None, max_length=20_000)
    blocks: list[dict[str, str]] | None = Field(None, max_length=50)
    author: str = Field("", max_length=200)
    pinned: bool = False
    important: bool = False
    id: UUID | None = None


class ChangeModel(BaseModel):
    """What is to be changed of an update."""

    model_config = ConfigDict(extra="forbid")
    markdown: str | None = Field(None, max_length=20_000)
    blocks: list[dict[str, str]] | None = Field(None, max_length=50)
    author: str | None = Field(None, max_length=200)
    pinned: bool | None = None
    important: bool | None = None


class ShownUpdate(BaseModel):
    """An update as it is stored."""

    number: int
    id: UUID
    html: str
    author: str
    pinned: bool
    important: bool
    posted_at: datetime
    updated_at: datetime | None


class BlogModel(BaseModel):
    """The state of a live blog."""

    slug: str
    title: str
    status: str
    refresh_s: int
    updates: int
    event: int


class BreakingModel(BaseModel):
    """Breaking news to be shown. sections: slugs; leave it out for all."""

    model_config = ConfigDict(extra="forbid")
    headline: str = Field(max_length=300)
    summary: str = Field("", max_length=1000)
    post: str = Field("", max_length=1000)
    priority: int = Field(1, ge=-1000, le=1000)
    display_style: Literal["banner", "ticker", "modal", "push"] = "banner"
    starts_at: datetime | None = None
    expires_at: datetime | None = None
    show_on_homepage: bool = True
    show_on_sections: list[str] | None = Field(None, max_length=200)


class ShownBreaking(BaseModel):
    """Breaking news as it is stored."""

    number: int
    state: str
    headline: str
    priority: int
    display_style: str
    starts_at: datetime
    expires_at: datetime | None
    show_on_homepage: bool
    show_on_sections: list[str] | None


@router.get("/api/live/{blog}", scope=PUBLIC, response_model=BlogModel, summary="The state of a live blog")
async def show_blog(request: Request, blog: str) -> BlogModel:
    """Its status and the number of its last event."""
    return _show_blog(await find_blog(site_of(request), blog))


@router.get("/api/live/{blog}/stream", scope=PUBLIC, response_class=Response, summary="Updates as server-sent events")
async def stream_blog(request: Request, blog: str, after: int | None = None) -> Response:
    """Events as they happen. after, or Last-Event-ID: the last one that is known; without either only what comes from now on."""
    context = site_of(request)
    found = await find_blog(context, blog)
    feed: LiveFeed = feed_of(context, request.app.state.broadcaster)
    channel = feed.join(found.number, found.events)

    async def load_missed(last: int) -> list[Any]:
        return await feed.load_events(found.number, last)

    return stream(request, channel, load_missed, after=found.events if after is None else max(after, 0))


@router.post("/api/live/{blog}/updates", scope=LIVE, response_model=ShownUpdate, status_code=201, summary="Post an update")
async def post_update(request: Request, blog: str, update: UpdateModel) -> ShownUpdate:
    """Post an update in Markdown or blocks."""
    context = site_of(request)
    found = await find_blog(context, blog)
    content = _content_of(update)
    values = {"site": context.number, "blog": found.number}
    async with context.connection() as connection, connection.transaction():
        try:
            refuse_ended(await (await connection.execute(queries.LOCK_BLOG, values)).fetchone())
        except CmsError as error:
            raise _refuse(error, 409) from None
        if update.id is not None and (
            known := await fetch_async(connection, queries.FIND_UPDATE, **values, position=-1, update_id=update.id)
        ):
            return _show(context, known[0])
        try:
            more = {"author": clean_text(update.author), "pinned": update.pinned, "important": update.important, "update_id": update.id}
            added = await fetch_async(connection, queries.ADD_UPDATE, **values, **more, content=Jsonb(content))
        except errors.UniqueViolation as error:
            if error.diag.constraint_name != queries.ONE_ID:
                raise
            raise fail("live.content", "another update has this id", status=409) from None
    return _show(context, added[0])


@router.patch("/api/live/{blog}/updates/{number}", scope=LIVE, response_model=ShownUpdate, summary="Change an update")
async def change_update(request: Request, blog: str, number: int, change: ChangeModel) -> ShownUpdate:
    """Change what is given; the rest stays."""
    content = Jsonb(_content_of(change)) if change.markdown is not None or change.blocks is not None else None
    author = clean_text(change.author) if change.author is not None else None
    return await _change(request, blog, number, content=content, author=author, pinned=change.pinned, important=change.important)


@router.delete("/api/live/{blog}/updates/{number}", scope=LIVE, status_code=204, response_class=Response, summary="Delete an update")
async def delete_update(request: Request, blog: str, number: int) -> Response:
    """Its text goes from every page and file."""
    await _change(request, blog, number, deleted=True)
    return Response(status_code=204)


@router.post("/api/live/{blog}/updates/{number}/pin", scope=LIVE, response_model=ShownUpdate, summary="Pin an update")
async def pin_update(request: Request, blog: str, number: int) -> ShownUpdate:
    """Keep it at the top of the live page."""
    return await _change(request, blog, number, pinned=True)


@router.delete("/api/live/{blog}/updates/{number}/pin", scope=LIVE, response_model=ShownUpdate, summary="Unpin an update")
async def unpin_update(request: Request, blog: str, number: int) -> ShownUpdate:
    """Let it go down with the others."""
    return await _change(request, blog, number, pinned=False)


@router.post("/api/live/{blog}/end", scope=LIVE, response_model=BlogModel, summary="End a live blog")
async def end_blog(request: Request, blog: str) -> BlogModel:
    """Open pages stop asking, and nothing can be posted any more."""
    context = site_of(request)
    found = await find_blog(context, blog)
    async with context.connection() as connection:
        await connection.execute(queries.SET_STATUS, {"site": context.number, "blog": found.number, "status": "ended"})
    return _show_blog(await find_blog(context, blog))


@router.get("/api/news/breaking", scope=PUBLIC, response_model=list[ShownBreaking], summary="Breaking news that is shown")
async def list_breaking(request: Request) -> list[ShownBreaking]:
    """The most important first."""
    context = site_of(request)
    async with context.connection() as connection:
        found = await fetch_async(connection, queries.LIST_BREAKING, site=context.number, all=False)
    return [_show_breaking(item) for item in found if item.state == "shown"]


@router.post("/api/news/breaking", scope=LIVE, response_model=ShownBreaking, status_code=201, summary="Show breaking news")
async def add_breaking(request: Request, item: BreakingModel) -> ShownBreaking:
    """Show breaking news on the front page and in sections."""
    context = site_of(request)
    for name in ("starts_at", "expires_at"):
        if (at := getattr(item, name)) is not None and at.tzinfo is None:
            raise fail("news.time", f"{name} has no time zone", status=422, hint="Write 2026-03-01T18:00:00Z.")
    async with context.connection() as connection:
        known = [row[0] for row in await (await connection.execute(queries.LIST_SECTIONS, {"site": context.number})).fetchall()]
        given = BreakingInput(
            item.headline, item.summary, item.priority, item.display_style, item.starts_at, item.expires_at, item.show_on_homepage,
            None if item.show_on_sections is None else tuple(item.show_on_sections),
        )  # fmt: skip
        try:
            checked = check_breaking(given, known)
        except CmsError as error:
            raise _refuse(error, 422) from None
        number = None
        if item.post:
            posts = await fetch_async(connection, queries.FIND_POSTS, site=context.number, name=item.post.replace("\0", ""), type="")
            if len(posts) != 1:
                said = f"{len(posts)} stories are called" if posts else "there is no story"
                raise fail("news.no-post", f"{said} {item.post[:100]!r}", status=422, hint="Give its slug, content file or path.")
            number = posts[0].number
        added = await fetch_async(
            connection, queries.ADD_BREAKING, site=context.number, headline=checked.headline, summary=checked.summary or None, post=number,
            priority=checked.priority, style=checked.style, starts_at=checked.starts_at, expires_at=checked.expires_at, home=checked.home,
            sections=None if checked.sections is None else list(checked.sections),
        )  # fmt: skip
    return _show_breaking(added[0])


@router.post("/api/news/breaking/{number}/end", scope=LIVE, response_model=ShownBreaking, summary="End breaking news")
async def end_breaking(request: Request, number: int) -> ShownBreaking:
    """Take it away everywhere."""
    context = site_of(request)
    async with context.connection() as connection:
        found = await fetch_async(connection, queries.END_BREAKING, site=context.number, number=number) if 0 < number < 2**63 else []
    if not found:
        raise fail("news.no-breaking", f"there is no breaking news {number}", status=404)
    return _show_breaking(found[0])


async def find_blog(context: SiteContext, name: str) -> queries.Blog:
    """The live blog of a name. Raises ApiError live.not-found, news.ambiguous."""
    async with context.connection() as connection:
        found = await fetch_async(connection, queries.FIND_BLOG, site=context.number, name=name.replace("\0", ""))
        if len(found) == 1:
            return found[0]
        known = [blog.slug for blog in await fetch_async(connection, queries.LIST_BLOGS, site=context.number)]
    if found:
        raise fail("news.ambiguous", f"{len(found)} live blogs are called {name[:100]!r}", status=409, hint="Use its number.")
    raise _refuse(blog_missing(name, known), 404)


async def _change(request: Request, blog: str, number: int, **changes: Any) -> ShownUpdate:
    context = site_of(request)
    found = await find_blog(context, blog)
    values = {"content": None, "author": None, "pinned": None, "important": None, "deleted": False, **changes}
    async with context.connection() as connection:
        changed = await fetch_async(
            connection, queries.CHANGE_UPDATE, site=context.number, blog=found.number, position=clip(number), **values
        )
    if not changed:
        raise _refuse(update_missing(number), 404)
    return _show(context, changed[0])


def _content_of(given: UpdateModel | ChangeModel) -> dict[str, Any]:
    content = {name: value for name, value in (("markdown", given.markdown), ("blocks", given.blocks)) if value is not None}
    try:
        return check_content(content)
    except CmsError as error:
        raise _refuse(error, 422) from None


def _refuse(error: CmsError, status: int) -> ApiError:
    problem = error.problems[0]
    return fail(problem.code, problem.message, status=status, hint=problem.hint)


def _show_blog(found: queries.Blog) -> BlogModel:
    return BlogModel(
        slug=found.slug, title=found.title, status=found.status, refresh_s=found.refresh_s, updates=found.updates, event=found.events
    )  # fmt: skip


def _show(context: SiteContext, update: queries.Update) -> ShownUpdate:
    html = render_content(context.site, update.content)
    return ShownUpdate(
        number=update.position, id=update.update_id, html=html, author=update.author, pinned=update.is_pinned, important=update.is_important,
        posted_at=update.posted_at, updated_at=update.updated_at,
    )  # fmt: skip


def _show_breaking(item: queries.Breaking) -> ShownBreaking:
    return ShownBreaking(
        number=item.number, state=item.state, headline=item.headline, priority=item.priority, display_style=item.style, starts_at=item.starts_at,
        expires_at=item.expires_at, show_on_homepage=item.home, show_on_sections=item.sections,
    )  # fmt: skip
