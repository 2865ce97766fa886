"""A built site of which a copy is kept, so that each test of a file begins from it without building it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

from tests.engine.siteonpage import TABLES, SiteOnPage

_numbers = count(1)

EACH_TABLE = f"""
DO $$ DECLARE one record; BEGIN
  SET LOCAL session_replication_role = replica;
  FOR one IN SELECT c.relname AS name, string_agg(quote_ident(a.attname), ', ') AS columns
             FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND a.attgenerated = '' AND NOT a.attisdropped
             WHERE {TABLES} GROUP BY c.relname LOOP
    EXECUTE replace(replace('STATEMENT', 'NAME', one.name), 'COLUMNS', one.columns);
  END LOOP;
END $$"""
KEEP = EACH_TABLE.replace("STATEMENT", "CREATE TABLE KEPT.NAME AS SELECT COLUMNS FROM cms.NAME")
RESTORE = EACH_TABLE.replace(
    "STATEMENT", "DELETE FROM cms.NAME; INSERT INTO cms.NAME (COLUMNS) OVERRIDING SYSTEM VALUE SELECT COLUMNS FROM KEPT.NAME"
)


class KeptSite:
    """The copy: of the folder in another, of the tables in a schema of their own."""

    def __init__(self, site: SiteOnPage) -> None:
        self.site, self.folder, self.schema = site, Path(f"{site.root.parent}-kept"), f"kept_{os.getpid()}_{next(_numbers)}"
        shutil.copytree(site.root, self.folder, symlinks=True)
        site.query(f"CREATE SCHEMA {self.schema}")
        site.query(KEEP.replace("KEPT", self.schema))

    def restore(self) -> SiteOnPage:
        """Put folder and rows back, in the same places; what a test put beside the folder goes."""
        shutil.rmtree(self.site.root.parent)
        shutil.copytree(self.folder, self.site.root, symlinks=True)
        self.site.query(RESTORE.replace("KEPT", self.schema))
        return replace(self.site)


@contextmanager
def keep(site: SiteOnPage) -> Iterator[KeptSite]:
    """Keep a copy of a site as it is, which goes at the end."""
    kept = KeptSite(site)
    yield kept
    site.query(f"DROP SCHEMA {kept.schema} CASCADE")
