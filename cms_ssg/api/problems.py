"""Errors of the API as ``application/problem+json`` (RFC 9457), with the permanent codes of docs/errors.md."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

CONTENT_TYPE = "application/problem+json"


class ApiError(Exception):
    """Something the caller can act on. fields: of the request, with what is wrong in each."""

    def __init__(
        self, status: int, code: str, message: str, hint: str = "", *, fields: tuple[tuple[str, str], ...] = (), headers: Mapping[str, str] | None = None
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.status, self.code, self.message, self.hint, self.fields, self.headers = (
            status,
            code,
            message,
            hint,
            fields,
            dict(headers or {}),
        )


def fail(code: str, message: str, *, status: int, hint: str = "", headers: Mapping[str, str] | None = None) -> ApiError:
    """Make an error, to be raised in a route or a dependency."""
    return ApiError(status, code, message, hint, headers=headers)


def make_problem(error: ApiError, request_id: str) -> Response:
    """The answer for an error."""
    value: dict[str, Any] = {
        "type": f"urn:cms:error:{error.code}", "title": HTTPStatus(error.status).phrase, "status": error.status, "code": error.code,
        "detail": error.message, "request_id": request_id,
    }  # fmt: skip
    if error.hint:
        value["hint"] = error.hint
    if error.fields:
        value["errors"] = [{"field": name, "message": message} for name, message in error.fields]
    return Response(msgspec.json.encode(value), error.status, {**error.headers, "Cache-Control": "no-store"}, CONTENT_TYPE)


def find_request_id(request: Request) -> str:
    """The id that the answer, the log and the caller know a request by."""
    return str(request.scope.get("cms_request_id", ""))


def say_wrong(error: Mapping[str, Any], kind: str) -> str:
    """What a model says of a value, in our words where its own are strange. kind: of what it names: a parameter, a field."""
    return {"extra_forbidden": f"Unknown {kind}", "missing": f"This {kind} is required"}.get(error["type"]) or str(error["msg"])
