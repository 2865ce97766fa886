"""Tokens of the API: made once, shown once, stored as a digest."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final, LiteralString, NamedTuple

from psycopg import Connection
from psycopg.rows import TupleRow

from cms_ssg.store.query import Query, fetch

SCOPES: Final = ("read", "write", "moderate", "live", "shop", "admin")
PREFIX: Final = "cms_"


class TokenRow(NamedTuple):
    """A token without its secret."""

    id: int
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    role: str
    sections: list[str]
    locales: list[str]


class Powers(NamedTuple):
    """What a token may do with entries. sections, locales: only in these; empty for all."""

    role: str = "editor"
    sections: Sequence[str] = ()
    locales: Sequence[str] = ()


EDITOR: Final = Powers()

ADD: Final[LiteralString] = """
INSERT INTO cms.tokens (site, name, digest, scopes, expires_at, role, sections, locales)
VALUES (%s, %s, %s, %s, CASE WHEN %s::int > 0 THEN now() + %s::int * interval '1 day' END, %s, %s, %s) RETURNING id"""
LIST: Final = Query("""
SELECT id, name, scopes, created_at, expires_at, last_used_at, revoked_at, role, sections, locales FROM cms.tokens WHERE site = %(site)s ORDER BY id""", TokenRow)  # fmt: skip
FIND: Final = Query("""
SELECT id, name, scopes, created_at, expires_at, last_used_at, revoked_at, role, sections, locales FROM cms.tokens
WHERE site = %(site)s AND digest = %(digest)s AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())""", TokenRow)  # fmt: skip
REVOKE: Final[LiteralString] = "UPDATE cms.tokens SET revoked_at = now() WHERE site = %s AND id = %s AND revoked_at IS NULL"
USED: Final[LiteralString] = """
UPDATE cms.tokens SET last_used_at = now() WHERE id = %s AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')"""


def digest_token(token: str) -> bytes:
    """What is stored of a token. It has 256 bits of chance, so a fast digest cannot be searched."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def create_token(
    connection: Connection[TupleRow], site: int, name: str, scopes: Sequence[str], days: int, powers: Powers = EDITOR
) -> tuple[int, str]:
    """Make a token. days: until it expires, 0 for never. Returns its number and the token itself, which nobody can show again."""
    token = PREFIX + secrets.token_urlsafe(32)
    allowed = sorted(set(scopes), key=SCOPES.index)
    values = (site, name, digest_token(token), allowed, days, days, powers.role, list(powers.sections), list(powers.locales))
    row = connection.execute(ADD, values).fetchone()
    assert row is not None
    return row[0], token


def list_tokens(connection: Connection[TupleRow], site: int) -> list[TokenRow]:
    """All tokens of a site, revoked and expired ones too."""
    return fetch(connection, LIST, site=site)


def revoke_token(connection: Connection[TupleRow], site: int, number: int) -> bool:
    """End a token. Returns whether there was one to end."""
    return connection.execute(REVOKE, (site, number)).rowcount > 0
