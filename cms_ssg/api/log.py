"""One line of JSON for each request, and for what goes on beside them."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec

from cms_ssg.reporting.redact import Redactor


def log_answer(**fields: Any) -> None:
    """One JSON line a request on stderr, without query strings, addresses and tokens."""
    if fields["path"] not in ("/healthz", "/readyz"):
        _write("info", "answered", fields)


def log_note(text: str) -> None:
    """One JSON line about something that is no request."""
    _write("info", "noted", {"message": text})


@contextmanager
def library_logs(databases: Iterable[str]) -> Iterator[None]:
    """What libraries log from a warning up is a line as the others are, without secrets, until the block ends.

    databases: addresses whose passwords are secrets. Nothing is done where somebody listens to them already.
    """
    root = logging.getLogger()
    if root.handlers:
        yield
        return
    lines = _Lines(Redactor(os.environ, databases))
    root.addHandler(lines)
    try:
        yield
    finally:
        root.removeHandler(lines)


class _Lines(logging.Handler):
    def __init__(self, redactor: Redactor) -> None:
        super().__init__(logging.WARNING)
        self.redactor = redactor

    def emit(self, record: logging.LogRecord) -> None:
        _write(record.levelname.lower(), record.name, {"message": self.redactor.redact(self.format(record))})


def _write(level: str, event: str, fields: dict[str, Any]) -> None:
    time = datetime.now(UTC).isoformat(timespec="milliseconds")
    sys.stderr.write(msgspec.json.encode({"time": time, "level": level, "event": event, **fields}).decode() + "\n")
