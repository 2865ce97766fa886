"""Single fields of what is sent, by a program as JSON or by a page as a form, for routes whose fields no model describes."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from starlette.requests import Request

from cms_ssg.api.form_bodies import read_form
from cms_ssg.api.forms import is_form
from cms_ssg.api.problems import ApiError

MOST_TEXT: Final = 200


def wants_page(request: Request) -> bool:
    """Whether a person looks at the answer."""
    return "text/html" in request.headers.get("accept", "")


async def read_fields(request: Request) -> dict[str, Any]:
    """The fields of a form or of a JSON object. Raises ApiError api.invalid."""
    if is_form(request):
        try:
            return dict((await read_form(request)).fields)
        except ValueError as error:
            raise invalid("body", str(error)[:200]) from None
    try:
        value = msgspec.json.decode(await request.body() or b"{}")
    except (msgspec.DecodeError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise invalid("body", "it is no JSON object")
    return value


def invalid(field: str, message: str) -> ApiError:
    """The error for a field that is not as it should be."""
    return ApiError(
        422, "api.invalid", f"the request is not as it should be: {field}", "/docs says what is taken.", fields=((field, message),)
    )


def read_text(fields: dict[str, Any], name: str, most: int = MOST_TEXT, *, needed: bool = False) -> str:
    """A text without control characters. Raises ApiError api.invalid."""
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid(name, "it is a text")
    text = " ".join("".join(char if char.isprintable() else " " for char in value or "").split())
    if len(text) > most:
        raise invalid(name, f"it has more than {most} characters")
    if needed and not text:
        raise invalid(name, "it is missing")
    return text


def read_whole(fields: dict[str, Any], name: str, default: int) -> int:
    """A whole number, however large or small; of a form as text. Raises ApiError api.invalid."""
    value = fields.get(name, default)
    if isinstance(value, str) and value.strip().lstrip("-").isdigit() and len(value) < 12:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid(name, "it is a whole number")
    return value
