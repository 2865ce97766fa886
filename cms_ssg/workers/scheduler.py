"""Publishes and takes down when it is time: asks for a build as soon as an entry, a page's span of time or a second look falls due."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from psycopg import Connection, OperationalError

from cms_ssg.errors import CmsError
from cms_ssg.reporting.progress import Reporter
from cms_ssg.site import Site
from cms_ssg.store.connect import database_url
from cms_ssg.store.due import is_due
from cms_ssg.store.jobs import SAVE, ask_for_build, connect_queue, is_building
from cms_ssg.store.open_store import open_store

EVERY_S: Final = 1.0
REST_S: Final = 2.0
"""After a build was asked for; it may take a moment to begin."""


class SiteStore(NamedTuple):
    """A site and where its store is."""

    site: Site
    url: str
    site_id: int


def find_store(root: Path, env: str) -> SiteStore:
    """Where a site's store is, its tables brought up to date. Raises CmsError."""
    with open_store(root, env) as (site, _, row):
        return SiteStore(site, database_url(site.root, site.settings.database_url, os.environ), row.id)


@dataclass
class Scheduler:
    """Of several, all may ask: a build that waits is not asked for twice, and one that finds nothing due changes nothing."""

    url: str
    site_id: int
    reporter: Reporter
    stopping: threading.Event

    def run(self) -> None:
        """Look every second until told to stop; a database that is away is waited for."""
        rest_s = 0.0
        while not self.stopping.wait(rest_s):
            try:
                with connect_queue(self.url) as connection:
                    while not self.stopping.wait(rest_s):
                        rest_s = REST_S if self._ask_if_due(connection) else EVERY_S
            except (CmsError, OperationalError) as error:
                self.reporter.note(f"The database did not answer ({str(error).splitlines()[0]}); trying again.")
                rest_s = REST_S

    def look(self) -> None:
        """Look once."""
        with connect_queue(self.url) as connection:
            self._ask_if_due(connection)

    def _ask_if_due(self, connection: Connection) -> bool:
        if not is_due(connection, self.site_id) or is_building(connection, self.site_id):  # one that began too early is not the last look
            return False
        ask_for_build(connection, self.site_id, SAVE)
        return True
