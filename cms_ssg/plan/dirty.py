"""From what changed to the outputs that read it: keys through an index, list positions through windows, claims by path."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, LiteralString

from psycopg import Connection

from cms_ssg.kinds.features import Features
from cms_ssg.kinds.phases import LEAVES, LISTS, REMOVALS
from cms_ssg.reads import name_key
from cms_ssg.store.arrays import bytea_array, int_array, text_array
from cms_ssg.store.claims import NameChange

AHEAD, SAVE, BULK = -1, 0, 1
"""Lanes: what goes before all other pages when a save changes it, what a person waits for, and what may take its time."""

AHEAD_TURN, LIST_TURN, BULK_TURN = LEAVES, 10 + LISTS, 20
"""Turns of cms.dirty: before the first an output is new; from the second on it is a list that a person waits for, or a feed; from the third on it may
take its time, or goes.
"""

HAS_OUTPUTS: Final[LiteralString] = "SELECT EXISTS (SELECT FROM cms.outputs WHERE site = %s)"

MARK_READERS: Final[LiteralString] = """
INSERT INTO cms.dirty (site, path, phase, lane, reason)
SELECT DISTINCT ON (o.path) %(site)s, o.path, p.phase, CASE WHEN p.ahead AND k.lane = 0 THEN -1 ELSE k.lane END, k.reason
FROM unnest(%(keys)s::bigint[], %(lanes)s::smallint[], %(reasons)s::text[]) AS k(key, lane, reason)
CROSS JOIN LATERAL (SELECT path, kind FROM cms.outputs o WHERE o.reads @> ARRAY[k.key] AND o.site = %(site)s) o
JOIN unnest(%(kinds)s::text[], %(phases)s::smallint[], %(ahead)s::boolean[]) AS p(kind, phase, ahead) ON p.kind = o.kind
ORDER BY o.path, k.lane, k.reason
ON CONFLICT (site, path) DO UPDATE SET version = nextval('cms.dirty_versions'), lane = least(dirty.lane, excluded.lane)"""

# A window that holds a position begins below it and ends above it. Each index knows one of the two; the one is asked that has fewer on its
# side, by the list's middle page: what an item at the front costs must not grow with the list. `|| ''` keeps the other index out.
READERS_OF_WINDOWS: Final[LiteralString] = """
SELECT DISTINCT ON (o.path) %(site)s, o.path, p.phase, CASE WHEN p.ahead AND %(lane)s = 0 THEN -1 ELSE %(lane)s END,
  'position in list ' || l.name || CASE l.locale WHEN '' THEN '' ELSE ' (' || l.locale || ')' END
FROM unnest(%(lists)s::int[], %(positions)s::bytea[]) AS d(list, position)
JOIN cms.lists l ON l.id = d.list
LEFT JOIN cms.list_pages m ON m.list = d.list AND m.number = l.pages / 2
CROSS JOIN LATERAL (
  SELECT output FROM cms.windows w
  WHERE w.list = d.list AND w.high >= d.position AND w.low || ''::bytea <= d.position AND d.position >= coalesce(m.high, ''::bytea)
  UNION ALL
  SELECT output FROM cms.windows w WHERE w.list = d.list AND w.low <= d.position AND w.high || ''::bytea >= d.position AND d.position < m.high) w
JOIN cms.outputs o ON o.id = w.output AND o.site = %(site)s
JOIN unnest(%(kinds)s::text[], %(phases)s::smallint[], %(ahead)s::boolean[]) AS p(kind, phase, ahead) ON p.kind = o.kind
ORDER BY o.path, l.name, l.locale"""

MARK_WINDOWS: Final[LiteralString] = f"""
INSERT INTO cms.dirty (site, path, phase, lane, reason)
{READERS_OF_WINDOWS}
ON CONFLICT (site, path) DO UPDATE SET version = nextval('cms.dirty_versions'), lane = least(dirty.lane, excluded.lane)"""

MARK_PATHS: Final[LiteralString] = """
INSERT INTO cms.dirty (site, path, phase, lane, reason)
SELECT %(site)s, path, phase, lane, reason
FROM unnest(%(paths)s::text[], %(phases)s::smallint[], %(lanes)s::smallint[], %(reasons)s::text[]) AS d(path, phase, lane, reason)
ON CONFLICT (site, path) DO UPDATE SET version = nextval('cms.dirty_versions'), phase = excluded.phase,
  lane = least(dirty.lane, excluded.lane), reason = excluded.reason"""

MARK_ALL: Final[LiteralString] = """
INSERT INTO cms.dirty (site, path, phase, lane, reason)
SELECT o.site, o.path, p.phase, 1, %(reason)s FROM cms.outputs o JOIN unnest(%(kinds)s::text[], %(phases)s::smallint[]) AS p(kind, phase) ON p.kind = o.kind
WHERE o.site = %(site)s
ON CONFLICT (site, path) DO UPDATE SET version = nextval('cms.dirty_versions')"""

MARK_ALL_UNVERIFIED: Final[LiteralString] = "UPDATE cms.outputs SET unsure = true WHERE site = %s AND NOT unsure"

MARK_TIMED: Final[LiteralString] = """
INSERT INTO cms.dirty (site, path, phase, lane, reason)
SELECT o.site, o.path, p.phase, CASE WHEN p.ahead THEN -1 ELSE 0 END, 'time'
FROM cms.outputs o JOIN unnest(%(kinds)s::text[], %(phases)s::smallint[], %(ahead)s::boolean[]) AS p(kind, phase, ahead) ON p.kind = o.kind
WHERE o.site = %(site)s AND (o.valid_until <= %(now)s OR o.valid_from > %(now)s)
ON CONFLICT (site, path) DO UPDATE SET version = nextval('cms.dirty_versions'), lane = least(dirty.lane, excluded.lane)"""


@dataclass(slots=True)
class Marks:
    """What one step of planning found, until it is written as dirty rows. listens: hooks want to hear of entries."""

    site: int
    features: Features
    lane: int = SAVE
    listens: bool = False
    readers: dict[int, str] = field(default_factory=dict)
    claims: list[str] = field(default_factory=list)
    positions: set[tuple[int, bytes]] = field(default_factory=set)
    paths: dict[str, tuple[int, str]] = field(default_factory=dict)

    def read(self, key: int, reason: str) -> None:
        """Everything that reads this key must be made again."""
        self.readers.setdefault(key, reason)

    def names(self, changes: Iterable[NameChange]) -> None:
        """Names found a new winner, lost theirs, or their winner wants another output."""
        for change in changes:
            self.claims.append(change.name)
            if not change.name.startswith("/"):
                continue
            if change.new is None or change.new.spec is None:
                self.paths[change.name] = (REMOVALS, "nobody claims this path any more")
            else:
                kind = self.features.outputs[change.new.spec["kind"]]
                is_new = change.old is None
                self.paths[change.name] = (kind.phase_if_new if is_new else kind.phase, "new" if is_new else "another owner or form")

    def save(self, connection: Connection) -> None:
        """Write dirty rows for everything marked, and forget it."""
        kinds = {**self.features.phases, "site": self.site}
        if (self.readers or self.claims or self.positions) and connection.execute(HAS_OUTPUTS, (self.site,)).fetchone()[0]:  # type: ignore[index]
            for name in self.claims:
                self.read(name_key(f"claim/{name}"), f"claim to {name}")
            keys = list(self.readers)
            if keys:
                columns = {
                    "keys": int_array(keys),
                    "lanes": int_array(self.lane for _ in keys),
                    "reasons": text_array(self.readers.values()),
                }
                connection.execute(MARK_READERS, {**kinds, **columns})
            if self.positions:
                columns = {"lists": int_array(p[0] for p in self.positions), "positions": bytea_array(p[1] for p in self.positions)}
                connection.execute(MARK_WINDOWS, {**kinds, **columns, "lane": self.lane})
        if self.paths:
            rows = sorted(self.paths.items())
            columns = {
                "paths": text_array(path for path, _ in rows), "phases": int_array(row[0] for _, row in rows),
                "lanes": int_array(self.lane for _ in rows), "reasons": text_array(row[1] for _, row in rows),
            }  # fmt: skip
            connection.execute(MARK_PATHS, {**columns, "site": self.site})
        self.readers.clear()
        self.claims.clear()
        self.positions.clear()
        self.paths.clear()


def mark_all(connection: Connection, site: int, features: Features, reason: str) -> None:
    """Every output must be made again, whatever the manifest says is at the target."""
    connection.execute(MARK_ALL_UNVERIFIED, (site,))
    connection.execute(MARK_ALL, {"site": site, "reason": reason, **features.phases})


def mark_timed(connection: Connection, site: int, features: Features, now: object) -> None:
    """Every output whose span of time does not hold `now` must be made again."""
    connection.execute(MARK_TIMED, {"site": site, "now": now, **features.phases})
