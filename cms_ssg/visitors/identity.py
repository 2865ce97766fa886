"""What routes ask: who sends this request, if that is proved."""

from __future__ import annotations

import secrets
import time
from typing import Final, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.problems import fail
from cms_ssg.api.routing import is_on_https, site_of
from cms_ssg.store.secrets import is_signed, load_secret, sign
from cms_ssg.visitors.oidc import BadTokenError, OidcVerifier

COOKIE: Final = "cms_visitor"
SECRET: Final = "visitor-sessions"


class Visitor(NamedTuple):
    """A person whose e-mail address is proved. name: as the sign-in gave it, "" for a link; issuer: of the sign-in, "" for a link."""

    email: str
    name: str = ""
    issuer: str = ""


async def find_visitor(request: Request) -> Visitor | None:
    """Who sends this request: by a JSON Web Token of the site's issuer, or by the cookie of a link. None for somebody unknown.

    Raises ApiError visitors.token for a token that is no good.
    """
    context = site_of(request)
    settings = context.site.settings.visitors
    if settings is None:
        return None
    if token := request.scope.get("cms_visitor_token"):
        verifier: OidcVerifier = context.extra(
            "visitors-oidc", lambda _: OidcVerifier(settings.issuer, settings.audience, settings.keys_url)
        )
        try:
            claims = await run_in_threadpool(verifier.verify, token)
        except BadTokenError as error:
            raise fail(
                "visitors.token",
                f"the token proves nobody: {error}",
                status=401,
                headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
            ) from None
        return Visitor(claims.email, claims.name, settings.issuer)
    return await _read_cookie(request)


async def need_visitor(request: Request) -> Visitor:
    """The same for a route that needs to know. Raises ApiError visitors.unknown."""
    visitor = await find_visitor(request)
    if visitor is None:
        hint = "POST /api/visitors/links sends a link by e-mail."
        raise fail("visitors.unknown", "this needs a proved e-mail address", status=401, hint=hint, headers={"WWW-Authenticate": "Bearer"})
    return visitor


async def remember_visitor(request: Request, response: Response, email: str) -> None:
    """Set the cookie by which somebody is known again whose address was just proved."""
    context = site_of(request)
    settings = context.site.settings.visitors
    assert settings is not None
    life_s = settings.session_days * 86_400
    async with context.connection() as connection:
        secret = await load_secret(connection, context.number, SECRET)
    value = f"{email.encode().hex()}.{int(time.time()) + life_s}.{secrets.token_urlsafe(9)}"
    response.set_cookie(
        COOKIE,
        f"{value}.{sign(secret, value)}",
        max_age=life_s,
        path=f"{context.base_path}/api",
        httponly=True,
        samesite="lax",
        secure=is_on_https(request),
    )


def forget_visitor(request: Request, response: Response) -> None:
    """Take the cookie away."""
    response.delete_cookie(COOKIE, path=f"{site_of(request).base_path}/api", httponly=True, samesite="lax")


async def _read_cookie(request: Request) -> Visitor | None:
    value, _, signature = request.cookies.get(COOKIE, "").rpartition(".")
    parts = value.split(".")
    if len(parts) != 3 or not (parts[1].isascii() and parts[1].isdigit() and len(parts[1]) < 18):
        return None
    context = site_of(request)
    async with context.connection() as connection:
        secret = await load_secret(connection, context.number, SECRET)
    if not is_signed(secret, signature, value) or int(parts[1]) < time.time():
        return None
    return Visitor(bytes.fromhex(parts[0]).decode())
