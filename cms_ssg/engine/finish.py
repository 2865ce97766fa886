"""The end of a build: what is still wrong is said, and the build is noted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, LiteralString

from psycopg.types.json import Jsonb

from cms_ssg.content.collections.uncollected import find_uncollected_folders
from cms_ssg.engine.dead_links import list_cut_links, list_dead_menu_lines
from cms_ssg.releases.note import forget_old
from cms_ssg.store import outputs as store
from cms_ssg.store.conflicts import list_conflicts
from cms_ssg.store.sites import (
    END_BUILD,
    FORGET_IDLE_BUILDS,
)
from cms_ssg.store.sources import list_problems
from cms_ssg.store.statistics import RENDERED, count_rows
from cms_ssg.types import Problem

if TYPE_CHECKING:
    from cms_ssg.engine.session import Session

FAILING: Final[LiteralString] = """
SELECT o.error, o.path FROM cms.outputs o WHERE o.site = %s AND o.error IS NOT NULL
  AND (%s OR NOT EXISTS (SELECT FROM cms.dirty d WHERE d.site = o.site AND d.path = o.path)) ORDER BY o.path"""

MANY_RENDERED = 8000
"""After so many outputs the database's own planner needs new statistics."""


def note_problems(session: Session) -> None:
    """Put what is wrong into the result. Before a build nobody knows what becomes of pages that it would make."""
    result = session.result
    rows = session.connection.execute(FAILING, (session.row.id, not session.options.dry_run)).fetchall()
    failing_by_path = {path: Problem(e["code"], e["place"], e["line"], e["message"], e["hint"]) for e, path in rows}
    failing = list(failing_by_path.values())
    bad_images = session.rounds.images.list_problems()
    content = [p for p in list_problems(session.connection, session.row.id) if p.severity == "error"]  # warnings are said once, when read
    if bad_images:
        from cms_ssg.store.images import drop_told

        failing, content, result.problems = (drop_told(found, bad_images) for found in (failing, content, result.problems))
    result.problems.extend((*failing, *content))
    result.problems.extend(list_conflicts(session.connection, session.site, session.row.id))
    result.problems.extend((*session.planner.problems, *session.site.rule_warnings))
    result.problems.extend(list_dead_menu_lines(session.connection, session.site, session.row.id))
    result.problems.extend(
        list_cut_links(session.connection, session.site, session.row.id, session.rounds.removed, session.rounds.removed_entries)
    )
    if strange := find_uncollected_folders(str(session.site.root), session.site.rules):
        result.problems.append(strange)
    if result.planned:
        from cms_ssg.content.collections.uncollected import find_uncollected
        from cms_ssg.engine.homes import list_taken_homes
        from cms_ssg.engine.other_locales import list_other_locales

        result.problems.extend(list_taken_homes(session.connection, session.site, session.row.id))
        result.problems.extend(list_other_locales(session.connection, session.site, session.row.id))
        if (
            not strange
            and not session.count_sources()
            and (nobodys := find_uncollected(str(session.site.root), session.site.rules, session.skip[0]))
        ):
            result.problems.append(nobodys)
    result.problems.extend(bad_images)
    result.problems = list(dict.fromkeys(result.problems))
    told = {path for path, problem in failing_by_path.items() if problem in failing}  # the others are among the bad images
    tried = set(session.rounds.tried) - session.rounds.refusals.waiting - told
    result.failed = len({*failing, *content, *(p for p in bad_images if p.severity == "error")}) + len(tried)
    if result.failed or any(p.severity == "error" for p in result.problems):
        result.status = "partial"


def finish(session: Session) -> None:
    """Say what is still wrong, and note the build."""
    result = session.result
    note_problems(session)
    if result.rendered:
        session.connection.execute(store.FLUSH_GIN)
    if result.rendered > MANY_RENDERED:
        count_rows(session.connection, RENDERED)
    names = ("status", "planned", "rendered", "written", "unchanged", "removed", "failed", "seconds")
    summary = {name: getattr(result, name) for name in names}
    summary |= session.note
    summary["codes"] = sorted({p.code for p in result.problems if p.severity == "error"})
    session.connection.execute(END_BUILD, (Jsonb(summary), result.build_id))
    session.connection.execute(FORGET_IDLE_BUILDS, {"site": session.row.id})
    if session.notifier is not None:
        session.notifier.record_end(session.connection, summary)
    session.commit()
    forget_old(session)
    if session.row.has_old_previews:
        from cms_ssg.engine.expired_previews import forget_expired

        result.problems.extend(forget_expired(session.connection, session.row.id, session.site))
        session.commit()
