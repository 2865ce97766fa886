"""A built site of which a copy is kept, so that each test of a file begins from it without building it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

from tests.engine.siteonpage import TABLES, USED, SiteOnPage

_numbers = count(1)

EACH_TABLE = f"""
DO $$ DECLARE one record; filled boolean; BEGIN
  SET LOCAL session_replication_role = replica;
  FOR one IN SELECT c.relname AS name, string_agg(quote_ident(a.attname), ', ') AS columns
             FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND a.attgenerated = '' AND NOT a.attisdropped
             WHERE {TABLES} AND ({USED} OR to_regclass('KEPT.' || quote_ident(c.relname)) IS NOT NULL) GROUP BY c.relname LOOP
    DO_IT
  END LOOP;
END $$"""
KEEP = EACH_TABLE.replace(
    "DO_IT",
    """
    EXECUTE format('SELECT EXISTS (SELECT FROM cms.%%I)', one.name) INTO filled;
    IF filled THEN EXECUTE format('CREATE TABLE KEPT.%%I AS SELECT %%s FROM cms.%%1$I', one.name, one.columns); END IF;""",
)
RESTORE = EACH_TABLE.replace(
    "DO_IT",
    """
    EXECUTE format('DELETE FROM cms.%%I', one.name);
    IF to_regclass(format('KEPT.%%I', one.name)) IS NOT NULL THEN
      EXECUTE format('INSERT INTO cms.%%I (%%s) OVERRIDING SYSTEM VALUE SELECT %%2$s FROM KEPT.%%1$I', one.name, one.columns);
    END IF;""",
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
