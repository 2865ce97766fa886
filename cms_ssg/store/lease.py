"""The lease that lets one builder at a time publish a site: who has it, until when, and how it is taken over."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final, LiteralString

from psycopg import Connection

from cms_ssg.errors import fail, lose_lease

TAKE_LEASE: Final[LiteralString] = """
UPDATE cms.sites SET lease_epoch = lease_epoch + 1, lease_holder = %(holder)s, lease_expires_at = clock_timestamp() + %(lease_s)s * interval '1 s'
WHERE id = %(site)s AND (lease_expires_at IS NULL OR lease_expires_at < clock_timestamp() OR lease_holder = ANY(%(dead)s))
RETURNING lease_epoch"""

SHOW_LEASE: Final[LiteralString] = "SELECT lease_holder, lease_epoch FROM cms.sites WHERE id = %s"

RENEW_LEASE: Final[LiteralString] = """
UPDATE cms.sites SET lease_expires_at = clock_timestamp() + %s * interval '1 s' WHERE id = %s AND lease_epoch = %s"""

END_LEASE: Final[LiteralString] = "UPDATE cms.sites SET lease_expires_at = NULL, lease_holder = NULL WHERE id = %s AND lease_epoch = %s"

LEASE_S = 30.0

"""How long a builder that stopped answering keeps others out, in database time. One on this machine that died is noticed at once."""

PATIENCE_S = 60.0

"""How long to wait for another builder to end."""

MOMENT_S = 0.5

"""A builder that ends within this time is only waited for."""

_held: set[tuple[int, int]] = set()
"""(site, epoch) of the builds that go on in this process."""


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
    values = {"site": site, "holder": _own_name(), "lease_s": LEASE_S}
    found = connection.execute(TAKE_LEASE, {**values, "dead": []}).fetchone()
    if found is None and (row := connection.execute(SHOW_LEASE, (site,)).fetchone()) is not None:
        holder, epoch = row
        own = holder == _own_name() and (site, epoch) in _held
        if holder and not own and (holder == _own_name() or not may_be_alive(holder)):
            found = connection.execute(TAKE_LEASE, {**values, "dead": [holder]}).fetchone()
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
