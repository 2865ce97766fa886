"""How many outputs a round takes. What a person waits for is taken in between two rounds, so a long round holds it up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cms_ssg.plan.dirty import BULK_TURN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cms_ssg.engine.session import Session
    from cms_ssg.store.outputs import DirtyRow

ROUND_S: Final = 2.0
"""A save overtakes the rest of a long build between two rounds, so none takes more outputs than are made in about this time."""

SHORT_S: Final = 0.4
"""The same for what a person waits for while a published site is kept up to date, where a save follows the other."""

LEAST, MOST = 20, 8000
"""So many outputs are taken in any case, and no more, since what became of them is held in memory. Fewer than the least say nothing of an output's time."""

EACH_S: Final = 0.005
"""Seconds that an output is assumed to take before one of its turn was made."""

MOST_AHEAD: Final = 50
"""Outputs of the lane ahead that are looked at between two rounds of new pages."""


@dataclass(slots=True)
class RoundSize:
    """How many outputs the next round takes, by the time that those of its turn took last.

    is_short: whether a person waits for saves to be published; each_s: seconds per output, by turn; turn: of the last round.
    """

    is_short: bool
    each_s: dict[int, float] = field(default_factory=dict)
    turn: int = 0

    @property
    def limit(self) -> int:
        """How many to ask for. The round after this one has most likely the turn of the last."""
        return self._count(self.turn)

    def cut(self, rows: Sequence[DirtyRow]) -> list[DirtyRow]:
        """Those of the most urgent outputs, all of one turn, that the next round takes."""
        return list(rows[: self._count(rows[0].turn)]) if rows else []

    def note(self, turn: int, count: int, seconds: float) -> None:
        """A round made so many outputs in this time."""
        self.turn = turn
        if count >= LEAST:
            self.each_s[turn] = seconds / count

    def _count(self, turn: int) -> int:
        seconds = SHORT_S if self.is_short and turn < BULK_TURN else ROUND_S
        return min(MOST, max(LEAST, round(seconds / self.each_s.get(turn, EACH_S))))


def choose_size(session: Session) -> RoundSize:
    """The size that rounds of a build begin with: what the process knows of its last build."""
    warm = session.warm
    return RoundSize(warm is not None and session.row.built_at_clock is not None, warm.each_s if warm is not None else {})
