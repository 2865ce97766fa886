"""Opens one build's hold on a site: connection, schema, lease; and gives all of it back."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
from psycopg import Connection, IntegrityError, OperationalError
from psycopg.types.json import set_json_dumps, set_json_loads

from cms_ssg.content.scan.scan_files import start_scan
from cms_ssg.engine.context import BuildContext
from cms_ssg.engine.options import BuildOptions, BuildResult
from cms_ssg.engine.sync import content_folders
from cms_ssg.errors import CmsError, fail
from cms_ssg.reporting.progress import Reporter
from cms_ssg.site import Site
from cms_ssg.store.clock import describe_skew, read_clock
from cms_ssg.store.connect import connect, database_url, makes_database
from cms_ssg.store.lease import LEASE_S, NoLease, take_lease
from cms_ssg.store.migrate import migrate
from cms_ssg.store.sites import ensure_site

if TYPE_CHECKING:
    from cms_ssg.engine.warm import Warm
from cms_ssg.engine.session import Session


@contextmanager
def open_session(
    site: Site, options: BuildOptions, result: BuildResult, reporter: Reporter | None = None, warm: Warm | None = None, *,
    only_save: bool = False, on_wait: Callable[[], None] = lambda: None,
) -> Iterator[Session]:  # fmt: skip
    """Connect, bring the schema up to date and take the lease; give all of it back at the end, the connections to warm.

    only_save: files are saved and nothing is planned, so whoever has the lease keeps it; on_wait: called once where another has it.
    """
    if not only_save and site.settings.target.compress:
        from cms_ssg.publish.compress import require_compressor

        require_compressor(site.root, site.settings)
    reporter = reporter or Reporter()

    def wait(holder: str) -> None:
        reporter.note(f"Waiting for another build of this site, {holder}. One that died elsewhere is replaced after {LEASE_S:.0f} seconds.")
        on_wait()

    skip = [target_folder(site)]
    started = start_scan(site.root, content_folders(site), skip) if options.sync and options.changed is None else None
    gc.set_threshold(50_000, 20, 50)  # a build makes many short-lived objects and few cycles
    set_json_loads(msgspec.json.decode)
    set_json_dumps(msgspec.json.Encoder().encode)
    session = None
    try:
        url, connection = warm.take_connection() if warm is not None else ("", None)
        if connection is None:
            reporter.phase("database")
            if makes_database(site.root, site.settings.database_url, os.environ):
                reporter.note("Making the database of this site in .cms/, once; this takes some seconds.")
            url = database_url(site.root, site.settings.database_url, os.environ)
            connection = connect(url, autocommit=True)
            migrate(connection, verticals=site.settings.verticals)
        try:
            row = ensure_site(connection, site.settings.store_name)
            now = _choose_clock(connection, options, result)
            connection.autocommit = not options.dry_run  # until the build begins: each statement stands for itself
            lease = NoLease(connection, row.id) if only_save else take_lease(connection, row.id, wait)
            row = ensure_site(connection, site.settings.store_name)
            context = BuildContext(site, options, connection, row, lease, now)
            session = Session(context, result, reporter, url, skip, started, warm)
            try:
                session.start()
                yield session
            except IntegrityError:  # of two builders at work only one has the lease
                connection.rollback()
                lease.renew()
                raise
            finally:
                session.close()
            if warm is not None:
                warm.keep_connection(url, connection, row.id)
        finally:
            if warm is None or not warm.holds(connection):
                connection.close()
    except OperationalError as error:
        raise fail("db.lost", f"the database stopped answering: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
                   hint="What was recorded stays; run the same command again.") from error  # fmt: skip
    finally:
        if started is not None and (session is None or session.started is not None):
            started.stop()


def _choose_clock(connection: Connection, options: BuildOptions, result: BuildResult) -> datetime:
    """The one time of a build. Raises CmsError build.clock where this machine's is too far from the database's to publish anything."""
    if options.now is not None:
        return options.now.astimezone(UTC)
    now, skew_s = read_clock(connection)
    if (problem := describe_skew(skew_s)) is not None:
        if problem.severity == "error" and options.plan and not options.dry_run:
            raise CmsError(problem)
        result.problems.append(problem)
    return now


def target_folder(site: Site) -> str:
    """The output folder relative to the site, so that a scan does not enter it."""
    return site.settings.target.folder or "build"
