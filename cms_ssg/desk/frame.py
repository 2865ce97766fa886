"""What every page of the desk has: who is signed in, the way to the other pages, and the answer's headers.

A feature adds pages by ``Vertical.desk_pages``, a tuple of DeskPage, and routes of its own at ``/desk/NAME`` that begin with ``enter`` and end
with ``answer_page``; or queues, which need no routes.
"""

from __future__ import annotations

from collections.abc import Sequence
from hmac import compare_digest
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.answers import HTML
from cms_ssg.api.problems import ApiError, fail
from cms_ssg.api.routing import site_of
from cms_ssg.desk.pages import Link, View, render_page
from cms_ssg.desk.queue import DeskPage, Queue
from cms_ssg.desk.session import Session, find_session
from cms_ssg.kinds.reference import resolve

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data: https:; frame-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
__all__ = ["HEADERS", "View", "answer_page", "enter", "list_links", "list_queues", "refuse_foreign"]

OWN: Final = (DeskPage("entries", "Entries", "write"), DeskPage("changes", "Waiting", "write"), DeskPage("calendar", "Calendar", "write"))
"""Pages of every site."""


def list_queues(request: Request, session: Session) -> list[Queue]:
    """The queues of the site's features that this session may see."""
    verticals = site_of(request).site.features.verticals
    return [queue for vertical in verticals if vertical.queues for queue in resolve(vertical.queues) if session.may(queue.scope)]


def list_links(request: Request, session: Session) -> list[Link]:
    """The navigation of the desk: pages of its own, of features, and queues."""
    verticals = site_of(request).site.features.verticals
    pages: Sequence[DeskPage] = [*OWN, *(page for one in verticals if one.desk_pages for page in resolve(one.desk_pages))]
    queues = [DeskPage(queue.name, queue.title, queue.scope) for queue in list_queues(request, session)]
    return [Link(one.name, one.title) for one in (*pages, *queues) if session.may(one.scope)]


async def enter(request: Request, scope: str, csrf: str | None = None) -> Session:
    """Who is signed in. csrf: what a form sent, None for a page that is only looked at, which leads to the form to sign in.

    Raises ApiError desk.signed-out, desk.form, api.scope.
    """
    if csrf is not None:
        refuse_foreign(request)
    session = await find_session(request)
    if session is None:
        headers = {"Location": f"{site_of(request).base_path}/desk?next={quote(request.scope['path'])}"} if csrf is None else {}
        status = 303 if csrf is None else 401
        raise ApiError(status, "desk.signed-out", "nobody is signed in", "Sign in at /desk.", headers=headers)
    if csrf is not None and not compare_digest(csrf.encode("utf-8", "replace"), session.csrf.encode()):
        raise fail("desk.form", "the form is not one of this session", status=403, hint="Open the page again.")
    if scope and not session.may(scope):
        raise fail("api.scope", f"this token lacks the scope {scope}", status=403, hint="Make one that has it: cms token create --scope …")
    return session


def refuse_foreign(request: Request) -> None:
    """Refuse a form that another site sent. Raises ApiError desk.form."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise fail("desk.form", "the form came from another site", status=403)


def answer_page(request: Request, session: Session | None, title: str, main: str, view: View = View(), status: int = 200) -> Response:  # noqa: B008
    """A page of the desk. main: HTML below its heading."""
    links = list_links(request, session) if session is not None else []
    html = render_page(title, main, site_of(request).base_path, session, links, view)
    return Response(html.encode("utf-8", "replace"), status, HEADERS, HTML)
