"""Deletes what is over: entries of the store that have been in the trash for longer than ``trash_days``, and files that were sent for imports."""

from __future__ import annotations

from typing import Final, LiteralString

from cms_ssg.kinds.vertical import OpenSite, Task
from cms_ssg.store.texts import delete_entries

BATCH: Final = 500
UPLOAD_DAYS: Final = 7
OLD_UPLOADS: Final[LiteralString] = (
    "DELETE FROM cms.import_uploads WHERE site = %s AND created_at < clock_timestamp() - %s * interval '1 day'"
)
OLD: Final[LiteralString] = """
SELECT id FROM cms.entries WHERE site = %s AND source NOT IN ('file', 'shared') AND removed_at < clock_timestamp() - %s * interval '1 day'
ORDER BY removed_at LIMIT %s"""


def empty_trash(opened: OpenSite) -> int:
    """Delete what is too old. Returns how many entries."""
    days, count = opened.site.settings.trash_days, 0
    while days and (found := [row[0] for row in opened.connection.execute(OLD, (opened.number, days, BATCH))]):
        count += delete_entries(opened.connection, opened.number, found)
    return count


def forget_uploads(opened: OpenSite) -> None:
    """Delete files that were sent for imports a week ago, with what became of them."""
    opened.connection.execute(OLD_UPLOADS, (opened.number, UPLOAD_DAYS))


TASKS: Final = (Task("bulk.trash", 3600, empty_trash), Task("bulk.uploads", 3600, forget_uploads))
