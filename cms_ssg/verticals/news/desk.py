"""The newsroom's desk: live blogs and breaking news as pages for a phone, behind the desk's sign-in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.forms import read_model
from cms_ssg.api.problems import ApiError, fail
from cms_ssg.api.routing import Router, site_of
from cms_ssg.desk.frame import HEADERS, View, answer_page, enter
from cms_ssg.desk.queue import DeskPage
from cms_ssg.desk.session import Session
from cms_ssg.store.query import fetch_async
from cms_ssg.verticals.news import api, queries
from cms_ssg.verticals.news.desk_pages import render_blog, render_blogs, render_breaking, render_breaking_form, render_problem
from cms_ssg.verticals.news.live import TYPE

router = Router("Desk of the newsroom")
SCOPE: Final = "live"
SHOWN: Final = 40
"""Updates on the page of a live blog."""

DESK_PAGES: Final = (DeskPage("live", "Live blogs", SCOPE), DeskPage("breaking", "Breaking news", SCOPE))
SCRIPT: Final = (Path(__file__).parent / "desk.js").read_bytes()
STATUSES: Final = ("live", "paused", "ended")
Text = Annotated[str, StringConstraints(max_length=20_000)]


class DeskForm(BaseModel):
    """What any form of these pages may send; each uses its part."""

    model_config = ConfigDict(extra="forbid")
    csrf: Annotated[str, StringConstraints(max_length=100)] = ""
    markdown: Text = ""
    author: Annotated[str, StringConstraints(max_length=200)] = ""
    pinned: bool = False
    important: bool = False
    id: UUID | None = None
    headline: Annotated[str, StringConstraints(max_length=300)] = ""
    summary: Annotated[str, StringConstraints(max_length=1000)] = ""
    post: Annotated[str, StringConstraints(max_length=1000)] = ""
    priority: int = 1
    style: Annotated[str, StringConstraints(pattern="banner|ticker|modal|push")] = "banner"
    minutes: Annotated[str, StringConstraints(pattern="[0-9]{0,5}")] = ""
    home: bool = False
    section: Annotated[str, StringConstraints(max_length=1000)] = ""


@router.get("/desk/live", scope=PUBLIC, include_in_schema=False)
async def show_blogs(request: Request) -> Response:
    """Live blogs, those that go on first, and entries for which none was begun."""
    session = await enter(request, SCOPE)
    return answer_page(request, session, "Live blogs", await _render_blogs(request, session), View("live"))


@router.get("/desk/breaking", scope=PUBLIC, include_in_schema=False)
async def show_breaking(request: Request) -> Response:
    """Breaking news that is shown or planned, and a form for more."""
    session = await enter(request, SCOPE)
    return answer_page(request, session, "Breaking news", await _render_breaking(request, session), View("breaking"))


@router.get("/desk/live/desk.js", scope=PUBLIC, include_in_schema=False)
async def show_script(request: Request) -> Response:
    """The script that keeps updates until they are sent."""
    return Response(SCRIPT, 200, {"Cache-Control": "public, max-age=300"}, "text/javascript; charset=utf-8")


@router.get("/desk/live/{blog}", scope=PUBLIC, include_in_schema=False)
async def show_blog(request: Request, blog: str) -> Response:
    """A live blog to post to."""
    session = await enter(request, SCOPE)
    return await _show_blog(request, session, blog)


@router.post("/desk/live/{blog}/updates", scope=PUBLIC, include_in_schema=False)
async def post_update(request: Request, blog: str) -> Response:
    """Post an update. One that is sent twice with the same id is posted once."""
    form = await read_model(request, DeskForm)
    update = {"markdown": form.markdown, "author": form.author, "pinned": form.pinned, "important": form.important, "id": form.id}
    return await _act(request, form, blog, lambda: api.post_update(request, blog, api.UpdateModel.model_validate(update)), form.markdown)


@router.post("/desk/live/{blog}/updates/{number}/{action}", scope=PUBLIC, include_in_schema=False)
async def change_update(request: Request, blog: str, number: int, action: str) -> Response:
    """Edit, delete, pin or unpin an update."""
    form = await read_model(request, DeskForm)
    actions: dict[str, Callable[[], Awaitable[Any]]] = {
        "edit": lambda: api.change_update(request, blog, number, api.ChangeModel.model_validate({"markdown": form.markdown})),
        "delete": lambda: api.delete_update(request, blog, number),
        "pin": lambda: api.pin_update(request, blog, number),
        "unpin": lambda: api.unpin_update(request, blog, number),
    }
    return await _act(request, form, blog, _find_action(actions, action))


@router.post("/desk/live/{blog}/status/{status}", scope=PUBLIC, include_in_schema=False)
async def set_status(request: Request, blog: str, status: str) -> Response:
    """Go on, pause or end."""
    context, form = site_of(request), await read_model(request, DeskForm)

    async def write() -> None:
        found = await api.find_blog(context, blog)
        async with context.connection() as connection:
            await connection.execute(queries.SET_STATUS, {"site": context.number, "blog": found.number, "status": status})

    return await _act(request, form, blog, _find_action(dict.fromkeys(STATUSES, write), status))


@router.post("/desk/live/{post}/start", scope=PUBLIC, include_in_schema=False)
async def start_blog(request: Request, post: int) -> Response:
    """Begin a live blog. post: the number of its entry."""
    context, form = site_of(request), await read_model(request, DeskForm)
    await enter(request, SCOPE, form.csrf)
    async with context.connection() as connection:
        found = await fetch_async(connection, queries.NOT_BEGUN, site=context.number, type=TYPE)
        if any(entry.number == post for entry in found):
            values = {"site": context.number, "post": post, "status": "live", "refresh_s": 30, "comments": True}
            await connection.execute(queries.START_BLOG, values)
    return RedirectResponse(f"{context.base_path}/desk/live", 303, HEADERS)


@router.post("/desk/breaking/items/add", scope=PUBLIC, include_in_schema=False)
async def add_breaking(request: Request) -> Response:
    """Show breaking news."""
    from pydantic import ValidationError

    form = await read_model(request, DeskForm)
    session = await enter(request, SCOPE, form.csrf)
    sections = [name.strip() for name in form.section.split(",") if name.strip()]
    try:
        now = datetime.now(UTC)
        item = api.BreakingModel(
            headline=form.headline, summary=form.summary, post=form.post, priority=form.priority, display_style=form.style,  # type: ignore[arg-type]
            expires_at=now + timedelta(minutes=int(form.minutes)) if form.minutes else None, show_on_homepage=form.home,
            show_on_sections=None if form.section.strip() in ("", "all") else [] if form.section.strip() == "none" else sections,
        )  # fmt: skip
        await api.add_breaking(request, item)
    except (ApiError, ValidationError) as error:
        said = error if isinstance(error, ApiError) else fail("api.invalid", "the priority is a number from -1000 to 1000", status=422)
        main = render_problem(said) + await _render_breaking(request, session, form)
        return answer_page(request, session, "Breaking news", main, View("breaking"), said.status)
    return RedirectResponse(f"{site_of(request).base_path}/desk/breaking", 303, HEADERS)


@router.post("/desk/breaking/items/{number}/end", scope=PUBLIC, include_in_schema=False)
async def end_breaking(request: Request, number: int) -> Response:
    """Take breaking news away; one that is gone stays gone."""
    form = await read_model(request, DeskForm)
    await enter(request, SCOPE, form.csrf)
    context = site_of(request)
    async with context.connection() as connection:
        if 0 < number < 2**63:
            await fetch_async(connection, queries.END_BREAKING, site=context.number, number=number)
    return RedirectResponse(f"{context.base_path}/desk/breaking", 303, HEADERS)


async def _render_blogs(request: Request, session: Session) -> str:
    context = site_of(request)
    async with context.connection() as connection:
        blogs = await fetch_async(connection, queries.LIST_BLOGS, site=context.number)
        waiting = await fetch_async(connection, queries.NOT_BEGUN, site=context.number, type=TYPE)
    return render_blogs(blogs, waiting, session, context.base_path)


async def _render_breaking(request: Request, session: Session, form: DeskForm | None = None) -> str:
    """The page; form: what was sent and refused, so that nobody types it again."""
    context = site_of(request)
    async with context.connection() as connection:
        items = await fetch_async(connection, queries.LIST_BREAKING, site=context.number, all=False)
        sections = [row[0] for row in await (await connection.execute(queries.LIST_SECTIONS, {"site": context.number})).fetchall()]
    form = form or DeskForm(minutes="30", home=True, section="all")
    return render_breaking(
        items, render_breaking_form(form.model_dump(), sections, session, context.base_path), session, context.base_path, context.site.zone
    )


async def _act(request: Request, form: DeskForm, blog: str, write: Callable[[], Awaitable[Any]], text: str = "") -> Response:
    """Do what a form asks for, and show the live blog again; where it is refused, with the reason and the text that was sent."""
    session = await enter(request, SCOPE, form.csrf)
    try:
        await write()
    except ApiError as error:
        if error.code == "live.not-found":
            raise
        return await _show_blog(request, session, blog, error, text)
    return RedirectResponse(f"{site_of(request).base_path}/desk/live/{blog}", 303, HEADERS)


async def _show_blog(request: Request, session: Session, name: str, problem: ApiError | None = None, text: str = "") -> Response:
    context = site_of(request)
    blog = await api.find_blog(context, name)
    async with context.connection() as connection:
        values = {"site": context.number, "blog": blog.number, "before": 2**31 - 1, "limit": SHOWN}
        updates = await fetch_async(connection, queries.LIST_UPDATES, **values)
    main = render_problem(problem) if problem is not None else ""
    main += render_blog(context.site, blog, updates, session, text)
    return answer_page(request, session, blog.title, main, View("live"), problem.status if problem is not None else 200)


def _find_action(actions: dict[str, Callable[[], Awaitable[Any]]], name: str) -> Callable[[], Awaitable[Any]]:
    if name not in actions:
        raise fail("api.no-route", "there is nothing at this address", status=404, hint="The desk begins at /desk.")
    return actions[name]
