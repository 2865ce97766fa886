"""Routes that need nothing of the web framework: a fixed address, read with GET, whose function takes the request alone. They are called at once, as
its layers would take more time than most answers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

Explain = Callable[[Request, Exception], Awaitable[Response]]


class DirectRoute(NamedTuple):
    """One of them. answer: checks the caller, reads the parameters and answers."""

    path: str
    answer: Callable[[Request], Awaitable[Response]]


class Direct:
    """Answers such routes, and passes all else on. app: the framework's application; routes: by path; explain: makes answers of errors, by their type."""

    def __init__(self, app: ASGIApp, routes: Mapping[str, DirectRoute], explain: Mapping[type[Exception], Explain]) -> None:
        self.app, self.routes, self.explain = app, routes, explain
        self.errors = tuple(explain)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self.routes.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        if route is None:
            await self.app(scope, receive, send)
            return
        scope["app"], scope["route"] = self.app, route
        request = Request(scope, receive, send)
        try:
            response = await route.answer(request)
        except self.errors as error:
            response = await self._find_explanation(error)(request, error)
        await response(scope, receive, send)

    def _find_explanation(self, error: Exception) -> Explain:
        return next(explain for kind, explain in self.explain.items() if isinstance(error, kind))
