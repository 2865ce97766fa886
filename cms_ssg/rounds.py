"""Rounds: take the most urgent dirty outputs, render them from one snapshot, publish what differs, record all of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from psycopg import Connection, IsolationLevel

from cms_ssg.errors import fail
from cms_ssg.paths import object_key
from cms_ssg.render.kinds import REMOVALS
from cms_ssg.store import outputs as store
from cms_ssg.store.connect import connect
from cms_ssg.store.sites import LeaseLostError
from cms_ssg.types import Artifact, Problem

if TYPE_CHECKING:
    from cms_ssg.render.output import Rendered
    from cms_ssg.render.requests import Job
    from cms_ssg.session import Session

ROUND, LARGE_ROUND = 500, 4000
"""Outputs a round takes: few while a save may want to overtake, more when there is a whole site to make."""

BATCH = 100
"""Outputs loaded and rendered together."""

WRITERS, FEW_WRITES, MANY_WRITES = 4, 32, 128
"""Threads that publish, up to how many writes they are not worth starting, and after how many the lease is looked at."""

FEW = 150
"""Up to so many outputs starting workers costs more than it saves."""


@dataclass(slots=True)
class Rounds:
    """The rounds of one build. tried: paths that failed for a reason that the next build may not meet."""

    session: Session
    tried: list[str] = field(default_factory=list)
    _writers: ThreadPoolExecutor | None = None
    _reader: Connection | None = None
    _around: Any = None
    _told: set[int] = field(default_factory=set)
    _named: set[int] = field(default_factory=set)

    def run(self) -> None:
        """Take the most urgent outputs until none is left; what is saved meanwhile is planned between two rounds."""
        limit = LARGE_ROUND if self.session.result.planned > ROUND * 4 else ROUND
        self.session.reporter.phase("render", self.session.result.planned)
        while True:
            with self.session.result.timed("plan"):
                if self.session.planner.take():
                    self.session.planner.guard(self.session.options.confirm_removals)
                rows = store.take_dirty(self.session.connection, self.session.row.id, limit, self.tried)
                self.session.commit()
            if not rows:
                return
            unwanted = [row for row in rows if row.spec is None]
            if unwanted and (rows[0].phase == REMOVALS or len(unwanted) == len(rows)):
                self._remove(unwanted)
            wanted = [row for row in rows if row.spec is not None]
            if wanted:
                self._render_round(wanted)
            self.session.reporter.advance(len(rows))

    def _render_round(self, rows: Sequence[store.DirtyRow]) -> None:
        """Render these outputs from one snapshot; publish and record them a few batches at a time."""
        from cms_ssg.render.requests import Job

        by_path = {row.path: row for row in rows}
        jobs = [Job(row.path, row.locale or "", row.spec, row.owner or 0) for row in rows if row.spec is not None]
        files = [job for job in jobs if job.kind in ("asset", "file")]
        pages = [job for job in jobs if job.kind not in ("asset", "file")]
        for job_group in _chunks(files, ROUND):
            self._publish_and_record(by_path, [self._read_file(job) for job in job_group], {})
        pending: list[Rendered] = []
        names: dict[int, str] = {}
        batches = list(_chunks(pages, BATCH))
        for number, found in enumerate(self._render(batches, by_path)):
            pending.extend(found.rendered)
            names.update(found.names)
            if len(pending) >= ROUND or number + 1 == len(batches):
                self._publish_and_record(by_path, pending, names)
                pending, names = [], {}

    def _render(self, batches: Sequence[list[Job]], by_path: dict[str, store.DirtyRow]) -> Iterator[Any]:
        """Results of each batch, from workers when there is enough to do, all from one snapshot."""
        from cms_ssg.pool import render_in_worker, strip_known

        if not batches:
            return
        reader = self._open_reader()
        digests = [{job.path: d for job in batch if (d := by_path[job.path].digest) is not None} for batch in batches]
        if self.session.jobs > 1 and sum(map(len, batches)) > FEW:
            snapshot = str(reader.execute("SELECT pg_export_snapshot()").fetchone()[0])  # type: ignore[index]
            futures: list[Future[Any]] = [
                self.session.pool().submit(render_in_worker, snapshot, self.session.row.id, list(batch), known)
                for batch, known in zip(batches, digests, strict=True)
            ]
            try:
                for future in futures:
                    with self.session.result.timed("render"):
                        found = future.result()
                    yield found
            except BrokenProcessPool:
                raise fail(
                    "build.worker-died",
                    "a worker process was killed",
                    hint="Is there enough memory? Run the build again, or with --jobs 1.",
                ) from None
            finally:
                for future in futures:
                    future.cancel()
        else:
            from cms_ssg.batch import render_batch
            from cms_ssg.store.loader import Values

            values = Values(reader, self.session.row.id)
            for batch, known in zip(batches, digests, strict=True):
                values.forget()
                with self.session.result.timed("render"):
                    found = strip_known(render_batch(self.around, values, batch), known, self._told)
                yield found
        reader.rollback()

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
            self._around = self.session.warm.find_surroundings(key, self.session.site, self.session.planner.now)
        if self._around is None:
            from cms_ssg.surroundings import make_surroundings

            self._around = make_surroundings(self.session.site, self.session.planner.now)
            if self.session.warm is not None:
                self.session.warm.keep_surroundings(key, self._around)
        return self._around

    def _read_file(self, job: Job) -> Rendered:
        """An asset of the theme or a file of the site, as it lies on disk."""
        from cms_ssg.files import read_file

        return read_file(self.session.site, job)

    def _publish_and_record(self, by_path: dict[str, store.DirtyRow], rendered: Sequence[Rendered], names: dict[int, str]) -> None:
        """Journal, write what differs, record all of it. A kill between any two steps is repaired by the next build."""
        changed = [r for r in rendered if r.artifact is not None and by_path[r.job.path].digest != r.artifact.digest]
        failures: dict[str, Problem] = {}
        writes = [(r.job.path, r.artifact.digest) for r in changed if r.artifact is not None]
        with self._journaled(writes) as journal:
            with self.session.result.timed("publish"):
                for path, error in self._write_all(
                    [(r.artifact, by_path[r.job.path].digest is None) for r in changed if r.artifact is not None]
                ):
                    failures[path] = _publish_problem(path, error)
            with self.session.result.timed("record"):
                self._record(by_path, rendered, names, failures)
                if journal and not failures:
                    self.session.connection.execute(store.DELETE_JOURNAL, (journal,))
                self.session.commit()
        self._count(by_path, rendered, changed, failures)

    def _write_all(self, writes: Sequence[tuple[Artifact, bool]]) -> list[tuple[str, OSError]]:
        """Write artifacts (and whether each is new), several at a time where there are many. Returns what could not be written."""

        def write(item: tuple[Artifact, bool]) -> tuple[str, OSError] | None:
            artifact, fresh = item
            try:
                self.session.target.write(object_key(artifact.path), artifact.data, artifact.content_type, fresh=fresh)
            except OSError as error:
                return artifact.path, error
            return None

        failed: list[tuple[str, OSError] | None] = []
        if len(writes) < FEW_WRITES:
            for item in writes:
                self.session.keep_lease()
                failed.append(write(item))
        else:
            if self._writers is None:
                self._writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="publish")
            for items in _chunks(writes, MANY_WRITES):
                self.session.keep_lease()
                failed.extend(self._writers.map(write, items))
        return [one for one in failed if one is not None]

    @contextmanager
    def _journaled(self, writes: list[tuple[str, bytes]]) -> Iterator[int]:
        """Note what this block is about to publish. Gives the note's number, 0 where there is nothing to note.

        A builder that slept through its lease may have written over what its successor published, who has taken back
        the note: then it is made again, for the next build.
        """
        number = 0
        if writes:
            with self.session.result.timed("publish"):
                number = self._journal(writes)
        try:
            yield number
        except LeaseLostError:
            if writes:
                self.session.connection.rollback()
                store.add_journal(self.session.connection, self.session.row.id, self.session.lease.epoch, writes)
                self.session.connection.commit()
            raise

    def _journal(self, writes: list[tuple[str, bytes]]) -> int:
        number = store.add_journal(self.session.connection, self.session.row.id, self.session.lease.epoch, writes)
        self.session.commit()
        return number

    def _record(
        self, by_path: dict[str, store.DirtyRow], rendered: Sequence[Rendered], names: dict[int, str], failures: dict[str, Problem]
    ) -> None:
        rows: list[store.OutputRow] = []
        held: list[int] = []
        freed: list[int] = []
        for r in rendered:
            dirty = by_path[r.job.path]
            if r.job.path in failures:  # stays dirty: what failed is not its content, so the next build tries again
                self.tried.append(r.job.path)
                continue
            reads, error, digest, size = frozenset(r.reads.keys), None, dirty.digest, 0
            if r.artifact is not None:
                digest, size = r.artifact.digest, len(r.artifact.data)
            elif r.problem is not None:
                error = {
                    "code": r.problem.code,
                    "place": r.problem.place,
                    "line": r.problem.line,
                    "message": r.problem.message,
                    "hint": r.problem.hint,
                }
                reads |= frozenset(dirty.reads or ())
            windows = frozenset(r.reads.windows)
            rows.append(store.OutputRow(dirty, r.job.kind, digest, size, reads, windows, r.reads.valid_from, r.reads.valid_until, error))
            if r.job.kind == "entry":
                (held if error is not None and dirty.digest is None else freed).append(r.job.owner)
        store.record_outputs(self.session.connection, self.session.row.id, self.session.result.build_id, rows, names, self._named)
        store.hold_entries(self.session.connection, held, True)
        if any(by_path[r.job.path].failed for r in rendered):
            store.hold_entries(self.session.connection, freed, False)

    def _count(
        self, by_path: dict[str, store.DirtyRow], rendered: Sequence[Rendered], changed: Sequence[Rendered], failures: dict[str, Problem]
    ) -> None:
        result = self.session.result
        result.rendered += sum(1 for r in rendered if r.artifact is not None)
        result.written += len(changed) - len(failures)
        result.unchanged += sum(1 for r in rendered if r.artifact is not None) - len(changed)
        result.problems.extend(p for r in rendered for p in r.reads.problems)
        result.problems.extend(failures.values())

    def _remove(self, rows: Sequence[store.DirtyRow]) -> None:
        """Take away what nobody claims any more, after everything that linked to it was made again."""
        failed = []
        with self._journaled([(row.path, b"") for row in rows]) as journal:
            with self.session.result.timed("publish"):
                for row in rows:
                    self.session.keep_lease()
                    try:
                        self.session.target.remove(object_key(row.path))
                    except OSError as error:
                        failed.append(row)
                        self.session.result.problems.append(_publish_problem(row.path, error))
            with self.session.result.timed("record"):
                self.tried.extend(row.path for row in failed)
                done = [row for row in rows if row not in failed]
                store.remove_outputs(self.session.connection, self.session.row.id, done)
                if journal and not failed:
                    self.session.connection.execute(store.DELETE_JOURNAL, (journal,))
                self.session.commit()
        self.session.result.removed += sum(1 for row in done if row.digest is not None)

    def close(self) -> None:
        """Give back threads and the reading connection."""
        if self._writers is not None:
            self._writers.shutdown(wait=True)
        if self._reader is not None:
            warm = self.session.warm
            if warm is not None:
                warm.keep_reader(self._reader)
            else:
                self._reader.close()


def _publish_problem(path: str, error: OSError) -> Problem:
    return Problem(
        "publish.failed",
        "",
        0,
        f"{path} could not be written: {error.strerror or error}",
        "It stays as it was; the next build tries again.",
    )


def _chunks(items: Sequence[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
