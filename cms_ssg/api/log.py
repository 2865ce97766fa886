"""One line for each request, and for what goes on beside them."""

from __future__ import annotations

import sys
from typing import Any

import msgspec


def log_answer(**fields: Any) -> None:
    """One JSON line a request on stderr, without query strings, addresses and tokens."""
    if fields["path"] not in ("/healthz", "/readyz"):
        sys.stderr.write(msgspec.json.encode({"event": "answered", **fields}).decode() + "\n")


def log_note(text: str) -> None:
    """One JSON line about something that is no request."""
    sys.stderr.write(msgspec.json.encode({"event": "noted", "message": text}).decode() + "\n")
