"""How often pages are read, from the logs of what serves them: counts by path and day, nothing of any visitor."""

from __future__ import annotations

import zlib
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cms_ssg.errors import fail
from cms_ssg.paths import canonical_path
from cms_ssg.site import Site
from cms_ssg.statistics.access_logs import digest_log, read_hits
from cms_ssg.statistics.refresh import KEPT_DAYS, SUM_OLD_HITS, refresh
from cms_ssg.store.open_store import open_store
from cms_ssg.store.receipts import TAKE_LOG, add_hits

AT_ONCE = 50_000
"""Pages and days that are counted before they are written."""


@dataclass(slots=True)
class ImportResult:
    """files: that were counted; known: that had been before; reads: of pages that such files tell of."""

    files: int = 0
    known: int = 0
    reads: int = 0


def import_logs(root: Path, files: list[Path], env: str = "") -> ImportResult:
    """Count the reads of the site's pages in log files, each file once. Raises CmsError stats.log; then nothing of that file counts."""
    result = ImportResult()
    with open_store(root, env) as (site, connection, row):
        for file in files:
            with connection.transaction():
                try:
                    if connection.execute(TAKE_LOG, (row.id, digest_log(file))).rowcount == 0:
                        result.known += 1
                        continue
                    counts: Counter[tuple[str, date]] = Counter()
                    for hit in read_hits(file):
                        if path := _find_path(site, hit.host, hit.path):
                            counts[path, hit.day] += 1
                            result.reads += 1
                        if len(counts) >= AT_ONCE:
                            add_hits(connection, row.id, counts)
                            counts.clear()
                    if counts:
                        add_hits(connection, row.id, counts)
                except (OSError, EOFError, zlib.error) as error:
                    reason = getattr(error, "strerror", None) or str(error)
                    raise fail(
                        "stats.log", f"the log cannot be read: {reason}", place=str(file), hint="Name a log file, as text or .gz."
                    ) from None
            result.files += 1
        connection.execute(SUM_OLD_HITS, (row.id, KEPT_DAYS))
        if result.reads:
            refresh(connection, site, row.id)
    return result


def _find_path(site: Site, host: str, path: str) -> str:
    """The canonical path that was asked for, "" where it is none of this site."""
    if host and host != site.origin.partition("://")[2].lower():
        return ""
    if site.base_path and not path.startswith(site.base_path + "/"):
        return ""
    try:
        return canonical_path(path[len(site.base_path) :])
    except ValueError:
        return ""
