"""Problems in the form in which a code forge shows them beside the line they are in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import blake2b

from cms_ssg.types import Problem

DEFAULT_PLACE = "site.toml"
"""Where a problem of the whole site is shown: both forges want a file."""


def make_github(problems: Sequence[Problem], prefix: str = "") -> str:
    """Workflow commands, one a line; GitHub Actions reads them from a step's output.

    prefix: folder of the site in the repository, "" or ``site/``. Form: docs.github.com, "Workflow commands for GitHub Actions".
    """
    lines = []
    for problem in problems:
        place = {"file": prefix + (problem.place or DEFAULT_PLACE), "line": str(problem.line or 1), "title": problem.code}
        values = ",".join(f"{name}={_escape(value, ':,')}" for name, value in place.items())
        lines.append(f"::{problem.severity} {values}::{_escape(_say(problem))}")
    return "\n".join(lines)


def make_gitlab(problems: Sequence[Problem], prefix: str = "") -> str:
    """A Code Quality report, for ``artifacts: reports: codequality``.

    The fingerprint names a problem from one run to the next: it holds no line, so that text above does not make it a new one.
    """
    seen: dict[str, int] = {}
    rows = []
    for problem in problems:
        name = "\0".join((problem.code, problem.place, problem.message))
        seen[name] = seen.get(name, 0) + 1
        rows.append({
            "description": _say(problem),
            "check_name": problem.code,
            "fingerprint": blake2b(f"{name}\0{seen[name]}".encode(), digest_size=16).hexdigest(),
            "severity": "major" if problem.severity == "error" else "minor",
            "location": {"path": prefix + (problem.place or DEFAULT_PLACE), "lines": {"begin": problem.line or 1}},
        })  # fmt: skip
    return json.dumps(rows, ensure_ascii=False, indent=1)


def _say(problem: Problem) -> str:
    return f"{problem.message}\n{problem.hint}" if problem.hint else problem.message


def _escape(text: str, more: str = "") -> str:
    """Text as a value of a workflow command, which ends at a line's end, and a property at these signs."""
    for sign in "%\r\n" + more:
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text
