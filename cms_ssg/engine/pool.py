"""Local worker processes: each holds the site, its theme, a connection and a target of its own."""

from __future__ import annotations

import gc
import multiprocessing
import os
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from datetime import datetime
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, TypeVar

from psycopg import Connection, IsolationLevel

from cms_ssg.engine.batch import Made, publish, render_batch
from cms_ssg.errors import fail
from cms_ssg.publish.links import Absent
from cms_ssg.publish.open_target import open_target
from cms_ssg.publish.target import Live, Target, Writer
from cms_ssg.render.requests import Job
from cms_ssg.render.site_view import Surroundings
from cms_ssg.site import Site
from cms_ssg.store.connect import connect, import_snapshot
from cms_ssg.store.loader import Values

if TYPE_CHECKING:
    from cms_ssg.engine.shards import Maker

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Seed:
    """All a worker needs to become one."""

    site: Site
    url: str
    writer: Writer


class _Worker:
    """State of one worker process."""

    seed: Seed
    around: Surroundings | None = None
    connection: Connection | None = None
    snapshot = ""
    values: Values | None = None
    target: Target | None = None
    told: set[int]
    maker: Maker | None = None


def start_pool(seed: Seed, jobs: int) -> Executor:
    """Workers for one build. They are forked where this process has no other threads, which saves their start-up."""
    alone = threading.active_count() == 1
    if alone:  # what every worker needs is imported once, and shared by fork
        import cms_ssg.content.read
        import cms_ssg.engine.surroundings  # noqa: F401
    context = multiprocessing.get_context("fork" if alone else "spawn")
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=_start, initargs=(seed,))


def _start(seed: Seed) -> None:
    gc.freeze()  # what was inherited stays shared with the parent
    gc.set_threshold(200_000, 50, 1000)  # batches make many short-lived objects and hardly a cycle
    _Worker.seed = seed
    _Worker.told = set()
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()


def _end_with_parent() -> None:
    """Leave when the builder was killed: a worker holds its pipes and its connection's socket open, and would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def take_result(future: Future[T]) -> T:
    """What a worker gave. Raises CmsError build.worker-died where the system killed one."""
    try:
        return future.result()
    except BrokenProcessPool:
        raise fail(
            "build.worker-died", "a worker process was killed", hint="Is there enough memory? Run the build again, or with --jobs 1."
        ) from None


def worker_site() -> Site:
    """The site, inside a worker."""
    return _Worker.seed.site


def make_in_worker(snapshot: str, now: datetime, site_id: int, jobs: list[Job], live: dict[str, Live], absent: Absent) -> list[Made]:
    """Make outputs from an exported snapshot. now: the build's clock; live: what the target holds, by path; absent: as for publish."""
    worker = _Worker
    if worker.around is None:
        from cms_ssg.engine.surroundings import make_surroundings

        worker.around = make_surroundings(worker.seed.site, now)
    worker.around = replace(worker.around, now=now)
    if worker.connection is None:
        worker.connection = connect(worker.seed.url)
        worker.connection.isolation_level = IsolationLevel.REPEATABLE_READ
        worker.connection.read_only = True
    if worker.target is None:
        worker.target = open_target(worker.seed.site.root, worker.seed.site.settings, worker.seed.writer)
    if worker.snapshot != snapshot or worker.values is None:
        worker.connection.rollback()
        import_snapshot(worker.connection, snapshot)
        worker.snapshot, worker.values = snapshot, Values(worker.connection, site_id, worker.seed.site.features, now)
    worker.values.forget()
    return publish(worker.target, render_batch(worker.around, worker.values, jobs), live, worker.told, absent=absent)


def make_shard_in_worker(site_id: int, build: int, key: bytes) -> bool:
    """Claim a shard and make it; False where there is none. key: of the build's inputs."""
    from cms_ssg.engine.shards import Maker, name_maker

    worker, seed = _Worker, _Worker.seed
    if worker.maker is None:
        worker.maker = Maker(seed.site, seed.url, site_id, build, key, seed.site.settings.workers.claim_s)
        worker.maker.by = name_maker(os.getppid())
    try:
        return worker.maker.make_next()
    finally:
        worker.maker.rest()
