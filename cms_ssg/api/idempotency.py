"""Requests that are repeated with the same Idempotency-Key are answered once: https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Final, LiteralString

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from cms_ssg.api.problems import ApiError, fail

STALE_S: Final = 30
"""An answer that takes longer than this is thought dead, and the next request with its key goes on where it stopped."""

CLAIM: Final[LiteralString] = """
INSERT INTO cms.idempotent_answers AS a (site, route, key, fingerprint) VALUES (%(site)s, %(route)s, %(key)s, %(fingerprint)s)
ON CONFLICT (site, route, key) DO UPDATE SET started_at = clock_timestamp()
  WHERE a.fingerprint = excluded.fingerprint AND a.answer IS NULL AND a.started_at < clock_timestamp() - make_interval(secs => %(stale)s)
RETURNING 1"""
KNOWN: Final[LiteralString] = "SELECT fingerprint, status, answer FROM cms.idempotent_answers WHERE site = %s AND route = %s AND key = %s"
ANSWERED: Final[LiteralString] = """
UPDATE cms.idempotent_answers SET status = %s, answer = %s WHERE site = %s AND route = %s AND key = %s"""
FORGET: Final[LiteralString] = "DELETE FROM cms.idempotent_answers WHERE site = %s AND route = %s AND key = %s AND answer IS NULL"


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request with a key of its own. site: number in the store; route: names what it asks for; fingerprint: of what it says."""

    connect: Callable[[], AbstractAsyncContextManager[AsyncConnection[TupleRow]]]
    site: int
    route: str
    key: str
    fingerprint: bytes

    async def claim(self) -> tuple[int, dict[str, Any]] | None:
        """Take the key: None, or status and answer that were given already. Raises ApiError api.key-reused, api.key-busy."""
        values = {"site": self.site, "route": self.route, "key": self.key, "fingerprint": self.fingerprint, "stale": STALE_S}
        async with self.connect() as connection:
            if await (await connection.execute(CLAIM, values)).fetchone():
                return None
            row = await (await connection.execute(KNOWN, (self.site, self.route, self.key))).fetchone()
        if row is None:  # another request gave it back between the two statements
            raise _busy()
        if bytes(row[0]) != self.fingerprint:
            raise fail(
                "api.key-reused", "this Idempotency-Key belongs to another request", status=422, hint="A new request needs a new key."
            )
        if row[2] is None:
            raise _busy()
        return int(row[1]), row[2]

    async def save(self, status: int, answer: dict[str, Any]) -> None:
        """Keep the answer for whoever asks again with this key."""
        async with self.connect() as connection:
            await connection.execute(ANSWERED, (status, msgspec.json.encode(answer).decode(), self.site, self.route, self.key))

    async def free(self) -> None:
        """Nothing came of it: the key may be used again."""
        async with self.connect() as connection:
            await connection.execute(FORGET, (self.site, self.route, self.key))


def _busy() -> ApiError:
    return fail(
        "api.key-busy",
        "a request with this Idempotency-Key is at work",
        status=409,
        hint="Ask again in a moment.",
        headers={"Retry-After": "1"},
    )
