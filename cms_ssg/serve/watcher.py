"""The folders that a site is made of, watched: what changes below them is put into a queue."""

from __future__ import annotations

import logging
import os
import queue
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cms_ssg.content.scan.file_names import has_ignored_name
from cms_ssg.errors import CmsError
from cms_ssg.publish.target import find_folder
from cms_ssg.reporting.progress import Reporter

if TYPE_CHECKING:
    from cms_ssg.site import Site

SITE_FOLDERS: Final = ("static", "data", "themes", "i18n", "content_schema")


class Watcher:
    """Tells a queue the paths of files that change below the folders a site is made of."""

    def __init__(self, root: Path, events: queue.SimpleQueue[str], poll: bool, reporter: Reporter) -> None:
        self.root, self.events, self.poll, self.reporter = root, events, poll, reporter
        self._observer: Any = None
        self._watched: set[tuple[Path, bool]] = set()
        self._wanted: frozenset[tuple[Path, bool]] = frozenset()
        self._output: Path | None = root / "build"
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
            self._output = find_folder(self.root, site.settings)
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
        return has_ignored_name(inner) or (self._output is not None and path.is_relative_to(self._output))


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
