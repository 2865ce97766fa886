"""A build: sync, then rounds until nothing is dirty. Read this first; every step is one call with its own page."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cms_ssg.engine.options import BuildOptions, BuildResult
from cms_ssg.errors import CmsError
from cms_ssg.releases.hold import limit_to_urgent
from cms_ssg.reporting.progress import Reporter
from cms_ssg.site import Site, open_site
from cms_ssg.types import Problem

__all__ = ["BuildOptions", "BuildResult", "PlanResult", "SyncSummary", "build", "plan", "sync"]

if TYPE_CHECKING:
    from cms_ssg.engine.warm import Warm
    from cms_ssg.events.notify import Notifier


def build(root: Path, options: BuildOptions, reporter: Reporter | None = None, warm: Warm | None = None) -> BuildResult:
    """Bring the site's output up to date.

    warm: what the process keeps from its last build, if it keeps anything.
    Raises CmsError where nothing could be done at all; what fails on single pages is in the result.
    """
    result = BuildResult()
    with result.timed("total"):
        site = open_site(root, os.environ, options.env)
        from cms_ssg.events.notify import open_notifier

        notifier = open_notifier(site, options, result, in_background=warm is not None)
        with notifier.around() if notifier is not None else nullcontext():
            _build(_check_types(site), options, result, reporter, warm, notifier)
    if site.settings.cdn.kind != "null" and not options.dry_run:
        from cms_ssg.engine.freshness import finish_at_edge

        finish_at_edge(site, options, result, reporter or Reporter())
    return result


def _build(
    site: Site, options: BuildOptions, result: BuildResult, reporter: Reporter | None, warm: Warm | None, notifier: Notifier | None
) -> None:
    from cms_ssg.engine.finish import finish, note_problems
    from cms_ssg.engine.open_session import open_session

    def save_files() -> None:
        """Another builder has the site: it publishes what is saved now."""
        if options.sync and not options.dry_run:
            with open_session(site, replace(options, plan=False), BuildResult(), only_save=True) as session:
                session.sync()

    with open_session(site, options, result, reporter, warm, on_wait=save_files) as session:
        found: list[Problem] = []
        with result.timed("plan"):
            session.join_notifier(notifier)
            session.begin()
            session.apply_due()
        if options.sync:
            with result.timed("sync"):
                found = session.sync().problems
        with result.timed("plan"):
            session.planner.take()
            result.planned = session.count_dirty()
            limit_to_urgent(session)
            if result.planned:
                session.planner.guard(session.options.confirm_removals, found)
        if options.dry_run:
            from cms_ssg.engine.forecast import forecast

            result.would = forecast(session)
            note_problems(session)  # it ends as the build itself would
        else:
            session.make()
            finish(session)
    if site.settings.search is not None and site.settings.search.has_server and not options.dry_run:
        from cms_ssg.search.sending import send_after_build

        result.problems += send_after_build(site, session.url, session.row.id)


def _open_whole_site(root: Path, options: BuildOptions) -> Site:
    """The site, its content types understood."""
    return _check_types(open_site(root, os.environ, options.env))


def _check_types(site: Site) -> Site:
    """The site again. Raises CmsError schema.* where content types were not understood: without a type its pages would go."""
    if site.type_problems:
        raise CmsError(*site.type_problems)
    return site


@dataclass(frozen=True, slots=True)
class PlannedOutput:
    """An output that the next build would make or remove. noun: what its kind is called in messages."""

    path: str
    kind: str
    reason: str
    noun: str


@dataclass(slots=True)
class PlanResult:
    """What the next build would do, or will once the site is held no more (problems say so). seconds: what finding it out took."""

    outputs: list[PlannedOutput] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


def plan(root: Path, options: BuildOptions, reporter: Reporter | None = None) -> PlanResult:
    """Say what a build would render and why. Reads the files and saves nothing: all is rolled back."""
    result = BuildResult()
    with result.timed("total"):
        site = _open_whole_site(root, options)
        from cms_ssg.engine.finish import note_problems
        from cms_ssg.engine.open_session import open_session

        with open_session(site, replace(options, dry_run=True), result, reporter) as session:
            with result.timed("plan"):
                session.begin()
                session.apply_due()
            if options.sync:
                with result.timed("sync"):
                    session.sync()
            with result.timed("plan"):
                session.planner.take()
                nouns = {name: kind.called for name, kind in site.features.outputs.items()}
                outputs = [PlannedOutput(path, kind, reason, nouns.get(kind, kind)) for path, kind, reason in session.list_dirty()]
                result.planned = len(outputs)
                limit_to_urgent(session)
                note_problems(session)
    return PlanResult(outputs, result.problems, result.seconds)


@dataclass(slots=True)
class SyncSummary:
    """What a sync saved. unchanged: files that were looked at or known and did not differ."""

    status: str
    saved: int
    removed: int
    read: int
    unchanged: int
    problems: list[Problem]


def sync(root: Path, options: BuildOptions, reporter: Reporter | None = None) -> SyncSummary:
    """Store what changed in the files, without building."""
    result = BuildResult()
    site = _open_whole_site(root, options)
    from cms_ssg.engine.open_session import open_session
    from cms_ssg.events.notify import open_notifier
    from cms_ssg.store.sources import list_problems

    notifier = open_notifier(site, options, result)
    with (
        notifier.around(is_build=False) if notifier is not None else nullcontext(),
        open_session(site, replace(options, plan=False), result, reporter, only_save=True) as session,
    ):
        session.join_notifier(notifier)
        found = session.sync()
        wrong = [p for p in list_problems(session.connection, session.row.id) if p.severity == "error"]
        known = session.count_sources()
        if notifier is not None and notifier.listens:
            session.derive_saved()
    saved = found.added + found.changed
    problems = list(dict.fromkeys([*found.problems, *result.problems, *wrong]))
    status = "partial" if any(p.severity == "error" for p in problems) else "done"
    return SyncSummary(status, saved, found.removed, found.read, max(0, known - saved), problems)
