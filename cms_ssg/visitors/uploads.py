"""The route that takes in an image."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.answers import JSON
from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.form_again import as_field
from cms_ssg.api.forms import digest_visitor
from cms_ssg.api.problems import ApiError, fail
from cms_ssg.api.routing import Router, caller_of, site_of
from cms_ssg.api.sites import SiteContext
from cms_ssg.errors import CmsError
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.uploads.files import find_type, keep_file_at
from cms_ssg.uploads.keep import Kept, keep_image_at
from cms_ssg.visitors.identity import need_visitor

router = Router("Uploads")

STATUS = {"uploads.limit": 429, "uploads.refused": 503}


@router.post(
    "/api/uploads", scope=PUBLIC, per_minute=10, takes_files="", status_code=201, response_class=Response, summary="Send an image",
    openapi_extra={"requestBody": {"required": True, "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}}},
)  # fmt: skip
async def take_image(request: Request) -> Response:
    """Take an image, as the body of the request, from a token with the scope `write` or from a visitor whose address is proved.

    It is made anew, at most 1600 pixels wide, without what its camera wrote into it. A visitor's is taken away after a day unless a feature uses it.
    With a token, files of the types that `[api] upload_types` names are taken as well, and stored as they are.
    """
    context, caller = site_of(request), caller_of(request)
    email = "" if caller.scopes & {"write", "admin"} else (await need_visitor(request)).email
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    name = "" if email else find_type(kind)
    if not kind.startswith("image/") and name not in context.site.settings.api.upload_types:
        raise fail("uploads.type", "the body is no image", status=415, hint="Send its bytes, with a Content-Type such as image/jpeg.")
    data = await request.body()
    kept = await keep_sent(context, data, email, name)
    url = f"{context.site.settings.base_url.rstrip('/')}{kept.path}"
    value = {"token": kept.token, "path": kept.path, "url": url, "width": kept.width, "height": kept.height}
    return Response(msgspec.json.encode(value), 201, {"Location": url}, JSON)


class Picture(NamedTuple):
    """A picture that came with a form. path: of it at the site; person: whose it is."""

    token: str
    path: str
    person: str


async def keep_picture(request: Request, data: bytes, email: str | None) -> Picture:
    """Put the field ``picture`` of a form at the target, for a day until a feature has taken it up. To be called once all else was found right.

    email: of who sent it, else what stands for where they are is noted. Raises ApiError image.*, uploads.*.
    """
    context = site_of(request)
    person = (email or "").lower()
    if not person:
        async with context.connection() as connection:
            person = (await digest_visitor(request, connection)).hex()
    try:
        kept = await keep_sent(context, data, person)
    except ApiError as error:
        raise as_field(error, "picture") from None
    return Picture(kept.token, kept.path, person)


async def keep_sent(context: SiteContext, data: bytes, email: str, name: str = "") -> Kept:
    """Put what was sent at the target. email: whose image it is, or another word for them, "" for one that stays; name: of a file's type.

    Raises ApiError image.*, uploads.*.
    """
    opened = OpenSite(context.site, None, context.number)  # type: ignore[arg-type]  # it opens a connection of its own
    try:
        url = str(context.pool.conninfo)
        return await (
            run_in_threadpool(keep_file_at, url, opened, data, name) if name else run_in_threadpool(keep_image_at, url, opened, data, email)
        )
    except CmsError as error:
        problem = error.problems[0]
        raise ApiError(STATUS.get(problem.code, 422), problem.code, problem.message, problem.hint) from None
