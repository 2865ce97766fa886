"""What visitors send, as JSON by a program or as a form by a browser without a script, read by one model."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, StringConstraints, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from cms_ssg.api.callers import mask_address
from cms_ssg.api.problems import ApiError
from cms_ssg.api.routing import caller_of, site_of
from cms_ssg.store.secrets import load_secret, sign

Model = TypeVar("Model", bound=BaseModel)
FORM: Final = "application/x-www-form-urlencoded"
MOST_FIELDS: Final = 100
Email = Annotated[str, StringConstraints(max_length=320, pattern=r"^[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\".]+$")]
Trap = Annotated[str, StringConstraints(max_length=1000)]
"""A field that people do not see and must be empty: programs that fill in every field give themselves away."""


def is_form(request: Request) -> bool:
    """Whether a browser sent a form, to which a page answers and not JSON."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM


async def read_model(request: Request, model: type[Model]) -> Model:
    """The body as this model. Empty fields of a form are left out. Raises ApiError api.invalid."""
    body = await request.body()
    try:
        if is_form(request):
            pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=False, max_num_fields=MOST_FIELDS)
            value: Any = dict(pairs)
        else:
            value = json.loads(body)
        return model.model_validate(_clean(value))
    except ValidationError as error:
        fields = tuple((".".join(map(str, one["loc"]))[:100], str(one["msg"])) for one in error.errors()[:20])
        named = ", ".join(dict.fromkeys(name for name, _ in fields))
        raise ApiError(
            422, "api.invalid", f"the request is not as it should be: {named}", "/docs says what is taken.", fields=fields
        ) from None
    except (ValueError, RecursionError) as error:
        raise ApiError(422, "api.invalid", f"the body cannot be read: {str(error)[:200]}", "Send JSON or a form.") from None


def _clean(value: Any) -> Any:
    """Texts without what no text field can hold: NUL and halves of characters."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode().replace("\r\n", "\n").strip()
    return {key: _clean(one) for key, one in value.items()} if isinstance(value, dict) else value


async def digest_visitor(request: Request, connection: Any) -> bytes:
    """Stands for the address a request comes from: only this site can tell that two are the same."""
    context = site_of(request)
    secret = await load_secret(connection, context.number, "visitors")
    return bytes.fromhex(sign(secret, mask_address(caller_of(request).address)))[:16]


def answer_form(request: Request, path: str, fragment: str) -> Response:
    """Send a browser back to a page of the site, to a part of it that says what became of the form."""
    return RedirectResponse(f"{site_of(request).base_path}{path}#{fragment}", 303, {"Cache-Control": "no-store"})


def answer_sent(request: Request, path: str, fragment: str, status: str) -> Response:
    """Accept what a visitor sent: a browser is sent back to a page (path: with the base path), a program is told what happens with it."""
    if is_form(request):
        return answer_form(request, path.removeprefix(site_of(request).base_path), fragment)
    return JSONResponse({"status": status}, 202)
