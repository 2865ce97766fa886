"""Rounds: take the most urgent dirty outputs, render them from one snapshot, publish what differs, record all of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from psycopg import Connection, IsolationLevel

from cms_ssg.engine.image_work import GONE, ImageWork
from cms_ssg.engine.meanwhile import Meanwhile
from cms_ssg.engine.record import describe_refusal, record_made
from cms_ssg.engine.refusals import Refusals
from cms_ssg.engine.round_size import MOST_AHEAD, choose_size
from cms_ssg.errors import CmsError, LeaseLostError
from cms_ssg.kinds.phases import REMOVALS
from cms_ssg.paths import object_key
from cms_ssg.plan.dirty import AHEAD_TURN, BULK_TURN, LIST_TURN
from cms_ssg.publish.links import LINKS_TO
from cms_ssg.publish.target import IN_THE_WAY, Live, find_abilities
from cms_ssg.reads import list_shown_entries
from cms_ssg.releases.note import keep_removed, note_removed
from cms_ssg.store import outputs as store
from cms_ssg.store.connect import begin_snapshot, connect
from cms_ssg.store.retired import retire_outputs

if TYPE_CHECKING:
    from cms_ssg.engine.batch import Made
    from cms_ssg.engine.session import Session
    from cms_ssg.engine.share import Sharing
    from cms_ssg.render.output import Rendered
    from cms_ssg.render.requests import Job

ROUND = 500
"""Outputs recorded in one transaction. The CDN is purged of what is urgent first, if more than this are left to make."""

BATCH = 100
"""Outputs loaded and rendered together."""

FILES, FILES_BYTES = 64, 32 << 20
"""Files copied together, and where fewer hold so many bytes, those."""

FEW = 150
"""Up to so many outputs starting workers costs more than it saves; once they run they make all."""


@dataclass(slots=True)
class Rounds:
    """The rounds of one build. tried: paths that failed for a reason that the next build may not meet; _blocked: those of which nothing
    was written, and why; _removed: whether something was removed since they were tried; _is_for_lists: whether lists had the last turn.
    """

    session: Session
    tried: list[str] = field(default_factory=list)
    _reader: Connection | None = None
    _removed: bool = False
    removed: list[str] = field(default_factory=list)
    removed_entries: set[int] = field(default_factory=set)
    _around: Any = None
    _sharing: Sharing | None = None
    images: ImageWork = field(init=False)
    refusals: Refusals = field(init=False)
    _blocked: dict[str, str] = field(default_factory=dict)
    _told: set[int] = field(default_factory=set)
    _named: set[int] = field(default_factory=set)
    _has_searched: bool = False
    _is_for_lists: bool = False
    _has_taken_last: bool = False
    _meanwhile: Meanwhile = field(init=False)

    def __post_init__(self) -> None:
        self.images = ImageWork(self.session)
        self._meanwhile = Meanwhile(self.session)
        holding = frozenset(self.session.site.features.names(lambda kind: kind.holds))
        self.refusals = Refusals(self.session.site.settings.base_url, lambda path: self.session.target.read(object_key(path)), holding)

    def run(self) -> None:
        """Take the most urgent outputs until none is left; what is saved meanwhile is planned between two rounds."""
        size = choose_size(self.session)
        self.session.reporter.phase("render", self.session.result.planned)
        while True:
            self._meanwhile.take_in()
            with self.session.result.timed("plan"):
                self._plan(without_entries=self._meanwhile.is_full)
                rows = size.cut(self._take_dirty(size.limit))
                if not rows and self._meanwhile.is_full and not self._has_taken_last:
                    self._has_taken_last = True  # entries that were written to the store since; what comes later is for the next build
                    self._plan()
                    continue
            self._meanwhile.note_next(rows)
            if not any(row.spec is not None for row in rows) and self._update_search():
                continue
            if not rows or self.refusals.must_wait(rows):
                if self._clear_way():
                    continue
                self.session.result.problems.extend(self.refusals.describe())
                return
            self.session.purge_saves(rows[0].turn, ROUND)
            unwanted = [row for row in rows if row.spec is None]
            if unwanted and (rows[0].phase == REMOVALS or len(unwanted) == len(rows)):
                kept = self.refusals.list_kept(unwanted)
                self.tried.extend(kept)
                if not self.session.purge(removals=False):  # the edge may still link to them
                    self.tried.extend(row.path for row in unwanted if row.path not in kept)
                elif going := [row for row in unwanted if row.path not in kept]:
                    self._remove(going)
            wanted = [row for row in rows if row.spec is not None]
            if wanted:
                started = time.perf_counter()
                self._make_round(wanted)
                size.note(wanted[0].turn, len(wanted), time.perf_counter() - started)
            self.session.reporter.advance(len(unwanted))

    def _plan(self, *, without_entries: bool = False) -> None:
        if self.session.planner.take(without_entries=without_entries):
            failures = [problem for problem in self.session.result.problems if problem.severity == "error"]
            self.session.planner.guard(self.session.options.confirm_removals, failures)

    def _take_dirty(self, limit: int) -> list[store.DirtyRow]:
        """The most urgent outputs. While no more saves are taken in, pages that rows and facts change again and again take turns with lists."""
        session = self.session
        take = partial(store.take_dirty, session.connection, session.row.id, skip=self.tried, only=session.only)
        rows = take(limit)
        if rows and rows[0].turn < AHEAD_TURN and session.site.features.has_ahead:
            from cms_ssg.engine.ahead import choose_ahead

            after = take(MOST_AHEAD, low=AHEAD_TURN)
            if after and not self.refusals.must_wait(after):
                return choose_ahead(session, self.around, self._open_reader, after) or rows
        if self._meanwhile.is_full and rows and AHEAD_TURN <= rows[0].turn < LIST_TURN:
            self._is_for_lists = not self._is_for_lists
            if self._is_for_lists:
                lists = [row for row in take(limit, low=LIST_TURN) if row.turn < BULK_TURN]
                if lists and not self.refusals.must_wait(lists):
                    return lists
                if not lists:
                    self._meanwhile.end_full()
        return rows

    def _update_search(self) -> bool:
        """Once all pages are published, and before any is removed: make the files that browsers search in. Whether there is more to publish now."""
        search = self.session.site.settings.search
        if search is None or not search.is_static or self.session.only is not None or self._has_searched:
            return False
        from cms_ssg.engine.static_search import update_static_search

        try:
            with self.session.result.timed("render"):
                return update_static_search(self.session.context)
        except CmsError as error:
            self._has_searched = True
            self.session.result.problems.extend(error.problems)
            return False

    def _make_round(self, rows: Sequence[store.DirtyRow]) -> None:
        """Make these outputs from one snapshot and record them a few batches at a time.

        All are journalled before the first is written: a kill between any two steps is repaired by the next build.
        """
        from cms_ssg.render.requests import Job

        by_path = {row.path: row for row in rows}
        jobs = [Job(row.path, row.locale or "", row.spec, row.owner or 0) for row in rows if row.spec is not None]
        kinds = self.session.site.features.outputs
        files, images, pages = ([job for job in jobs if kinds[job.kind].made == made] for made in ("copied", "image", "rendered"))
        pending: list[Made] = []
        refused: list[str] = []
        with self._journaled([row.path for row in rows]) as journal:
            making = self._make_pages(pages, by_path) if pages else ()
            for made in chain(self._copy_files(files, by_path), self.images.make(images, by_path), making):
                pending.extend(made)
                self.session.reporter.advance(len(made))
                if len(pending) >= ROUND:
                    refused += self._record_made(by_path, pending)
                    self.session.commit()
                    pending = []
            refused += self._record_made(by_path, pending)
            store.end_journal(self.session.connection, journal, refused)
            self.session.commit()
        self.images.measure()

    def _copy_files(self, jobs: Sequence[Job], by_path: Mapping[str, store.DirtyRow]) -> Iterator[list[Made]]:
        """Assets of the theme and files of the site, as they lie on disk, a few at a time."""
        from cms_ssg.engine.batch import publish
        from cms_ssg.engine.files import read_file

        waiting: list[Rendered] = []
        for number, job in enumerate(jobs, 1):
            waiting.append(read_file(self.session.site, job))
            held = sum(len(one.artifact.data) for one in waiting if one.artifact is not None)
            if number == len(jobs) or len(waiting) == FILES or held > FILES_BYTES:
                with self.session.result.timed("publish"):
                    live = _live([one.job for one in waiting], by_path)
                    made = publish(self.session.target, waiting, live, self._told, self.session.keep_lease, self.refusals.make_absent())
                yield made
                waiting = []

    def _make_pages(self, jobs: Sequence[Job], by_path: Mapping[str, store.DirtyRow]) -> Iterator[list[Made]]:
        """Render and write each batch, in workers when there is enough to do, all from one snapshot."""
        from cms_ssg.engine.batch import cut_batches

        features = self.session.site.features
        if self.session.options.distributed and len(jobs) > FEW:
            making = self._share(cut_batches(jobs, features, BATCH), by_path)
        elif self.session.jobs > 1 and (len(jobs) > FEW or self.session.has_workers):
            size = min(BATCH, -(-len(jobs) // self.session.jobs))
            making = self._make_in_workers(cut_batches(jobs, features, size), by_path)
        else:
            making = self._make_here(cut_batches(jobs, features, BATCH), by_path)
        yield from making
        if self._reader is not None:
            self._reader.rollback()

    def _make_here(self, batches: Sequence[list[Job]], by_path: Mapping[str, store.DirtyRow]) -> Iterator[list[Made]]:
        """In this process. A single batch is read by the build's own connection: it is free until that is published."""
        from cms_ssg.engine.batch import publish, render_batch
        from cms_ssg.store.loader import Values

        session, few = self.session, len(batches) == 1
        reader = session.connection if few else self._open_reader()
        values = Values(reader, session.row.id, session.site.features, session.now)
        for batch in batches:
            values.forget()
            with session.result.timed("render"), begin_snapshot(reader) if few else nullcontext():
                rendered = render_batch(self.around, values, batch)
            with session.result.timed("publish"):
                live, absent = _live(batch, by_path), self.refusals.make_absent()
                made = publish(session.target, rendered, live, self._told, session.keep_lease, absent)
            yield made

    def _make_in_workers(self, batches: Sequence[list[Job]], by_path: Mapping[str, store.DirtyRow]) -> Iterator[list[Made]]:
        from cms_ssg.engine.pool import make_in_worker, take_result

        snapshot, absent = self._export_snapshot(), self.refusals.make_absent()
        futures: list[Future[list[Made]]] = [
            self.session.pool().submit(
                make_in_worker, snapshot, self.session.now, self.session.row.id, batch, _live(batch, by_path), absent
            )
            for batch in batches
        ]
        try:
            for future in futures:
                with self.session.result.timed("render"):
                    made = take_result(future)
                yield made
        finally:
            for future in futures:
                future.cancel()
            wait(futures)  # a batch that goes on would write after this round has ended

    def _share(self, batches: Sequence[list[Job]], by_path: Mapping[str, store.DirtyRow]) -> Iterator[list[Made]]:
        if self._sharing is None:
            from cms_ssg.engine.share import Sharing

            self._sharing = Sharing(self.session)
        live = _live([job for batch in batches for job in batch], by_path)
        yield from self._sharing.make(self._export_snapshot(), batches, live, self.refusals.make_absent())

    def _export_snapshot(self) -> str:
        """Begin the round's snapshot. Gives its name, by which other processes read the same."""
        return str(self._open_reader().execute("SELECT pg_export_snapshot()").fetchone()[0])  # type: ignore[index]

    def _open_reader(self) -> Connection:
        """A connection that begins the round's snapshot."""
        if self._reader is None:
            self._reader = (self.session.warm.take_reader() if self.session.warm is not None else None) or connect(self.session.url)
            self._reader.isolation_level = IsolationLevel.REPEATABLE_READ
            self._reader.read_only = True
        self._reader.rollback()
        return self._reader

    @property
    def around(self) -> Any:
        """What pages share, in this process."""
        key = self.session.planner.inputs_key
        if self._around is None and self.session.warm is not None and key:
            self._around = self.session.warm.find_surroundings(key, self.session.site, self.session.now)
        if self._around is None:
            from cms_ssg.engine.surroundings import make_surroundings

            self._around = make_surroundings(self.session.site, self.session.now)
            if self.session.warm is not None:
                self.session.warm.keep_surroundings(key, self._around)
        if self._around.now != self.session.now:
            self._around = replace(self._around, now=self.session.now)
        return self._around

    def _record_made(self, by_path: Mapping[str, store.DirtyRow], made: Sequence[Made]) -> list[str]:
        """Write down what was made; the caller commits. Returns the paths that the target refused."""
        if not made:
            return []
        with self.session.result.timed("record"):
            self.session.keep_lease()
            record_made(self.session, self.images, by_path, made, self.tried, self._named)
        for one in made:
            if one.unwritten is not None:
                self.refusals.note(by_path[one.path], one)
        result, kinds = self.session.result, self.session.site.features.outputs
        blocked = {m.path: m.unwritten for m in made if m.unwritten is not None and m.unwritten.startswith((IN_THE_WAY, GONE, LINKS_TO))}
        rendered = sum(m.digest is not None and m.path not in blocked for m in made)  # these may be made again
        written = sum(m.written for m in made)
        refused = {
            m.path: describe_refusal(m.path, m.unwritten, lasting=m.lasting)
            for m in made
            if m.unwritten is not None and m.path not in blocked
        }
        self._blocked.update(blocked)
        result.rendered += rendered
        result.images += sum(kinds[m.kind].made == "image" and m.digest is not None and m.unwritten != IN_THE_WAY for m in made)
        result.written += written
        result.unchanged += rendered - written - len(refused)
        result.problems.extend((*(problem for m in made for problem in m.problems), *refused.values()))
        return list(refused)

    def _clear_way(self) -> bool:
        """Whether what lay in the way of others was removed meanwhile, so that these can be made. If not, say what could not be written."""
        again = {path for path, reason in self._blocked.items() if reason != GONE}
        if again and self._removed:
            self.refusals.forget(again)
            self.tried, self._removed = [path for path in self.tried if path not in again], False
            self._blocked = {path: reason for path, reason in self._blocked.items() if path not in again}
            return True
        self.session.result.problems.extend(describe_refusal(path, why) for path, why in self._blocked.items() if path in self.tried)
        return False

    @contextmanager
    def _journaled(self, paths: list[str]) -> Iterator[int]:
        """Note what this block is about to publish. Gives the note's number.

        A builder that slept through its lease may have written over what its successor published, who has taken back
        the note: then it is made again, for the next build.
        """
        with self.session.result.timed("publish"):
            number = store.add_journal(self.session.connection, self.session.row.id, self.session.lease.epoch, paths)
            self.session.commit()
        try:
            yield number
        except LeaseLostError:
            self.session.connection.rollback()
            store.add_journal(self.session.connection, self.session.row.id, self.session.lease.epoch, paths)
            self.session.connection.commit()
            raise

    def _remove(self, rows: Sequence[store.DirtyRow]) -> None:
        """Take away what nobody claims any more, after everything that linked to it was made again."""
        settings, failed = self.session.site.settings, []
        if find_abilities(settings).retires:
            with self.session.result.timed("record"):
                features, after_s = self.session.site.features, settings.target.retire_after_s
                rows = retire_outputs(self.session.connection, self.session.row.id, features, rows, after_s)
                self.session.commit()
            if not rows:
                return
        with self._journaled([row.path for row in rows]) as journal:
            with self.session.result.timed("publish"):
                keep_removed(self.session, rows)
                reasons = self.session.target.remove_many([object_key(row.path) for row in rows], self.session.keep_lease)
                for row, reason in zip(rows, reasons, strict=True):
                    if reason is not None:
                        failed.append(row)
                        self.session.result.problems.append(describe_refusal(row.path, reason, "removed"))
            with self.session.result.timed("record"):
                self.session.keep_lease()
                self.tried.extend(row.path for row in failed)
                done = [row for row in rows if row not in failed]
                note_removed(self.session, done)
                store.remove_outputs(self.session.connection, self.session.row.id, done)
                if self.session.purger is not None:
                    self.session.purger.note_removed(done)
                self.images.drop_removed(done)
                store.end_journal(self.session.connection, journal, [row.path for row in failed])
                self.session.commit()
        self._removed = self._removed or bool(done)
        self.removed.extend(row.path for row in done if row.digest is not None)
        self.removed_entries.update(number for row in done if row.reads for number in list_shown_entries(row.reads))
        self.session.result.removed += sum(1 for row in done if row.digest is not None)

    def close(self) -> None:
        """Give back the reading connection and the processes that work on images."""
        self.images.close()
        if self._sharing is not None:
            self._sharing.close()
        if self._reader is not None:
            warm = self.session.warm
            if warm is not None:
                warm.keep_reader(self._reader)
            else:
                self._reader.close()


def _live(jobs: Sequence[Job], by_path: Mapping[str, store.DirtyRow]) -> dict[str, Live]:
    """What the target holds of these jobs' outputs."""
    rows = (by_path[job.path] for job in jobs)
    return {row.path: Live(None if row.unsure else row.digest, row.etag) for row in rows if row.digest is not None}
