"""Who is signed in at the desk: a cookie that names a token and an end, signed with a secret of the site."""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass
from typing import Any, Final, LiteralString

from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.routing import site_of
from cms_ssg.entries.rights import Writer
from cms_ssg.store import tokens
from cms_ssg.store.query import fetch_async
from cms_ssg.store.secrets import is_signed, load_secret, sign

COOKIE: Final = "cms_desk"
LIFE_S: Final = 12 * 3600
FIND: Final[LiteralString] = """
SELECT name, scopes, role, sections, locales FROM cms.tokens WHERE site = %s AND id = %s AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())"""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in. csrf: what each of their forms must carry, of this token; writer: what they may do with entries."""

    name: str
    scopes: frozenset[str]
    csrf: str
    writer: Writer

    def may(self, scope: str) -> bool:
        return scope in self.scopes or "admin" in self.scopes


async def begin_session(request: Request, text: str, response: Response) -> bool:
    """Sign in with a token. Returns whether it is a good one."""
    context = site_of(request)
    async with context.connection() as connection:
        digest = tokens.digest_token(text.strip()[:200])
        rows = await fetch_async(connection, tokens.FIND, site=context.number, digest=digest)
        if not rows:
            return False
    await start_session(request, response, rows[0].id)
    return True


async def start_session(request: Request, response: Response, token: int) -> None:
    """Sign in with the rights of the token of this number."""
    context = site_of(request)
    async with context.connection() as connection:
        await connection.execute(tokens.USED, (token,))
        secret = await load_secret(connection, context.number, "desk")
    value = f"{token}.{int(time.time()) + LIFE_S}.{secrets.token_urlsafe(12)}"
    is_https = request.url.scheme == "https" or context.site.settings.base_url.startswith("https:")
    response.set_cookie(
        COOKIE, f"{value}.{sign(secret, 'session', value)}", max_age=LIFE_S, path=f"{context.base_path}/desk", httponly=True,
        samesite="strict", secure=is_https,
    )  # fmt: skip


async def find_session(request: Request) -> Session | None:
    """Who is signed in; a token that was revoked since ends its sessions."""
    value, _, signature = request.cookies.get(COOKIE, "").rpartition(".")
    parts = value.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 18 for part in parts[:2]):
        return None
    context = site_of(request)
    async with context.connection() as connection:
        secret = await load_secret(connection, context.number, "desk")
        if not is_signed(secret, signature, "session", value) or int(parts[1]) < time.time():
            return None
        row: Any = await (await connection.execute(FIND, (context.number, int(parts[0])))).fetchone()
    if row is None:
        return None
    writer = Writer(row[0], "admin" if "admin" in row[1] else row[2], tuple(row[3]), tuple(row[4]))
    csrf = sign(secret, "csrf", parts[0])[:32]  # the same after signing in again, so that a form that was open then can still be sent
    return Session(row[0], frozenset(row[1]), csrf, writer)


def end_session(request: Request, response: Response) -> None:
    """Sign out."""
    response.delete_cookie(COOKIE, path=f"{site_of(request).base_path}/desk", httponly=True, samesite="strict")


def find_goal(path: str) -> str:
    """The page of the desk that somebody wanted to go to, never one of another site."""
    return path if re.fullmatch(r"/desk(/[\w/-]*)?", path) else "/desk"
