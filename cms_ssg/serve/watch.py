"""Builds at every save in one warm process: what changed is gathered for a moment, built, and errors are said without stopping.

What a build or this process itself wrote, and what the site is not made of, starts no build; a problem is said when it comes, not again while it lasts.
"""

from __future__ import annotations

import logging
import math
import os
import queue
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cms_ssg.content.scan.file_names import has_ignored_name
from cms_ssg.engine.warm import Warm
from cms_ssg.errors import CmsError
from cms_ssg.reporting.progress import Reporter
from cms_ssg.types import Problem
from cms_ssg.workers.tasks import TaskRunner

if TYPE_CHECKING:
    from cms_ssg.build import BuildResult
    from cms_ssg.site import Site

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

SITE_FOLDERS: Final = ("static", "data", "themes", "i18n", "content_schema")

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


class Watcher:
    """Tells a queue the paths of files that change below the folders a site is made of."""

    def __init__(self, root: Path, events: queue.SimpleQueue[str], poll: bool, reporter: Reporter) -> None:
        self.root, self.events, self.poll, self.reporter = root, events, poll, reporter
        self._observer: Any = None
        self._watched: set[tuple[Path, bool]] = set()
        self._wanted: frozenset[tuple[Path, bool]] = frozenset()
        self._output = root / "build"
        self._files: frozenset[Path] | None = None
        """Files outside the folders that the site is made of; None where all that lie in its own folder are."""

    def begin(self, env: str) -> None:
        """Watch what the settings of now name; called again it adds what is new."""
        self._wanted |= frozenset(self._list_folders(env))
        if self._observer is None or self._wanted - self._watched:
            try:
                self._start(self._wanted)
            except OSError as error:
                if self.poll:
                    raise
                self.reporter.note(f"The system cannot watch so many folders ({error.strerror}); the files are looked at every second.")
                self.poll = True
                self._start(self._wanted)

    def is_moved(self, changed: Sequence[str]) -> bool:
        """Whether a folder to be watched, or one above it, came or went: what watches it may follow a folder that is no longer there."""
        folders = {self.root / name for name in changed if name.endswith("/")}
        return any(not folders.isdisjoint((folder, *folder.parents)) for folder, _ in self._wanted)

    def stop(self) -> None:
        """End watching."""
        if self._observer is not None:
            logger = logging.getLogger("watchdog")
            level = logger.level
            logger.setLevel(logging.CRITICAL)  # a thread that is about to read when it is told to stop logs that as an error
            self._observer.stop()
            self._observer.join(2)
            logger.setLevel(level)
            self._observer = None

    def _start(self, folders: frozenset[tuple[Path, bool]]) -> None:
        if self._observer is None:
            self._observer = self._make_observer()
            self._observer.start()
        for folder, recursive in sorted(folders - self._watched if self._observer.emitters else folders):
            if folder.is_dir():
                self._observer.schedule(_Handler(self), str(folder), recursive=recursive)
                self._watched.add((folder, recursive))

    def _make_observer(self) -> Any:
        self._watched.clear()
        if self.poll:
            from watchdog.observers.polling import PollingObserver

            return PollingObserver(timeout=1.0)
        from watchdog.observers import Observer

        return Observer()

    def _list_folders(self, env: str) -> Iterator[tuple[Path, bool]]:
        """(folder, with all below it), there or not: the site's own folder and those between flat, for site.toml and for folders that come or go."""
        yield self.root, False
        names = set(SITE_FOLDERS)
        try:
            site = _open(self.root, env)
        except CmsError:  # a build says it; until it is mended the usual folders are watched, and those of before
            names.add("content")
            self._files = self._files or frozenset([self.root / "site.toml"])
        else:
            self._output = (self.root / site.settings.target.url.partition(":")[2]).resolve()
            names.update(rule.path.strip("/") or "." for rule in site.settings.collection)
            files = ("site.toml", "hooks.py", *site.settings.redirect_files, *site.settings.data_files, site.settings.images.card_font)
            self._files = None if "." in names else frozenset(self.root / name for name in files if name)
            names.update(name.rpartition("/")[0] for name in (*site.settings.redirect_files, *site.settings.data_files) if "/" in name)
            yield from (
                ((self.root / folder).resolve() / name, True) for folder in site.settings.shared for name in ("content", *SITE_FOLDERS)
            )
            yield from ((folder, True) for folder in _list_themes(site) if not folder.is_relative_to(self.root))
        if "." in names:
            names.remove(".")
            names.update(path.name for path in self.root.iterdir() if path.is_dir())
        for name in names:
            path = self.root / name
            above = any(other != name and f"{name}/".startswith(f"{other}/") for other in names)
            if not above and not self._is_ignored(path):
                yield from ((folder, False) for folder in path.parents if folder != self.root and folder.is_relative_to(self.root))
                yield path, True

    def add_path(self, path: str, is_folder: bool = False) -> None:
        """Something at path was written, moved or removed. A folder's path is passed on with a final slash."""
        if self._concerns(Path(path)) and not is_own_output(path):
            self.events.put(f"{path}/" if is_folder else path)

    def _concerns(self, path: Path) -> bool:
        """Whether a path is of what the site is made of, or of a folder that holds some of that."""
        if path == self.root:
            return True
        if self._is_ignored(path):
            return False
        if self._files is None or path in self._files:
            return True
        return any(
            path.is_relative_to(folder) if below else folder.is_relative_to(path) for folder, below in self._wanted if folder != self.root
        )

    def _is_ignored(self, path: Path) -> bool:
        """Whether a path is of the store, the output, an editor or a tool: no scan looks at it."""
        inner = path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.name
        return has_ignored_name(inner) or path.is_relative_to(self._output)


def is_own_output(path: str) -> bool:
    """Whether this process writes its messages to a file: each build that says something would be a reason for the next."""
    for number in (1, 2):
        try:
            if os.path.samestat(os.stat(path), os.fstat(number)):
                return True
        except OSError:  # it went, or the process has no such stream
            continue
    return False


class _Handler:
    """What watchdog calls, in a thread of its own."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher

    def dispatch(self, event: Any) -> None:
        if event.event_type in ("opened", "closed_no_write") or (event.is_directory and event.event_type == "modified"):
            return
        for path in (event.src_path, getattr(event, "dest_path", "")):
            if path:
                text = path.decode("utf-8", "surrogateescape") if isinstance(path, bytes) else path
                self.watcher.add_path(text, event.is_directory)


def _open(root: Path, env: str) -> Site:
    from cms_ssg.site import open_site

    return open_site(root, os.environ, env)


def _list_themes(site: Site) -> list[Path]:
    from cms_ssg.render.theme_chain import theme_chain

    try:
        return theme_chain(site.root, site.settings)
    except CmsError:
        return []
