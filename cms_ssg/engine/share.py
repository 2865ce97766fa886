"""The builder's side of a distributed round: offer its shards, make some of them itself, take what others hand in."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from psycopg import Connection, OperationalError

from cms_ssg.engine.pool import make_shard_in_worker, take_result
from cms_ssg.engine.shards import Maker, Work, cut_shards, decode_made, encode, make_inputs_key
from cms_ssg.errors import fail
from cms_ssg.store import jobs
from cms_ssg.store import shards as store
from cms_ssg.text.counting import count

if TYPE_CHECKING:
    from cms_ssg.engine.batch import Made
    from cms_ssg.engine.session import Session
    from cms_ssg.publish.links import Absent
    from cms_ssg.publish.target import Live
    from cms_ssg.render.requests import Job

SHORTEST_S, LONGEST_S = 0.005, 0.1
"""How long the builder waits between two looks at what others handed in, while it has nothing to do itself."""

MANY: Final = 2000
"""A build of more pages than this is no single save."""

SECOND_LOOK_S: Final = 600.0
"""How long after a shard was taken over its pages are made sure of once more: who slept over it may have died before it could say so."""


@dataclass(slots=True)
class Sharing:
    """What a distributed build keeps between its rounds."""

    session: Session
    maker: Maker = field(init=False)
    _running: set[Future[bool]] = field(default_factory=set)
    _offered: list[int] | None = None

    def __post_init__(self) -> None:
        session = self.session
        key = make_inputs_key(session.site, session.planner.inputs_key)
        claim_s = session.site.settings.workers.claim_s
        self.maker = Maker(session.site, session.url, session.row.id, session.result.build_id, key, claim_s)
        jobs.ensure_tables(self.queue)
        self._clear(None)

    @property
    def queue(self) -> Connection:
        return self.maker.queue

    def make(self, snapshot: str, batches: Sequence[list[Job]], live: dict[str, Live], absent: Absent) -> Iterator[list[Made]]:
        """Make these pages together with whoever helps. Gives what was made, in no order."""
        paths = self._offer(snapshot, batches, live, absent)
        pause_s = SHORTEST_S
        try:
            while paths:
                with self.session.result.timed("render"):
                    worked = self._work()
                    answers = store.take_answers(self.queue, paths)
                for shard, attempt, result, by in answers:
                    if attempt > 1:
                        self._mark_unverified_later(paths[shard])
                    del paths[shard]
                    self.session.result.helped += by != self.maker.by
                    yield decode_made(result)
                self.session.keep_lease()
                if worked or answers:
                    pause_s = SHORTEST_S
                elif paths:
                    time.sleep(pause_s)
                    pause_s = min(pause_s * 2, LONGEST_S)
                    if pause_s == LONGEST_S:
                        self._look_for(paths)
        finally:
            self._end_round()

    def _look_for(self, shards: Collection[int]) -> None:
        """Be sure that what is waited for is still there. Raises CmsError build.shards-lost."""
        if lost := len(shards) - store.count_left(self.queue, shards):
            raise fail(
                "build.shards-lost", f"the database has lost {count(lost, 'part')} of this build", hint="Nothing is lost: build again."
            )

    def _end_round(self) -> None:
        """Nobody goes on with a round that is over, however it ended. Once a round: what comes late could meet the next builder's."""
        offered, self._offered = self._offered, None
        if offered is None:
            return
        for future in self._running:
            future.cancel()
        wait(self._running)  # a shard that goes on would write after this round has ended
        self._running.clear()
        self.maker.rest()
        self._clear(offered)

    def _offer(self, snapshot: str, batches: Sequence[list[Job]], live: dict[str, Live], absent: Absent) -> dict[int, list[str]]:
        """Write the shards and wake the workers. Returns each shard's paths."""
        session, maker = self.session, self.maker
        shards = cut_shards(batches, session.site.settings.workers.shard_size)
        paths = [[job.path for batch in shard for job in batch] for shard in shards]
        works = [
            encode(Work(shard, session.now, {path: live[path] for path in wanted if path in live}, session.writer, absent))
            for shard, wanted in zip(shards, paths, strict=True)
        ]
        numbers = store.add_shards(
            session.connection, session.row.id, store.OpenBuild(maker.build, maker.key, session.now), session.lease.epoch, snapshot, works
        )
        self._offered = jobs.wake_workers(session.connection, session.row.id, self._find_lane(), len(numbers))
        session.commit()
        return dict(zip(numbers, paths, strict=True))

    def _find_lane(self) -> int:
        options = self.session.options
        if options.urgent:
            return jobs.BREAKING
        if options.full:
            return jobs.FULL
        return jobs.BULK if self.session.result.planned > MANY else jobs.SAVE

    def _work(self) -> bool:
        """Make a shard here, or see to it that this build's own processes have one each. Returns whether anything was done."""
        if self.session.jobs == 1:
            if self.maker.around is None:
                self.maker.around = self.session.rounds.around
            return self.maker.make_next()
        ended = {future for future in self._running if future.done()}
        self._running -= ended
        for future in ended:
            take_result(future)
        free = self.session.jobs - len(self._running)
        open_shards = store.count_open(self.queue, self.session.row.id, self.maker.build) if free else 0
        for _ in range(min(free, open_shards)):
            self._running.add(self.session.pool().submit(make_shard_in_worker, self.maker.site_id, self.maker.build, self.maker.key))
        return bool(ended)

    def _mark_unverified_later(self, paths: list[str]) -> None:
        values = (self.session.row.id, self.session.lease.epoch, paths, SECOND_LOOK_S)
        self.queue.execute(store.DOUBT_LATER, values)

    def _clear(self, numbers: list[int] | None) -> None:
        """Take back what was offered, also by builds before this one. numbers: of the jobs, None for all."""
        self.queue.execute(store.DELETE, (self.session.row.id, self.maker.build))
        jobs.let_sleep(self.queue, self.session.row.id, numbers)

    def close(self) -> None:
        """End the round, if an error left it open, and the connections."""
        with suppress(OperationalError):  # the next distributed build clears what is left
            self._end_round()
        self.maker.close()
