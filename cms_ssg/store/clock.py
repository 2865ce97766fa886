"""What time it is: the database says, since machines of one site disagree and what is scheduled must not go out early on one of them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Final

from psycopg import Connection

from cms_ssg.types import Problem

SKEW_TOLD_S, SKEW_REFUSED_S = 30.0, 300.0
"""So far may the clocks of this machine and of the database be apart before that is told, and before nothing is published."""

_NOW: Final = "SELECT clock_timestamp()"


def read_clock(connection: Connection) -> tuple[datetime, float]:
    """The database's time, and by how many seconds this machine is ahead of it, or behind where that is negative; 0 where the answer took longer."""
    before = time.time()
    [now] = connection.execute(_NOW).fetchone() or (datetime.now(UTC),)
    return now.astimezone(UTC), measure_skew(now, before, time.time())


def measure_skew(theirs: datetime, before: float, after: float) -> float:
    """How far ahead this machine is at least, where their time lies between two looks at ours."""
    at = theirs.timestamp()
    return before - at if before > at else after - at if after < at else 0.0


def describe_skew(skew_s: float) -> Problem | None:
    """What to tell of clocks that are apart: an error where nothing may be published."""
    if abs(skew_s) < SKEW_TOLD_S:
        return None
    said = f"{abs(skew_s):,.0f} seconds" if abs(skew_s) < 120 else f"{abs(skew_s) / 60:,.0f} minutes"
    return Problem(
        "build.clock", "", 0, f"the clock of this machine is {said} {'ahead of' if skew_s > 0 else 'behind'} the database's, which decides",
        "Set both by NTP: timedatectl set-ntp true", "error" if abs(skew_s) >= SKEW_REFUSED_S else "warning",
    )  # fmt: skip
