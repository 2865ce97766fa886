"""What a build is told and what it answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from cms_ssg.types import Problem


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How to build. jobs: processes that render, 0 for as many as there are cores; now: the build's clock, by default the database's.

    changed: files that may have changed, relative to the site, a folder's with a final ``/``; None to look at all files;
    urgent: paths to publish also while the site is held; more: asked between two rounds for content files that changed meanwhile;
    wait: where there is a CDN, stay until the second purge was sent; distributed: let workers of other machines help.
    """

    sync: bool = True
    full: bool = False
    jobs: int = 0
    now: datetime | None = None
    dry_run: bool = False
    confirm_removals: bool = False
    force: bool = False
    env: str = ""
    plan: bool = True
    changed: tuple[str, ...] | None = None
    urgent: tuple[str, ...] = ()
    wait: bool = False
    more: Callable[[], tuple[str, ...]] = tuple
    distributed: bool = False


@dataclass(slots=True)
class Forecast:
    """What a build would do. uploads: objects with other bytes than were published, size_bytes in all; images: variants to be made, whose size is not
    known yet; unlooked: images that nobody has looked at, so that nobody knows how many variants they get; doubtful: objects of which the target
    would be asked what it holds; purges: pages that the CDN would be told to forget, in purge_calls, the second time included; estimated: only a
    part of very many pages was rendered, the others are taken to differ and to be as large.
    """

    uploads: int = 0
    size_bytes: int = 0
    images: int = 0
    unlooked: int = 0
    doubtful: int = 0
    removals: int = 0
    purges: int = 0
    purge_calls: int = 0
    estimated: bool = False


@dataclass(slots=True)
class BuildResult:
    """What a build did. status: done, or partial where something failed or is in conflict; seconds by step.

    images: sizes of images and cards, counted in rendered too; helped: shards that workers made; purged: pages that the CDN was told to
    forget; purge_began_at: when; purge_again_at: when it is to be told once more; would: what a dry run found.
    """

    build_id: int = 0
    status: str = "done"
    planned: int = 0
    rendered: int = 0
    images: int = 0
    written: int = 0
    unchanged: int = 0
    removed: int = 0
    failed: int = 0
    helped: int = 0
    purged: int = 0
    purge_began_at: datetime | None = None
    purge_again_at: datetime | None = None
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("sync", "plan", "render", "publish", "record", "total"), 0.0))
    problems: list[Problem] = field(default_factory=list)
    would: Forecast | None = None

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Add the time of a block to a step's seconds."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[step] = round(self.seconds[step] + time.perf_counter() - started, 4)


@dataclass(slots=True)
class SyncResult:
    """What a sync did. problems: of the files read now, and of the scan; shared: of shared files, which are read until they are mended."""

    read: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    problems: list[Problem] = field(default_factory=list)
    shared: list[Problem] = field(default_factory=list)
