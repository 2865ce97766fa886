"""What each build changed at the target: noted with the outputs, read to take it back, forgotten after a while."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, LiteralString, NamedTuple

from psycopg import Connection

from cms_ssg.kinds.features import Features
from cms_ssg.store.arrays import bytea_array, int_array, text_array
from cms_ssg.store.outputs import DELETE_OUTPUTS, DELETE_WINDOWS

RESTORED: Final = "rolled back"
"""Why a restored output is dirty: its inputs are as when it was made, so nothing else would have it made again."""

NOTE: Final[LiteralString] = """
WITH release AS (INSERT INTO cms.releases (site, build, back_to) VALUES (%(site)s, %(build)s, %(back_to)s) ON CONFLICT (site, build) DO NOTHING)
INSERT INTO cms.release_objects (site, build, path, kind, old_digest, old_size, new_digest, new_size)
SELECT %(site)s, %(build)s, n.path, coalesce(o.kind, n.kind), o.digest, CASE WHEN o.digest IS NOT NULL THEN o.size_bytes END, n.digest, n.size
FROM unnest(%(paths)s::text[], %(kinds)s::text[], %(digests)s::bytea[], %(sizes)s::int[]) AS n(path, kind, digest, size)
LEFT JOIN cms.outputs o ON o.site = %(site)s AND o.path = n.path COLLATE "C"
ON CONFLICT (site, build, path) DO UPDATE SET new_digest = excluded.new_digest, new_size = excluded.new_size"""

SET_KEEPS: Final[LiteralString] = "UPDATE cms.sites SET keeps_releases = %s WHERE id = %s"

LIST: Final[LiteralString] = """
SELECT r.build, r.made_at, r.back_to, count(o.path), count(*) FILTER (WHERE o.old_digest IS NULL AND o.new_digest IS NOT NULL),
       count(*) FILTER (WHERE o.new_digest IS NULL AND o.old_digest IS NOT NULL), coalesce(sum(o.new_size), 0)::bigint,
       coalesce(b.result ->> 'about', ''), coalesce(b.result ->> 'by', '')
FROM cms.releases r LEFT JOIN cms.builds b ON b.id = r.build LEFT JOIN cms.release_objects o ON o.site = r.site AND o.build = r.build AND o.old_digest IS DISTINCT FROM o.new_digest
WHERE r.site = %s GROUP BY r.build, r.made_at, r.back_to, b.result ORDER BY r.build DESC"""
NUMBERS: Final[LiteralString] = "SELECT build FROM cms.releases WHERE site = %s ORDER BY build DESC"

DIFF: Final[LiteralString] = """
SELECT a.path, a.kind, a.old_size, b.new_size FROM (
  SELECT DISTINCT ON (path) path, kind, old_digest, old_size FROM cms.release_objects
  WHERE site = %(site)s AND build > %(after)s AND build <= %(last)s ORDER BY path, build) a
JOIN (
  SELECT DISTINCT ON (path) path, new_digest, new_size FROM cms.release_objects
  WHERE site = %(site)s AND build > %(after)s AND build <= %(last)s ORDER BY path, build DESC) b USING (path)
WHERE a.old_digest IS DISTINCT FROM b.new_digest ORDER BY a.path"""

# The state after a release is the present one, with what each later release found in place of what it put there.
WANTED: Final[LiteralString] = """
SELECT w.path, w.kind, w.digest, w.size, o.id, o.digest, coalesce(o.unsure, false), o.etag FROM (
  SELECT DISTINCT ON (path) path, kind, old_digest AS digest, old_size AS size FROM cms.release_objects
  WHERE site = %(site)s AND build > %(after)s ORDER BY path, build) w
LEFT JOIN cms.outputs o ON o.site = %(site)s AND o.path = w.path
WHERE o.digest IS DISTINCT FROM w.digest OR o.unsure"""
UNSURE: Final[LiteralString] = """
SELECT path, kind, digest, size_bytes, id, digest, true, etag FROM cms.outputs WHERE site = %s AND unsure AND digest IS NOT NULL"""
UNRECORDED: Final[LiteralString] = """
SELECT d.path FROM cms.dirty d WHERE d.site = %s AND NOT EXISTS (SELECT FROM cms.outputs o WHERE o.site = d.site AND o.path = d.path)"""

RESTORE: Final[LiteralString] = """
INSERT INTO cms.outputs (site, path, kind, digest, size_bytes, reads, reason, build, etag)
SELECT %(site)s, r.path, r.kind, r.digest, r.size, '{}', %(reason)s, %(build)s, r.etag
FROM unnest(%(paths)s::text[], %(kinds)s::text[], %(digests)s::bytea[], %(sizes)s::int[], %(etags)s::text[]) AS r(path, kind, digest, size, etag)
ON CONFLICT (site, path) DO UPDATE SET digest = excluded.digest, size_bytes = excluded.size_bytes, etag = excluded.etag, build = excluded.build,
  reason = excluded.reason, unsure = false, retired_at = NULL"""
MARK_RESTORED: Final[LiteralString] = """
INSERT INTO cms.dirty (site, path, phase, lane, reason) SELECT %(site)s, p, coalesce(
  (SELECT f.phase FROM cms.claims c JOIN unnest(%(kinds)s::text[], %(phases)s::smallint[]) AS f(kind, phase) ON f.kind = c.spec ->> 'kind'
   WHERE c.site = %(site)s AND c.name = p COLLATE "C" AND c.wins), 9), 1, %(reason)s
FROM unnest(%(paths)s::text[]) p
ON CONFLICT (site, path) DO UPDATE SET version = nextval('cms.dirty_versions'), reason = excluded.reason"""

HOLD: Final[LiteralString] = """
UPDATE cms.sites SET held_release = %s, held_by = %s, held_at = coalesce(held_at, clock_timestamp()) WHERE id = %s"""
RESUME: Final[LiteralString] = (
    "UPDATE cms.sites SET held_release = NULL, held_by = NULL, held_at = NULL WHERE id = %s AND held_release IS NOT NULL"
)
SHOW_HOLD: Final[LiteralString] = """
SELECT s.held_release, s.held_at, b.finished_at IS NOT NULL FROM cms.sites s LEFT JOIN cms.builds b ON b.id = s.held_by
WHERE s.id = %s AND s.held_release IS NOT NULL"""

GONE_ENTRIES: Final[LiteralString] = """
SELECT d.path FROM cms.dirty d WHERE d.site = %s AND d.phase = %s AND d.reason <> %s
  AND EXISTS (SELECT FROM cms.outputs o CROSS JOIN LATERAL unnest(o.reads) AS k JOIN cms.cards c ON c.entry = k / 4
              WHERE o.site = d.site AND o.path = d.path AND c.site = d.site AND c.path = d.path AND NOT c.live)
  AND NOT EXISTS (SELECT FROM cms.claims c WHERE c.site = d.site AND c.name = d.path AND c.wins AND c.spec IS NOT NULL)
ORDER BY d.path"""

MOST_BY_AGE: Final = 1000
"""Releases that are kept for their age, however many were made."""

OLD_RELEASES: Final[LiteralString] = """
SELECT build FROM (SELECT build, made_at, row_number() OVER (ORDER BY build DESC) AS rank FROM cms.releases WHERE site = %(site)s) r
WHERE rank > %(keep)s AND (rank > %(most)s OR made_at <= clock_timestamp() - %(days)s * interval '1 day') ORDER BY build DESC LIMIT 1"""
FORGET_RELEASES: Final[LiteralString] = "DELETE FROM cms.releases WHERE site = %s AND build <= %s"
FORGET_ALL: Final[LiteralString] = "DELETE FROM cms.releases WHERE site = %s"
OLDEST: Final[LiteralString] = "SELECT min(build) FROM cms.releases WHERE site = %s"
OLD_OBJECTS: Final[LiteralString] = """
SELECT build, path, old_digest FROM cms.release_objects WHERE site = %s AND build < %s ORDER BY build, path LIMIT %s"""
STILL_NEEDED: Final[LiteralString] = """
SELECT DISTINCT r.old_digest FROM cms.release_objects r WHERE r.site = %(site)s AND r.old_digest = ANY(%(digests)s::bytea[])
  AND NOT EXISTS (SELECT FROM unnest(%(builds)s::bigint[], %(paths)s::text[]) AS g(build, path) WHERE g.build = r.build AND g.path = r.path COLLATE "C")"""
# A page that a build changes twice: what it put there first is kept by the target as it is replaced, and no release wants it back.
PASSING: Final[LiteralString] = """
SELECT DISTINCT o.digest FROM unnest(%(paths)s::text[]) p
JOIN cms.release_objects r ON r.site = %(site)s AND r.build = %(build)s AND r.path = p COLLATE "C"
JOIN cms.outputs o ON o.site = r.site AND o.path = r.path WHERE o.digest IS NOT NULL AND o.digest IS DISTINCT FROM r.old_digest"""
UNNEEDED: Final[LiteralString] = """
SELECT d FROM unnest(%s::bytea[]) d WHERE NOT EXISTS (SELECT FROM cms.release_objects r WHERE r.site = %s AND r.old_digest = d)"""
KEPT: Final[LiteralString] = "SELECT DISTINCT old_digest FROM cms.release_objects WHERE site = %s AND old_digest IS NOT NULL"
FORGET_OBJECTS: Final[LiteralString] = """
DELETE FROM cms.release_objects r USING unnest(%(builds)s::bigint[], %(paths)s::text[]) AS g(build, path)
WHERE r.site = %(site)s AND r.build = g.build AND r.path = g.path COLLATE "C" """


class NewObject(NamedTuple):
    """What a build put at a path, digest None where it took away what was there."""

    path: str
    kind: str
    digest: bytes | None
    size_bytes: int | None


class Release(NamedTuple):
    """A build that changed objects. back_to: it is a rollback to the state after that release; size_bytes: of what it wrote;
    about: what it was for; by: whose doing it was.
    """

    number: int
    made_at: datetime
    back_to: int | None
    objects: int
    added: int
    removed: int
    size_bytes: int
    about: str = ""
    by: str = ""


class Wanted(NamedTuple):
    """How an object was after a release (digest None: not there), and what is recorded of it now (output None: nothing).

    unsure: the target may hold other bytes than live says.
    """

    path: str
    kind: str
    digest: bytes | None
    size_bytes: int | None
    output: int | None
    live: bytes | None
    unsure: bool
    etag: str | None


def note_objects(connection: Connection, site: int, build: int, objects: Sequence[NewObject], back_to: int | None = None) -> None:
    """Note what a build changed, before the outputs say so, in the same transaction."""
    if objects:
        columns = {
            "paths": text_array(one.path for one in objects), "kinds": text_array(one.kind for one in objects),
            "digests": bytea_array(one.digest for one in objects), "sizes": [one.size_bytes for one in objects],
        }  # fmt: skip
        connection.execute(NOTE, {"site": site, "build": build, "back_to": back_to, **columns})


def list_passing(connection: Connection, site: int, build: int, paths: Sequence[str]) -> list[bytes]:
    """Before note_objects: digests of what the same build put at these paths, which now goes again."""
    values = {"site": site, "build": build, "paths": text_array(paths)}
    return [bytes(row[0]) for row in connection.execute(PASSING, values)] if paths else []


def list_unneeded(connection: Connection, site: int, digests: Collection[bytes]) -> list[bytes]:
    """Those of these digests that no release that is kept needs."""
    return sorted(bytes(row[0]) for row in connection.execute(UNNEEDED, (bytea_array(digests), site))) if digests else []


def list_wanted(connection: Connection, site: int, after: int) -> dict[str, Wanted]:
    """What has to be put back for the state after a release, by path, with all of which the target has to be asked."""
    wanted: dict[str, Wanted] = {
        row[0]: Wanted(row[0], "file", None, None, None, None, True, None) for row in connection.execute(UNRECORDED, (site,))
    }
    for query, values in ((UNSURE, (site,)), (WANTED, {"site": site, "after": after})):
        wanted.update({row[0]: Wanted(*row) for row in connection.execute(query, values)})
    return wanted


def restore_outputs(
    connection: Connection, site: int, features: Features, build: int, rows: Sequence[tuple[Wanted, str | None]], back_to: int
) -> None:
    """Record what was put back, with the etag it has now, or taken away, and have the next build that publishes make it again."""
    changed = [NewObject(w.path, w.kind, w.digest, w.size_bytes) for w, _ in rows if w.digest != w.live]
    note_objects(connection, site, build, changed, back_to)
    there = [(w, etag) for w, etag in rows if w.digest is not None]
    gone = [w.output for w, _ in rows if w.digest is None and w.output is not None]
    columns = {
        "paths": text_array(w.path for w, _ in there), "kinds": text_array(w.kind for w, _ in there),
        "digests": bytea_array(w.digest for w, _ in there), "sizes": int_array(w.size_bytes or 0 for w, _ in there),
        "etags": text_array(etag for _, etag in there),
    }  # fmt: skip
    connection.execute(RESTORE, {"site": site, "build": build, "reason": RESTORED, **columns})
    connection.execute(DELETE_WINDOWS, (gone,))
    connection.execute(DELETE_OUTPUTS, (gone,))
    connection.execute(MARK_RESTORED, {"site": site, "paths": [w.path for w, _ in rows], "reason": RESTORED, **features.phases})


def forget_releases(connection: Connection, site: int, keep: int, days: int) -> bool:
    """Have only the newest so many and those of the last days; what belongs to the others is taken away bit by bit with take_old_objects.

    Returns whether there were others.
    """
    old = connection.execute(OLD_RELEASES, {"site": site, "keep": keep, "days": days, "most": max(keep, MOST_BY_AGE)}).fetchone()
    if old is not None:
        connection.execute(FORGET_RELEASES, (site, old[0]))
    return old is not None


def take_old_objects(connection: Connection, site: int, limit: int) -> tuple[list[tuple[int, str]], list[bytes]]:
    """Objects of forgotten releases, at most so many: their keys, and the digests that no other release needs."""
    oldest = connection.execute(OLDEST, (site,)).fetchone()[0]  # type: ignore[index]
    rows = connection.execute(OLD_OBJECTS, (site, oldest if oldest is not None else 2**62, limit)).fetchall()
    keys = [(build, path) for build, path, _ in rows]
    digests = {bytes(digest) for _, _, digest in rows if digest is not None}
    if digests:
        needed = connection.execute(STILL_NEEDED, {"site": site, "digests": bytea_array(digests), **_columns(keys)})
        digests -= {bytes(row[0]) for row in needed}
    return keys, sorted(digests)


def list_kept(connection: Connection, site: int) -> set[bytes]:
    """Digests of all bytes that some release that is kept needs."""
    return {bytes(row[0]) for row in connection.execute(KEPT, (site,))}


def forget_objects(connection: Connection, site: int, keys: Sequence[tuple[int, str]]) -> None:
    """Forget these objects of releases."""
    connection.execute(FORGET_OBJECTS, {"site": site, **_columns(keys)})


def _columns(keys: Collection[tuple[int, str]]) -> dict[str, str]:
    return {"builds": int_array(build for build, _ in keys), "paths": text_array(path for _, path in keys)}
