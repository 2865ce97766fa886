"""Small files that open pages ask for, such as breaking news: they go before new pages too, if they link to none that is not there yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, LiteralString

from cms_ssg.engine.batch import render_batch
from cms_ssg.plan.dirty import AHEAD_TURN
from cms_ssg.publish.links import list_links
from cms_ssg.render.requests import Job
from cms_ssg.store.loader import Values

if TYPE_CHECKING:
    from psycopg import Connection

    from cms_ssg.engine.session import Session
    from cms_ssg.render.site_view import Surroundings
    from cms_ssg.store.outputs import DirtyRow

ABSENT: Final[LiteralString] = """
SELECT d.path FROM cms.dirty d LEFT JOIN cms.outputs o ON o.site = d.site AND o.path = d.path AND o.digest IS NOT NULL
WHERE d.site = %(site)s AND d.turn < %(turn)s AND o.path IS NULL AND d.path = ANY(%(paths)s::text[] COLLATE "C")"""


def choose_ahead(session: Session, around: Surroundings, open_reader: Callable[[], Connection], rows: Sequence[DirtyRow]) -> list[DirtyRow]:
    """Those of the most urgent outputs that go before all that is new. open_reader: begins a snapshot; rows: the first after what is new."""
    wanted = [row for row in rows if row.turn == AHEAD_TURN and row.spec is not None]
    jobs = [Job(row.path, row.locale or "", row.spec, row.owner or 0) for row in wanted if row.spec is not None]
    if not jobs:
        return []
    reader = open_reader()
    rendered = render_batch(around, Values(reader, session.row.id, session.site.features, session.now), jobs)
    reader.rollback()
    links = [list_links(session.site.settings.base_url, one.artifact.data) if one.artifact is not None else set[str]() for one in rendered]
    values = {"site": session.row.id, "turn": AHEAD_TURN, "paths": sorted(set().union(*links))}
    absent = {path for (path,) in session.connection.execute(ABSENT, values)}
    return [row for row, found in zip(wanted, links, strict=True) if not found & absent]
