"""How many outputs a round takes. What a person waits for is taken in between two rounds, so a long round holds it up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cms_ssg.plan.dirty import BULK_TURN
from cms_ssg.publish.target import find_abilities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cms_ssg.engine.session import Session
    from cms_ssg.store.outputs import DirtyRow

ROUND_S, LEAST = 2.0, 100
"""A save overtakes the rest of a long build between two rounds: no more outputs are taken than the last round would have made in this time, but
so many in any case."""

SHORT_S, SHORT_LEAST = 0.4, 20
"""The same while a watched site is kept up to date, where a save follows the other."""

MOST_AHEAD: Final = 50
"""Outputs of the lane ahead that are looked at between two rounds of new pages."""

EACH_S: Final = 0.005
"""Seconds that an output is assumed to take before one of its turn was made."""


@dataclass(slots=True)
class RoundSize:
    """How many outputs the next round takes. limit: at most, where rounds are not short; is_short: whether they are; each_s: seconds per output, by turn."""

    limit: int
    largest: int
    is_short: bool
    each_s: dict[int, float] = field(default_factory=dict)

    def cut(self, rows: Sequence[DirtyRow]) -> list[DirtyRow]:
        """Those of the most urgent outputs that the next round takes."""
        if not self.is_short or not rows or rows[0].turn >= BULK_TURN:
            return list(rows)
        return list(rows[: max(SHORT_LEAST, round(SHORT_S / self.each_s.get(rows[0].turn, EACH_S)))])

    def note(self, turn: int, count: int, seconds: float) -> None:
        """A round made so many outputs in this time."""
        if count >= SHORT_LEAST:
            self.each_s[turn] = seconds / count
        if count == self.limit:
            self.limit = min(self.largest, max(LEAST, round(self.limit * ROUND_S / seconds)))


def choose_size(session: Session, few: int, many: int) -> RoundSize:
    """The size that rounds of a build begin with. few, many: outputs of a round where that is all, and where there is a whole site to make."""
    is_large = session.result.planned > few * 4
    looks_are_free = find_abilities(session.site.settings).looks_are_free  # otherwise a store may be slow
    warm = session.warm
    is_short = warm is not None and session.row.built_at_clock is not None and not is_large
    largest = many if is_large else few
    return RoundSize(largest if looks_are_free else few, largest, is_short, warm.each_s if warm is not None else {})
