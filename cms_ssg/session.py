"""One build's hold on a site: connections, lease, planner, workers; and the rounds that render, publish and record."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
from psycopg import Connection, IsolationLevel, OperationalError
from psycopg.types.json import Jsonb, set_json_dumps, set_json_loads

from cms_ssg.build import BuildOptions, BuildResult, clock
from cms_ssg.content.scan import start_scan
from cms_ssg.errors import fail
from cms_ssg.paths import object_key
from cms_ssg.planning import Planner
from cms_ssg.publish.target import Target, open_target
from cms_ssg.render.kinds import REMOVALS
from cms_ssg.reporter import Reporter
from cms_ssg.site import Site
from cms_ssg.store import outputs as store
from cms_ssg.store.claims import list_lost_claims
from cms_ssg.store.connect import connect, database_url
from cms_ssg.store.migrate import migrate
from cms_ssg.store.sites import END_BUILD, START_BUILD, Lease, SiteRow, ensure_site, take_lease
from cms_ssg.store.sources import list_problems
from cms_ssg.sync import SyncResult, content_folders, sync
from cms_ssg.types import Artifact, Problem

if TYPE_CHECKING:
    from cms_ssg.render.output import Job, Rendered
    from cms_ssg.warm import Warm

ROUND, LARGE_ROUND = 500, 4000
"""Outputs a round takes: few while a save may want to overtake, more when there is a whole site to make."""

BATCH = 100
"""Outputs loaded and rendered together."""

WRITERS, FEW_WRITES = 4, 32
"""Threads that publish, and up to how many writes they are not worth starting."""

FEW = 150
"""Up to so many outputs starting workers costs more than it saves."""


@contextmanager
def open_session(site: Site, options: BuildOptions, result: BuildResult, reporter: Reporter | None = None, warm: Warm | None = None) -> Iterator[Session]:
    """Connect, bring the schema up to date and take the lease; give all of it back at the end, the connections to warm."""
    reporter = reporter or Reporter()
    skip = [target_folder(site)]
    started = start_scan(site.root, content_folders(site), skip) if options.sync and options.changed is None else None
    set_json_loads(msgspec.json.decode)
    set_json_dumps(msgspec.json.Encoder().encode)
    session = None
    try:
        url, connection = warm.take_connection() if warm is not None else ("", None)
        if connection is None:
            url = database_url(site.root, site.settings.database_url, os.environ)
            connection = connect(url, autocommit=True)
            migrate(connection)
        try:
            row = ensure_site(connection, site.settings.name)
            connection.autocommit = False
            lease = take_lease(connection, row.id)
            row = ensure_site(connection, site.settings.name)
            connection.commit()
            session = Session(site, options, result, reporter, url, connection, lease, row, skip, started, warm)
            try:
                yield session
            finally:
                session.close()
            if warm is not None:
                warm.keep_connection(url, connection)
        finally:
            if warm is None or not warm.holds(connection):
                connection.close()
    except OperationalError as error:
        raise fail("db.lost", f"the database stopped answering: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
                   hint="What was recorded stays; run the same command again.") from error  # fmt: skip
    finally:
        if started is not None and (session is None or session.started is not None):
            started.stop()


def target_folder(site: Site) -> str:
    """The output folder relative to the site, so that a scan does not enter it."""
    scheme, _, rest = site.settings.target.url.partition(":")
    return rest if scheme == "folder" else "build"


@dataclass(slots=True)
class Session:
    """One build of one site. Everything it does is safe to repeat after a kill."""

    site: Site
    options: BuildOptions
    result: BuildResult
    reporter: Reporter
    url: str
    connection: Connection
    lease: Lease
    row: SiteRow
    skip: list[str]
    started: Any
    warm: Warm | None = None
    planner: Planner = field(init=False)
    target: Target = field(init=False)
    _pool: Executor | None = None
    _writers: ThreadPoolExecutor | None = None
    _reader: Connection | None = None
    _around: Any = None
    _told: set[int] = field(default_factory=set)
    _named: set[int] = field(default_factory=set)
    _tried: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.planner = Planner(self.connection, self.site, self.row, clock(self.options), self.commit)
        self.target = open_target(self.site.root, self.site.settings.target.url)
        self.result.build_id = self._execute_one(START_BUILD, (self.row.id, self.planner.now))
        self.commit()

    def commit(self) -> None:
        """Keep what was done so far, as the builder that still has the lease; a dry run keeps nothing."""
        if not self.options.dry_run:
            self.lease.renew()
            self.connection.commit()

    def sync(self) -> SyncResult:
        """Read what changed in the files."""
        self.reporter.phase("sync")
        started, self.started = self.started, None
        found = sync(
            self.connection, self.site, self.row.id, commit=self.commit, force=self.options.force, skip=self.skip, started=started,
            names=self.options.changed,
            pool=self.pool if self.jobs > 1 and not self.options.dry_run else None, progress=lambda done, total: self._progress("sync", done, total),
        )  # fmt: skip
        self.result.problems.extend(p for p in found.problems if p.place and not p.code.startswith("content."))
        return found

    @property
    def jobs(self) -> int:
        return self.options.jobs or os.cpu_count() or 1

    def pool(self) -> Executor:
        """The workers, started when first needed."""
        if self._pool is None:
            from cms_ssg.pool import Seed, start_pool

            self._pool = start_pool(Seed(self.site, self.url, self.planner.now), self.jobs)
        return self._pool

    def count_dirty(self) -> int:
        """Outputs to be made or removed."""
        return self._execute_one(store.COUNT_DIRTY, (self.row.id,))

    def list_dirty(self) -> list[tuple[str, str, str]]:
        """(path, kind, reason) of outputs to be made or removed."""
        query = """SELECT d.path, coalesce(c.spec ->> 'kind', 'removal'), d.reason FROM cms.dirty d
                   LEFT JOIN cms.claims c ON c.site = d.site AND c.name = d.path AND c.wins WHERE d.site = %s ORDER BY d.phase, d.lane, d.path"""
        return self.connection.execute(query, (self.row.id,)).fetchall()

    def count_sources(self) -> int:
        """Files that are known."""
        return self._execute_one("SELECT count(*) FROM cms.sources WHERE site = %s", (self.row.id,))

    # Rounds

    def render_rounds(self) -> None:
        """Take the most urgent outputs until none is left; what is saved meanwhile is planned between two rounds."""
        limit = LARGE_ROUND if self.result.planned > ROUND * 4 else ROUND
        self.reporter.phase("render", self.result.planned)
        while True:
            with self.result.timed("plan"):
                if self.planner.take():
                    self.planner.guard(self.options.confirm_removals)
                rows = store.take_dirty(self.connection, self.row.id, limit, self._tried)
                self.commit()
            if not rows:
                return
            if rows[0].phase == REMOVALS:
                self._remove([row for row in rows if row.spec is None])
                self._tried.extend(row.path for row in rows if row.spec is not None)
            else:
                self._render_round(rows)
            self.reporter.advance(len(rows))

    def _render_round(self, rows: Sequence[store.DirtyRow]) -> None:
        """Render these outputs from one snapshot; publish and record them a few batches at a time."""
        from cms_ssg.render.output import Job

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
        if self.jobs > 1 and sum(map(len, batches)) > FEW:
            snapshot = str(reader.execute("SELECT pg_export_snapshot()").fetchone()[0])  # type: ignore[index]
            futures: list[Future[Any]] = [
                self.pool().submit(render_in_worker, snapshot, self.row.id, list(batch), known) for batch, known in zip(batches, digests, strict=True)
            ]
            try:
                for future in futures:
                    with self.result.timed("render"):
                        found = future.result()
                    yield found
            except BrokenProcessPool:
                raise fail("build.worker-died", "a worker process was killed", hint="Is there enough memory? Run the build again, or with --jobs 1.") from None
            finally:
                for future in futures:
                    future.cancel()
        else:
            from cms_ssg.batch import render_batch
            from cms_ssg.store.loader import Values

            values = Values(reader, self.row.id)
            for batch, known in zip(batches, digests, strict=True):
                values.forget()
                with self.result.timed("render"):
                    found = strip_known(render_batch(self.around, values, batch), known, self._told)
                yield found
        reader.rollback()

    def _open_reader(self) -> Connection:
        """A connection that begins the round's snapshot."""
        if self._reader is None:
            self._reader = (self.warm.take_reader() if self.warm is not None else None) or connect(self.url)
            self._reader.isolation_level = IsolationLevel.REPEATABLE_READ
            self._reader.read_only = True
        self._reader.rollback()
        return self._reader

    @property
    def around(self) -> Any:
        """What pages share, in this process."""
        key = self.planner.inputs_key
        if self._around is None and self.warm is not None and key:
            self._around = self.warm.find_surroundings(key, self.site, self.planner.now)
        if self._around is None:
            from cms_ssg.surroundings import make_surroundings

            self._around = make_surroundings(self.site, self.planner.now)
            if self.warm is not None:
                self.warm.keep_surroundings(key, self._around)
        return self._around

    def _read_file(self, job: Job) -> Rendered:
        """An asset of the theme or a file of the site, as it lies on disk."""
        from cms_ssg.publish.files import read_file

        return read_file(self.site, job)

    def _publish_and_record(self, by_path: dict[str, store.DirtyRow], rendered: Sequence[Rendered], names: dict[int, str]) -> None:
        """Journal, write what differs, record all of it. A kill between any two steps is repaired by the next build."""
        changed = [r for r in rendered if r.artifact is not None and by_path[r.job.path].digest != r.artifact.digest]
        failures: dict[str, Problem] = {}
        with self.result.timed("publish"):
            journal = self._journal([(r.job.path, r.artifact.digest) for r in changed if r.artifact is not None])
            for path, error in self._write_all([(r.artifact, by_path[r.job.path].digest is None) for r in changed if r.artifact is not None]):
                failures[path] = _publish_problem(path, error)
        with self.result.timed("record"):
            self._record(by_path, rendered, names, failures)
            if journal and not failures:
                self.connection.execute(store.DELETE_JOURNAL, (journal,))
            self.commit()
        self._count(by_path, rendered, changed, failures)

    def _write_all(self, writes: Sequence[tuple[Artifact, bool]]) -> list[tuple[str, OSError]]:
        """Write artifacts (and whether each is new), several at a time where there are many. Returns what could not be written."""

        def write(item: tuple[Artifact, bool]) -> tuple[str, OSError] | None:
            artifact, fresh = item
            try:
                self.target.write(object_key(artifact.path), artifact.data, artifact.content_type, fresh=fresh)
            except OSError as error:
                return artifact.path, error
            return None

        if len(writes) < FEW_WRITES:
            return [failed for item in writes if (failed := write(item)) is not None]
        if self._writers is None:
            self._writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="publish")
        return [failed for failed in self._writers.map(write, writes) if failed is not None]

    def _journal(self, writes: list[tuple[str, bytes]]) -> int:
        if not writes:
            return 0
        number = store.add_journal(self.connection, self.row.id, self.lease.epoch, writes)
        self.commit()
        return number

    def _record(self, by_path: dict[str, store.DirtyRow], rendered: Sequence[Rendered], names: dict[int, str], failures: dict[str, Problem]) -> None:
        rows, held, freed = [], [], []
        for r in rendered:
            dirty = by_path[r.job.path]
            if r.job.path in failures:  # stays dirty: what failed is not its content, so the next build tries again
                self._tried.append(r.job.path)
                continue
            reads, error, digest, size = frozenset(r.reads.keys), None, dirty.digest, 0
            if r.artifact is not None:
                digest, size = r.artifact.digest, len(r.artifact.data)
            elif r.problem is not None:
                error = {"code": r.problem.code, "place": r.problem.place, "line": r.problem.line, "message": r.problem.message, "hint": r.problem.hint}
                reads |= frozenset(dirty.reads or ())
            windows = frozenset(r.reads.windows)
            rows.append(store.OutputRow(dirty, r.job.kind, digest, size, reads, windows, r.reads.valid_from, r.reads.valid_until, error))
            if r.job.kind == "entry":
                (held if error is not None and dirty.digest is None else freed).append(r.job.owner)
        store.record_outputs(self.connection, self.row.id, self.result.build_id, rows, names, self._named)
        store.hold_entries(self.connection, held, True)
        if any(by_path[r.job.path].failed for r in rendered):
            store.hold_entries(self.connection, freed, False)

    def _count(self, by_path: dict[str, store.DirtyRow], rendered: Sequence[Rendered], changed: Sequence[Rendered], failures: dict[str, Problem]) -> None:
        result = self.result
        result.rendered += sum(1 for r in rendered if r.artifact is not None)
        result.written += len(changed) - len(failures)
        result.unchanged += sum(1 for r in rendered if r.artifact is not None) - len(changed)
        result.problems.extend(p for r in rendered for p in r.reads.problems)
        result.problems.extend(failures.values())

    def _remove(self, rows: Sequence[store.DirtyRow]) -> None:
        """Take away what nobody claims any more, after everything that linked to it was made again."""
        failed = []
        with self.result.timed("publish"):
            journal = self._journal([(row.path, b"") for row in rows])
            for row in rows:
                try:
                    self.target.remove(object_key(row.path))
                except OSError as error:
                    failed.append(row)
                    self.result.problems.append(_publish_problem(row.path, error))
        with self.result.timed("record"):
            self._tried.extend(row.path for row in failed)
            done = [row for row in rows if row not in failed]
            store.remove_outputs(self.connection, self.row.id, done)
            if journal and not failed:
                self.connection.execute(store.DELETE_JOURNAL, (journal,))
            self.commit()
        self.result.removed += sum(1 for row in done if row.digest is not None)

    # The end

    def finish(self) -> None:
        """Say what is still wrong, and note the build."""
        result = self.result
        failing = self.connection.execute(
            "SELECT error FROM cms.outputs WHERE site = %s AND error IS NOT NULL ORDER BY path", (self.row.id,)
        ).fetchall()
        result.problems.extend(Problem(e["code"], e["place"], e["line"], e["message"], e["hint"]) for (e,) in failing)
        content = list_problems(self.connection, self.row.id)
        result.problems.extend(content)
        lost = list_lost_claims(self.connection, self.row.id)
        result.problems.extend(describe_lost(row, winner) for row, winner in lost if row.name.startswith("/"))
        result.problems.extend(self.planner.problems)
        result.failed = len(failing) + len(self._tried) + sum(1 for p in content if p.severity == "error")
        if result.failed or any(p.severity == "error" for p in result.problems):
            result.status = "partial"
        if result.rendered:
            self.connection.execute(store.FLUSH_GIN)
        if result.rendered > LARGE_ROUND:
            self.connection.execute("ANALYZE cms.outputs, cms.windows, cms.list_pages")
        summary = {name: getattr(result, name) for name in ("status", "planned", "rendered", "written", "unchanged", "removed", "failed")}
        self.connection.execute(END_BUILD, (Jsonb(summary), result.build_id))
        self.commit()

    def close(self) -> None:
        """Give back workers, connections and the lease."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        if self._writers is not None:
            self._writers.shutdown(wait=True)
        if self._reader is not None and self.warm is not None:
            self.warm.keep_reader(self._reader)
        elif self._reader is not None:
            self._reader.close()
        if (close := getattr(self.target, "close", None)) is not None:
            close()
        if not self.connection.closed:
            self.connection.rollback()
            self.lease.end()
            self.connection.commit()

    def _progress(self, phase: str, done: int, total: int) -> None:
        self.reporter.phase(phase, total)
        self.reporter.advance(done)

    def _execute_one(self, query: Any, parameters: tuple[object, ...]) -> int:
        row = self.connection.execute(query, parameters).fetchone()
        return int(row[0]) if row is not None else 0


def describe_lost(row: Any, winner: tuple[int, str, str]) -> Problem:
    """Two wishes for one path, in words."""
    words = ("page", "file", "list", "alias", "fallback page", "default page")
    return Problem(
        "content.path-taken", row.key if row.kind in (0, 3) else "", 0,
        f"{row.name} is claimed twice: the {words[winner[0]]} of {winner[2]} has it, the {words[row.kind]} of {row.key} does not",
        "Give one of them another slug, path or alias.",
    )  # fmt: skip


def _publish_problem(path: str, error: OSError) -> Problem:
    return Problem("publish.failed", "", 0, f"{path} could not be written: {error.strerror or error}", "It stays as it was; the next build tries again.")


def _chunks(items: Sequence[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


