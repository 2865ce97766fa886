"""Asks the person at the terminal before something that cannot be undone."""

from __future__ import annotations

import sys

from cms_ssg.errors import UsageError
from cms_ssg.types import Problem


def confirm(question: str, hint: str) -> bool:
    """Whether the person says yes. hint: what to write where nobody can be asked. Raises UsageError cli.nobody-to-ask there."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(Problem("cli.nobody-to-ask", "", 0, f"{question} Nobody can be asked here, since this is not a terminal", hint))
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
