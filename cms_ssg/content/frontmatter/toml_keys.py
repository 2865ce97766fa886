"""Dotted TOML keys of very many parts, found before tomllib sees them: its time grows with the cube of their number."""

from __future__ import annotations

import re
from typing import Final

MAX_PARTS: Final = 200
"""More than any value may be nested, few enough to cost nothing."""

DEEP_KEY: Final = re.compile(
    rf"""(?:^[ \t]*+\[?+[ \t]*+\[?+|[{{,])[ \t]*+(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{MAX_PARTS}}}""", re.MULTILINE
)
"""A key where one may begin: on a line, in a table's heading, in an inline table. No part of a text is looked at in two ways."""


def find_deep_key(text: str) -> int:
    """Where a key of more than MAX_PARTS parts stands, -1 if there is none."""
    match = DEEP_KEY.search(text)
    return match.start() if match else -1
