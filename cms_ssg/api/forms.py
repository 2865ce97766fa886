"""What visitors send, as JSON by a program or as a form by a browser without a script, read by one model."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BaseModel, StringConstraints, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from cms_ssg.api.callers import mask_address
from cms_ssg.api.form_bodies import form_type, read_form
from cms_ssg.api.problems import ApiError, say_wrong
from cms_ssg.api.routing import caller_of, site_of
from cms_ssg.content.schema.checks import EMAIL
from cms_ssg.store.secrets import load_secret, sign

Model = TypeVar("Model", bound=BaseModel)
MOST_EMAIL: Final = 320


def _check_email(text: str) -> str:
    if EMAIL.fullmatch(text) is None:
        raise PydanticCustomError("email", "This is no e-mail address")
    return text


Email = Annotated[
    str, StringConstraints(max_length=MOST_EMAIL), AfterValidator(_check_email),
    WithJsonSchema({"type": "string", "maxLength": MOST_EMAIL, "pattern": f"^{EMAIL.pattern}$"}),
]  # fmt: skip
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
        fields = tuple((".".join(map(str, one["loc"]))[:100], say_wrong(one, "field")) for one in error.errors()[:20])
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
