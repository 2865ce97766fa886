"""What pages were read most, which to ask the edge for after a purge, and when it answered with the new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, LiteralString, NamedTuple

from psycopg import Connection

from cms_ssg.kinds.features import Features
from cms_ssg.store.arrays import bytea_array, int_array, text_array

MOST_FRONTS, READ_DAYS, KEPT_BUILDS = 50, 28, 200

FRONTS: Final[LiteralString] = """
SELECT p.path, o.digest, p.recorded_at, p.purged_at FROM cms.purges p
JOIN cms.outputs o ON o.site = p.site AND o.path = p.path AND o.kind = ANY(%(lists)s) AND o.digest IS NOT NULL
JOIN cms.claims c ON c.site = p.site AND c.name = p.path AND c.wins
LEFT JOIN cms.lists l ON l.id = (c.spec ->> 'list')::int
WHERE p.site = %(site)s AND p.purged_at >= %(since)s AND (o.kind = ANY(%(fronts)s) OR l.name LIKE 'section/%%')
ORDER BY o.kind <> ALL(%(fronts)s), p.path LIMIT %(limit)s"""

MOST_READ: Final[LiteralString] = """
SELECT p.path, o.digest, p.recorded_at, p.purged_at FROM cms.purges p
JOIN cms.outputs o ON o.site = p.site AND o.path = p.path AND o.kind = ANY(%(contents)s) AND o.digest IS NOT NULL
LEFT JOIN LATERAL (SELECT sum(h.hits) AS hits FROM cms.hits h WHERE h.site = p.site AND h.path = p.path AND h.day > CURRENT_DATE - %(days)s::int) r ON true
WHERE p.site = %(site)s AND p.purged_at >= %(since)s ORDER BY r.hits DESC NULLS LAST, p.path LIMIT %(limit)s"""

NOT_FRESH: Final[LiteralString] = """
SELECT r.path, r.digest, r.uploaded_at, r.purged_at FROM cms.receipts r
JOIN cms.outputs o ON o.site = r.site AND o.path = r.path AND o.digest = r.digest
WHERE r.site = %(site)s AND r.purged_at >= %(since)s AND r.fresh_at IS NULL"""

SAVED: Final[LiteralString] = """
SELECT coalesce((
  SELECT min(to_timestamp(s.mtime_ns / 1e9)) FROM unnest(%(paths)s::text[]) AS p(path)
  JOIN cms.claims c ON c.site = b.site AND c.name = p.path COLLATE "C" AND c.wins AND c.owner_kind = 'e'
  JOIN cms.entries e ON e.id = c.owner AND e.source = 'file'
  JOIN cms.sources s ON s.site = b.site AND s.path = e.source_key
  WHERE to_timestamp(s.mtime_ns / 1e9) BETWEEN (SELECT a.started_at FROM cms.builds a WHERE a.site = b.site AND a.id < b.id ORDER BY a.id DESC LIMIT 1)
    AND b.started_at + interval '1 minute'), b.started_at)
FROM cms.builds b WHERE b.id = %(build)s"""

SAVE: Final[LiteralString] = """
INSERT INTO cms.receipts (site, build, path, digest, saved_at, uploaded_at, purged_at)
SELECT %(site)s, %(build)s, path, digest, least(%(saved)s, uploaded), uploaded, purged
FROM unnest(%(paths)s::text[], %(digests)s::bytea[], %(uploaded)s::timestamptz[], %(purged)s::timestamptz[])
  AS t(path, digest, uploaded, purged)
ON CONFLICT (site, build, path) DO NOTHING"""

SET_FRESH: Final[LiteralString] = """
UPDATE cms.receipts r SET fresh_at = t.at FROM unnest(%(paths)s::text[], %(digests)s::bytea[], %(times)s::timestamptz[]) AS t(path, digest, at)
WHERE r.site = %(site)s AND r.purged_at >= %(since)s AND r.fresh_at IS NULL AND r.path = t.path COLLATE "C" AND r.digest = t.digest"""

FORGET: Final[LiteralString] = """
DELETE FROM cms.receipts WHERE site = %(site)s AND build < (SELECT id FROM cms.builds WHERE site = %(site)s ORDER BY id DESC OFFSET %(kept)s LIMIT 1)"""

TIMES: Final[LiteralString] = """
SELECT count(*), count(fresh_at),
  percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM uploaded_at - saved_at)::float8),
  percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM purged_at - uploaded_at)::float8),
  percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM fresh_at - purged_at)::float8),
  percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM fresh_at - saved_at)::float8)
FROM cms.receipts WHERE site = %s"""

TAKE_LOG: Final[LiteralString] = "INSERT INTO cms.imported_logs (site, digest) VALUES (%s, %s) ON CONFLICT DO NOTHING"

ADD_HITS: Final[LiteralString] = """
INSERT INTO cms.hits (site, path, day, hits)
SELECT o.site, o.path, t.day, t.hits FROM unnest(%(paths)s::text[], %(days)s::date[], %(hits)s::bigint[]) AS t(path, day, hits)
JOIN cms.outputs o ON o.site = %(site)s AND o.path = t.path COLLATE "C"
ON CONFLICT (site, path, day) DO UPDATE SET hits = hits.hits + excluded.hits"""


class Page(NamedTuple):
    """A page that was purged. digest: of its new bytes; uploaded_at: when it was recorded as being at the target."""

    path: str
    digest: bytes
    uploaded_at: datetime
    purged_at: datetime


def list_pages_to_ask(connection: Connection, site: int, features: Features, since: datetime, most_read: int) -> list[Page]:
    """Pages purged since then: the home page and the fronts of sections, then the most read."""
    values = {"site": site, "since": since}
    kinds = {"fronts": features.with_role("front"), "lists": features.names(lambda kind: kind.shown == "list")}
    rows = connection.execute(FRONTS, {**values, **kinds, "limit": MOST_FRONTS}).fetchall()
    read = {"days": READ_DAYS, "contents": features.with_content, "limit": most_read}
    rows += connection.execute(MOST_READ, {**values, **read}).fetchall()
    return [Page(*row) for row in rows]


def list_not_fresh(connection: Connection, site: int, since: datetime) -> list[Page]:
    """Pages purged since then for which the edge had an older answer, and that are still to be the same."""
    return [Page(*row) for row in connection.execute(NOT_FRESH, {"site": site, "since": since})]


def add_receipts(connection: Connection, site: int, build: int, pages: Sequence[Page]) -> None:
    """Keep the times of pages that a build brought to the edge, which was not yet asked."""
    row = connection.execute(SAVED, {"paths": [page.path for page in pages], "build": build}).fetchone()
    columns: dict[str, Any] = {
        "paths": text_array(page.path for page in pages), "digests": bytea_array(page.digest for page in pages),
        "uploaded": [page.uploaded_at for page in pages], "purged": [page.purged_at for page in pages],
    }  # fmt: skip
    saved = row[0] if row is not None else pages[0].uploaded_at
    connection.execute(SAVE, {**columns, "site": site, "build": build, "saved": saved})
    connection.execute(FORGET, {"site": site, "kept": KEPT_BUILDS})


def save_fresh(connection: Connection, site: int, since: datetime, fresh: Mapping[Page, datetime]) -> None:
    """Note when the edge first answered with the new pages."""
    columns: dict[str, Any] = {
        "paths": text_array(page.path for page in fresh), "digests": bytea_array(page.digest for page in fresh), "times": list(fresh.values())
    }  # fmt: skip
    connection.execute(SET_FRESH, {**columns, "site": site, "since": since})


def load_times(connection: Connection, site: int) -> dict[str, Any]:
    """Of the kept receipts: pages, fresh, and p50 and p95 in seconds of each step from save to edge; None where nothing was measured."""
    row = connection.execute(TIMES, (site,)).fetchone()
    assert row is not None
    steps = dict(zip(("save_to_upload_s", "upload_to_purge_s", "purge_to_fresh_s", "save_to_fresh_s"), row[2:], strict=True))
    shown = {
        name: {"p50": round(both[0], 3), "p95": round(both[1], 3)} if both and both[0] is not None else None for name, both in steps.items()
    }
    return {"pages": row[0], "fresh": row[1], **shown}


def add_hits(connection: Connection, site: int, hits: Mapping[tuple[str, date], int]) -> int:
    """Add to the counts of pages that there are. Returns how many rows that touched."""
    columns = {"paths": text_array(path for path, _ in hits), "days": [day for _, day in hits], "hits": int_array(hits.values())}
    return connection.execute(ADD_HITS, {**columns, "site": site}).rowcount
