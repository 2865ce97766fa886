"""Builds at every save in one warm process: what changed is gathered for a moment, built, and errors are said without stopping.

What a build or this process itself wrote, and what the site is not made of, starts no build; a problem is said when it comes, not again while it lasts.
"""

from __future__ import annotations

import math
import queue
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cms_ssg.engine.warm import Warm
from cms_ssg.errors import CmsError
from cms_ssg.reporting.progress import Reporter
from cms_ssg.serve.watcher import SITE_FOLDERS, Watcher
from cms_ssg.types import Problem
from cms_ssg.workers.tasks import TaskRunner

if TYPE_CHECKING:
    from cms_ssg.build import BuildResult

QUIET_S: Final = 0.04
"""Silence after the last event before a build: editors write, rename and touch in several steps."""

LONGEST_S: Final = 1.0
"""A stream of events holds a build up no longer."""

IDLE_S: Final = 60.0
"""Without any event the clock and the files are looked at so often: entries fall due, and an event may be lost."""

AWAKE_S: Final = 0.25
"""No wait is longer: so often what waits in the store is looked for, and a Ctrl-C that comes just before a wait is noticed when it ends."""

REST_S: Final = 1.0
"""After a build that made nothing of what waits in the store: one that cannot take it, since it fails, is not begun over and over."""

CONTENT_SUFFIXES: Final = (".md", ".mdx", ".markdown")
OTHER_FOLDERS: Final = tuple(f"{name}/" for name in SITE_FOLDERS)
"""What a build that goes on takes in: text, which nothing else is made of."""


def watch(
    root: Path, *, env: str = "", reporter: Reporter | None = None, poll: bool = False,
    on_ready: Callable[[], None] = lambda: None, on_written: Callable[[], None] = lambda: None, on_built: Callable[[], None] = lambda: None,
) -> None:  # fmt: skip
    """Build now and at every save until interrupted.

    poll: look at the files every second instead of being told; on_ready: called after the first build;
    on_written: called when a build wrote or removed something; on_built: called after each.
    """
    reporter = reporter or Reporter()
    events: queue.SimpleQueue[str] = queue.SimpleQueue()
    watcher = Watcher(root, events, poll, reporter)
    builder = Builder(root, env, reporter, on_written, lambda: take_content(events, root))
    tasks = TaskRunner(root, env, reporter.note)
    try:
        watcher.begin(env)
        builder.build(None, first=True)
        tasks.start()
        on_built()
        reporter.rest()
        on_ready()
        for changed in gather(events, root, wait_s=builder.find_wait):
            if watcher.is_moved(changed or ()):
                watcher.stop()
                watcher.begin(env)
            builder.build(changed)
            on_built()
            reporter.rest()
            if changed is None or any(name.endswith("/") or "/" not in name for name in changed):
                watcher.begin(env)
    finally:
        watcher.stop()
        tasks.stop()
        builder.warm.close()


def gather(
    events: queue.SimpleQueue[str], root: Path, idle_s: float = IDLE_S, wait_s: Callable[[], float] = lambda: math.inf
) -> Iterator[list[str] | None]:
    """Groups of changed files, relative to root and sorted, each when QUIET_S has passed without another; None after idle_s without any.

    wait_s: says in how long something is to be done though no file changes; the group is empty then.

    A folder's name ends in a slash.
    """
    begun = time.monotonic()
    while True:
        try:
            names = {events.get(timeout=min(idle_s, AWAKE_S))}
        except queue.Empty:
            if time.monotonic() - begun >= idle_s:
                yield None
                begun = time.monotonic()
            elif wait_s() <= 0:
                yield []
            continue
        until = time.monotonic() + LONGEST_S
        while time.monotonic() < until:
            try:
                names.add(events.get(timeout=QUIET_S))
            except queue.Empty:
                break
        top = f"{root.as_posix()}/"
        yield sorted(name.removeprefix(top) for name in names)
        begun = time.monotonic()


def take_content(events: queue.SimpleQueue[str], root: Path) -> tuple[str, ...]:
    """Content files that changed while a build goes on, relative to root; all else that happened is left for the next build."""
    heard = set()
    while not events.empty():
        heard.add(events.get())
    top = f"{root.as_posix()}/"
    found = {name for name in heard if name.endswith(CONTENT_SUFFIXES) and not name.removeprefix(top).startswith(OTHER_FOLDERS)}
    for name in sorted(heard - found):
        events.put(name)
    return tuple(sorted(name.removeprefix(top) for name in found))


class Builder:
    """Builds again and again, whose errors are said and end nothing."""

    def __init__(
        self, root: Path, env: str, reporter: Reporter, on_written: Callable[[], None], take_more: Callable[[], tuple[str, ...]] = tuple
    ) -> None:
        self.root, self.env, self.reporter, self.on_written, self.take_more = root, env, reporter, on_written, take_more
        self.warm = Warm()
        self._missed = False
        self._told: set[Problem] = set()
        self._purge_again_at: datetime | None = None
        self._rest_until = 0.0

    def find_wait(self) -> float:
        """In how many seconds a second purge is due; at once where something in the store waits: a row was written, or fell due."""
        if time.monotonic() >= self._rest_until and self.warm.is_due():
            self._rest_until = time.monotonic() + REST_S
            return 0.0
        return math.inf if self._purge_again_at is None else (self._purge_again_at - datetime.now(UTC)).total_seconds()

    def build(self, changed: list[str] | None, first: bool = False) -> BuildResult | None:
        """One build. changed: what set it off, None to look at everything, as after a build that failed."""
        from cms_ssg.build import BuildOptions, build

        named = None if changed is None or self._missed else tuple(changed)
        if named is None or any("/" not in name for name in named):  # site.toml may name another database
            self.warm.close()
            self.warm = Warm()
        self._missed = True
        self._purge_again_at = None
        try:
            options = BuildOptions(env=self.env, changed=named, more=self.take_more)
            result = build(self.root, options, self.reporter, self.warm)
        except CmsError as error:
            self._report(error.problems)
            return None
        except Exception as error:  # noqa: BLE001 - the next save may mend it
            from cms_ssg.reporting.crash import log_crash

            self._report([log_crash(self.root, error, self.reporter.redact)])
            return None
        self._missed = False
        self._purge_again_at = result.purge_again_at
        self._report(result.problems)
        if result.rendered or result.removed:
            self._rest_until = 0.0
        if result.written or result.removed or result.failed or first:
            there = [name for name in changed or [] if (self.root / name).exists()]  # not what an editor put down for a moment
            self.reporter.built(result, there or changed or [])
        if result.written or result.removed:
            self.on_written()
        return result

    def _report(self, problems: Iterable[Problem]) -> None:
        """Say what the last build did not find."""
        found = dict.fromkeys(problems)
        for problem in found:
            if problem not in self._told:
                self.reporter.problem(problem)
        self._told = set(found)
