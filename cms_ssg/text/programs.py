"""Which readers are programs, by what they call themselves."""

from __future__ import annotations

import re
from typing import Final

PROGRAM: Final = re.compile(
    r"bot|crawl|spider|slurp|headless|preview|facebookexternalhit|lighthouse|monitor|archiver|fetch|curl|wget|python|java/|go-http|okhttp|axios|node",
    re.IGNORECASE,
)


def is_program_name(agent: str) -> bool:
    """Whether a User-Agent belongs to a program. An empty one counts too, since browsers always send one; logs write ``-`` for none."""
    return agent in ("", "-") or PROGRAM.search(agent) is not None
