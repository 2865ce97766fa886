"""Brings up to date what follows from the counted reads: the two tables of statistics, and which entries are read most."""

from __future__ import annotations

from typing import Final, LiteralString

from psycopg import Connection

from cms_ssg.kinds.vertical import OpenSite, Task
from cms_ssg.site import Site

EVERY_S: Final = 3600
KEPT_DAYS: Final = 90
"""Older days are summed up to months."""

RANK: Final[LiteralString] = "SELECT cms.rank_most_read(%s, %s, %s)"
RANK_DOCUMENTS: Final[LiteralString] = "SELECT cms.rank_documents(%s)"
SUM_OLD_HITS: Final[LiteralString] = "SELECT cms.sum_old_hits(%s, %s)"
IS_OLD: Final[LiteralString] = "SELECT NOT EXISTS (SELECT FROM cms.statistics_refreshed WHERE at > clock_timestamp() - %s * interval '1 s')"
SET_ZONE: Final[LiteralString] = """
UPDATE cms.sites SET timezone = %(zone)s WHERE id = %(site)s AND timezone <> %(zone)s AND EXISTS (SELECT FROM pg_timezone_names WHERE name = %(zone)s)"""
REFRESH: Final[LiteralString] = "SELECT cms.refresh_daily_stats()"
MAKE_MONTHS: Final[LiteralString] = "SELECT cms.create_monthly_partitions()"


def rank_most_read(connection: Connection, site: Site, number: int) -> None:
    """Find the entries that are read most. Lists whose order moves are made again by the next build."""
    settings = site.settings.statistics
    connection.execute(SET_ZONE, {"site": number, "zone": site.settings.timezone})
    connection.execute(RANK, (number, settings.most_read_days, settings.most_read))
    if site.settings.search is not None:
        connection.execute(RANK_DOCUMENTS, (number,))


def refresh(connection: Connection, site: Site, number: int) -> None:
    """Refresh all of it now; readers go on meanwhile."""
    rank_most_read(connection, site, number)
    connection.execute(REFRESH)


def refresh_when_old(opened: OpenSite) -> None:
    """The hourly task. Sites that share a database refresh the tables of all of them once."""
    site, connection, number = opened
    connection.execute(SUM_OLD_HITS, (number, KEPT_DAYS))
    rank_most_read(connection, site, number)
    row = connection.execute(IS_OLD, (EVERY_S * 0.9,)).fetchone()
    if row is not None and row[0]:
        connection.execute(REFRESH)
    connection.execute(MAKE_MONTHS)  # the last, since it keeps others who need a month waiting until the commit


TASKS: Final = (Task("statistics.refresh", EVERY_S, refresh_when_old),)
