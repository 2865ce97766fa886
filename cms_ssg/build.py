"""A build: sync, then rounds until nothing is dirty. Read this first; every step is one call with its own page."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cms_ssg.site import open_site
from cms_ssg.types import Problem

if TYPE_CHECKING:
    from cms_ssg.reporter import Reporter
    from cms_ssg.warm import Warm


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How to build. jobs: processes that render, 0 for as many as there are cores; now: the build's clock, by default the time it is.

    changed: files that may have changed, relative to the site, a folder's with a final ``/``; None to look at all files.
    """

    sync: bool = True
    full: bool = False
    jobs: int = 0
    now: datetime | None = None
    dry_run: bool = False
    confirm_removals: bool = False
    force: bool = False
    env: str = ""
    changed: tuple[str, ...] | None = None


@dataclass(slots=True)
class BuildResult:
    """What a build did. status: done, or partial where something failed or is in conflict; seconds by step."""

    build_id: int = 0
    status: str = "done"
    planned: int = 0
    rendered: int = 0
    written: int = 0
    unchanged: int = 0
    removed: int = 0
    failed: int = 0
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("sync", "plan", "render", "publish", "record", "total"), 0.0))
    problems: list[Problem] = field(default_factory=list)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Add the time of a block to a step's seconds."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[step] = round(self.seconds[step] + time.perf_counter() - started, 4)


def build(root: Path, options: BuildOptions, reporter: Reporter | None = None, warm: Warm | None = None) -> BuildResult:
    """Bring the site's output up to date.

    warm: what the process keeps from its last build, if it keeps anything.
    Raises CmsError where nothing could be done at all; what fails on single pages is in the result.
    """
    result = BuildResult()
    with result.timed("total"):
        site = open_site(root, os.environ, options.env)
        from cms_ssg.session import open_session

        with open_session(site, options, result, reporter, warm) as session:
            if options.sync:
                with result.timed("sync"):
                    session.sync()
            with result.timed("plan"):
                session.planner.begin(options.full)
                session.planner.take()
                result.planned = session.count_dirty()
                session.planner.guard(options.confirm_removals)
            if not options.dry_run:
                session.render_rounds()
                session.finish()
    return result


@dataclass(frozen=True, slots=True)
class PlannedOutput:
    """An output that the next build would make or remove."""

    path: str
    kind: str
    reason: str


@dataclass(slots=True)
class PlanResult:
    """What the next build would do. seconds: what finding it out took."""

    outputs: list[PlannedOutput] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


def plan(root: Path, options: BuildOptions, reporter: Reporter | None = None) -> PlanResult:
    """Say what a build would render and why. Reads the files and saves nothing: all is rolled back."""
    result = BuildResult()
    with result.timed("total"):
        site = open_site(root, os.environ, options.env)
        from cms_ssg.session import open_session

        with open_session(site, replace(options, dry_run=True), result, reporter) as session:
            if options.sync:
                with result.timed("sync"):
                    session.sync()
            with result.timed("plan"):
                session.planner.begin(options.full)
                session.planner.take()
                outputs = [PlannedOutput(*row) for row in session.list_dirty()]
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
    site = open_site(root, os.environ, options.env)
    from cms_ssg.session import open_session

    with open_session(site, options, result, reporter) as session:
        found = session.sync()
        known = session.count_sources()
    saved = found.added + found.changed
    status = "partial" if any(p.severity == "error" for p in found.problems) else "done"
    return SyncSummary(status, saved, found.removed, found.read, max(0, known - saved), found.problems)


def clock(options: BuildOptions) -> datetime:
    """The one `now` of a build."""
    return (options.now or datetime.now(UTC)).astimezone(UTC)
