"""Assets that no page names any more, kept for a while for the pages that visitors have open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, LiteralString

from psycopg import Connection

from cms_ssg.kinds.features import Features
from cms_ssg.store.outputs import DirtyRow, take_off

RETIRE: Final[LiteralString] = """
UPDATE cms.outputs SET retired_at = coalesce(retired_at, clock_timestamp())
WHERE id = ANY(%(ids)s::bigint[]) AND kind = ANY(%(kinds)s) AND (retired_at IS NULL OR retired_at > clock_timestamp() - %(seconds)s * interval '1 s')
RETURNING id"""

MARK_DUE: Final[LiteralString] = """
INSERT INTO cms.dirty (site, path, phase, lane, reason)
SELECT site, path, 9, 1, 'no page has named it for long enough' FROM cms.outputs
WHERE site = %(site)s AND retired_at <= clock_timestamp() - %(seconds)s * interval '1 s'
ON CONFLICT (site, path) DO NOTHING"""


def retire_outputs(connection: Connection, site: int, features: Features, rows: Sequence[DirtyRow], seconds: int) -> list[DirtyRow]:
    """Keep what may still be asked for, in the caller's transaction. Returns the rows that are to be removed now."""
    ids = [row.output for row in rows if row.output is not None]
    kept = {
        row[0]
        for row in connection.execute(
            RETIRE, {"ids": ids, "kinds": features.names(lambda kind: kind.cache == "assets"), "seconds": seconds}
        )
    }
    take_off(connection, site, [row for row in rows if row.output in kept])
    return [row for row in rows if row.output not in kept]


def mark_retired(connection: Connection, site: int, seconds: int) -> None:
    """Have what was kept long enough removed by this build."""
    connection.execute(MARK_DUE, {"site": site, "seconds": seconds})
