"""A site's row: its id, the lease that lets one builder publish, and the inputs its outputs were made with."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final, LiteralString

import msgspec
from psycopg import Connection

from cms_ssg.errors import fail, lose_lease
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

TAKE_LEASE: Final[LiteralString] = """
UPDATE cms.sites SET lease_epoch = lease_epoch + 1, lease_holder = %(holder)s, lease_expires_at = clock_timestamp() + %(lease_s)s * interval '1 s'
WHERE id = %(site)s AND (lease_expires_at IS NULL OR lease_expires_at < clock_timestamp() OR lease_holder = ANY(%(dead)s))
RETURNING lease_epoch"""
SHOW_LEASE: Final[LiteralString] = "SELECT lease_holder, lease_epoch FROM cms.sites WHERE id = %s"
RENEW_LEASE: Final[LiteralString] = """
UPDATE cms.sites SET lease_expires_at = clock_timestamp() + %s * interval '1 s' WHERE id = %s AND lease_epoch = %s"""
END_LEASE: Final[LiteralString] = "UPDATE cms.sites SET lease_expires_at = NULL, lease_holder = NULL WHERE id = %s AND lease_epoch = %s"

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

LEASE_S = 30.0
"""How long a builder that stopped answering keeps others out, in database time. One on this machine that died is noticed at once."""

PATIENCE_S = 60.0
"""How long to wait for another builder to end."""

MOMENT_S = 0.5
"""A builder that ends within this time is only waited for."""


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


class Lease:
    """The right to publish one site, proved by an epoch in every transaction that matters."""

    def __init__(self, connection: Connection, site: int, epoch: int) -> None:
        self.connection, self.site, self.epoch = connection, site, epoch
        self.renewed_at = time.time()
        _held.add((site, epoch))

    @property
    def is_old(self) -> bool:
        """Whether it should be renewed before more is published. Wall-clock time, which goes on while the machine sleeps."""
        return abs(time.time() - self.renewed_at) > LEASE_S / 3

    def renew(self) -> None:
        """Say that this builder is alive, in the caller's transaction. Raises LeaseLostError if it is not the builder any more."""
        self.renewed_at = time.time()
        if self.connection.execute(RENEW_LEASE, (LEASE_S, self.site, self.epoch)).rowcount == 0:
            raise lose_lease()

    def end(self) -> None:
        """Let the next builder start at once."""
        self.connection.execute(END_LEASE, (self.site, self.epoch))

    def forget(self) -> None:
        """This process builds no longer, even where the database could not be told: its next build need not wait for this one."""
        _held.discard((self.site, self.epoch))


class NoLease(Lease):
    """Of somebody who plans and publishes nothing: whoever builds goes on."""

    def __init__(self, connection: Connection, site: int) -> None:
        self.connection, self.site, self.epoch, self.renewed_at = connection, site, 0, 0.0

    @property
    def is_old(self) -> bool:
        return False

    def renew(self) -> None:
        """Nothing: there is nothing to lose."""

    def end(self) -> None:
        """Nothing: another's goes on."""


_held: set[tuple[int, int]] = set()
"""(site, epoch) of the builds that go on in this process."""


def take_lease(connection: Connection, site: int, on_wait: Callable[[str], None] = lambda _: None) -> Lease:
    """Wait until no other builder has the site, then take it. Raises CmsError build.busy. The connection is left outside a transaction.

    on_wait: called once, with the name of whoever has it, where that is longer than a moment.
    """
    begun = time.monotonic()
    waited = False
    while True:
        if (lease := try_lease(connection, site)) is not None:
            return lease
        if time.monotonic() > begun + PATIENCE_S:
            raise fail("build.busy", f"another build of this site is running, {_load_holder(connection, site)}",
                       hint="What was saved is published by that build. Wait for it, or see `cms status`.")  # fmt: skip
        if not waited and time.monotonic() > begun + MOMENT_S:
            waited = True
            on_wait(_load_holder(connection, site))
        time.sleep(0.1)


def try_lease(connection: Connection, site: int) -> Lease | None:
    """Take the lease if no other builder has the site. The connection is left outside a transaction."""
    row = connection.execute(SHOW_LEASE, (site,)).fetchone()
    holder, epoch = row if row is not None else (None, 0)
    own = holder == _own_name() and (site, epoch) in _held
    dead = [holder] if holder and not own and (holder == _own_name() or not may_be_alive(holder)) else []
    found = connection.execute(TAKE_LEASE, {"site": site, "holder": _own_name(), "lease_s": LEASE_S, "dead": dead}).fetchone()
    connection.commit()
    return Lease(connection, site, found[0]) if found is not None else None


def _load_holder(connection: Connection, site: int) -> str:
    row = connection.execute(SHOW_LEASE, (site,)).fetchone()
    connection.commit()
    return say_holder(row[0] if row is not None else None)


def say_holder(holder: str | None) -> str:
    """A builder's name for a person: ``process 4711 on build-7``."""
    parts = (holder or "").rsplit(":", 2)
    return f"process {parts[1]} on {parts[0]}" if len(parts) == 3 else holder or "somewhere"


def _own_name() -> str:
    return _name_process(os.getpid())  # asked anew: a fork has another number, and may die while its parent lives


@cache
def _name_process(pid: int) -> str:
    return f"{socket.gethostname()}:{pid}:{_started_at(pid)}"


def _started_at(pid: int) -> str:
    """When a process started, so that a number used again is not mistaken for it; '' where it ended, or the system does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if fields[0] == "Z" else fields[19]  # killed, and its parent has not looked yet
    except OSError:
        return ""


def may_be_alive(holder: str) -> bool:
    """False only for a process of this machine that is known to be gone."""
    host, _, rest = holder.rpartition(":")[0].rpartition(":")[0], None, holder.split(":")
    if host != socket.gethostname() or len(rest) < 3 or not rest[-2].isdigit():
        return True
    pid = int(rest[-2])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return not rest[-1] or _started_at(pid) == rest[-1]


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
