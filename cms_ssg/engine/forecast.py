"""What a build would do at the target: its pages are rendered in the dry run's own transaction, compared with what is published, and let go."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, LiteralString

from cms_ssg.engine.batch import cut_batches, render_batch
from cms_ssg.engine.files import read_file
from cms_ssg.engine.options import Forecast
from cms_ssg.engine.rounds import BATCH
from cms_ssg.publish.open_cdn import open_cdn
from cms_ssg.publish.target import find_abilities
from cms_ssg.render.requests import Job
from cms_ssg.store import outputs as store
from cms_ssg.store.loader import Values
from cms_ssg.store.purges import add_purges, count_due
from cms_ssg.store.retired import retire_outputs

if TYPE_CHECKING:
    from cms_ssg.engine.session import Session
    from cms_ssg.render.output import Rendered

PUBLISHED: Final[LiteralString] = (
    'SELECT path FROM cms.outputs WHERE site = %s AND digest IS NOT NULL AND path = ANY(%s::text[] COLLATE "C")'
)
MOST: Final = 3000
"""Other builders wait meanwhile, so of more pages than this an even part is rendered."""

NO_TOKENS: Final = {"CLOUDFLARE_API_TOKEN": "-", "FASTLY_API_TOKEN": "-"}
"""Nothing is sent, so how many calls there would be can be said without a secret."""


def forecast(session: Session) -> Forecast:
    """Say what this dry run's build would upload, remove and purge, and what would fail. Renders up to MOST pages, and keeps nothing."""
    would, connection, site_id = Forecast(), session.connection, session.row.id
    found = connection.execute(store.TAKE, {"site": site_id, "limit": None, "skip": [], "only": session.only, "low": store.FIRST_TURN})
    rows = {row[0]: store.DirtyRow(*row) for row in found}
    changed: list[tuple[str, int, str]] = []
    shown: set[str] = set()
    unlooked: set[str] = set()
    session.reporter.phase("render", len(rows))
    wanted = [Job(r.path, r.locale or "", r.spec, r.owner or 0) for r in rows.values() if r.spec is not None]
    kinds = session.site.features.outputs
    pages = [job for job in wanted if kinds[job.kind].made == "rendered"]
    rendered = pages[:: -(-len(pages) // MOST) or 1]
    for one in _render(session, [job for job in wanted if kinds[job.kind].made == "copied"], rendered):
        row = rows[one.job.path]
        shown.update(path for paths in one.reads.shows.values() for path in paths)
        unlooked |= one.reads.unmeasured
        session.result.problems.extend(one.reads.problems)
        if one.artifact is None:
            session.result.problems.extend([one.problem] if one.problem is not None else [])
            continue
        if row.digest is not None and bytes(row.digest) == one.artifact.digest:
            would.doubtful += row.unsure
            continue
        would.uploads += 1
        would.size_bytes += len(one.artifact.data)
        if row.digest is not None or not kinds[one.job.kind].fingerprinted:  # as Purger.note
            changed.append((row.path, row.phase, "new" if row.digest is None else "changed"))
    if len(rendered) < len(pages):
        left = {job.path for job in pages} - {job.path for job in rendered}
        would.estimated = True
        would.size_bytes += would.size_bytes * len(left) // max(1, would.uploads)
        would.uploads += len(left)
        changed += [(rows[path].path, rows[path].phase, "changed") for path in left]
    shown.update(row.path for row in rows.values() if row.spec is not None and kinds[row.spec["kind"]].made == "image")
    would.images = len(shown) - len(connection.execute(PUBLISHED, (site_id, sorted(shown))).fetchall())
    would.unlooked = len(unlooked)
    gone = [row for row in rows.values() if row.spec is None and row.digest is not None]
    if find_abilities(session.site.settings).retires:
        gone = retire_outputs(connection, site_id, session.site.features, gone, session.site.settings.target.retire_after_s)
    would.removals = len(gone)
    _count_purges(session, would, changed, [(row.path, row.phase, "removed") for row in gone])
    return would


def _render(session: Session, files: Sequence[Job], pages: Sequence[Job]) -> Iterator[Rendered]:
    """All but variants of images, which take long to make."""
    for job in files:
        yield read_file(session.site, job)
    values = Values(session.connection, session.row.id, session.site.features, session.now)
    for batch in cut_batches(pages, session.site.features, BATCH):
        values.forget()
        yield from render_batch(session.rounds.around, values, batch)
        session.reporter.advance(len(batch))


def _count_purges(session: Session, would: Forecast, changed: Sequence[tuple[str, int, str]], gone: Sequence[tuple[str, int, str]]) -> None:
    """Queue them, in the transaction that is not kept, and count as a sending does: what went apart from the rest, and all of it once more."""
    if session.purger is None:
        return
    cdn = open_cdn(session.site.settings, NO_TOKENS | os.environ)
    assert cdn is not None
    if gone:
        add_purges(session.connection, session.row.id, session.result.build_id, gone)
        would.purge_calls += session.purger.count_calls(cdn)
    add_purges(session.connection, session.row.id, session.result.build_id, changed)
    would.purge_calls += session.purger.count_calls(cdn, removals=False) + session.purger.count_calls(cdn)
    would.purges = count_due(session.connection, session.row.id, session.purger.clock.now(), True).pages
