"""Runs the periodic tasks of a site and its verticals when they fall due; of several processes that may, one does."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, LiteralString

from psycopg import Connection, OperationalError

from cms_ssg.bulk.trash import TASKS as TRASH
from cms_ssg.errors import CmsError
from cms_ssg.kinds.reference import resolve
from cms_ssg.kinds.vertical import OpenSite, Task
from cms_ssg.mail.sending import TASKS as MAIL
from cms_ssg.site import Site
from cms_ssg.statistics.refresh import TASKS as STATISTICS
from cms_ssg.store.open_store import open_store
from cms_ssg.uploads.keep import TASKS as UPLOADS

TAKE: Final[LiteralString] = """
INSERT INTO cms.task_runs (site, name) VALUES (%(site)s, %(name)s)
ON CONFLICT (site, name) DO UPDATE SET started_at = clock_timestamp(), error = NULL
  WHERE task_runs.started_at <= clock_timestamp() - %(every_s)s * interval '1 s' RETURNING 1"""
NOTE_ERROR: Final[LiteralString] = "UPDATE cms.task_runs SET error = %s WHERE site = %s AND name = %s"

WEBHOOKS: Final = "cms_ssg.events.webhooks:TASKS"
LOOK_S: Final = 1.0
AGAIN_S: Final = 10.0
"""Before a database that did not answer, or a site that could not be read, is tried again."""


def list_tasks(site: Site) -> list[Task]:
    """The site's own tasks, and those of all verticals that are switched on; two verticals may bring the same one."""
    own = (
        *TRASH,
        *STATISTICS,
        *(MAIL if site.settings.mail.host else ()),
        *UPLOADS,
        *(resolve(WEBHOOKS) if site.settings.webhooks else ()),
        *(task for vertical in site.features.verticals if vertical.tasks for task in resolve(vertical.tasks)),
    )
    return list({task.name: task for task in own}.values())


def run_due_tasks(connection: Connection, site: Site, site_id: int) -> list[str]:
    """Run what is due, over a connection in autocommit mode. Returns what failed, a line each; it is tried again at its next time."""
    return [said for task in list_tasks(site) if (said := run_task(connection, site, site_id, task))]


def run_task(connection: Connection, site: Site, site_id: int, task: Task) -> str:
    """Run a task if it is due. Returns what went wrong or what it warns of, "" where there is nothing to report. Raises psycopg.OperationalError where the database is away."""
    if connection.execute(TAKE, {"site": site_id, "name": task.name, "every_s": task.every_s}).fetchone() is None:
        return ""
    try:
        with connection.transaction():
            warning = task.run(OpenSite(site, connection, site_id))
    except Exception as error:  # noqa: BLE001 - a task of a feature must not end what runs it
        message = f"{type(error).__name__}: {error}".splitlines()[0]
        connection.execute(NOTE_ERROR, (message, site_id, task.name))
        return f"The task {task.name} failed ({message}); it is tried again in {task.every_s:.0f} seconds."
    if not isinstance(warning, str) or not warning:
        return ""
    connection.execute(NOTE_ERROR, (warning, site_id, task.name))
    return f"The task {task.name} warns: {warning}"


@dataclass
class TaskRunner:
    """A thread that runs a site's tasks beside what the process does. note: told what failed, a line each."""

    root: Path
    env: str
    note: Callable[[str], None]
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="cms-tasks", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Begin no other task, and wait for the one in hand. One that is cut off is rolled back and run again at its next time."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        wait_s = 0.0
        said = ""
        while not self._ended.wait(wait_s):
            try:
                self._run_until_changed()
                wait_s = 0.0
            except (CmsError, OperationalError, OSError) as error:
                wait_s = AGAIN_S
                if (text := str(error).partition("\n")[0]) != said:
                    self.note(f"Periodic tasks wait ({text}).")
                    said = text

    def _run_until_changed(self) -> None:
        """Until told to end, or site.toml is another one."""
        stamp = self._read_stamp()
        next_at: dict[str, float] = {}
        with open_store(self.root, self.env) as (site, connection, row):
            tasks = list_tasks(site)
            while not self._ended.wait(LOOK_S) and self._read_stamp() == stamp:
                for task in tasks:
                    if time.monotonic() >= next_at.get(task.name, 0.0) and not self._ended.is_set():
                        next_at[task.name] = time.monotonic() + task.every_s
                        if said := run_task(connection, site, row.id, task):
                            self.note(said)

    def _read_stamp(self) -> int:
        try:
            return os.stat(self.root / "site.toml").st_mtime_ns
        except OSError:
            return 0


@contextmanager
def running_tasks(root: Path, env: str, note: Callable[[str], None]) -> Iterator[None]:
    """The tasks of a site go on while the body does."""
    runner = TaskRunner(root, env, note)
    runner.start()
    try:
        yield
    finally:
        runner.stop()
