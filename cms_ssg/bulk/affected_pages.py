"""Which pages a change makes again: planned as a build plans it, in the caller's transaction, which is to be rolled back."""

from __future__ import annotations

from datetime import datetime
from typing import Final, LiteralString

from psycopg import Connection

from cms_ssg.plan.changes import BATCH, derive_changes
from cms_ssg.plan.context import PlanContext
from cms_ssg.plan.dirty import SAVE, Marks
from cms_ssg.plan.lists import update_lists
from cms_ssg.site import Site
from cms_ssg.store.lists import ListNames

OWN_CHANGES: Final[LiteralString] = (
    "SELECT id, kind, subject, name FROM cms.changes WHERE site = %s AND made_in = pg_current_xact_id() ORDER BY id"
)
LAST_VERSION: Final[LiteralString] = "SELECT nextval('cms.dirty_versions')"
TOUCHED: Final[LiteralString] = "SELECT path, reason FROM cms.dirty WHERE site = %s AND version > %s ORDER BY phase, path"


def list_touched(connection: Connection, site: Site, site_id: int, now: datetime) -> list[tuple[str, str]]:
    """(path, why) of what this transaction's changes make again or remove. Nothing that others changed is looked at."""
    last = connection.execute(LAST_VERSION).fetchone()[0]  # type: ignore[index]
    marks = Marks(site_id, site.features, SAVE)
    context = PlanContext(connection, site, site_id, ListNames(site_id), now, marks)
    changes = connection.execute(OWN_CHANGES, (site_id,)).fetchall()
    for start in range(0, len(changes), BATCH):
        derive_changes(context, changes[start : start + BATCH])
        marks.save(connection)
    while update_lists(context, own=True):
        marks.save(connection)
    marks.save(connection)
    return [(path, reason) for path, reason in connection.execute(TOUCHED, (site_id, last))]
