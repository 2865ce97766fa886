"""A site's row: its id, the lease that lets one builder publish, and the inputs its outputs were made with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, LiteralString

import msgspec
from psycopg import Connection

from cms_ssg.kinds.row_kind import RowKind

ADD_SITE: Final[LiteralString] = "INSERT INTO cms.sites (name) VALUES (%s) ON CONFLICT (name) DO NOTHING"
LOAD_SITE: Final[LiteralString] = (
    "SELECT id, built_at_clock, derive_digest, known_inputs, target, place, writer::text, conditions, held_release, keeps_releases,"
    " has_images, has_bad_images, target_marked, EXISTS (SELECT FROM cms.previews p WHERE p.site = sites.id AND p.expires_at <= clock_timestamp())"
    " FROM cms.sites WHERE name = %s"
)
SET_CLOCK: Final[LiteralString] = "UPDATE cms.sites SET built_at_clock = %s WHERE id = %s"
SET_PLACE: Final[LiteralString] = "UPDATE cms.sites SET target = %s, place = %s, conditions = NULL, target_marked = false WHERE id = %s"
MARK_TARGET: Final[LiteralString] = "UPDATE cms.sites SET target_marked = true WHERE id = %s"
SHARES_TARGET: Final[LiteralString] = """
SELECT EXISTS (SELECT FROM cms.sites o JOIN cms.sites s ON split_part(o.target, ' ', 1) = %s AND o.place = %s AND o.id <> s.id WHERE s.id = %s)"""
SET_CONDITIONS: Final[LiteralString] = "UPDATE cms.sites SET conditions = %s WHERE id = %s"
SET_DERIVE_DIGEST: Final[LiteralString] = "UPDATE cms.sites SET derive_digest = %s WHERE id = %s"


INPUTS: Final[LiteralString] = "SELECT name, digest FROM cms.inputs WHERE site = %s"
DELETE_INPUTS: Final[LiteralString] = "DELETE FROM cms.inputs WHERE site = %s AND name = ANY(%s)"
SAVE_INPUTS: Final[LiteralString] = """
INSERT INTO cms.inputs (site, name, digest) SELECT %s, * FROM unnest(%s::text[], %s::bytea[])
ON CONFLICT (site, name) DO UPDATE SET digest = excluded.digest"""
SAVE_KNOWN: Final[LiteralString] = "UPDATE cms.sites SET known_inputs = %s WHERE id = %s"

DUE: Final[LiteralString] = """
INSERT INTO cms.changes (site, kind, subject)
SELECT site, 'd', id FROM cms.entries WHERE site = %(site)s AND publish_at > %(low)s AND publish_at <= %(high)s
UNION SELECT site, 'd', id FROM cms.entries WHERE site = %(site)s AND expire_at > %(low)s AND expire_at <= %(high)s
UNION SELECT site, 'd', entry FROM cms.entry_times WHERE site = %(site)s AND at > %(low)s AND at <= %(high)s"""

CHANGE_ALL: Final[LiteralString] = """
INSERT INTO cms.changes (site, kind, subject)
SELECT site, 'd', id FROM cms.entries WHERE site = %(site)s UNION ALL SELECT site, 'f', id FROM cms.files WHERE site = %(site)s
UNION ALL SELECT c.site, 'r', c.entry FROM cms.cards c LEFT JOIN cms.entries e ON e.id = c.entry WHERE c.site = %(site)s AND e.id IS NULL"""

START_BUILD: Final[LiteralString] = "INSERT INTO cms.builds (site, clock) VALUES (%s, %s) RETURNING id"
END_BUILD: Final[LiteralString] = "UPDATE cms.builds SET finished_at = clock_timestamp(), result = %s WHERE id = %s"

FORGET_IDLE_BUILDS: Final[LiteralString] = """
DELETE FROM cms.builds b USING (SELECT id FROM cms.builds WHERE site = %(site)s ORDER BY id DESC OFFSET 1000 LIMIT 500) old
WHERE b.id = old.id AND b.result @> '{"status": "done", "rendered": 0, "removed": 0}'
  AND NOT EXISTS (SELECT FROM cms.releases r WHERE r.site = %(site)s AND r.build = b.id)
  AND NOT EXISTS (SELECT FROM cms.sites s WHERE s.id = %(site)s AND s.held_by = b.id)"""
"""Builds before the last 1,000 that did nothing, so that no output names them. Those that did are history for ``cms why``: where the
last 500 before that all did something, older ones are not looked at, which keeps this cheap."""


class SiteRow(msgspec.Struct, frozen=True):
    """What is recorded of a site. target_marked: the target says whose it is; has_old_previews: some have expired."""

    id: int
    built_at_clock: datetime | None
    derive_digest: bytes | None
    known_inputs: bytes | None
    target: str | None
    place: str | None
    writer: str
    conditions: bool | None
    held_release: int | None
    keeps_releases: bool
    has_images: bool = False
    has_bad_images: bool = False
    target_marked: bool = False
    has_old_previews: bool = False


def ensure_site(connection: Connection, name: str) -> SiteRow:
    """The site's row, made if it is new; the caller commits."""
    row = connection.execute(LOAD_SITE, (name,)).fetchone()
    if row is None:
        connection.execute(ADD_SITE, (name,))
        row = connection.execute(LOAD_SITE, (name,)).fetchone()
    assert row is not None
    return SiteRow(*row)


def change_rows(connection: Connection, site: int, kinds: Iterable[RowKind]) -> None:
    """Have all rows of verticals' tables derived again."""
    for kind in kinds:
        connection.execute(
            f"INSERT INTO cms.changes (site, kind, subject) SELECT site, 'r', number FROM {kind.table} WHERE site = %s", (site,)
        )


def load_inputs(connection: Connection, site: int) -> dict[str, bytes]:
    """Digests of the inputs that the outputs were planned with."""
    return {name: bytes(digest) for name, digest in connection.execute(INPUTS, (site,))}


def save_inputs(connection: Connection, site: int, changed: Mapping[str, bytes | None], known: bytes | None) -> None:
    """Record inputs that changed (None: gone) and what the next look can skip."""
    gone = [name for name, digest in changed.items() if digest is None]
    new = {name: digest for name, digest in changed.items() if digest is not None}
    if gone:
        connection.execute(DELETE_INPUTS, (site, gone))
    if new:
        connection.execute(SAVE_INPUTS, (site, list(new), list(new.values())))
    if known is not None:
        connection.execute(SAVE_KNOWN, (known, site))
