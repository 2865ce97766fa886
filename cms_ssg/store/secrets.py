"""Secrets that a site makes for itself: keys of digests and signatures, made at their first use."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection, Connection

MAKE: Final[LiteralString] = "INSERT INTO cms.secrets (site, name) VALUES (%s, %s) ON CONFLICT DO NOTHING"
LOAD: Final[LiteralString] = "SELECT value FROM cms.secrets WHERE site = %s AND name = %s"

PAYMENTS: Final = "payments"
"""Signs links to orders and payments."""

EXPERIMENTS: Final = "experiments"
"""Signs the tickets of experiments."""


async def load_secret(connection: AsyncConnection[Any], site: int, name: str) -> bytes:
    """The site's secret of this name, 32 bytes."""
    row = await (await connection.execute(LOAD, (site, name))).fetchone()
    if row is None:
        await connection.execute(MAKE, (site, name))
        row = await (await connection.execute(LOAD, (site, name))).fetchone()
    assert row is not None
    return bytes(row[0])


def load_secret_now(connection: Connection[Any], site: int, name: str) -> bytes:
    """The same over a connection that is not asynchronous."""
    connection.execute(MAKE, (site, name))
    row = connection.execute(LOAD, (site, name)).fetchone()
    assert row is not None
    return bytes(row[0])


def sign(secret: bytes, *parts: str) -> str:
    """A signature of some texts, in hexadecimal."""
    return hmac.new(secret, "\0".join(parts).encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def is_signed(secret: bytes, signature: str, *parts: str) -> bool:
    """Whether a signature is that of these texts; takes the same time whatever is wrong with it."""
    return hmac.compare_digest(sign(secret, *parts).encode(), signature.encode("utf-8", "replace"))
