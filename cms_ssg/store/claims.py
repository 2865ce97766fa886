"""Who wants which name, and who has it: paths and references, decided by the state and never by who came first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, LiteralString, NamedTuple

from psycopg import Connection
from psycopg.types.json import Jsonb

from cms_ssg.types import Json

CLAIMS_OF_OWNERS: Final[LiteralString] = """
SELECT c.name, c.kind, c.locale, c.key, c.owner_kind, c.owner, c.spec, c.wins
FROM unnest(%(owners)s::bigint[]) o CROSS JOIN LATERAL (
  SELECT * FROM cms.claims c WHERE c.owner = o AND c.owner_kind = %(owner_kind)s AND c.site = %(site)s) c"""

CLAIMS_OF_NAMES: Final[LiteralString] = """
SELECT c.name, c.kind, c.locale, c.key, c.owner_kind, c.owner, c.spec, c.wins
FROM unnest(%(names)s::text[]) n CROSS JOIN LATERAL (
  SELECT * FROM cms.claims c WHERE c.site = %(site)s AND c.name = n COLLATE "C") c"""

DELETE_CLAIMS: Final[LiteralString] = """
DELETE FROM cms.claims c USING unnest(%(names)s::text[], %(kinds)s::smallint[], %(locales)s::text[], %(keys)s::text[]) AS d(name, kind, locale, key)
WHERE c.site = %(site)s AND c.name = d.name COLLATE "C" AND c.kind = d.kind AND c.locale = d.locale COLLATE "C" AND c.key = d.key COLLATE "C" """

UPDATE_WINS: Final[LiteralString] = """
UPDATE cms.claims c SET wins = d.wins
FROM unnest(%(names)s::text[], %(kinds)s::smallint[], %(locales)s::text[], %(keys)s::text[], %(wins)s::boolean[]) AS d(name, kind, locale, key, wins)
WHERE c.site = %(site)s AND c.name = d.name COLLATE "C" AND c.kind = d.kind AND c.locale = d.locale COLLATE "C" AND c.key = d.key COLLATE "C" """

COPY_CLAIMS: Final[LiteralString] = (
    "COPY cms.claims (site, name, kind, locale, key, owner_kind, owner, spec, wins) FROM STDIN"
)

HAS_CLAIMS: Final[LiteralString] = "SELECT EXISTS (SELECT FROM cms.claims WHERE site = %s)"

LOST_CLAIMS: Final[LiteralString] = """
SELECT l.name, l.kind, l.locale, l.key, l.owner_kind, l.owner, w.kind, w.locale, w.key
FROM cms.claims l JOIN cms.claims w ON w.site = l.site AND w.name = l.name AND w.wins
WHERE l.site = %s AND NOT l.wins AND l.kind < 4 ORDER BY l.name, l.kind, l.locale, l.key"""


class ClaimRow(NamedTuple):
    """One claim as it is stored. owner_kind: e entry, f file, l list, s site."""

    name: str
    kind: int
    locale: str
    key: str
    owner_kind: str
    owner: int
    spec: dict[str, Json] | None
    wins: bool = False

    @property
    def rank(self) -> tuple[int, str, str]:
        return (self.kind, self.locale, self.key)


@dataclass(frozen=True, slots=True)
class NameChange:
    """A name whose winner, or its winner's spec, is no longer the same. None: nobody."""

    name: str
    old: ClaimRow | None
    new: ClaimRow | None


def save_claims(
    connection: Connection, site: int, owner_kind: str, claims: Mapping[int, Sequence[ClaimRow]]
) -> tuple[list[NameChange], list[tuple[ClaimRow, bool]]]:
    """Replace all claims of these owners and decide the winners of every name they touch.

    Returns the names whose winner changed, and the claims whose `wins` flipped or is new (with what it is now).
    """
    empty = not connection.execute(HAS_CLAIMS, (site,)).fetchone()[0]  # type: ignore[index]
    olds = [] if empty else _rows(connection, CLAIMS_OF_OWNERS, owners=list(claims), owner_kind=owner_kind, site=site)
    wanted = {(row.name, *row.rank): row for rows in claims.values() for row in rows}
    stored = {(row.name, *row.rank): row for row in olds}
    gone = [row for key, row in stored.items() if key not in wanted]
    kept_spec = {key for key, row in stored.items() if key in wanted and wanted[key].spec == row.spec and wanted[key].owner == row.owner}
    fresh = [row for key, row in wanted.items() if key not in kept_spec]
    replaced = [stored[(row.name, *row.rank)] for row in fresh if (row.name, *row.rank) in stored]
    names = {row.name for row in gone} | {row.name for row in fresh}
    if not names:
        return [], []
    before: dict[str, list[ClaimRow]] = {name: [] for name in names}
    if not empty:
        for row in _rows(connection, CLAIMS_OF_NAMES, names=list(names), site=site):
            before[row.name].append(row)
        _delete(connection, site, gone + replaced)
    return _decide(connection, site, before, gone + replaced, fresh)


def _decide(
    connection: Connection, site: int, before: Mapping[str, list[ClaimRow]], gone: Iterable[ClaimRow], fresh: Iterable[ClaimRow]
) -> tuple[list[NameChange], list[tuple[ClaimRow, bool]]]:
    """Choose each name's winner, write the fresh claims and the flips."""
    left = {name: {row.rank: row for row in rows} for name, rows in before.items()}
    for row in gone:
        left[row.name].pop(row.rank, None)
    added: dict[str, dict[tuple[int, str, str], ClaimRow]] = {}
    for row in fresh:
        left[row.name][row.rank] = row
        added.setdefault(row.name, {})[row.rank] = row
    changes, flips, copies, updates = [], [], [], []
    for name, rows in left.items():
        old = next((row for row in before[name] if row.wins), None)
        new = rows[min(rows)] if rows else None
        if old is None or new is None or (old.owner_kind, old.owner, old.spec) != (new.owner_kind, new.owner, new.spec):
            if old is not None or new is not None:
                changes.append(NameChange(name, old, new))
        for rank, row in rows.items():
            wins = row is new
            if rank in added.get(name, ()):
                copies.append(row._replace(wins=wins))
                flips.append((row, wins))
            elif row.wins != wins:
                updates.append(row._replace(wins=wins))
                flips.append((row, wins))
    with connection.cursor() as cursor:
        if copies:
            with cursor.copy(COPY_CLAIMS) as copy:
                for row in copies:
                    spec = Jsonb(row.spec) if row.spec is not None else None
                    copy.write_row((site, row.name, row.kind, row.locale, row.key, row.owner_kind, row.owner, spec, row.wins))
        if updates:
            cursor.execute(UPDATE_WINS, {**_columns(site, updates), "wins": [row.wins for row in updates]})
    return changes, flips


def list_lost_claims(connection: Connection, site: int) -> list[tuple[ClaimRow, tuple[int, str, str]]]:
    """Every claim that lost a name somebody else has, with (kind, locale, key) of the winner."""
    return [(ClaimRow(*row[:6], None), (row[6], row[7], row[8])) for row in connection.execute(LOST_CLAIMS, (site,))]


def _rows(connection: Connection, query: LiteralString, **parameters: object) -> list[ClaimRow]:
    return [ClaimRow(*row) for row in connection.execute(query, parameters)]


def _columns(site: int, rows: Sequence[ClaimRow]) -> dict[str, object]:
    return {
        "site": site, "names": [r.name for r in rows], "kinds": [r.kind for r in rows],
        "locales": [r.locale for r in rows], "keys": [r.key for r in rows],
    }  # fmt: skip


def _delete(connection: Connection, site: int, rows: Sequence[ClaimRow]) -> None:
    if rows:
        connection.execute(DELETE_CLAIMS, _columns(site, rows))
