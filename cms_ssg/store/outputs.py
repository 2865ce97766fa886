"""The manifest and the queue of dirty outputs: what a round takes, what it may leave behind if killed, what it records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, LiteralString, NamedTuple

from psycopg import Connection
from psycopg.types.json import Jsonb

from cms_ssg.kinds.features import Features
from cms_ssg.store.arrays import bytea_array, int_array, text_array

TAKE: Final[LiteralString] = """
SELECT d.path, d.phase, d.turn, d.reason, d.version, c.locale, c.spec, c.owner, o.id, o.digest, o.reads::text, o.error IS NOT NULL, coalesce(o.unsure, false), o.etag
FROM (SELECT * FROM cms.dirty d WHERE d.site = %(site)s AND d.turn >= %(low)s AND d.path <> ALL(%(skip)s)
      AND (%(only)s::text[] IS NULL OR d.path = ANY(%(only)s::text[])) ORDER BY d.turn, d.path LIMIT %(limit)s) d
LEFT JOIN cms.claims c ON c.site = %(site)s AND c.name = d.path AND c.wins
LEFT JOIN cms.outputs o ON o.site = %(site)s AND o.path = d.path
ORDER BY d.turn, d.path"""

FIRST_TURN: Final = -1
"""Of assets."""

COUNT_DIRTY: Final[LiteralString] = "SELECT count(*) FROM cms.dirty WHERE site = %s"

NEXT_IDS: Final[LiteralString] = "SELECT nextval(pg_get_serial_sequence('cms.outputs', 'id')) FROM generate_series(1, %s)"
COPY_OUTPUTS: Final[LiteralString] = """
COPY cms.outputs (id, site, path, kind, digest, size_bytes, reads, valid_from, valid_until, reason, build, error, unsure, etag) FROM STDIN"""
COPY_WINDOWS: Final[LiteralString] = "COPY cms.windows (output, list, low, high) FROM STDIN"
WINDOWS: Final[LiteralString] = "SELECT output, list, low, high FROM cms.windows WHERE output = ANY(%s)"
DELETE_WINDOWS: Final[LiteralString] = "DELETE FROM cms.windows WHERE output = ANY(%s)"
DELETE_OUTPUTS: Final[LiteralString] = "DELETE FROM cms.outputs WHERE id = ANY(%s)"

UPDATE_SAME: Final[LiteralString] = """
UPDATE cms.outputs o SET digest = d.digest, size_bytes = d.size, reason = d.reason, etag = d.etag, build = %s, error = NULL, unsure = false, retired_at = NULL
FROM unnest(%s::bigint[], %s::bytea[], %s::int[], %s::text[], %s::text[]) AS d(id, digest, size, reason, etag) WHERE o.id = d.id"""

DELETE_DIRTY: Final[LiteralString] = """
DELETE FROM cms.dirty d USING unnest(%s::text[], %s::bigint[]) AS t(path, version)
WHERE d.site = %s AND d.path = t.path COLLATE "C" AND d.version = t.version"""

ADD_NAMES: Final[LiteralString] = (
    "INSERT INTO cms.read_names (key, name) SELECT * FROM unnest(%s::bigint[], %s::text[]) ON CONFLICT (key) DO NOTHING"
)

ADD_JOURNAL: Final[LiteralString] = """
INSERT INTO cms.journal (site, epoch, paths) VALUES (%s, %s, %s) RETURNING id, set_config('synchronous_commit', 'on', true)"""
DELETE_JOURNAL: Final[LiteralString] = "DELETE FROM cms.journal WHERE id = %s"
NARROW_JOURNAL: Final[LiteralString] = "UPDATE cms.journal SET paths = %s WHERE id = %s"
LEFT_IN_JOURNAL: Final[LiteralString] = """
SELECT DISTINCT unnest(paths) FROM cms.journal WHERE site = %s AND (again_at IS NULL OR again_at <= clock_timestamp())"""
CLEAR_JOURNAL: Final[LiteralString] = (
    "DELETE FROM cms.journal WHERE site = %s AND (again_at <= clock_timestamp() OR (again_at IS NULL AND %s = 0))"
)
LOOK_AGAIN: Final[LiteralString] = """
UPDATE cms.journal SET again_at = clock_timestamp() + %s * interval '1 s' WHERE site = %s AND again_at IS NULL"""
DOUBT: Final[LiteralString] = 'UPDATE cms.outputs SET unsure = true WHERE site = %s AND path = ANY(%s::text[] COLLATE "C")'
MARK_AGAIN: Final[LiteralString] = """
INSERT INTO cms.dirty (site, path, phase, lane, reason) SELECT %(site)s, p, coalesce(
  (SELECT f.phase FROM cms.claims c JOIN unnest(%(kinds)s::text[], %(phases)s::smallint[]) AS f(kind, phase) ON f.kind = c.spec ->> 'kind'
   WHERE c.site = %(site)s AND c.name = p COLLATE "C" AND c.wins), 9), 0, %(reason)s
FROM unnest(%(paths)s::text[]) p
ON CONFLICT (site, path) DO UPDATE SET version = nextval('cms.dirty_versions')"""

HOLD: Final[LiteralString] = """
WITH held AS (UPDATE cms.cards SET held = true WHERE entry = ANY(%s) AND NOT held RETURNING entry, site)
INSERT INTO cms.changes (site, kind, subject) SELECT site, 'd', entry FROM held"""
FREE: Final[LiteralString] = """
WITH freed AS (UPDATE cms.cards SET held = false WHERE entry = ANY(%s) AND held RETURNING entry, site)
INSERT INTO cms.changes (site, kind, subject) SELECT site, 'd', entry FROM freed"""

FLUSH_GIN: Final[LiteralString] = "SELECT gin_clean_pending_list('cms.outputs_reads'::regclass)"


class DirtyRow(NamedTuple):
    """A dirty output with the claim that wants it (spec None: nobody does) and what is live (id None: nothing). turn: when it is made."""

    path: str
    phase: int
    turn: int
    reason: str
    version: int
    locale: str | None
    spec: dict[str, Any] | None
    owner: int | None
    output: int | None
    digest: bytes | None
    reads: str | None
    failed: bool
    unsure: bool
    etag: str | None


class OutputRow(NamedTuple):
    """What a round says of one output. digest: of what is live now, None where nothing known is; reads: a sorted array, as text;
    waits: it stays dirty, since images that it shows must be made first.
    """

    dirty: DirtyRow
    kind: str
    digest: bytes | None
    size_bytes: int
    reads: str
    windows: frozenset[tuple[int, bytes, bytes]]
    valid_from: datetime | None
    valid_until: datetime | None
    error: dict[str, Any] | None
    etag: str | None
    waits: bool = False


def join_arrays(one: str, other: str) -> str:
    """The numbers that are in either array, sorted; all as text."""
    return int_array(sorted({int(number) for array in (one, other) for number in array.strip("{}").split(",") if number}))


def take_dirty(
    connection: Connection, site: int, limit: int, skip: Sequence[str], only: Sequence[str] | None = None, low: int = FIRST_TURN
) -> list[DirtyRow]:
    """The most urgent dirty outputs, of one phase and lane only. skip: paths not to try again in this build; only: the others stay dirty; low: the
    first turn that is looked at.
    """
    values = {"site": site, "limit": limit, "skip": list(skip), "only": only, "low": low}
    rows = [DirtyRow(*row) for row in connection.execute(TAKE, values)]
    return [row for row in rows if row.turn == rows[0].turn]


def add_journal(connection: Connection, site: int, epoch: int, paths: list[str]) -> int:
    """Note what is about to be written or removed; the caller commits before the first write."""
    row = connection.execute(ADD_JOURNAL, (site, epoch, paths)).fetchone()
    assert row is not None
    return int(row[0])


def end_journal(connection: Connection, number: int, refused: list[str]) -> None:
    """Take a note back but for what the target refused: whether that is there is not known."""
    if refused:
        connection.execute(NARROW_JOURNAL, (refused, number))
    else:
        connection.execute(DELETE_JOURNAL, (number,))


def mark_unverified(connection: Connection, site: int, features: Features, paths: list[str], reason: str) -> None:
    """Have these made again, and the target asked what it holds of them."""
    connection.execute(DOUBT, (site, paths))
    connection.execute(MARK_AGAIN, {"site": site, "paths": paths, "reason": reason, **features.phases})


def replay_journal(connection: Connection, site: int, features: Features, again_s: float) -> list[str]:
    """After a kill: doubt what the manifest says of the paths a dead round was writing, and have them made again.

    again_s: doubt them once more after so many seconds, when a builder that only slept would have woken; 0 for never. Returns the paths.
    """
    paths = [row[0] for row in connection.execute(LEFT_IN_JOURNAL, (site,))]
    if paths:
        mark_unverified(connection, site, features, paths, "a killed build may have left it half-published")
        connection.execute(CLEAR_JOURNAL, (site, again_s))
        if again_s:
            connection.execute(LOOK_AGAIN, (again_s, site))
    return paths


def record_outputs(
    connection: Connection, site: int, build: int, rows: Sequence[OutputRow], names: dict[int, str], known: set[int]
) -> None:
    """Write what a round rendered, and take its rows off the queue where their version still stands.

    names: of the hashed reads; known: keys whose names are stored already (extended here).
    """
    fresh = {key: name for key, name in names.items() if key not in known}
    if fresh:
        connection.execute(ADD_NAMES, (list(fresh), list(fresh.values())))
        known.update(fresh)
    old_windows: dict[int, set[tuple[int, bytes, bytes]]] = {}
    existing = [r.dirty.output for r in rows if r.dirty.output is not None]
    if existing:
        for output, *window in connection.execute(WINDOWS, (existing,)):
            old_windows.setdefault(output, set()).add(tuple(window))
    same: list[OutputRow] = []
    changed: list[OutputRow] = []
    for r in rows:
        unchanged = (
            r.dirty.output is not None and r.error is None and not r.waits and r.valid_from is None and r.valid_until is None
            and r.reads == r.dirty.reads and r.windows == frozenset(old_windows.get(r.dirty.output, ()))
        )  # fmt: skip
        (same if unchanged else changed).append(r)
    if same:
        outputs = (r.dirty.output for r in same if r.dirty.output is not None)
        columns = (
            int_array(outputs),
            bytea_array(r.digest for r in same),
            int_array(r.size_bytes for r in same),
            text_array(r.dirty.reason for r in same),
            text_array(r.etag for r in same),
        )
        connection.execute(UPDATE_SAME, (build, *columns))
    _replace(connection, site, build, changed)
    take_off(connection, site, [r.dirty for r in rows if not r.waits])


def _replace(connection: Connection, site: int, build: int, rows: Sequence[OutputRow]) -> None:
    if not rows:
        return
    old = [r.dirty.output for r in rows if r.dirty.output is not None]
    if old:
        connection.execute(DELETE_WINDOWS, (old,))
        connection.execute(DELETE_OUTPUTS, (old,))
    ids = [row[0] for row in connection.execute(NEXT_IDS, (len(rows),))]
    with connection.cursor() as cursor:
        with cursor.copy(COPY_OUTPUTS) as copy:
            for number, r in zip(ids, rows, strict=True):
                error = Jsonb(r.error) if r.error is not None else None
                copy.write_row((
                    number, site, r.dirty.path, r.kind, r.digest, r.size_bytes, r.reads, r.valid_from, r.valid_until,
                    r.dirty.reason, build, error, (r.error is not None or r.waits) and r.dirty.unsure, r.etag,
                ))  # fmt: skip
        if windows := [(number, *window) for number, r in zip(ids, rows, strict=True) for window in r.windows]:
            with cursor.copy(COPY_WINDOWS) as copy:
                for window in windows:
                    copy.write_row(window)


def remove_outputs(connection: Connection, site: int, rows: Sequence[DirtyRow]) -> None:
    """Forget outputs that nobody wants and that are gone from the target."""
    gone = [r.output for r in rows if r.output is not None]
    if gone:
        connection.execute(DELETE_WINDOWS, (gone,))
        connection.execute(DELETE_OUTPUTS, (gone,))
    take_off(connection, site, rows)


def hold_entries(connection: Connection, entries: Sequence[int]) -> None:
    """Keep new pages that fail out of every list."""
    if entries:
        connection.execute(HOLD, (list(entries),))


def free_entries(connection: Connection, entries: Sequence[int]) -> None:
    """Let those of these pages in that were kept out, now that they can be linked to."""
    if entries:
        connection.execute(FREE, (list(entries),))


def take_off(connection: Connection, site: int, rows: Sequence[DirtyRow]) -> None:
    """Take these off the queue, where nothing has asked for them again since."""
    connection.execute(DELETE_DIRTY, (text_array(r.path for r in rows), int_array(r.version for r in rows), site))
