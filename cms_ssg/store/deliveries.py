"""Messages to receivers of webhooks: added with what they tell of, claimed for a try, and what the try came to."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, LiteralString, NamedTuple
from urllib.parse import quote, urlencode

import msgspec
from psycopg import Connection

RELEASED: Final = "release.published"
FAILED: Final = "build.failed"
TEST: Final = "test"
FEEDS: Final = "feeds.updated"
"""For the WebSub hub alone."""

FEEDS_OF_BUILD: Final[LiteralString] = """
SELECT path FROM cms.outputs WHERE site = %s AND build = %s AND kind = ANY(%s) AND error IS NULL AND retired_at IS NULL ORDER BY length(path), path LIMIT %s"""
MOST_FEEDS: Final = 500
"""Feeds that a hub is told of after one build, those of the site as a whole first."""

ADD: Final[LiteralString] = "INSERT INTO cms.deliveries (id, site, event, url, body) VALUES (%s, %s, %s, %s, %s)"

# A claim is a next_at in the near future: a process that dies with it loses nothing, and its try has counted.
CLAIM: Final[LiteralString] = """
UPDATE cms.deliveries SET tries = tries + 1, next_at = clock_timestamp() + %(claim_s)s * interval '1 s'
WHERE id IN (SELECT id FROM cms.deliveries WHERE site = %(site)s AND next_at <= clock_timestamp() ORDER BY next_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING id, event, url, body, tries"""

DONE: Final[LiteralString] = "UPDATE cms.deliveries SET next_at = NULL, delivered_at = clock_timestamp(), answer = %s WHERE id = %s"
AGAIN: Final[LiteralString] = "UPDATE cms.deliveries SET next_at = clock_timestamp() + %s * interval '1 s', answer = %s WHERE id = %s"
GIVE_UP: Final[LiteralString] = "UPDATE cms.deliveries SET next_at = NULL, answer = %s WHERE id = %s"
RETRY: Final[LiteralString] = """
UPDATE cms.deliveries SET next_at = clock_timestamp(), tries = 0 WHERE site = %(site)s AND delivered_at IS NULL AND (%(id)s = '' OR id = %(id)s)"""
LIST: Final[LiteralString] = """
SELECT id, event, url, made_at, tries, next_at, delivered_at, answer FROM cms.deliveries WHERE site = %s ORDER BY made_at DESC, id LIMIT %s"""
COUNT: Final[LiteralString] = """
SELECT (SELECT count(*) FROM cms.deliveries WHERE site = %(site)s AND next_at IS NOT NULL),
       (SELECT count(*) FROM cms.deliveries WHERE site = %(site)s AND next_at IS NULL AND delivered_at IS NULL)"""
FORGET_OLD: Final[LiteralString] = """
DELETE FROM cms.deliveries WHERE site = %s AND made_at < clock_timestamp() - %s * interval '1 day' AND next_at IS NULL"""


class Claimed(NamedTuple):
    """A message that this process has to send. tries: this one included."""

    id: str
    event: str
    url: str
    body: str
    tries: int


class Delivery(NamedTuple):
    """A message and what became of it."""

    id: str
    event: str
    url: str
    made_at: datetime
    tries: int
    next_at: datetime | None
    delivered_at: datetime | None
    answer: str

    @property
    def state(self) -> str:
        """delivered, waiting, or dead: given up."""
        return "delivered" if self.delivered_at is not None else "waiting" if self.next_at is not None else "dead"


def make_body(event: str, data: dict[str, Any]) -> str:
    """The message as it is signed and sent: type, timestamp, data."""
    stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return msgspec.json.encode({"type": event, "timestamp": stamp, "data": data}).decode()


def make_id() -> str:
    """A message's name, the same in all its tries."""
    return f"msg_{uuid.uuid4().hex}"


def add_deliveries(connection: Connection, site: int, event: str, urls: Sequence[str], data: dict[str, Any]) -> None:
    """A message for each of these receivers; the caller commits."""
    body = make_body(event, data)
    for url in urls:
        connection.execute(ADD, (make_id(), site, event, url, body))


def add_ping(connection: Connection, site: int, build: int, kinds: Sequence[str], hub: str, origin: str) -> None:
    """A message for the WebSub hub that names the feeds of a build, if it made any; the caller commits. kinds: of outputs that are feeds; origin: what paths become addresses with.

    https://www.w3.org/TR/websub/#publishing leaves the form to publisher and hub; all public hubs take hub.mode and any number of hub.url.
    """
    feeds = [path for (path,) in connection.execute(FEEDS_OF_BUILD, (site, build, list(kinds), MOST_FEEDS))]
    if feeds:
        body = urlencode([("hub.mode", "publish"), *(("hub.url", origin + quote(path, safe="/%")) for path in feeds)])
        connection.execute(ADD, (make_id(), site, FEEDS, hub, body))


def claim_due(connection: Connection, site: int, limit: int, claim_s: float) -> list[Claimed]:
    """Messages whose time has come; the caller commits before it sends them."""
    return [Claimed(*row) for row in connection.execute(CLAIM, {"site": site, "limit": limit, "claim_s": claim_s})]


def list_deliveries(connection: Connection, site: int, limit: int) -> list[Delivery]:
    """The newest messages."""
    return [Delivery(*row) for row in connection.execute(LIST, (site, limit))]


def count_deliveries(connection: Connection, site: int) -> tuple[int, int]:
    """How many wait for a try, and how many were given up."""
    row = connection.execute(COUNT, {"site": site}).fetchone()
    return (row[0], row[1]) if row is not None else (0, 0)
