"""Find what the target has lost since it was published: a folder that was deleted, files that were changed by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, LiteralString

from psycopg import Connection

from cms_ssg.paths import object_key
from cms_ssg.publish.target import Target
from cms_ssg.reads import digest
from cms_ssg.store.outputs import FORGET_DIGESTS

ANY_LIVE: Final[LiteralString] = "SELECT EXISTS (SELECT FROM cms.outputs WHERE site = %s AND digest IS NOT NULL)"
LIVE: Final[LiteralString] = (
    "SELECT path, digest FROM cms.outputs WHERE site = %s AND digest IS NOT NULL AND path > %s ORDER BY path LIMIT 5000"
)


def forget_all_if_empty(connection: Connection, site: int, target: Target) -> bool:
    """Where nothing at all is at the target, nothing is live: say so. Costs a look at one folder."""
    if not target.is_empty() or not connection.execute(ANY_LIVE, (site,)).fetchone()[0]:  # type: ignore[index]
        return False
    for paths in _list_live(connection, site):
        connection.execute(FORGET_DIGESTS, (site, list(paths)))
    return True


def forget_lost(connection: Connection, site: int, target: Target) -> int:
    """Read everything that was published and forget what is not there as it was. Returns how many outputs that is."""
    count = 0
    for live in _list_live(connection, site):
        lost = [path for path, known in live.items() if (data := target.read(object_key(path))) is None or digest(data) != known]
        if lost:
            connection.execute(FORGET_DIGESTS, (site, lost))
        count += len(lost)
    return count


def _list_live(connection: Connection, site: int) -> Iterator[dict[str, bytes]]:
    after = ""
    while rows := connection.execute(LIVE, (site, after)).fetchall():
        yield {path: bytes(known) for path, known in rows}
        after = rows[-1][0]
