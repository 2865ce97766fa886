"""Routes of the desk: signing in with a token, queues, and what is done about what waits."""

from __future__ import annotations

import os
from typing import Annotated, Final

from anyio.to_thread import run_sync
from psycopg import IntegrityError
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cms_ssg.api.answers import HTML
from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.forms import read_model
from cms_ssg.api.problems import fail
from cms_ssg.api.routing import Router, site_of
from cms_ssg.api.sites import SiteContext
from cms_ssg.desk.pages import STYLE, render_page, render_queue, render_sign_in
from cms_ssg.desk.queue import Pressed, Queue, Waiting
from cms_ssg.desk.session import Session, begin_session, end_session, find_session
from cms_ssg.kinds.reference import resolve
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.store.connect import connect, database_url

router = Router("Desk")

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
WITH_SCRIPT: Final = HEADERS["Content-Security-Policy"] + "; script-src 'self'; connect-src 'self'; img-src 'self' https:"
MOST: Final = 50


class SignIn(BaseModel):
    """A token."""

    token: Annotated[str, StringConstraints(max_length=200)] = ""


class Decision(BaseModel):
    """One button that was pressed."""

    model_config = ConfigDict(extra="forbid")

    csrf: Annotated[str, StringConstraints(max_length=100)] = ""
    key: Annotated[str, StringConstraints(max_length=200)] = ""
    note: Annotated[str, StringConstraints(max_length=5000)] = ""


def list_queues(request: Request, session: Session) -> list[Queue]:
    """The queues of the site's features that this session may see."""
    verticals = site_of(request).site.features.verticals
    return [queue for vertical in verticals if vertical.queues for queue in resolve(vertical.queues) if session.may(queue.scope)]


@router.get("/desk/desk.css", scope=PUBLIC, include_in_schema=False)
async def show_style(request: Request) -> Response:
    """The desk's style sheet."""
    return Response(STYLE, 200, {"Cache-Control": "public, max-age=3600"}, "text/css; charset=utf-8")


@router.get("/desk", scope=PUBLIC, include_in_schema=False)
async def show_desk(request: Request) -> Response:
    """The first queue, or the form to sign in."""
    session = await find_session(request)
    base = site_of(request).base_path
    if session is None:
        return answer_page(render_page("Sign in", render_sign_in(base, False), base))
    queues = list_queues(request, session)
    if not queues:
        return answer_page(render_page("Desk", "<p>There are no queues for this token.</p>", base, session))
    return RedirectResponse(f"{base}/desk/{queues[0].name}", 303, HEADERS)


@router.post("/desk/sign-in", scope=PUBLIC, per_minute=10, include_in_schema=False)
async def sign_in(request: Request) -> Response:
    """Sign in with a token."""
    refuse_foreign(request)
    form = await read_model(request, SignIn)
    base = site_of(request).base_path
    response = RedirectResponse(f"{base}/desk", 303, HEADERS)
    if await begin_session(request, form.token, response):
        return response
    return answer_page(render_page("Sign in", render_sign_in(base, True), base), 403)


@router.post("/desk/sign-out", scope=PUBLIC, include_in_schema=False)
async def sign_out(request: Request) -> Response:
    """Sign out."""
    await need_session(request, (await read_model(request, Decision)).csrf)
    response = RedirectResponse(f"{site_of(request).base_path}/desk", 303, HEADERS)
    end_session(request, response)
    return response


@router.get("/desk/{name}", scope=PUBLIC, include_in_schema=False)
async def show_queue(request: Request, name: str) -> Response:
    """What waits in a queue."""
    session = await find_session(request)
    base = site_of(request).base_path
    if session is None:
        return RedirectResponse(f"{base}/desk", 303, HEADERS)
    queue = _find_queue(request, session, name)
    if queue.page:
        return show_page(request, session, queue.title, await resolve(queue.page)(request, session), here=name)
    context = site_of(request)
    async with context.connection() as connection:
        cursor = await connection.execute(queue.list, {"site": context.number, "limit": MOST})
        waiting = [Waiting(*row) for row in await cursor.fetchall()]
    done = "Done." if "done" in request.query_params else "That was gone already." if "gone" in request.query_params else ""
    main = render_queue(queue, waiting, session, base, done)
    return answer_page(render_page(queue.title, main, base, session, list_queues(request, session), queue.name))


@router.post("/desk/{name}/{action}", scope=PUBLIC, include_in_schema=False)
async def act(request: Request, name: str, action: str) -> Response:
    """Do something about what waits."""
    form = await read_model(request, Decision)
    session = await need_session(request, form.csrf)
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


def show_page(request: Request, session: Session, title: str, main: str, *, here: str, status: int = 200) -> Response:
    """A page of a feature within the desk. main: HTML; here: the queue in whose place it stands. It may run the feature's own script."""
    context = site_of(request)
    html = render_page(title, main, context.base_path, session, list_queues(request, session), here)
    return Response(html.encode("utf-8", "replace"), status, {**HEADERS, "Content-Security-Policy": WITH_SCRIPT}, HTML)


async def need_session(request: Request, csrf: str, scope: str = "") -> Session:
    """Who sent a form. Raises ApiError where nobody is signed in, the form is another session's, or the session may not do that."""
    refuse_foreign(request)
    session = await find_session(request)
    if session is None:
        raise fail("desk.signed-out", "nobody is signed in", status=401, hint="Sign in at /desk.")
    if csrf != session.csrf:
        raise fail("desk.form", "the form is not one of this session", status=403, hint="Open the page again.")
    if scope and not session.may(scope):
        raise fail("desk.form", f"this token has not the scope {scope}", status=403, hint=f"cms token create desk --scope {scope}")
    return session


def refuse_foreign(request: Request) -> None:
    """Refuse a form that another site sent."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise fail("desk.form", "the form came from another site", status=403)


def _find_queue(request: Request, session: Session, name: str) -> Queue:
    found = next((queue for queue in list_queues(request, session) if queue.name == name), None)
    if found is None:
        raise _no_such_thing()
    return found


def _no_such_thing() -> Exception:
    return fail("api.no-route", "there is nothing at this address", status=404, hint="The desk begins at /desk.")


def answer_page(html: str, status: int = 200) -> Response:
    """A page of the desk."""
    return Response(html.encode("utf-8", "replace"), status, HEADERS, HTML)
