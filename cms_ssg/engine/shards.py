"""Make the pages of a round in parts that any process may claim: the builder's own, and workers of other machines.

A shard is a few batches with what the target holds of them. Who claims one renders it from the builder's exported snapshot, writes to the target
itself, and hands in what became of each page. The claim ends by itself unless it is renewed, so a part whose maker died is made by another; whoever
slept through that finds out before the next write, and has what it may have written over looked at again.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import msgspec
from psycopg import Connection, IsolationLevel, OperationalError
from psycopg.errors import InvalidParameterValue, ObjectNotInPrerequisiteState, UndefinedObject

from cms_ssg.engine.batch import Made, publish, render_batch
from cms_ssg.engine.place import name_place
from cms_ssg.engine.planning import derive_frame, page_frame
from cms_ssg.errors import LeaseLostError
from cms_ssg.publish.links import Absent
from cms_ssg.publish.open_target import open_target
from cms_ssg.publish.target import Live, Target, Writer, name_target
from cms_ssg.reads import digest
from cms_ssg.render.requests import Job
from cms_ssg.render.site_view import Surroundings
from cms_ssg.site import Site, source_digest
from cms_ssg.store import shards as store
from cms_ssg.store.connect import connect, import_snapshot
from cms_ssg.store.jobs import connect_queue
from cms_ssg.store.loader import Values
from cms_ssg.store.outputs import add_journal

CHECK_S: Final = 0.25
"""Between two looks at the claim while files are written."""


class Work(msgspec.Struct, frozen=True):
    """What a shard asks for. now: the build's clock; live: what the target holds, by path; writer: in whose name it is written; absent: as for publish."""

    batches: list[list[Job]]
    now: datetime
    live: dict[str, Live]
    writer: Writer
    absent: Absent


encode = msgspec.msgpack.Encoder().encode
decode_work = msgspec.msgpack.Decoder(Work).decode
decode_made = msgspec.msgpack.Decoder(list[Made]).decode


class ClaimLostError(Exception):
    """The shard was taken over, or its build has ended."""


def make_inputs_key(site: Site, inputs_key: bytes) -> bytes:
    """What two processes must have in common to make the same bytes in the same place. inputs_key: as the planner makes it."""
    parts = [
        name_target(site.settings),
        name_place(site.root, site.settings.target.url, make=False),
        site.settings.target,
        site.settings.cdn.tags,
    ]
    return digest(
        inputs_key,
        derive_frame(site),
        page_frame(site),
        msgspec.json.encode(parts, order="sorted"),
        source_digest(("engine/shards.py", "engine/batch.py")),
    )


class KeptClaim:
    """A claim that a thread renews until it is put down. connection: in autocommit mode, shared with that thread."""

    def __init__(self, connection: Connection, claim: store.Claim, claim_s: float) -> None:
        self.connection, self.claim, self.claim_s = connection, claim, claim_s
        self._checked_at = time.time()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="claim", daemon=True)
        self._thread.start()

    def _renew(self) -> None:
        while not self._ended.wait(self.claim_s / 3):
            try:
                if not self.connection.execute(store.RENEW, (self.claim_s, self.claim.shard, self.claim.attempt)).rowcount:
                    return
            except OperationalError:  # the next look at the claim says it
                return

    def look(self) -> None:
        """Now and then before a write: be sure of the claim. Raises ClaimLostError."""
        if abs(time.time() - self._checked_at) > CHECK_S:  # wall-clock time, which goes on while the machine sleeps
            self.check()

    def check(self) -> None:
        """Be sure of the claim now. Raises ClaimLostError."""
        if not store.holds_claim(self.connection, self.claim):
            raise ClaimLostError
        self._checked_at = time.time()

    def release(self) -> None:
        """Renew it no longer."""
        self._ended.set()
        self._thread.join()


def name_maker(process: int) -> str:
    """Who makes a shard, for people: the builder's processes go by its name."""
    return f"{socket.gethostname()}:{process}"


@dataclass(slots=True)
class Maker:
    """Makes shards of one build in this process. key: of its inputs; around: what pages share, made when first needed."""

    site: Site
    url: str
    site_id: int
    build: int
    key: bytes
    claim_s: float
    around: Surroundings | None = None
    by: str = field(default_factory=lambda: name_maker(os.getpid()))
    repaired: bool = False
    _queue: Connection | None = None
    _reader: Connection | None = None
    _snapshot: str = ""
    _values: Values | None = None
    _target: Target | None = None
    _writer: Writer | None = None
    _told: set[int] = field(default_factory=set)

    @property
    def queue(self) -> Connection:
        """The connection that claims are made and renewed by."""
        if self._queue is None:
            self._queue = connect_queue(self.url)
        return self._queue

    def make_next(self) -> bool:
        """Claim a shard, make it and hand it in. Returns False where there was none, or its builder has gone.

        repaired is set where this was away for too long, and wrote what others had written since.
        """
        claim = store.claim_shard(self.queue, self.site_id, self.build, self.key, self.by, self.claim_s)
        if claim is None:
            return False
        work = decode_work(claim.work)
        kept, begun, told = KeptClaim(self.queue, claim, self.claim_s), False, set(self._told)
        try:
            if not self._open_snapshot(claim.snapshot, work.now):
                self.queue.execute(store.GIVE_BACK, (claim.shard, claim.attempt))
                return False
            made: list[Made] = []
            begun = True
            for batch in work.batches:
                made += self._make(batch, work, kept, told)
            if not store.save_answer(self.queue, claim, encode(made)):
                raise ClaimLostError
        except (ClaimLostError, LeaseLostError):
            if begun:
                self._mark_unverified(work)
            return True
        except BaseException:
            with suppress(OperationalError):  # then it ends by itself
                self.queue.execute(store.GIVE_BACK, (claim.shard, claim.attempt))
            raise
        finally:
            kept.release()
        self._told = told
        return True

    def _make(self, batch: list[Job], work: Work, kept: KeptClaim, told: set[int]) -> list[Made]:
        assert self._values is not None
        if self.around is None:
            from cms_ssg.engine.surroundings import make_surroundings

            self.around = make_surroundings(self.site, work.now)
        self.around = replace(self.around, now=work.now)
        if self._target is None or self._writer != work.writer:
            self._target, self._writer = open_target(self.site.root, self.site.settings, work.writer), work.writer
        self._target.recheck = kept.check
        self._values.forget()
        rendered = render_batch(self.around, self._values, batch)
        kept.look()
        return publish(self._target, rendered, work.live, told, kept.look, work.absent)

    def _open_snapshot(self, snapshot: str, now: datetime) -> bool:
        """See what the builder sees. Returns False where it has gone."""
        if self._reader is None:
            self._reader = connect(self.url)
            self._reader.isolation_level = IsolationLevel.REPEATABLE_READ
            self._reader.read_only = True
        if snapshot != self._snapshot or self._values is None:
            self._reader.rollback()
            self._snapshot = ""
            try:
                import_snapshot(self._reader, snapshot)
            except (InvalidParameterValue, ObjectNotInPrerequisiteState, UndefinedObject):
                self._reader.rollback()
                return False
            self._snapshot, self._values = snapshot, Values(self._reader, self.site_id, self.site.features, now)
        return True

    def _mark_unverified(self, work: Work) -> None:
        """Have the next build look at what this may have written over, as a builder does that lost its lease."""
        paths = [job.path for batch in work.batches for job in batch]
        with self.queue.transaction():
            add_journal(self.queue, self.site_id, work.writer.epoch, paths)
        self.repaired = True

    def rest(self) -> None:
        """Hold no snapshot while there is nothing to do: it would keep the database from tidying up."""
        if self._reader is not None:
            self._reader.rollback()
        self._snapshot, self._values = "", None

    def close(self) -> None:
        """End the connections."""
        for connection in (self._queue, self._reader):
            if connection is not None:
                connection.close()
        self._queue = self._reader = None


def cut_shards(batches: Sequence[list[Job]], size: int) -> list[list[list[Job]]]:
    """Batches in groups of at least `size` pages, but for the last."""
    shards: list[list[list[Job]]] = []
    held = size
    for batch in batches:
        if held >= size:
            shards.append([])
            held = 0
        shards[-1].append(batch)
        held += len(batch)
    return shards
