"""The queue of pages that a CDN must forget, a row a page, and how a page's way to the edge was timed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, LiteralString, NamedTuple

from psycopg import Connection

from cms_ssg.store.arrays import int_array, text_array

ADD: Final[LiteralString] = """
INSERT INTO cms.purges (site, path, phase, cause, build)
SELECT %(site)s, path, phase, cause, %(build)s FROM unnest(%(paths)s::text[], %(phases)s::smallint[], %(causes)s::text[]) AS t(path, phase, cause)
ON CONFLICT (site, path) DO UPDATE SET turn = 1, version = nextval('cms.purge_versions'), phase = excluded.phase, cause = excluded.cause,
  build = excluded.build, recorded_at = excluded.recorded_at, not_before = excluded.not_before, purged_at = NULL"""

ADD_LEFT: Final[LiteralString] = """
INSERT INTO cms.purges (site, path, phase, cause, build)
SELECT DISTINCT j.site, p.path, 3, 'unsure', %(build)s::bigint FROM cms.journal j CROSS JOIN LATERAL unnest(j.paths) AS p(path)
WHERE j.site = %(site)s AND (j.again_at IS NULL OR j.again_at <= clock_timestamp())
ON CONFLICT (site, path) DO UPDATE SET turn = 1, version = nextval('cms.purge_versions'), not_before = excluded.not_before, purged_at = NULL"""

COUNT_DUE: Final[LiteralString] = """
SELECT count(*), coalesce(max(p.version), 0), (SELECT purges_wait_until FROM cms.sites WHERE id = %(site)s)
FROM cms.purges p WHERE p.site = %(site)s AND p.not_before <= %(now)s AND p.version > %(low)s AND (%(removals)s OR p.cause <> 'removed')"""

NEWEST: Final[LiteralString] = "SELECT coalesce(max(version), 0) FROM cms.purges WHERE site = %s"

LIST_DUE: Final[LiteralString] = """
SELECT path, version, turn FROM cms.purges
WHERE site = %(site)s AND not_before <= %(now)s AND version > %(low)s AND version <= %(high)s AND (%(removals)s OR cause <> 'removed') AND path <> ALL(%(skip)s)
ORDER BY turn, phase, path LIMIT %(limit)s"""

LARGEST_FOLDERS: Final[LiteralString] = """
SELECT substring(path FROM '^/[^/]+/') AS folder, count(*) FROM cms.purges
WHERE site = %(site)s AND not_before <= %(now)s AND version > %(low)s AND version <= %(high)s AND (%(removals)s OR cause <> 'removed') AND path LIKE '/%%/%%'
GROUP BY folder ORDER BY count(*) DESC, folder LIMIT %(limit)s"""

END_SECOND: Final[LiteralString] = """
DELETE FROM cms.purges p USING unnest(%(paths)s::text[], %(versions)s::bigint[]) AS t(path, version)
WHERE p.site = %(site)s AND p.path = t.path COLLATE "C" AND p.version = t.version AND p.turn = 2"""

END_FIRST: Final[LiteralString] = """
UPDATE cms.purges p SET turn = 2, purged_at = %(now)s, not_before = %(later)s, tries = 0, error = NULL
FROM unnest(%(paths)s::text[], %(versions)s::bigint[]) AS t(path, version)
WHERE p.site = %(site)s AND p.path = t.path COLLATE "C" AND p.version = t.version AND p.turn = 1"""

END_SECOND_BELOW: Final[LiteralString] = """
DELETE FROM cms.purges p WHERE p.site = %(site)s AND p.not_before <= %(due)s AND p.version > %(low)s AND p.version <= %(high)s AND (%(removals)s OR p.cause <> 'removed')
  AND p.turn = 2 AND EXISTS (SELECT FROM unnest(%(folders)s::text[]) f WHERE starts_with(p.path, f))"""

END_FIRST_BELOW: Final[LiteralString] = """
UPDATE cms.purges p SET turn = 2, purged_at = %(now)s, not_before = %(later)s, tries = 0, error = NULL
WHERE p.site = %(site)s AND p.not_before <= %(due)s AND p.version > %(low)s AND p.version <= %(high)s AND (%(removals)s OR p.cause <> 'removed')
  AND p.turn = 1 AND EXISTS (SELECT FROM unnest(%(folders)s::text[]) f WHERE starts_with(p.path, f))"""

FAIL: Final[LiteralString] = """
UPDATE cms.purges SET tries = tries + 1, error = %(error)s WHERE site = %(site)s AND not_before <= %(now)s AND version > %(low)s AND version <= %(high)s
  AND (%(removals)s OR cause <> 'removed') AND (%(paths)s::text[] IS NULL OR path = ANY(%(paths)s::text[] COLLATE "C"))"""

PAUSE: Final[LiteralString] = "UPDATE cms.sites SET purges_wait_until = %s WHERE id = %s"
NEXT_AT: Final[LiteralString] = "SELECT max(not_before) FROM cms.purges WHERE site = %s AND turn = 2 AND not_before > %s"

STATE: Final[LiteralString] = """
SELECT count(*) FILTER (WHERE turn = 1), count(*) FILTER (WHERE turn = 2), count(*) FILTER (WHERE error IS NOT NULL),
       coalesce(extract(epoch FROM clock_timestamp() - min(recorded_at) FILTER (WHERE turn = 1)), 0)::float8, coalesce(max(tries), 0),
       (SELECT error FROM cms.purges WHERE site = %(site)s AND error IS NOT NULL ORDER BY path LIMIT 1)
FROM cms.purges WHERE site = %(site)s"""


class Due(NamedTuple):
    """What is to be purged. pages: how many; high: the newest version among them; wait_until: what the CDN asked for."""

    pages: int
    high: int
    wait_until: datetime | None


class Scope(NamedTuple):
    """Which rows one sending is about. removals: also of pages that went; low: only what was queued after this version."""

    site: int
    now: datetime
    high: int
    removals: bool
    low: int = 0

    def parameters(self) -> dict[str, object]:
        return self._asdict()


def load_newest_version(connection: Connection, site: int) -> int:
    """The version after which pages are queued from now on."""
    row = connection.execute(NEWEST, (site,)).fetchone()
    assert row is not None
    return int(row[0])


class PurgeState(NamedTuple):
    """How a site's queue stands. first, second: pages that wait for each purge; failed: that were refused; age_s: of the oldest first one."""

    first: int
    second: int
    failed: int
    age_s: float
    tries: int
    error: str | None


def add_purges(connection: Connection, site: int, build: int, rows: Sequence[tuple[str, int, str]]) -> None:
    """Queue pages, given as (path, phase, cause), in the caller's transaction; one that is queued already begins anew."""
    columns = {"paths": text_array(r[0] for r in rows), "phases": int_array(r[1] for r in rows), "causes": text_array(r[2] for r in rows)}
    connection.execute(ADD, {"site": site, "build": build, **columns})


def count_due(connection: Connection, site: int, now: datetime, removals: bool, low: int = 0) -> Due:
    """What waits and may be sent now. low: only what was queued after this version."""
    row = connection.execute(COUNT_DUE, {"site": site, "now": now, "removals": removals, "low": low}).fetchone()
    assert row is not None
    return Due(*row)


def list_due(connection: Connection, scope: Scope, skip: Sequence[str], limit: int) -> list[tuple[str, int, int]]:
    """(path, version, turn) of pages to be purged, the first in the order in which pages are published."""
    return connection.execute(LIST_DUE, {**scope.parameters(), "skip": list(skip), "limit": limit}).fetchall()


def end_purges(connection: Connection, site: int, rows: Iterable[tuple[str, int, int]], now: datetime, again_s: float) -> int:
    """The CDN took these; returns how many first ones. A first purge becomes a second, due in again_s; a second is done. A page that changed meanwhile stays as it is."""
    rows = list(rows)
    columns = {"site": site, "paths": text_array(r[0] for r in rows), "versions": int_array(r[1] for r in rows)}
    connection.execute(END_SECOND, columns)
    return connection.execute(END_FIRST, {**columns, "now": now, "later": now + timedelta(seconds=again_s)}).rowcount


def end_purges_below(connection: Connection, scope: Scope, folders: Sequence[str], now: datetime, again_s: float) -> int:
    """The same for all of a sending's pages below some folders."""
    columns = {**scope.parameters(), "due": scope.now, "folders": list(folders), "now": now, "later": now + timedelta(seconds=again_s)}
    connection.execute(END_SECOND_BELOW, columns)
    return connection.execute(END_FIRST_BELOW, columns).rowcount


def load_purge_state(connection: Connection, site: int) -> PurgeState:
    """How the queue stands."""
    row = connection.execute(STATE, {"site": site}).fetchone()
    assert row is not None
    return PurgeState(*row)
