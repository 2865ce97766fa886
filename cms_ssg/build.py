"""A build: sync, then rounds until nothing is dirty. Read this first; every step is one call with its own page."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cms_ssg.site import Site, open_site
from cms_ssg.types import Problem

if TYPE_CHECKING:
    from cms_ssg.reporter import Reporter


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How to build. jobs: processes that render, 0 for as many as there are cores; now: the build's clock, by default the time it is."""

    sync: bool = True
    full: bool = False
    jobs: int = 0
    now: datetime | None = None
    dry_run: bool = False
    confirm_removals: bool = False
    force: bool = False
    env: str = ""


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


def build(root: Path, options: BuildOptions, reporter: Reporter | None = None) -> BuildResult:
    """Bring the site's output up to date.

    Raises CmsError where nothing could be done at all; what fails on single pages is in the result.
    """
    result = BuildResult()
    with result.timed("total"):
        site = open_site(root, os.environ, options.env)
        from cms_ssg.session import open_session

        with open_session(site, options, result, reporter) as session:
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


def clock(options: BuildOptions) -> datetime:
    """The one `now` of a build."""
    return (options.now or datetime.now(UTC)).astimezone(UTC)


def site_of(root: Path, env: str = "") -> Site:
    """The site in a folder, with the process's environment applied."""
    return open_site(root, os.environ, env)
