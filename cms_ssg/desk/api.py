"""Routes of the desk: signing in with a token, queues, and what is done about what waits."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final

from anyio.to_thread import run_sync
from psycopg import IntegrityError
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.forms import read_model
from cms_ssg.api.problems import fail
from cms_ssg.api.routing import Router, site_of
from cms_ssg.api.sites import SiteContext
from cms_ssg.desk.frame import HEADERS, View, answer_page, enter, list_links, list_queues, refuse_foreign
from cms_ssg.desk.pages import render_queue, render_sign_in
from cms_ssg.desk.queue import Pressed, Queue, Waiting
from cms_ssg.desk.session import Session, begin_session, end_session, find_goal, find_session
from cms_ssg.kinds.reference import resolve
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.store.connect import connect, database_url

router = Router("Desk")

MOST: Final = 50
UNKNOWN: Final = "This token is unknown here, has expired or was revoked."
FOLDER: Final = Path(__file__).parent / "assets"
ASSETS: Final = {"desk.css": "text/css; charset=utf-8", "editor.js": "text/javascript; charset=utf-8"}


class SignIn(BaseModel):
    """A token. next: path of the page to go to."""

    token: Annotated[str, StringConstraints(max_length=200)] = ""
    next: Annotated[str, StringConstraints(max_length=200)] = ""


class Decision(BaseModel):
    """One button that was pressed."""

    model_config = ConfigDict(extra="forbid")

    csrf: Annotated[str, StringConstraints(max_length=100)] = ""
    key: Annotated[str, StringConstraints(max_length=200)] = ""
    note: Annotated[str, StringConstraints(max_length=5000)] = ""


@router.get("/desk/assets/{name}", scope=PUBLIC, include_in_schema=False)
async def show_asset(name: str) -> Response:
    """The desk's style sheet and scripts."""
    kind = ASSETS.get(name)
    if kind is None:
        raise _no_such_thing()
    return Response((FOLDER / name).read_bytes(), 200, {"Cache-Control": "public, max-age=300"}, kind)


@router.get("/desk", scope=PUBLIC, include_in_schema=False)
async def show_desk(request: Request) -> Response:
    """The first page that the token may see, or the form to sign in."""
    session = await find_session(request)
    base = site_of(request).base_path
    if session is None:
        return answer_page(
            request, None, "Sign in", render_sign_in(base, "", request.query_params.get("next", "")[:200], _has_issuer(request))
        )
    links = list_links(request, session)
    if not links:
        return answer_page(request, session, "Desk", "<p>There are no queues and pages for this token.</p>")
    goes_on = find_goal(request.query_params.get("next", ""))
    return RedirectResponse(f"{base}{goes_on if goes_on != '/desk' else f'/desk/{links[0].name}'}", 303, HEADERS)


@router.post("/desk/sign-in", scope=PUBLIC, per_minute=10, include_in_schema=False)
async def sign_in(request: Request) -> Response:
    """Sign in with a token."""
    refuse_foreign(request)
    form = await read_model(request, SignIn)
    base = site_of(request).base_path
    response = RedirectResponse(f"{base}{find_goal(form.next)}", 303, HEADERS)
    if await begin_session(request, form.token, response):
        return response
    return answer_page(request, None, "Sign in", render_sign_in(base, UNKNOWN, form.next, _has_issuer(request)), status=403)


@router.post("/desk/sign-out", scope=PUBLIC, include_in_schema=False)
async def sign_out(request: Request) -> Response:
    """Sign out."""
    await enter(request, "", (await read_model(request, Decision)).csrf)
    response = RedirectResponse(f"{site_of(request).base_path}/desk", 303, HEADERS)
    await end_session(request, response)
    return response


@router.get("/desk/{name}", scope=PUBLIC, include_in_schema=False)
async def show_queue(request: Request, name: str) -> Response:
    """What waits in a queue."""
    session = await enter(request, "")
    queue = _find_queue(request, session, name)
    context = site_of(request)
    async with context.connection() as connection:
        cursor = await connection.execute(queue.list, {"site": context.number, "limit": MOST})
        waiting = [Waiting(*row) for row in await cursor.fetchall()]
    done = "Done." if "done" in request.query_params else "That was gone already." if "gone" in request.query_params else ""
    main = render_queue(queue, waiting, session, context.base_path, done)
    return answer_page(request, session, queue.title, main, View(queue.name))


@router.post("/desk/{name}/{action}", scope=PUBLIC, include_in_schema=False)
async def act(request: Request, name: str, action: str) -> Response:
    """Do something about what waits."""
    form = await read_model(request, Decision)
    session = await enter(request, "", form.csrf)
    queue = _find_queue(request, session, name)
    wanted = next((one for one in queue.actions if one.name == action), None)
    if wanted is None:
        raise _no_such_thing()
    context = site_of(request)
    pressed = Pressed(form.key, form.note, session.name)
    try:
        if wanted.run:
            is_done = await run_sync(_run, context, wanted.run, pressed)
        else:
            async with context.connection() as connection, connection.transaction():
                cursor = await connection.execute(wanted.sql, {"site": context.number, **pressed._asdict()})
                is_done = cursor.rowcount > 0
    except IntegrityError:  # somebody else was faster
        is_done = False
    return RedirectResponse(f"{context.base_path}/desk/{queue.name}?{'done' if is_done else 'gone'}", 303, HEADERS)


def _run(context: SiteContext, reference: str, pressed: Pressed) -> bool:
    site = context.site
    with connect(database_url(site.root, site.settings.database_url, os.environ), autocommit=True) as connection:
        return bool(resolve(reference)(OpenSite(site, connection, context.number), pressed))


def _has_issuer(request: Request) -> bool:
    return bool(site_of(request).site.settings.desk.issuer)


def _find_queue(request: Request, session: Session, name: str) -> Queue:
    found = next((queue for queue in list_queues(request, session) if queue.name == name), None)
    if found is None:
        raise _no_such_thing()
    return found


def _no_such_thing() -> Exception:
    return fail("api.no-route", "there is nothing at this address", status=404, hint="The desk begins at /desk.")
