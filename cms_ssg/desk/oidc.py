"""Signing in at the desk by OpenID Connect: authorization code with PKCE (OpenID Connect Core 1.0 section 3.1, RFC 7636).

Who comes back with a verified address has the rights of the token that bears this address as its name.
"""

from __future__ import annotations

import json
import os
import secrets
import time
import urllib.error
import urllib.request
from base64 import urlsafe_b64encode
from hashlib import sha256
from html import escape
from typing import Any, Final, LiteralString
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.problems import fail
from cms_ssg.api.routing import Router, is_on_https, site_of
from cms_ssg.api.sites import SiteContext
from cms_ssg.desk.frame import HEADERS, answer_page
from cms_ssg.desk.pages import render_sign_in
from cms_ssg.desk.session import find_goal, start_session
from cms_ssg.store.secrets import is_signed, load_secret, sign
from cms_ssg.visitors.oidc import BadTokenError, Claims, OidcVerifier

router = Router("Desk")

SECRET_VARIABLE: Final = "CMS_DESK_CLIENT_SECRET"
COOKIE: Final = "cms_desk_oidc"
LIFE_S: Final = 600
TIMEOUT_S: Final = 5
MOST_BYTES: Final = 1 << 20
BEGIN_URL: Final = "/desk/sign-in/oidc"
BACK_URL: Final = "/desk/sign-in/back"

FIND: Final[LiteralString] = """
SELECT id FROM cms.tokens WHERE site = %s AND lower(name) = lower(%s) AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()) ORDER BY id DESC LIMIT 1"""


class Provider:
    """The issuer, once its published configuration was read."""

    def __init__(self, issuer: str, client: str) -> None:
        self.issuer, self.client = issuer.rstrip("/"), client
        found = _fetch(f"{self.issuer}/.well-known/openid-configuration")
        if str(found.get("issuer", "")).rstrip("/") != self.issuer:
            raise BadTokenError("the issuer's configuration names a different issuer")
        wanted = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if missing := [name for name in wanted if not isinstance(found.get(name), str)]:
            raise BadTokenError(f"the issuer's configuration lacks {', '.join(missing)}")
        self.authorize_url, self.token_url = found["authorization_endpoint"], found["token_endpoint"]
        self.verifier = OidcVerifier(found["issuer"], client, found["jwks_uri"])

    def exchange(self, code: str, verifier: str, back: str) -> Claims:
        """Who a code stands for. Raises BadTokenError."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "client_id": self.client,
            "code_verifier": verifier,
        }
        if secret := os.environ.get(SECRET_VARIABLE):
            form["client_secret"] = secret
        token = _fetch(self.token_url, form).get("id_token")
        if not isinstance(token, str):
            raise BadTokenError("the issuer sent no ID token")
        return self.verifier.verify(token)


@router.get(BEGIN_URL, scope=PUBLIC, per_minute=20, include_in_schema=False)
async def begin(request: Request) -> Response:
    """Lead to the issuer, with a cookie that only this browser has."""
    context = _need_issuer(request)
    try:
        provider = await run_in_threadpool(_find_provider, context)
    except BadTokenError as error:
        return _refuse(request, str(error))
    state, verifier, nonce = (secrets.token_urlsafe(32) for _ in range(3))
    value = f"{state}.{verifier}.{nonce}.{find_goal(request.query_params.get('next', '')).encode().hex()}.{int(time.time()) + LIFE_S}"
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code", "client_id": provider.client, "redirect_uri": _back_url(context), "scope": "openid email profile", "state": state,
        "nonce": nonce, "code_challenge": challenge, "code_challenge_method": "S256",
    }  # fmt: skip
    sign_at = "&" if "?" in provider.authorize_url else "?"
    response = RedirectResponse(f"{provider.authorize_url}{sign_at}{urlencode(asked)}", 303, HEADERS)
    signature = sign(await _load_secret(context), "oidc", value)
    response.set_cookie(
        COOKIE, f"{value}.{signature}", LIFE_S, path=f"{context.base_path}/desk", httponly=True, samesite="lax", secure=is_on_https(request)
    )
    return response


@router.get(BACK_URL, scope=PUBLIC, per_minute=20, include_in_schema=False)
async def come_back(request: Request, code: str = "", state: str = "", error: str = "") -> Response:
    """Where the issuer sends somebody who has signed in there."""
    context = _need_issuer(request)
    value, _, signature = request.cookies.get(COOKIE, "").rpartition(".")
    parts = value.split(".")
    if len(parts) != 5 or not is_signed(await _load_secret(context), signature, "oidc", value) or int(parts[4]) < time.time():
        return _refuse(request, "the sign-in took too long, or was started in another browser")
    if not secrets.compare_digest(state.encode(), parts[0].encode()):
        return _refuse(request, "the issuer's answer does not belong to this sign-in")
    if error or not code:
        return _refuse(request, "the issuer refused the sign-in")
    try:
        provider = await run_in_threadpool(_find_provider, context)
        claims = await run_in_threadpool(provider.exchange, code[:4096], parts[1], _back_url(context))
    except BadTokenError as refused:
        return _refuse(request, str(refused))
    if claims.nonce != parts[2]:
        return _refuse(request, "the issuer's answer does not belong to this sign-in")
    async with context.connection() as connection:
        row: Any = await (await connection.execute(FIND, (context.number, claims.email))).fetchone()
    if row is None:
        return _refuse(request, f"{claims.email} has no access to this desk")
    goal = context.base_path + bytes.fromhex(parts[3]).decode()
    # a page and no redirect: a browser sends a strict cookie only where a page of this site leads on
    page = answer_page(request, None, "Signed in", f'<p><a href="{escape(goal)}">Continue</a></p>')
    page.headers["Refresh"] = f"0; url={goal}"
    await start_session(request, page, int(row[0]))
    page.delete_cookie(COOKIE, path=f"{context.base_path}/desk", httponly=True, samesite="lax")
    return page


def _need_issuer(request: Request) -> SiteContext:
    context = site_of(request)
    if not context.site.settings.desk.issuer:
        raise fail("api.no-route", "there is nothing at this address", status=404, hint="The desk begins at /desk.")
    return context


def _find_provider(context: SiteContext) -> Provider:
    settings = context.site.settings.desk
    provider: Provider = context.extra("desk-oidc", lambda _: Provider(settings.issuer, settings.client_id))
    return provider


def _back_url(context: SiteContext) -> str:
    return f"{context.site.settings.base_url}{BACK_URL}"


async def _load_secret(context: SiteContext) -> bytes:
    async with context.connection() as connection:
        return await load_secret(connection, context.number, "desk")


def _refuse(request: Request, why: str) -> Response:
    main = render_sign_in(site_of(request).base_path, f"You are not signed in: {why}.", "", has_issuer=True)
    return answer_page(request, None, "Sign in", main, status=403)


def _fetch(url: str, form: dict[str, str] | None = None) -> dict[str, Any]:
    """JSON from the issuer. Raises BadTokenError."""
    if not url.startswith(("https://", "http://localhost", "http://127.0.0.1")):
        raise BadTokenError("the issuer's addresses must begin with https://")
    request = urllib.request.Request(url, urlencode(form).encode() if form is not None else None, {"Accept": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            found = json.loads(answer.read(MOST_BYTES))
    except urllib.error.HTTPError as error:
        raise BadTokenError(f"the issuer answered {error.code}") from None
    except (OSError, ValueError):
        raise BadTokenError("the issuer does not answer at the moment") from None
    if not isinstance(found, dict):
        raise BadTokenError("the issuer's answer cannot be read")
    return found
