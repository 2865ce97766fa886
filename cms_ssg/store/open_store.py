"""A site with its row and a connection, for whatever looks at a store or asks something of it and does not build."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import Connection

from cms_ssg.site import Site, open_site
from cms_ssg.store.connect import connect, database_url
from cms_ssg.store.migrate import migrate
from cms_ssg.store.sites import SiteRow, ensure_site


@contextmanager
def open_store(root: Path, env: str) -> Iterator[tuple[Site, Connection, SiteRow]]:
    """The site, a connection that keeps each statement, and the site's row, which is made if it is new. Raises CmsError."""
    site = open_site(root, os.environ, env)
    with connect(database_url(site.root, site.settings.database_url, os.environ), autocommit=True) as connection:
        migrate(connection, verticals=site.settings.verticals)
        yield site, connection, ensure_site(connection, site.settings.store_name)
