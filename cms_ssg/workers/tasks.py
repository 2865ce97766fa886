"""Runs the tasks of a site's verticals when they fall due; of several processes that may, one does."""

from __future__ import annotations

from typing import Final, LiteralString

from psycopg import Connection

from cms_ssg.bulk.trash import TASKS as TRASH_TASKS
from cms_ssg.kinds.reference import resolve
from cms_ssg.kinds.vertical import OpenSite, Task
from cms_ssg.site import Site

TAKE: Final[LiteralString] = """
INSERT INTO cms.task_runs (site, name) VALUES (%(site)s, %(name)s)
ON CONFLICT (site, name) DO UPDATE SET started_at = clock_timestamp(), error = NULL
  WHERE task_runs.started_at <= clock_timestamp() - %(every_s)s * interval '1 s' RETURNING 1"""
NOTE_ERROR: Final[LiteralString] = "UPDATE cms.task_runs SET error = %s WHERE site = %s AND name = %s"


def list_tasks(site: Site) -> list[Task]:
    """The site's own tasks, and those of all verticals that are switched on; two verticals may bring the same one."""
    own = (*TRASH_TASKS, *(task for vertical in site.features.verticals if vertical.tasks for task in resolve(vertical.tasks)))
    return list({task.name: task for task in own}.values())


def run_due_tasks(connection: Connection, site: Site, site_id: int) -> list[str]:
    """Run what is due, over a connection in autocommit mode. Returns what failed, a line each; it is tried again at its next time."""
    failed = []
    for task in list_tasks(site):
        if connection.execute(TAKE, {"site": site_id, "name": task.name, "every_s": task.every_s}).fetchone() is None:
            continue
        try:
            with connection.transaction():
                task.run(OpenSite(site, connection, site_id))
        except Exception as error:  # noqa: BLE001 - a task of a feature must not end what runs it
            message = f"{type(error).__name__}: {error}".splitlines()[0]
            connection.execute(NOTE_ERROR, (message, site_id, task.name))
            failed.append(f"The task {task.name} failed ({message}); it is tried again in {task.every_s:.0f} seconds.")
    return failed
