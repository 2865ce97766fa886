"""Puts the application together: the sites, the routers of all rooms, and what surrounds them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp
from starlette_compress import CompressMiddleware, add_compress_type, remove_compress_type

import cms_ssg
from cms_ssg.api.answers import LARGEST_PLAIN_BYTES
from cms_ssg.api.confirm_links import answer_page
from cms_ssg.api.direct import Direct
from cms_ssg.api.fields import wants_page
from cms_ssg.api.forms import is_form
from cms_ssg.api.limits import Limiter
from cms_ssg.api.log import library_logs, log_answer
from cms_ssg.api.metrics import Numbers
from cms_ssg.api.outer import Log, Outer, explain
from cms_ssg.api.problems import CONTENT_TYPE, ApiError, fail, find_request_id, make_problem, say_wrong
from cms_ssg.api.routing import load_router, mount
from cms_ssg.api.sites import Sites, load_sites
from cms_ssg.api.streams import Broadcaster, close_at_signals

ROUTERS: Final = (
    "cms_ssg.api.operations:router",
    "cms_ssg.api.documentation:router",
    "cms_ssg.api.search:router",
    "cms_ssg.api.search_page:router",
    "cms_ssg.payment.api:router",
    "cms_ssg.api.entries:router",
    "cms_ssg.api.imports:router",
    "cms_ssg.api.changes:router",
    "cms_ssg.desk.oidc:router",
    "cms_ssg.desk.entries:router",
    "cms_ssg.desk.drafts:router",
    "cms_ssg.desk.changes:router",
    "cms_ssg.desk.calendar:router",
    "cms_ssg.desk.images:router",
    "cms_ssg.api.beacon:router",
    "cms_ssg.api.receiver:router",
    "cms_ssg.visitors.api:router",
    "cms_ssg.visitors.uploads:router",
)
"""Lazy references to the routers that are always mounted. A vertical names its own: docs/extending.md."""
LAST: Final = ("cms_ssg.desk.api:router",)
"""Those whose addresses would take in those of others."""

SITES, ENV, LOGS = "CMS_API_SITES", "CMS_API_ENV", "CMS_API_LOGS"
"""How `cms api` tells its processes which sites they answer for."""


def make_app(sites: Sites, routers: Sequence[str] = ROUTERS, on_answer: Log = lambda **_: None) -> ASGIApp:
    """The application for these sites. routers: ``package.module:router``; on_answer: told of each request."""

    @asynccontextmanager
    async def live(app: FastAPI) -> AsyncIterator[None]:
        close_at_signals(app.state.broadcaster)
        with library_logs(sites.addresses()):
            await sites.open()
            try:
                yield
            finally:
                app.state.broadcaster.close()
                await sites.close()

    app = FastAPI(
        title="cms_ssg", version=cms_ssg.__version__, lifespan=live, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json",
        description="What cannot be static: search, and what the site's features add. Errors are application/problem+json with a permanent code.",
    )  # fmt: skip
    app.state.sites = sites
    app.state.broadcaster = Broadcaster()
    app.state.limiter = Limiter(next(iter(sites.layers), None))
    app.state.direct = {}
    for kind, explain_error in ERRORS.items():
        app.add_exception_handler(kind, explain_error)
    app.add_exception_handler(Exception, _answer_unexpected)
    for reference in routers:
        mount(app, load_router(reference))
    for vertical in {vertical.name: vertical for context in sites.contexts for vertical in context.site.features.verticals}.values():
        for reference in vertical.routes:
            mount(app, load_router(reference), vertical.name)
    for reference in LAST:
        mount(app, load_router(reference))
    _describe_tokens(app)
    add_compress_type(CONTENT_TYPE)
    remove_compress_type("text/event-stream")  # a compressor for each of thousands of streams would cost more than it saves
    compressed = CompressMiddleware(Direct(app, app.state.direct, ERRORS), minimum_size=LARGEST_PLAIN_BYTES, gzip_level=5, zstd=False)
    numbers = app.state.numbers = Numbers()

    def note(**fields: Any) -> None:
        numbers.count(**fields)
        on_answer(**fields)

    return Outer(compressed, sites, note, app.state.broadcaster.close, app.state.limiter)


def make_app_from_environ() -> ASGIApp:
    """The application of one of several processes, which are told by variables what they are for."""
    folders = [Path(folder) for folder in os.environ[SITES].split(os.pathsep)]
    return make_app(load_sites(folders, os.environ.get(ENV, "")), on_answer=log_answer if os.environ.get(LOGS) else lambda **_: None)


def _describe_tokens(app: FastAPI) -> None:
    """Say in OpenAPI how a token is sent."""
    plain = app.openapi

    def describe() -> dict[str, object]:
        known = app.openapi_schema is not None
        document = plain()
        if not known:
            components = document.setdefault("components", {})
            components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "description": "Made by `cms token create`."}}
        return document

    app.openapi = describe  # type: ignore[method-assign]


async def _answer_problem(request: Request, error: ApiError) -> Response:
    """A page for who sent a form without a script, or opens a page of the desk, who would else look at JSON; a problem for everybody else."""
    context = request.scope.get("cms_site")
    is_desk = context is not None and f"{request.url.path}/".startswith(f"{context.base_path}/desk/")
    if context is None or not wants_page(request) or not (is_form(request) or (is_desk and request.method == "GET")):
        return make_problem(error, find_request_id(request))
    said = [message if name in ("", "entry") else f"{name}: {message}" for name, message in error.fields if message != error.message]
    text = "; ".join(said) or error.hint
    link = Markup('<p><a href="{}/desk">Desk</a></p>').format(context.base_path) if is_desk else ""
    page = await answer_page(context, error.message[:1].upper() + error.message[1:], text, link, error.status)
    page.headers.update(error.headers)
    return page


async def _answer_api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return await _answer_problem(request, error)


async def _answer_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    cause = error.__cause__
    if isinstance(cause, ApiError):  # while the body was read
        problem = cause
    elif error.status_code == 405:
        allowed = dict(error.headers or {})
        problem = fail("api.method", f"{request.method} is not offered here", status=405, headers=allowed)
    elif error.status_code != 404:
        problem = fail("api.invalid", str(error.detail), status=error.status_code, hint="/docs says what is taken.")
    else:
        hint = "Its routes are listed at /docs."
        problem = fail("api.no-route", "there is nothing at this address", status=404, hint=hint)
    return await _answer_problem(request, problem)


async def _answer_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    fields = tuple(_explain_field(one) for one in error.errors()[:20])
    named = ", ".join(dict.fromkeys(name for name, _ in fields))
    problem = ApiError(422, "api.invalid", f"the request is not as it should be: {named}", "/docs says what is taken.", fields=fields)
    return await _answer_problem(request, problem)


async def _answer_unexpected(request: Request, error: Exception) -> Response:
    return make_problem(explain(error, request.scope), find_request_id(request))


ERRORS: Final = {ApiError: _answer_api_error, HTTPException: _answer_http_error, RequestValidationError: _answer_invalid}
"""What is answered to an error that a route raises."""


def _explain_field(error: Mapping[str, Any]) -> tuple[str, str]:
    if error["type"] == "json_invalid":
        return "body", f"this is no JSON: {error['ctx']['error']} at character {error['loc'][-1]}"
    return _name_field(error["loc"]), say_wrong(error, "parameter" if error["loc"][0] == "query" else "field")


def _name_field(place: Sequence[object]) -> str:
    return ".".join(str(part) for part in place[1:])[:100] or str(place[0])
