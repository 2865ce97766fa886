"""``cms worker``: helps the builds of one site, builds it when that was asked for, and keeps its tables.

A process takes one job after the other from the site's queue: a shard of a build that goes on, a build, purges that wait, the tables' upkeep. Every job
is safe to repeat. What a process was doing that died is put back by any other one, and not by a job: those could be stuck behind it.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException, ProcrastinateException

from cms_ssg.build import BuildOptions, build
from cms_ssg.errors import CmsError, StoppedError
from cms_ssg.reporting.progress import Reporter
from cms_ssg.store import jobs, statistics
from cms_ssg.store.open_store import open_store
from cms_ssg.store.partitions import ensure_post_partitions
from cms_ssg.types import Problem
from cms_ssg.workers.helping import Helper
from cms_ssg.workers.scheduler import Scheduler, find_store
from cms_ssg.workers.tasks import TaskRunner, run_due_tasks

POLL_S: Final = 2.0
"""How often the queue is looked at, should a doorbell not be heard."""

AGAIN_S: Final = 30.0
"""A build that failed for a reason that passes is asked for again after so long."""

FOR_NOW: Final = frozenset({"build.busy", "build.lease-lost", "db.unreachable", "db.busy", "db.lost"})
KEPT_H: Final = 72
"""How long a job that failed can be looked at."""

PURGES, PARTITIONS, STATISTICS = "purges", "partitions", "statistics"


class _StoppingReporter(Reporter):
    """Tells a build to end between two shards. What it recorded stays; the next build goes on."""

    def __init__(self, reporter: Reporter, stopping: threading.Event) -> None:
        self.reporter, self.stopping = reporter, stopping

    def advance(self, count: int = 1) -> None:
        if self.stopping.is_set():
            raise StoppedError

    def problem(self, problem: Problem) -> None:
        self.reporter.problem(problem)


@dataclass
class Worker:
    """One process of a site's workers. once: end when there is nothing to do; failed: jobs that failed here."""

    root: Path
    env: str
    reporter: Reporter
    scheduling: bool = False
    once: bool = False
    failed: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> int:
        """Work until told to stop; the number of jobs that failed. Raises CmsError where the site or its store cannot be used."""
        store = find_store(self.root, self.env)
        self.url, self.site_id = store.url, store.site_id
        self.queue = jobs.queue_name(self.site_id)
        self.claim_s = store.site.settings.workers.claim_s
        self.helper = Helper(self.root, self.env, self.url, self.site_id, self.reporter)
        with jobs.connect_queue(self.url) as connection:
            jobs.ensure_tables(connection)
        tasks = TaskRunner(self.root, self.env, self.reporter.note)
        scheduler = Scheduler(self.url, self.site_id, self.reporter, self.stopping) if self.scheduling else None
        if scheduler is not None:
            if self.once:
                scheduler.look()
                with open_store(self.root, self.env) as (site, connection, row):
                    for said in run_due_tasks(connection, site, row.id):
                        self.reporter.note(said)
            else:
                threading.Thread(target=scheduler.run, name="scheduler", daemon=True).start()
                tasks.start()
        for library in ("procrastinate", "psycopg.pool"):  # jobs say by themselves what went wrong
            logging.getLogger(library).addHandler(logging.NullHandler())
        try:
            asyncio.run(self._work())
        finally:
            self.stopping.set()
            tasks.stop()
            self.helper.close()
        return self.failed

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)
        app = self._make_app()
        async with app.open_async():
            reaper = asyncio.create_task(self._reap(app))
            try:
                while True:
                    try:
                        await self._take_jobs(app)
                    except ProcrastinateException as error:  # the database went, or took this one for dead
                        if self.once or self.stopping.is_set():
                            raise
                        self.reporter.note(f"The queue did not answer ({error}); trying again.")
                    else:
                        if self.once or self.stopping.is_set():
                            return
                        self.reporter.note("The queue was lost; trying again.")
                    await asyncio.sleep(1)
            finally:
                reaper.cancel()

    async def _take_jobs(self, app: App) -> None:
        """Take jobs until told to stop, to the end of the one in hand."""
        working = asyncio.create_task(
            app.run_worker_async(
                queues=[self.queue], concurrency=1, wait=not self.once, delete_jobs="successful", install_signal_handlers=False,
                fetch_job_polling_interval=POLL_S, update_heartbeat_interval=self.claim_s / 3, stalled_worker_timeout=self.claim_s * 2,
            )
        )  # fmt: skip
        while not working.done():
            await asyncio.wait({working}, timeout=0.1)
            if self.stopping.is_set():
                working.cancel()
                await asyncio.wait({working})
        if not working.cancelled():
            working.result()

    async def _reap(self, app: App) -> None:
        """Put back the jobs of workers that no longer say they live."""
        manager = app.job_manager
        while True:
            try:
                await manager.prune_stalled_workers(self.claim_s * 2)
                for job in await manager.get_stalled_jobs(queue=self.queue, seconds_since_heartbeat=self.claim_s * 2):
                    try:
                        await manager.retry_job(job, retry_at=datetime.now(UTC))
                    except ConnectorException:  # one that waits already does what this one was to do, or another reaper was first
                        await app.connector.execute_query_async(jobs.FORGET, id=job.id)
            except ConnectorException as error:
                self.reporter.note(f"The queue did not answer ({error}).")
            await asyncio.sleep(self.claim_s)

    def _make_app(self) -> App:
        async def find_tables(connection: Any) -> None:
            await connection.set_autocommit(True)
            await connection.execute("SET search_path = cms_jobs")

        connector = PsycopgConnector(
            conninfo=self.url, min_size=1, max_size=3, configure=find_tables, kwargs={"application_name": "cms_ssg worker"}
        )
        app = App(connector=connector)
        app.task(name=jobs.SHARD, queue=self.queue)(self._guard(self._help))
        app.task(name=jobs.BUILD, queue=self.queue)(self._guard(self._build))
        for name, cron, lane, work in (
            (PURGES, "* * * * *", jobs.SAVE, self._purge),
            (PARTITIONS, "7 3 * * *", jobs.FULL, self._make_partitions),
            (STATISTICS, "37 * * * *", jobs.FULL, self._count),
        ):
            task = app.task(name=name, queue=self.queue, priority=lane, queueing_lock=f"{name}-{self.queue}")(self._guard(work))
            if self.scheduling:
                app.periodic(cron=cron, periodic_id=self.queue)(task)
        return app

    def _guard(self, work: Callable[..., None]) -> Callable[..., None]:
        """A job whose failure is said, counted, and ends no worker."""

        def run(**arguments: Any) -> None:
            try:
                work(**arguments)
            except CmsError as error:
                for problem in error.problems:
                    self.reporter.problem(problem)
                self.failed += 1
                raise
            except Exception as error:
                from cms_ssg.reporting.crash import log_crash

                self.reporter.problem(log_crash(self.root, error, self.reporter.redact))
                self.failed += 1
                raise

        return run

    # The jobs

    def _help(self) -> None:
        """Make a shard, if one is left that this checkout can make."""
        if self.helper.make_next() and self.helper.repaired:
            self._ask(in_s=1.0)

    def _build(self, urgent: list[str]) -> None:
        """One build for all that asked for it before it began."""
        options = BuildOptions(env=self.env, jobs=1, distributed=True, urgent=tuple(urgent))
        try:
            result = build(self.root, options, _StoppingReporter(self.reporter, self.stopping))
        except StoppedError:
            self._ask(urgent=urgent)
            return
        except CmsError as error:
            if not FOR_NOW.intersection(problem.code for problem in error.problems):
                raise
            self.reporter.note(f"Not built for now ({error.problems[0].message}); trying again in {AGAIN_S:.0f} seconds.")
            self._ask(urgent=urgent, in_s=AGAIN_S)
            return
        for problem in result.problems:
            self.reporter.problem(problem)
        self.reporter.built(result, [])

    def _ask(self, urgent: list[str] | None = None, in_s: float = 0.0) -> None:
        with jobs.connect_queue(self.url) as connection:
            jobs.ask_for_build(connection, self.site_id, urgent=urgent or (), in_s=in_s)

    def _purge(self, timestamp: int) -> None:
        """Tell the CDN what it did not take, or is to be told twice."""
        if find_store(self.root, self.env).site.settings.cdn.kind == "null":
            return
        from cms_ssg.engine.freshness import purge

        for problem in purge(self.root, (), env=self.env).problems:
            self.reporter.problem(problem)

    def _make_partitions(self, timestamp: int) -> None:
        """The months to come."""
        with jobs.connect_queue(self.url) as connection, connection.transaction():
            today = datetime.now(UTC).date()
            ensure_post_partitions(connection, today, today)

    def _count(self, timestamp: int) -> None:
        """What the database's planner knows, and jobs that failed long ago."""
        with jobs.connect_queue(self.url) as connection:
            for tables in (statistics.SAVED, statistics.RENDERED):
                with connection.transaction():
                    statistics.count_rows(connection, tables)
            jobs.forget_failed(connection, self.site_id, KEPT_H)
