"""What plugins print: a line of the command's own form, without secrets, never among its result."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

SAYING: list[Callable[[str], None]] = []
"""What a command says a line by, the last one counts; empty where no command runs: then all goes to stderr as it is."""


class _Lines(io.TextIOBase):
    def __init__(self, say: Callable[[str], None]) -> None:
        self.say, self.rest = say, ""

    def write(self, text: str) -> int:
        *lines, self.rest = (self.rest + text).split("\n")
        for line in lines:
            self.say(line)
        return len(text)


@contextmanager
def capture_prints() -> Iterator[None]:
    """In this block, say each line that is printed."""
    if not SAYING:
        with redirect_stdout(sys.stderr):
            yield
        return
    lines = _Lines(SAYING[-1])
    try:
        with redirect_stdout(lines), redirect_stderr(lines):
            yield
    finally:
        if lines.rest:
            lines.write("\n")
