"""Deletes what has been in the trash for longer than ``trash_days``: entries of the store; files are deleted as files."""

from __future__ import annotations

from typing import Final, LiteralString

from cms_ssg.kinds.vertical import OpenSite, Task
from cms_ssg.store.texts import delete_entries

BATCH: Final = 500
OLD: Final[LiteralString] = """
SELECT id FROM cms.entries WHERE site = %s AND source NOT IN ('file', 'shared') AND removed_at < clock_timestamp() - %s * interval '1 day'
ORDER BY removed_at LIMIT %s"""


def empty_trash(opened: OpenSite) -> int:
    """Delete what is too old. Returns how many entries."""
    days, count = opened.site.settings.trash_days, 0
    while days and (found := [row[0] for row in opened.connection.execute(OLD, (opened.number, days, BATCH))]):
        count += delete_entries(opened.connection, opened.number, found)
    return count


TASKS: Final = (Task("bulk.trash", 3600, empty_trash),)
