"""Parts of a round that processes of any machine may make: written by the builder, claimed one at a time, answered once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, LiteralString, NamedTuple

from psycopg import Connection

ADD: Final[LiteralString] = """
INSERT INTO cms.shards (site, build, epoch, inputs, snapshot, clock, work)
SELECT %(site)s, %(build)s, %(epoch)s, %(inputs)s, %(snapshot)s, %(clock)s, w FROM unnest(%(works)s::bytea[]) WITH ORDINALITY AS u(w, n) ORDER BY n
RETURNING id"""

FIND_OPEN: Final[LiteralString] = """
SELECT s.build, s.inputs, s.clock FROM cms.shards s JOIN cms.sites t ON t.id = s.site AND t.lease_epoch = s.epoch
WHERE s.site = %s AND s.result IS NULL AND (s.claimed_until IS NULL OR s.claimed_until < clock_timestamp()) ORDER BY s.id LIMIT 1"""

COUNT_OPEN: Final[LiteralString] = """
SELECT count(*) FROM cms.shards WHERE site = %s AND build = %s AND result IS NULL AND (claimed_until IS NULL OR claimed_until < clock_timestamp())"""

CLAIM: Final[LiteralString] = """
UPDATE cms.shards SET attempt = attempt + 1, claimed_by = %(by)s, claimed_until = clock_timestamp() + %(claim_s)s * interval '1 s'
WHERE id = (
  SELECT s.id FROM cms.shards s JOIN cms.sites t ON t.id = s.site AND t.lease_epoch = s.epoch
  WHERE s.site = %(site)s AND s.build = %(build)s AND s.inputs = %(inputs)s AND s.result IS NULL
    AND (s.claimed_until IS NULL OR s.claimed_until < clock_timestamp())
  ORDER BY s.id LIMIT 1 FOR UPDATE OF s SKIP LOCKED)
RETURNING id, attempt, snapshot, work"""

HOLDS: Final[LiteralString] = """
SELECT EXISTS (SELECT FROM cms.shards s JOIN cms.sites t ON t.id = s.site AND t.lease_epoch = s.epoch
               WHERE s.id = %s AND s.attempt = %s AND s.result IS NULL)"""

RENEW: Final[LiteralString] = """
UPDATE cms.shards SET claimed_until = clock_timestamp() + %s * interval '1 s' WHERE id = %s AND attempt = %s AND claimed_until IS NOT NULL"""

GIVE_BACK: Final[LiteralString] = (
    "UPDATE cms.shards SET claimed_until = NULL, claimed_by = NULL WHERE id = %s AND attempt = %s AND result IS NULL"
)

ANSWER: Final[LiteralString] = """
UPDATE cms.shards s SET result = %s, claimed_until = NULL FROM cms.sites t
WHERE s.id = %s AND s.attempt = %s AND s.result IS NULL AND t.id = s.site AND t.lease_epoch = s.epoch"""

TAKE_ANSWERS: Final[LiteralString] = """
DELETE FROM cms.shards WHERE id = ANY(%s) AND result IS NOT NULL RETURNING id, attempt, result, claimed_by"""

COUNT_LEFT: Final[LiteralString] = "SELECT count(*) FROM cms.shards WHERE id = ANY(%s)"

DELETE: Final[LiteralString] = "DELETE FROM cms.shards WHERE site = %s AND build <= %s"

DOUBT_LATER: Final[LiteralString] = """
INSERT INTO cms.journal (site, epoch, paths, again_at) VALUES (%s, %s, %s, clock_timestamp() + %s * interval '1 s')"""

COUNT: Final[LiteralString] = """
SELECT count(*) FILTER (WHERE claimed_until IS NULL), count(*) FILTER (WHERE claimed_until >= clock_timestamp()),
       count(*) FILTER (WHERE claimed_until < clock_timestamp()) FROM cms.shards WHERE site = %s AND result IS NULL"""


class OpenBuild(NamedTuple):
    """A build that others may help. inputs: key of what a helper must have; clock: its `now`."""

    build: int
    inputs: bytes
    clock: datetime


class Claim(NamedTuple):
    """A shard that one process is to make. attempt: proves that it is still this claim's."""

    shard: int
    attempt: int
    snapshot: str
    work: bytes


def add_shards(connection: Connection, site: int, build: OpenBuild, epoch: int, snapshot: str, works: Sequence[bytes]) -> list[int]:
    """Offer the parts of a round; returns their numbers in order. epoch: of the builder's lease. The caller commits."""
    values = {"site": site, **build._asdict(), "epoch": epoch, "snapshot": snapshot, "works": list(works)}
    return sorted(row[0] for row in connection.execute(ADD, values))


def find_open_build(connection: Connection, site: int) -> OpenBuild | None:
    """The build that has a shard for the taking."""
    row = connection.execute(FIND_OPEN, (site,)).fetchone()
    return OpenBuild(row[0], bytes(row[1]), row[2]) if row is not None else None


def count_open(connection: Connection, site: int, build: int) -> int:
    """Shards for the taking, also those whose claim has ended."""
    row = connection.execute(COUNT_OPEN, (site, build)).fetchone()
    return int(row[0]) if row is not None else 0


def count_left(connection: Connection, shards: Collection[int]) -> int:
    """How many of these are still there."""
    row = connection.execute(COUNT_LEFT, (list(shards),)).fetchone()
    return int(row[0]) if row is not None else 0


def claim_shard(connection: Connection, site: int, build: int, inputs: bytes, by: str, claim_s: float) -> Claim | None:
    """Take a shard that nobody makes, in autocommit mode; None where there is none. by: who, for people to read."""
    values = {"site": site, "build": build, "inputs": inputs, "by": by, "claim_s": claim_s}
    row = connection.execute(CLAIM, values).fetchone()
    return Claim(row[0], row[1], row[2], bytes(row[3])) if row is not None else None


def holds_claim(connection: Connection, claim: Claim) -> bool:
    """Whether the shard is still this claim's, and its builder still the site's."""
    row = connection.execute(HOLDS, (claim.shard, claim.attempt)).fetchone()
    return bool(row and row[0])


def save_answer(connection: Connection, claim: Claim, result: bytes) -> bool:
    """Hand in what was made. Returns False where the shard is another's by now."""
    return connection.execute(ANSWER, (result, claim.shard, claim.attempt)).rowcount == 1


def count_shards(connection: Connection, site: int) -> dict[str, int]:
    """Shards that are not made yet: ``open`` for the taking, ``claimed``, and ``lapsed``, claimed by somebody who is silent."""
    row = connection.execute(COUNT, (site,)).fetchone()
    assert row is not None
    return dict(zip(("open", "claimed", "lapsed"), row, strict=True))


def take_answers(connection: Connection, shards: Collection[int]) -> list[tuple[int, int, bytes, str]]:
    """(number, attempt, result, by whom) of what was handed in, which is deleted."""
    rows = connection.execute(TAKE_ANSWERS, (list(shards),)).fetchall()
    return sorted((row[0], row[1], bytes(row[2]), row[3]) for row in rows)
