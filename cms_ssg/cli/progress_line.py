"""The line on a terminal that shows what takes a while."""

from __future__ import annotations

import time
from typing import TextIO

PROGRESS_AFTER_S = 0.25


PROGRESS_EVERY_S = 0.1


RATE_AFTER_S = 2.0


class ProgressLine:
    """One line on a terminal that shows what takes longer than PROGRESS_AFTER_S; nothing anywhere else.

    started_s: when the work began whose steps are shown; 0 where none goes on; step_s: when this step of it did.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.is_terminal = stream.isatty()
        self.started_s = self.step_s = 0.0
        self.drawn_s = 0.0
        self.is_drawn = False
        self.name, self.done, self.total = "", 0, 0

    def begin(self, name: str, total: int) -> None:
        if name != self.name or not self.started_s:
            self.step_s = time.monotonic()
        self.name, self.done, self.total = name, 0, total
        self.started_s = self.started_s or time.monotonic()
        self._draw()

    def advance(self, count: int) -> None:
        self.done += count
        self._draw()

    def _draw(self) -> None:
        now = time.monotonic()
        if not self.is_terminal or now - self.started_s < PROGRESS_AFTER_S or now - self.drawn_s < PROGRESS_EVERY_S:
            return
        self.drawn_s, self.is_drawn = now, True
        count = f" {self.done:,} of {self.total:,}" if self.total else f" {self.done:,}" if self.done else ""
        self.stream.write(f"\r\x1b[K{self.name}{count}{self._describe_rate(now - self.step_s)} …")
        self.stream.flush()

    def _describe_rate(self, took_s: float) -> str:
        """How fast it goes and how long it will take, once there is something to go by."""
        if took_s < RATE_AFTER_S or not self.done or self.total <= self.done:
            return ""
        rate = self.done / took_s
        return f", {rate:,.0f}/s, {say_duration((self.total - self.done) / rate)} left"

    def end(self) -> None:
        """The work is done; the next one begins to count anew."""
        self.clear()
        self.started_s = 0.0

    def clear(self) -> None:
        if self.is_drawn:
            self.stream.write("\r\x1b[K")
            self.stream.flush()
            self.is_drawn = False


def say_duration(seconds: float) -> str:
    """``8 s``, ``4 min 10 s``, ``2 h 05 min``."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
