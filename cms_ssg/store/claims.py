"""Who wants which name, and who has it: paths and references, decided by the state and never by who came first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, LiteralString

from psycopg import Connection
from psycopg.types.json import Jsonb

from cms_ssg.kinds.claim import ClaimRow, Rank
from cms_ssg.store.arrays import bool_array, int_array, text_array

REFUSED: Final = 7
"""A claim of this kind is recorded so that it can be told, and never wins."""

CLAIMS_OF_OWNERS: Final[LiteralString] = """
SELECT c.name, c.kind, c.locale, c.key, c.owner_kind, c.owner, c.spec, c.wins, c.since
FROM unnest(%(owners)s::bigint[]) o CROSS JOIN LATERAL (
  SELECT * FROM cms.claims c WHERE c.owner = o AND c.owner_kind = %(owner_kind)s AND c.site = %(site)s) c"""

CLAIMS_OF_NAMES: Final[LiteralString] = """
SELECT c.name, c.kind, c.locale, c.key, c.owner_kind, c.owner, c.spec, c.wins, c.since
FROM unnest(%(names)s::text[]) n CROSS JOIN LATERAL (
  SELECT * FROM cms.claims c WHERE c.site = %(site)s AND c.name = n COLLATE "C") c"""

FOLDERS: Final[LiteralString] = """
SELECT n FROM unnest(%(names)s::text[]) n WHERE EXISTS (
  SELECT FROM cms.claims c WHERE c.site = %(site)s AND c.name >= (n || '/') COLLATE "C" AND c.name < (n || '0') COLLATE "C")"""
"""Which of these names others lie below; 0 is the character after the slash."""

DELETE_CLAIMS: Final[LiteralString] = """
DELETE FROM cms.claims c USING unnest(%(names)s::text[], %(kinds)s::smallint[], %(locales)s::text[], %(keys)s::text[]) AS d(name, kind, locale, key)
WHERE c.site = %(site)s AND c.name = d.name COLLATE "C" AND c.kind = d.kind AND c.locale = d.locale COLLATE "C" AND c.key = d.key COLLATE "C" """

UPDATE_WINS: Final[LiteralString] = """
UPDATE cms.claims c SET wins = d.wins
FROM unnest(%(names)s::text[], %(kinds)s::smallint[], %(locales)s::text[], %(keys)s::text[], %(wins)s::boolean[]) AS d(name, kind, locale, key, wins)
WHERE c.site = %(site)s AND c.name = d.name COLLATE "C" AND c.kind = d.kind AND c.locale = d.locale COLLATE "C" AND c.key = d.key COLLATE "C" """

COPY_CLAIMS: Final[LiteralString] = "COPY cms.claims (site, name, kind, locale, key, owner_kind, owner, spec, wins, since) FROM STDIN"

LOST_CLAIMS: Final[LiteralString] = """
SELECT l.name, l.kind, l.locale, l.key, l.owner_kind, l.owner, l.spec, l.wins, l.since,
  w.name, w.kind, w.locale, w.key, w.owner_kind, w.owner, w.spec, w.wins, w.since
FROM cms.claims l LEFT JOIN cms.claims w ON w.site = l.site AND w.name = l.name AND w.wins
WHERE l.site = %s AND NOT l.wins AND (l.kind NOT IN (4, 5) OR l.spec ->> 'kind' = 'terms') ORDER BY l.name, l.kind, l.since, l.locale, l.key"""
"""The condition is that of the index claims_lost, which is not used for any other: the kind of output has its name here."""


@dataclass(frozen=True, slots=True)
class NameChange:
    """A name whose winner, or its winner's spec, is no longer the same. None: nobody."""

    name: str
    old: ClaimRow | None
    new: ClaimRow | None


def save_claims(
    connection: Connection, site: int, owner_kind: str, claims: Mapping[int, Sequence[ClaimRow]], known: Collection[int] | None = None
) -> tuple[list[NameChange], list[ClaimRow]]:
    """Replace all claims of these owners and decide the winners of every name they touch.

    known: the owners that may have claims already, by default all. Returns the names whose winner
    changed, and the claims of others that won or lost by it.
    """
    owners = list(claims if known is None else known)
    olds = _rows(connection, CLAIMS_OF_OWNERS, owners=int_array(owners), owner_kind=owner_kind, site=site) if owners else []
    stored = {(row.name, row.rank): row for row in olds}
    fresh, names = [], set()
    for rows in claims.values():
        for row in rows:
            old = stored.get((row.name, row.rank))
            if old is not None and old.spec == row.spec and old.owner == row.owner:
                del stored[(row.name, row.rank)]
            else:
                fresh.append(row)
                names.add(row.name)
    gone = list(stored.values())
    names.update(row.name for row in gone)
    if not names:
        return [], []
    before: dict[str, list[ClaimRow]] = {}
    for row in _rows(connection, CLAIMS_OF_NAMES, names=text_array(names | _list_folders(names)), site=site):
        before.setdefault(row.name, []).append(row)
    if gone:
        connection.execute(DELETE_CLAIMS, _columns(site, gone))
    folders = _find_folders(connection, site, names.union(before), [row.name for row in fresh])
    return _decide(connection, site, before, gone, fresh, folders)


def _list_folders(names: Iterable[str]) -> set[str]:
    """The folders that these paths lie in, named as files would be: ``/a/b/`` makes ``/a/b`` and ``/a`` folders."""
    folders: set[str] = set()
    for name in names:
        folder = name.rpartition("/")[0] if name[0] == "/" else ""
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return folders


def _find_folders(connection: Connection, site: int, names: Iterable[str], fresh: Sequence[str]) -> set[str]:
    """Names of files that are folders, since somebody wants a path below: no target of files can have both, so no file gets it."""
    files = {name for name in names if name[0] == "/" and name[-1] != "/"}
    if not files:
        return files
    folders = files & _list_folders(fresh)
    if files > folders:
        folders.update(row[0] for row in connection.execute(FOLDERS, {"names": text_array(files - folders), "site": site}))
    return folders


def _decide(
    connection: Connection, site: int, before: Mapping[str, list[ClaimRow]], gone: Sequence[ClaimRow], fresh: Sequence[ClaimRow],
    folders: Collection[str],
) -> tuple[list[NameChange], list[ClaimRow]]:  # fmt: skip
    """Choose each name's winner, write the fresh claims and the flips of those that were there. folders: names that nobody may have."""
    changes: list[NameChange] = []
    copies: list[tuple[ClaimRow, bool]] = []
    updates: list[ClaimRow] = []
    added: dict[str, dict[Rank, ClaimRow]] = {}
    for row in fresh:
        added.setdefault(row.name, {})[row.rank] = row
    removed: dict[str, set[Rank]] = {row.name: set() for row in gone}
    for row in gone:
        removed[row.name].add(row.rank)
    for name in {**removed, **added, **before}:
        olds = before.get(name, ())
        news = added.get(name, {})
        if (
            not olds and len(news) == 1 and name not in folders and (row := next(iter(news.values()))).kind != REFUSED
        ):  # nearly every name of a new entry
            changes.append(NameChange(name, None, row))
            copies.append((row, True))
            continue
        kept = [row for row in olds if row.rank not in removed.get(name, ()) and row.rank not in news]
        old = next((row for row in olds if row.wins), None)
        able = (row for row in (*kept, *news.values()) if row.kind != REFUSED)
        winner = min(able, key=lambda row: row.rank, default=None) if name not in folders else None
        if old is not winner and (
            old is None or winner is None or (old.owner_kind, old.owner, old.spec) != (winner.owner_kind, winner.owner, winner.spec)
        ):
            changes.append(NameChange(name, old, winner))
        copies.extend((row, row is winner) for row in news.values())
        updates.extend(row._replace(wins=row is winner) for row in kept if row.wins != (row is winner))
    with connection.cursor() as cursor:
        if copies:
            with cursor.copy(COPY_CLAIMS) as copy:
                for row, wins in copies:
                    spec = Jsonb(row.spec) if row.spec is not None else None
                    copy.write_row((site, row.name, row.kind, row.locale, row.key, row.owner_kind, row.owner, spec, wins, row.since))
        if updates:
            cursor.execute(UPDATE_WINS, {**_columns(site, updates), "wins": bool_array(row.wins for row in updates)})
    return changes, updates


def list_lost_claims(connection: Connection, site: int) -> list[tuple[ClaimRow, ClaimRow | None]]:
    """Every claim that lost its name, with the winner; None where nobody has it, as it is the name of a folder or refused."""
    return [(ClaimRow(*row[:9]), ClaimRow(*row[9:]) if row[9] is not None else None) for row in connection.execute(LOST_CLAIMS, (site,))]


def _rows(connection: Connection, query: LiteralString, **parameters: object) -> list[ClaimRow]:
    return [ClaimRow(*row) for row in connection.execute(query, parameters)]


def _columns(site: int, rows: Sequence[ClaimRow]) -> dict[str, object]:
    return {
        "site": site, "names": text_array(r.name for r in rows), "kinds": int_array(r.kind for r in rows),
        "locales": text_array(r.locale for r in rows), "keys": text_array(r.key for r in rows),
    }  # fmt: skip
