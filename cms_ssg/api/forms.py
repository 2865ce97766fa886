"""What visitors send, as JSON by a program or as a form by a browser without a script, read by one model."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, StringConstraints, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from cms_ssg.api.callers import mask_address
from cms_ssg.api.form_bodies import form_type, read_form
from cms_ssg.api.problems import ApiError
from cms_ssg.api.routing import caller_of, site_of
from cms_ssg.store.secrets import load_secret, sign

Model = TypeVar("Model", bound=BaseModel)
EMAIL: Final = r"^[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\".]+$"
Email = Annotated[str, StringConstraints(max_length=320, pattern=EMAIL)]
Trap = Annotated[str, StringConstraints(max_length=1000)]
"""A field that people do not see and must be empty: programs that fill in every field give themselves away."""


def is_form(request: Request) -> bool:
    """Whether a browser sent a form, to which a page answers and not JSON."""
    return form_type(request) != ""


async def read_model(request: Request, model: type[Model]) -> Model:
    """The body as this model. Empty fields of a form are left out. Raises ApiError api.invalid."""
    try:
        if is_form(request):
            value: Any = {name: text for name, text in (await read_form(request)).fields if text}
        else:
            value = json.loads(await request.body())
        return model.model_validate(_clean(value))
    except ValidationError as error:
        fields = tuple((".".join(map(str, one["loc"]))[:100], _say_wrong(one)) for one in error.errors()[:20])
        named = ", ".join(dict.fromkeys(name for name, _ in fields))
        raise ApiError(
            422, "api.invalid", f"the request is not as it should be: {named}", "/docs says what is taken.", fields=fields
        ) from None
    except (ValueError, RecursionError) as error:
        raise ApiError(422, "api.invalid", f"the body cannot be read: {str(error)[:200]}", "Send JSON or a form.") from None


def _say_wrong(error: Any) -> str:
    """What pydantic says of a field; of an e-mail address without the pattern, which is for programs."""
    return "this is no e-mail address" if error.get("ctx", {}).get("pattern") == EMAIL else str(error["msg"])


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
