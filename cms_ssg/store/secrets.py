"""Secrets that a site makes for itself: keys of digests and signatures, made at their first use."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection

MAKE: Final[LiteralString] = "INSERT INTO cms.site_secrets (site, name, value) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
LOAD: Final[LiteralString] = "SELECT value FROM cms.site_secrets WHERE site = %s AND name = %s"


async def load_secret(connection: AsyncConnection[Any], site: int, name: str) -> bytes:
    """The site's secret of this name, 32 bytes."""
    row = await (await connection.execute(LOAD, (site, name))).fetchone()
    if row is None:
        await connection.execute(MAKE, (site, name, secrets.token_bytes(32)))
        row = await (await connection.execute(LOAD, (site, name))).fetchone()
    assert row is not None
    return bytes(row[0])


def sign(secret: bytes, *parts: str) -> str:
    """A signature of some texts, in hexadecimal."""
    return hmac.new(secret, "\0".join(parts).encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def is_signed(secret: bytes, signature: str, *parts: str) -> bool:
    """Whether a signature is that of these texts; takes the same time whatever is wrong with it."""
    return hmac.compare_digest(sign(secret, *parts).encode(), signature.encode("utf-8", "replace"))
