"""How a room of the program adds routes: a Router, whose every route declares the scope that a caller needs."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI
from starlette.requests import Request

from cms_ssg.api.callers import PUBLIC, SCOPES, Caller, check_scope, find_client, identify
from cms_ssg.api.direct import DirectRoute
from cms_ssg.api.limits import LIMIT, TAKE_FILES, TOKEN_FACTOR, Limit, Limiter, refuse_if
from cms_ssg.api.problems import ApiError, fail
from cms_ssg.api.query_models import read_models
from cms_ssg.api.sites import SiteContext

Endpoint = Callable[..., Any]

BAD_TOKENS: Final = 30
"""Requests a minute with tokens that are no good, of one client."""


class Route(NamedTuple):
    """One route. per_minute: of one client, 0 for the site's own setting; options: what FastAPI knows of it."""

    method: str
    path: str
    endpoint: Endpoint
    scope: str
    per_minute: int
    options: dict[str, Any]


class Router:
    """Routes of one room, declared now and mounted later. tag: their heading in the documentation."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.routes: list[Route] = []

    def get(self, path: str, *, scope: str, per_minute: int = 0, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """Declare a route. scope: ``public`` or one of the scopes of tokens."""
        return self._declare("GET", path, scope, per_minute, options)

    def post(
        self, path: str, *, scope: str, per_minute: int = 0, takes_files: str | None = None, **options: Any
    ) -> Callable[[Endpoint], Endpoint]:
        """Declare a route. takes_files: how the Content-Type begins of bodies that may be as large as [api] upload_mb allows, None for none."""
        if takes_files is not None:
            TAKE_FILES[path] = takes_files.encode()
        return self._declare("POST", path, scope, per_minute, options)

    def patch(self, path: str, *, scope: str, per_minute: int = 0, **options: Any) -> Callable[[Endpoint], Endpoint]:
        return self._declare("PATCH", path, scope, per_minute, options)

    def put(self, path: str, *, scope: str, per_minute: int = 0, **options: Any) -> Callable[[Endpoint], Endpoint]:
        return self._declare("PUT", path, scope, per_minute, options)

    def delete(self, path: str, *, scope: str, per_minute: int = 0, **options: Any) -> Callable[[Endpoint], Endpoint]:
        return self._declare("DELETE", path, scope, per_minute, options)

    def _declare(self, method: str, path: str, scope: str, per_minute: int, options: dict[str, Any]) -> Callable[[Endpoint], Endpoint]:
        if scope not in SCOPES:
            raise ValueError(f"{method} {path}: the scope {scope!r} is none of {', '.join(SCOPES)}")

        def keep(endpoint: Endpoint) -> Endpoint:
            self.routes.append(Route(method, path, endpoint, scope, per_minute, options))
            return endpoint

        return keep


def load_router(reference: str) -> Router:
    """The router that ``package.module:name`` means."""
    module, _, name = reference.partition(":")
    router = getattr(importlib.import_module(module), name)
    if not isinstance(router, Router):
        raise TypeError(f"{reference} is no Router")
    return router


def mount(app: FastAPI, router: Router, vertical: str = "") -> None:
    """Add a room's routes to the application, and those that need nothing of it to its ``state.direct``. What a route's scope asks for is checked before
    its function runs.

    vertical: whose routes they are: a site of the process that has not switched it on does not have them.
    """
    for route in router.routes:
        extra: dict[str, Any] = {"x-scope": route.scope} | ({} if route.scope == PUBLIC else {"security": [{"token": []}]})
        options = {**route.options}
        check = require(route.scope, route.per_minute, f"{route.method} {route.path}", vertical)
        endpoint, checks, described = read_models(route.endpoint, check)
        extra |= described | options.pop("openapi_extra", {})
        if checks and route.method == "GET" and "{" not in route.path:
            app.state.direct.setdefault(route.path, DirectRoute(route.path, endpoint))
        app.add_api_route(
            route.path, endpoint, methods=[route.method], tags=[router.tag], openapi_extra=extra,
            dependencies=() if checks else [Depends(check)], **options,
        )  # fmt: skip


def site_of(request: Request) -> SiteContext:
    """The site that a request is about."""
    context: SiteContext = request.scope["cms_site"]
    return context


def is_on_https(request: Request) -> bool:
    """Whether a cookie may be Secure: Safari keeps no Secure cookie of http://localhost.

    A browser says of which page a form or a call is; without that, a site whose base_url is https is read by https, whatever a proxy asked by.
    """
    page = urlsplit(request.headers.get("origin", ""))
    if page.scheme == "http":
        return False
    return "https" in (page.scheme, request.url.scheme) or site_of(request).site.settings.base_url.startswith("https:")


def caller_of(request: Request) -> Caller:
    """Who calls; known in every route, as its scope was checked."""
    caller: Caller = request.scope["cms_caller"]
    return caller


def require(scope: str, per_minute: int = 0, name: str = "", vertical: str = "") -> Callable[[Request], Awaitable[None]]:
    """A dependency that lets a request in: by the scope of its token, within the limit, on a site that has the vertical."""

    async def check(request: Request) -> None:
        if "cms_site" not in request.scope:  # it is about the process
            return
        context = site_of(request)
        if vertical and context.site.features.find(vertical) is None:
            raise fail("api.no-route", "there is nothing at this address", status=404, hint="Its routes are listed at /docs.")
        limiter: Limiter = request.app.state.limiter
        try:
            caller = request.scope["cms_caller"] = await identify(request, context)
        except ApiError:  # whoever tries tokens out is slowed down
            client = find_client(request.scope, context.site.settings.api.trusted_proxies)
            refuse_if(await limiter.wait_s(f"{context.number}:bad-token:{client}", BAD_TOKENS), BAD_TOKENS)
            raise
        limit = request.scope[LIMIT] = Limit(name, per_minute or context.site.settings.api.requests_per_minute)
        most = limit.per_minute * (TOKEN_FACTOR if caller.token else 1)
        refuse_if(await limiter.wait_s(f"{context.number}:{name}:{caller.key}", most), most)
        check_scope(caller, scope)

    return check
