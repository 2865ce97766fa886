"""Signed tickets: who was shown a variant gets one, and whoever reports a goal has to show it."""

from __future__ import annotations

import hmac
import re
from typing import Final, NamedTuple
from uuid import UUID

_FORM: Final = re.compile(r"([a-z][a-z0-9-]{0,29})\.(\d{1,12})\.([0-9a-f]{32})\.(\d{1,12})\.([0-9a-f]{32})")


class Ticket(NamedTuple):
    """variant: that was shown; run: of the experiment; visit: the number that the browser made up; issued_s: in seconds since 1970."""

    variant: str
    run: int
    visit: UUID
    issued_s: int


def sign_ticket(key: bytes, experiment: str, ticket: Ticket) -> str:
    """The ticket as text."""
    text = f"{ticket.variant}.{ticket.run}.{ticket.visit.hex}.{ticket.issued_s}"
    return f"{text}.{_sign(key, experiment, text)}"


def read_ticket(key: bytes, experiment: str, text: str) -> Ticket | None:
    """The ticket of a text, None where it was not signed with this key for this experiment."""
    match = _FORM.fullmatch(text)
    if match is None or not hmac.compare_digest(_sign(key, experiment, text.rpartition(".")[0]), match[5]):
        return None
    return Ticket(match[1], int(match[2]), UUID(match[3]), int(match[4]))


def _sign(key: bytes, experiment: str, text: str) -> str:
    return hmac.new(key, f"{experiment}\n{text}".encode(), "sha256").hexdigest()[:32]
