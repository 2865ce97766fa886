"""Tell the CDN: queue pages with the transaction that records them, send what waits within its limits, lose nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from psycopg import Connection

from cms_ssg.config.settings import Settings
from cms_ssg.errors import CmsError
from cms_ssg.kinds.features import load_features
from cms_ssg.publish.cdn import Cdn, CdnError, Clock, say_rights
from cms_ssg.publish.open_cdn import open_cdn
from cms_ssg.store import purges as store
from cms_ssg.types import Problem

if TYPE_CHECKING:
    from cms_ssg.engine.batch import Made
    from cms_ssg.engine.context import BuildContext
    from cms_ssg.engine.options import BuildResult
    from cms_ssg.store.outputs import DirtyRow

AT_ONCE = 5000
"""Rows that are read together, where nothing is collapsed."""

TRIES, FIRST_WAIT_S = 4, 0.5
"""How often a call without an answer is made, and how long after the first failure; the wait doubles."""

PATIENCE_S = 30.0
"""What a Retry-After may add up to while a build waits; beyond it the rows wait without the build."""

SLICE_S = 5.0
"""A longer wait is cut, so that the lease can be renewed."""


@dataclass(slots=True)
class Purger:
    """The purges of one site. context: of the build whose lease is kept meanwhile, None outside one; purged: pages whose first purge was taken."""

    connection: Connection
    site: int
    settings: Settings
    build: int = 0
    context: BuildContext | None = None
    clock: Clock = field(default_factory=Clock)
    patience_s: float = PATIENCE_S
    problems: list[Problem] = field(default_factory=list)
    purged: int = 0
    began_at: datetime | None = None
    _cdn: Cdn | None = None
    _gave_up: bool = False

    def note(self, made: Sequence[Made], dirty: Mapping[str, DirtyRow]) -> None:
        """Queue what other bytes are at the target now, in the transaction that records it."""
        rows = []
        kinds = load_features(self.settings.verticals).outputs
        for m in made:
            before = dirty[m.path].digest
            changed = m.unwritten is None and m.digest is not None and (m.written or m.digest != before)
            if changed and not (before is None and kinds[m.kind].fingerprinted):  # nobody can have asked for it: its name holds its digest
                rows.append((m.path, dirty[m.path].phase, "new" if before is None else "changed"))
        if rows:
            store.add_purges(self.connection, self.site, self.build, rows)

    def note_removed(self, rows: Sequence[DirtyRow]) -> None:
        """Queue pages that were taken away, in the transaction that records it; also what only a killed build had written."""
        if rows:
            store.add_purges(self.connection, self.site, self.build, [(row.path, row.phase, "removed") for row in rows])

    def note_paths(self, rows: Sequence[tuple[str, int, str]]) -> None:
        """Queue (path, phase, "changed" or "removed") of what a rollback did, in the transaction that records it."""
        if rows:
            store.add_purges(self.connection, self.site, self.build, rows)

    def note_left(self) -> None:
        """Queue what a killed build was writing, whatever the manifest says of it, as often as the target is looked at for it."""
        self.connection.execute(store.ADD_LEFT, {"site": self.site, "build": self.build})

    def find_newest(self) -> int:
        """The version after which pages are queued from now on."""
        return store.load_newest_version(self.connection, self.site)

    def send(self, *, removals: bool = True, low: int = 0) -> bool:
        """Send all that is due. removals: also of pages that went; low: only what was queued after this version. Returns whether the CDN took it, but for pages that it does not
        understand; problems say what it did not take. After a failure nothing more is sent.
        """
        if self._gave_up:
            return False
        now = self.clock.now()
        due = store.count_due(self.connection, self.site, now, removals, low)
        self._commit()
        if not due.pages:
            return True
        if due.wait_until is not None and due.wait_until > now:
            self._gave_up = True
            self._report(f"the CDN asked to be left alone until {due.wait_until:%H:%M:%S} UTC", due.pages)
            return False
        scope = store.Scope(self.site, now, due.high, removals, low)
        self.began_at = self.began_at or now
        try:
            self._send(self._open(), scope, due.pages)
        except CdnError as error:
            self._gave_up = True
            if error.after_s:
                self.connection.execute(store.PAUSE, (self.clock.now() + timedelta(seconds=error.after_s), self.site))
            self._fail(scope, str(error), hint=say_rights(self.settings, error))
            return False
        return True

    def _open(self) -> Cdn:
        """The CDN. Raises CdnError where it cannot be spoken to."""
        try:
            self._cdn = self._cdn or open_cdn(self.settings, os.environ, self.clock)
        except CmsError as error:
            raise CdnError(error.problems[0].message) from None
        assert self._cdn is not None
        return self._cdn

    def _send(self, cdn: Cdn, scope: store.Scope, pages: int) -> None:
        """All of one sending, folders first where there are too many pages."""
        again_s = self.settings.cdn.second_purge_after_s
        folders = self._choose_folders(cdn, scope, pages)
        self._commit()
        if folders:
            self.call(lambda: cdn.purge_folders(folders))
            self.purged += store.end_purges_below(self.connection, scope, folders, self.clock.now(), again_s)
            self._commit()
        refused: list[str] = []
        while rows := store.list_due(self.connection, scope, refused, AT_ONCE):
            self._commit()
            for start in range(0, len(rows), cdn.pages_a_call):
                batch = rows[start : start + cdn.pages_a_call]
                bad = self._purge(cdn, [path for path, _, _ in batch], scope)
                taken = (row for row in batch if row[0] not in bad)
                self.purged += store.end_purges(self.connection, self.site, taken, self.clock.now(), again_s)
                self._commit()
                refused += bad
        self._commit()

    def count_calls(self, cdn: Cdn, *, removals: bool = True) -> int:
        """How many calls it would take to send what is due."""
        now = self.clock.now()
        due = store.count_due(self.connection, self.site, now, removals)
        scope = store.Scope(self.site, now, due.high, removals)
        folders = tuple(self._choose_folders(cdn, scope, due.pages))
        pages = [path for path, _, _ in store.list_due(self.connection, scope, [], due.pages)]
        left = sum(not path.startswith(folders) for path in pages) if folders else len(pages)
        return bool(folders) + -(-left // cdn.pages_a_call)

    def _purge(self, cdn: Cdn, paths: list[str], scope: store.Scope) -> list[str]:
        """Purge these pages. Returns those the CDN does not understand, found by halves: one bad address holds nothing else up."""
        try:
            self.call(lambda: cdn.purge_pages(paths))
        except CdnError as error:
            if error.status not in (400, 422):
                raise
            if len(paths) == 1:
                self._fail(scope, str(error), paths)
                return paths
            half = len(paths) // 2
            return self._purge(cdn, paths[:half], scope) + self._purge(cdn, paths[half:], scope)
        return []

    def _choose_folders(self, cdn: Cdn, scope: store.Scope, pages: int) -> list[str]:
        """The folders that stand for most of very many pages: the fewest that leave no more than may go one by one; else the whole site."""
        most = self.settings.cdn.purge_collapse_at
        if not most or pages <= most:
            return []
        chosen: list[str] = []
        for folder, count in self.connection.execute(store.LARGEST_FOLDERS, {**scope.parameters(), "limit": cdn.most_folders}).fetchall():
            chosen.append(folder)
            pages -= count
            if pages <= most:
                return chosen
        return ["/"]

    def call(self, call: Callable[[], None]) -> None:
        """Make a call, again after a while where that may help. Raises CdnError when patience ends."""
        waited, tries = 0.0, 0
        while True:
            self._keep_lease()
            try:
                call()
                return
            except CdnError as error:
                tries += not error.after_s
                wait_s = error.after_s or FIRST_WAIT_S * 2 ** (tries - 1)
                if not error.again or tries == TRIES or waited + wait_s > self.patience_s:
                    raise
            waited += wait_s
            self.sleep(wait_s)

    def sleep(self, seconds: float) -> None:
        """Wait, and renew the lease meanwhile."""
        while seconds > 0:
            self.clock.sleep(min(seconds, SLICE_S))
            self._keep_lease()
            seconds -= SLICE_S

    def _commit(self) -> None:
        if self.context is not None:
            self.context.commit()

    def _keep_lease(self) -> None:
        if self.context is not None:
            self.context.keep_lease()

    def _fail(self, scope: store.Scope, message: str, paths: list[str] | None = None, hint: str = "") -> None:
        """Note why the rows of a sending, or some of them, are left."""
        self.connection.execute(store.FAIL, {**scope.parameters(), "error": message[:500], "paths": paths})
        left = len(paths) if paths is not None else store.count_due(self.connection, self.site, scope.now, scope.removals, scope.low).pages
        self._commit()
        self._report(message, left, hint)

    def _report(self, message: str, pages: int, hint: str = "") -> None:
        text = f"the CDN still has {pages:,} old page{'s' * (pages != 1)}: {message}"
        later = "Nothing is lost: the next build, or `cms purge`, tells it again."
        self.problems.append(Problem("cdn.failed", "", 0, text, f"{hint} {later}".strip()))

    def report(self, result: BuildResult) -> None:
        """Write into a build's result what was purged, and when it is to be purged again."""
        result.purged, result.purge_began_at, result.purge_again_at = self.purged, self.began_at, self.find_second()

    def find_second(self) -> datetime | None:
        """When the last of the second purges will be due, None where none is to come."""
        row = self.connection.execute(store.NEXT_AT, (self.site, self.clock.now())).fetchone()
        self._commit()
        return row[0] if row is not None else None
