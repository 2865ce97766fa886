"""The queue that wakes workers: procrastinate's tables in a schema of their own, and what is put into them.

Only ``cms worker`` and builds with ``--distributed`` come here: others need neither the library nor the tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import Connection
from psycopg.pq import TransactionStatus

from cms_ssg.errors import fail
from cms_ssg.store.connect import connect

if TYPE_CHECKING:
    from procrastinate import App

SCHEMA: Final = "cms_jobs"
BREAKING, SAVE, BULK, FULL = 300, 200, 100, 0
"""Lanes as priorities of jobs, the highest first. A shard goes before a build of its lane: what was begun is ended first."""

SHARD, BUILD = "shard", "build"
FOR_SHARDS: Final = 50

_LOCK: Final = 0x636D735F6A6F6273  # "cms_jobs": one session makes the tables at a time
_VERSION: Final = "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = 'cms_jobs'"
"""Not by to_regnamespace: that remembers for the rest of a transaction that there was no such schema."""

_PATH: Final = "SET search_path = cms_jobs"
FORGET: Final = "DELETE FROM cms_jobs.procrastinate_jobs WHERE id = %(id)s AND status = 'doing' AND worker_id IS NULL"
_DROP_SHARDS: Final = """
DELETE FROM cms_jobs.procrastinate_jobs WHERE queue_name = %(queue)s AND task_name = 'shard' AND status = 'todo'
  AND (%(jobs)s::bigint[] IS NULL OR id = ANY(%(jobs)s::bigint[]))"""
_FORGET_FAILED: Final = """
DELETE FROM cms_jobs.procrastinate_jobs j WHERE j.queue_name = %(queue)s AND j.status IN ('failed', 'succeeded', 'cancelled', 'aborted')
  AND NOT EXISTS (SELECT FROM cms_jobs.procrastinate_events e WHERE e.job_id = j.id AND e.at > now() - %(hours)s * interval '1 h')"""
_BUILDING: Final = """
SELECT EXISTS (SELECT FROM cms_jobs.procrastinate_jobs WHERE queue_name = %s AND task_name = 'build' AND status = 'doing')"""
_WORKERS: Final = "SELECT count(*) FROM cms_jobs.procrastinate_workers WHERE last_heartbeat > now() - interval '1 min'"
_COUNT: Final = "SELECT status::text, count(*) FROM cms_jobs.procrastinate_jobs WHERE queue_name = %s GROUP BY status"
_ADD_URGENT: Final = """
UPDATE cms_jobs.procrastinate_jobs SET priority = greatest(priority, %(priority)s), scheduled_at = least(scheduled_at, now() + %(in_s)s * interval '1 s'),
  args = args || jsonb_build_object('urgent', (SELECT coalesce(jsonb_agg(DISTINCT p), '[]') FROM (
    SELECT jsonb_array_elements_text(args -> 'urgent') p UNION SELECT unnest(%(urgent)s::text[])) u))
WHERE queueing_lock = %(lock)s AND status = 'todo'"""


def queue_name(site: int) -> str:
    """The queue of a site, by its number in the database."""
    return f"site-{site}"


def connect_queue(url: str) -> Connection:
    """A connection in autocommit mode that finds the queue's functions; our own statements name their schema."""
    connection = connect(url, autocommit=True)
    connection.execute(_PATH)
    return connection


def ensure_tables(connection: Connection) -> None:
    """Make the queue's tables, or bring them to the installed library's version, which is noted as the schema's comment.

    connection: of connect_queue. Raises CmsError worker.tables.
    """
    import procrastinate

    wanted = procrastinate.__version__
    if _load_version(connection) == wanted:
        return
    try:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            known = _load_version(connection)
            for text in _list_steps(known, wanted):
                connection.execute(text.encode())
            connection.execute(f"COMMENT ON SCHEMA {SCHEMA} IS '{wanted}'".encode())
    except psycopg.Error as error:
        message = f"the tables of jobs cannot be made: {error.diag.message_primary or error}"
        raise fail("worker.tables", message, hint="The database's user needs CREATE on the database; see docs/operations.md.") from error


def _load_version(connection: Connection) -> str | None:
    row = connection.execute(_VERSION).fetchone()
    return str(row[0]) if row is not None and row[0] is not None else None


def _list_steps(known: str | None, wanted: str) -> Iterator[str]:
    """What leads from a version of the tables to another. Raises CmsError worker.tables where they are newer."""
    from procrastinate.schema import SchemaManager

    if known is None:
        yield f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"
        yield SchemaManager.get_schema()
        return
    if parse_version(known) > parse_version(wanted):
        message = f"the tables of jobs are of procrastinate {known}, this is {wanted}"
        raise fail("worker.tables", message, hint="Upgrade: pip install --upgrade procrastinate.")
    for path in list_library_steps():
        if parse_version(path.name.partition("_")[0]) > parse_version(known):
            yield path.read_text("utf-8")


def list_library_steps() -> list[Path]:
    """The library's own migrations in order; the version is before the first ``_``."""
    from procrastinate.schema import SchemaManager

    return sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))


def parse_version(text: str) -> tuple[int, ...]:
    """``03.02.00`` as numbers."""
    return tuple(int(part) for part in text.split(".") if part.isdigit())


@cache
def _open_app() -> App:
    """What puts jobs into the queue through a connection that it is handed."""
    from procrastinate import App, SyncPsycopgConnector

    return App(connector=SyncPsycopgConnector())


@contextmanager
def _queue_path(connection: Connection) -> Iterator[None]:
    """In the caller's transaction, names without a schema are the queue's."""
    connection.execute("SET LOCAL search_path = cms_jobs")
    try:
        yield
    finally:
        if connection.info.transaction_status == TransactionStatus.INTRANS:
            connection.execute("SET LOCAL search_path = ''")


def wake_workers(connection: Connection, site: int, priority: int, count: int) -> list[int]:
    """A job for each shard, in the transaction that offers them. Returns their numbers."""
    with _queue_path(connection):
        app = _open_app()
        job = app.configure_task(SHARD, queue=queue_name(site), priority=priority + FOR_SHARDS, allow_unknown=True, connection=connection)
        return job.batch_defer(*({} for _ in range(count)))


def let_sleep(connection: Connection, site: int, numbers: Sequence[int] | None) -> None:
    """Take back these jobs, or all that are about shards, that nobody began. connection: of connect_queue."""
    connection.execute(_DROP_SHARDS, {"queue": queue_name(site), "jobs": list(numbers) if numbers is not None else None})


def forget_failed(connection: Connection, site: int, hours: float) -> int:
    """Delete jobs that ended so long ago; those that went well are deleted at once. connection: of connect_queue."""
    return connection.execute(_FORGET_FAILED, {"queue": queue_name(site), "hours": hours}).rowcount


def count_jobs(connection: Connection, site: int) -> dict[str, int]:
    """Jobs of a site by status: ``todo``, ``doing``, ``failed``. The tables must be there."""
    return dict(connection.execute(_COUNT, (queue_name(site),)).fetchall())


def count_workers(connection: Connection) -> int:
    """Workers of all sites that said in the last minute that they live. The tables must be there."""
    row = connection.execute(_WORKERS).fetchone()
    return int(row[0]) if row is not None else 0


def is_building(connection: Connection, site: int) -> bool:
    """Whether a worker builds the site, or did when it died. connection: of connect_queue."""
    row = connection.execute(_BUILDING, (queue_name(site),)).fetchone()
    return bool(row and row[0])


def ask_for_build(connection: Connection, site: int, lane: int = SAVE, urgent: Sequence[str] = (), in_s: float = 0.0) -> bool:
    """Have a worker build the site. One build answers all that asked before it began: returns False where one waits already, which is told
    of what is urgent. connection: of connect_queue.
    """
    from procrastinate.exceptions import AlreadyEnqueued

    name = queue_name(site)
    lock = f"{BUILD}-{name}"
    options: dict[str, Any] = {"schedule_in": {"seconds": int(in_s)}} if in_s >= 1 else {}
    with connection.transaction():
        values = {"priority": lane, "urgent": list(urgent), "lock": lock, "in_s": in_s}
        if connection.execute(_ADD_URGENT, values).rowcount:
            return False
    job = _open_app().configure_task(
        BUILD, queue=name, priority=lane, queueing_lock=lock, lock=lock, allow_unknown=True, connection=connection, **options
    )
    try:
        job.defer(urgent=list(urgent))
    except AlreadyEnqueued:  # somebody else asked at the same moment
        return ask_for_build(connection, site, lane, urgent, in_s)
    return True
