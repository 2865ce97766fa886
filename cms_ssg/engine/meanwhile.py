"""What happens while a build goes on: files are saved, and time passes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cms_ssg.plan.dirty import BULK_TURN
from cms_ssg.store.clock import read_clock
from cms_ssg.store.due import is_behind

if TYPE_CHECKING:
    from cms_ssg.engine.session import Session
    from cms_ssg.store.outputs import DirtyRow

INTAKE_S: Final = 5.0
"""Saves that follow each other are taken in for so long, or as long as it took the last time to publish what follows from them, if that was longer. Then
the lists, feeds and the home page of those come first: pages have an earlier turn, so that without this the front page would be published once nobody
saves anything any more. Meanwhile no changes of entries are taken from the store either, only facts and rows, such as breaking news and live updates."""


@dataclass(slots=True)
class Meanwhile:
    """Takes in between two rounds what happened since the last one. _until: when no more files are taken in before all that is urgent is published;
    _full_at: since when none are.
    """

    session: Session
    _until: float | None = None
    _full_at: float | None = None

    @property
    def is_full(self) -> bool:
        """Whether no more saves are taken in before all that is urgent is published."""
        return self._full_at is not None

    def take_in(self) -> None:
        """Save the files that changed, if somebody watches, and let the build's clock follow the database's if something fell due or was written."""
        names = self.session.options.more() if self._takes_files() else ()
        if self._follows_clock() and (names or is_behind(self.session.connection, self.session.row.id)):
            now, _ = read_clock(self.session.connection)
            if now > self.session.now:
                with self.session.result.timed("plan"):
                    self.session.move_clock(now)
        if names:
            self.session.sync_more(names)

    def note_next(self, rows: Sequence[DirtyRow]) -> None:
        """What is made next: nothing, or what may take its time, once all that is urgent is published."""
        if not rows or rows[0].turn >= BULK_TURN:
            self.end_full()

    def end_full(self) -> None:
        """All that was urgent is published: saves are taken in again."""
        if self._full_at is not None and self.session.warm is not None:
            self.session.warm.drain_s = time.monotonic() - self._full_at
        self._until = self._full_at = None

    def _takes_files(self) -> bool:
        now, warm = time.monotonic(), self.session.warm
        if self._until is None:
            self._until = now + max(INTAKE_S, warm.drain_s if warm is not None else 0.0)
            return True
        if now < self._until:
            return True
        self._full_at = self._full_at or now
        return False

    def _follows_clock(self) -> bool:
        """A time that was asked for stays; what falls due while the site is held is for the build after it."""
        return self.session.options.now is None and self.session.only is None
