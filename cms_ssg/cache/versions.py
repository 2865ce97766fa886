"""Which cached answers are still valid: an answer carries the snapshot it was made after, and a tag the transactions that raised it.

An answer is valid while its snapshot sees each of these transactions. That is exact whatever order transactions commit in: one that was begun
before an answer was made and commits after it is not seen by the answer's snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

MOST_TAGS = 200_000
"""Tags whose last transaction is remembered; beyond that every answer from before is stale."""


class Snapshot(NamedTuple):
    """What a transaction of the database saw. running: transactions below top that had not ended."""

    bottom: int
    top: int
    running: frozenset[int]

    def sees(self, transaction: int) -> bool:
        """Whether the effects of a transaction were visible."""
        return transaction < self.bottom or (transaction < self.top and transaction not in self.running)


def parse_snapshot(text: str) -> Snapshot:
    """A snapshot as ``pg_current_snapshot()`` writes it: ``10:20:10,14,15``. Raises ValueError."""
    bottom, top, running = text.split(":")
    return Snapshot(int(bottom), int(top), frozenset(map(int, running.split(","))) if running else frozenset())


@dataclass(slots=True)
class Versions:
    """The transactions that raised tags, as far as this process has heard. text: the snapshot of the last look."""

    snapshot: Snapshot = field(default_factory=lambda: Snapshot(0, 0, frozenset()))
    text: str = "0:0:"
    _recent: dict[tuple[int, str], set[int]] = field(default_factory=dict)
    _settled: dict[tuple[int, str], int] = field(default_factory=dict)
    _floor: int = 0

    def learn(self, text: str, raised: Iterable[tuple[int, str, int]]) -> set[tuple[int, str]]:
        """Take in one look at the database: its snapshot, and (site, tag, transaction) of what was raised. Returns what is new."""
        snapshot = parse_snapshot(text)
        if snapshot.bottom < self.snapshot.bottom:  # another server, or one put back to an earlier state
            self.forget()
        new = set()
        for site, tag, transaction in raised:
            key = (site, tag)
            known = self._recent.setdefault(key, set())
            if transaction not in known and self._settled.get(key, 0) < transaction:
                known.add(transaction)
                new.add(key)
        # Once no running transaction is older, the highest number stands for all: answers made meanwhile are called stale once too often.
        for key in [key for key, known in self._recent.items() if all(one < snapshot.bottom for one in known)]:
            known = self._recent.pop(key)
            if known:
                self._settled[key] = max(self._settled.get(key, 0), *known)
        if len(self._settled) > MOST_TAGS:
            self._floor = max(self._settled.values())
            self._settled.clear()
        self.snapshot, self.text = snapshot, text
        return new

    def are_valid(self, site: int, tags: Iterable[str], snapshot: Snapshot) -> bool:
        """Whether an answer with these tags that was made after this snapshot still stands."""
        if snapshot.bottom <= self._floor:
            return False
        for tag in tags:
            key = (site, tag)
            if self._settled.get(key, -1) >= snapshot.bottom or not all(map(snapshot.sees, self._recent.get(key, ()))):
                return False
        return True

    def forget(self) -> None:
        """Begin anew: every answer from before is stale."""
        self._recent.clear()
        self._settled.clear()
        self._floor = self.snapshot.top
        self.snapshot, self.text = Snapshot(0, 0, frozenset()), "0:0:"
