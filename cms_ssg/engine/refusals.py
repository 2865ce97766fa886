"""What the target refused in this build, and what must wait for it: nothing may link to what is not there, nothing may go that is linked to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cms_ssg.engine.image_work import GONE
from cms_ssg.errors import CmsError
from cms_ssg.publish.links import Absent, find_links
from cms_ssg.store.outputs import DirtyRow
from cms_ssg.types import Problem

if TYPE_CHECKING:
    from cms_ssg.engine.batch import Made

MOST_READ: Final = 50
"""So many pages that stay as they were are read for what they link to; where there are more, all removals wait."""


@dataclass(slots=True)
class Refusals:
    """base_url: of the site; read: an object's bytes at the target, by path.

    holding: kinds of outputs whose entry is held while a new one is not there.
    last_turn: outputs of later turns wait, as something new was refused that may be taken by the next build; absent: what is new and was refused
    for good: only what links to it waits; stale: what stays as it was, and may link to what is to go; waiting: removals that were left to the next build.
    """

    base_url: str
    read: Callable[[str], bytes | None]
    holding: AbstractSet[str]
    last_turn: int | None = None
    absent: set[str] = field(default_factory=set)
    stale: set[str] = field(default_factory=set)
    keeps_all: bool = False
    waiting: set[str] = field(default_factory=set)
    _first: str = ""

    def note(self, row: DirtyRow, made: Made) -> None:
        """Something was not written. A new entry that is refused for good is held, so that nothing links to it, and is not noted here."""
        if made.unwritten == GONE:  # pages wait for images, whatever becomes of these
            return
        self._first = self._first or row.path
        if row.digest is not None:
            self.stale.add(row.path)
            self.keeps_all = self.keeps_all or not made.lasting
        elif not made.lasting:
            self.last_turn = row.turn if self.last_turn is None else min(self.last_turn, row.turn)
        elif made.kind not in self.holding:
            self.absent.add(row.path)

    def forget(self, paths: AbstractSet[str]) -> None:
        """These are tried once more."""
        self.absent -= paths
        self.stale -= paths

    def make_absent(self) -> Absent:
        """What must not be linked to."""
        return Absent(self.base_url, frozenset(self.absent))

    def must_wait(self, rows: Sequence[DirtyRow]) -> bool:
        """Whether these outputs, of one turn, are left to the next build."""
        return self.last_turn is not None and rows[0].turn > self.last_turn

    def list_kept(self, rows: Sequence[DirtyRow]) -> set[str]:
        """Paths of these removals that wait: what stays as it was may link to them, and those that so stay to others."""
        paths = {row.path for row in rows}
        kept: set[str] = set()
        unread, known = self.stale - paths, len(self.stale)
        while unread and not self.keeps_all and kept != paths:
            if known > MOST_READ:
                self.keeps_all = True
                break
            try:
                found = find_links(self.base_url, paths - kept, self.read(unread.pop()) or b"")
            except CmsError:  # it cannot be read either
                self.keeps_all = True
                break
            kept |= found
            unread |= found
            known += len(found)
        if self.keeps_all:
            kept = paths
        self.waiting |= kept
        return kept

    def describe(self) -> list[Problem]:
        """What else was left to the next build."""
        if not self.waiting and self.last_turn is None:
            return []
        number = len(self.waiting)
        said = [f"{number:,} file{'s' * (number > 1)} that should go stay"] if number else []
        said += ["what is published after it, since it may link to it, waits"] if self.last_turn is not None else []
        return [Problem("publish.waits", "", 0, f"{self._first} could not be written: {' and '.join(said)}",
                        "The next build goes on with it. Mend what publish.failed names.", "warning")]  # fmt: skip
