"""Who is signed in at the desk: a cookie by chance, whose digest the store keeps with the token and the end until somebody signs out."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, LiteralString

from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.routing import is_on_https, site_of
from cms_ssg.entries.rights import Writer
from cms_ssg.store import tokens
from cms_ssg.store.query import fetch_async
from cms_ssg.store.secrets import load_secret, sign

COOKIE: Final = "cms_desk"
LIFE_S: Final = 12 * 3600
FORGET: Final[LiteralString] = "DELETE FROM cms.desk_sessions WHERE ends_at < now()"
ADD: Final[LiteralString] = """
INSERT INTO cms.desk_sessions (digest, site, token, ends_at) VALUES (%s, %s, %s, now() + %s * interval '1 second')"""
END: Final[LiteralString] = "DELETE FROM cms.desk_sessions WHERE digest = %s AND site = %s"
FIND: Final[LiteralString] = """
SELECT t.id, t.name, t.scopes, t.role, t.sections, t.locales FROM cms.desk_sessions s JOIN cms.tokens t ON t.id = s.token
WHERE s.digest = %s AND s.site = %s AND s.ends_at > now() AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())"""


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
    value = secrets.token_urlsafe(32)
    async with context.connection() as connection, connection.transaction():
        await connection.execute(tokens.USED, (token,))
        await connection.execute(FORGET)
        await connection.execute(ADD, (_digest(value), context.number, token, LIFE_S))
    response.set_cookie(
        COOKIE, value, max_age=LIFE_S, path=f"{context.base_path}/desk", httponly=True, samesite="strict", secure=is_on_https(request)
    )


async def find_session(request: Request) -> Session | None:
    """Who is signed in; a token that was revoked since ends its sessions."""
    value = request.cookies.get(COOKIE)
    if not value:
        return None
    context = site_of(request)
    async with context.connection() as connection:
        row: Any = await (await connection.execute(FIND, (_digest(value), context.number))).fetchone()
        if row is None:
            return None
        secret = await load_secret(connection, context.number, "desk")
    writer = Writer(row[1], "admin" if "admin" in row[2] else row[3], tuple(row[4]), tuple(row[5]))
    csrf = sign(secret, "csrf", str(row[0]))[:32]  # the same after signing in again, so that a form that was open then can still be sent
    return Session(row[1], frozenset(row[2]), csrf, writer)


async def end_session(request: Request, response: Response) -> None:
    """Sign out, here and wherever a copy of the cookie is."""
    context = site_of(request)
    async with context.connection() as connection:
        await connection.execute(END, (_digest(request.cookies.get(COOKIE, "")), context.number))
    response.delete_cookie(COOKIE, path=f"{context.base_path}/desk", httponly=True, samesite="strict")


def find_goal(path: str) -> str:
    """The page of the desk that somebody wanted to go to, never one of another site."""
    return path if re.fullmatch(r"/desk(/[\w/-]*)?", path) else "/desk"


def _digest(value: str) -> bytes:
    return sha256(value.encode("utf-8", "replace")).digest()
