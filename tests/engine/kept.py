"""A built site of which a copy is kept, so that each test of a file begins from it without building it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cms_ssg.store.connect import connect
from tests.engine.siteonpage import SiteOnPage

_numbers = count(1)


class KeptSite:
    """The copy: the folder beside the site's, the database under a name of its own."""

    def __init__(self, site: SiteOnPage) -> None:
        self.site, self.folder, self.database = site, site.root.with_name("kept"), f"kept_{os.getpid()}_{next(_numbers)}"
        self.used = str(conninfo_to_dict(site.url)["dbname"])
        shutil.copytree(site.root, self.folder, symlinks=True)
        self.run(f"CREATE DATABASE {self.database} TEMPLATE {self.used} STRATEGY file_copy")

    def restore(self) -> SiteOnPage:
        """Put folder and database back, in the same places."""
        shutil.rmtree(self.site.root)
        shutil.copytree(self.folder, self.site.root, symlinks=True)
        self.run(f"DROP DATABASE {self.used}", f"CREATE DATABASE {self.used} TEMPLATE {self.database} STRATEGY file_copy")
        return self.site

    def run(self, *statements: str) -> None:
        """Run statements beside the site's database."""
        with connect(make_conninfo(self.site.url, dbname="postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)


@contextmanager
def keep(site: SiteOnPage) -> Iterator[KeptSite]:
    """Keep a copy of a site as it is, which goes at the end."""
    kept = KeptSite(site)
    yield kept
    kept.run(f"DROP DATABASE {kept.database}")
