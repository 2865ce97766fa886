"""What is left of an unexpected exception: one line for the person, the whole story in .cms/crash.log."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import cms_ssg
from cms_ssg.files.ownership import find_owner, give, make_folders
from cms_ssg.kinds.failures import describe_failure, name_exception
from cms_ssg.types import Problem

_ASK = "Set CMS_DEBUG=1 to see where it happened."


def log_crash(root: Path | None, error: BaseException, redact: Callable[[str], str]) -> Problem:
    """Write the traceback to the site's crash log; return what to say: of the code of another package's vertical, its file and line.

    root: the site's folder, if it is known; redact: takes secrets out of a text.
    """
    details = redact("".join(traceback.format_exception(error)))
    text = redact(" ".join(str(error).split()))[:200]
    line = f"internal error: {name_exception(error, text)}"
    if os.environ.get("CMS_DEBUG"):
        line = f"{details.rstrip()}\n{line}"
    if failure := describe_failure(error, text):
        _write(root, details, redact(" ".join(sys.argv)))
        return replace(failure, message=f"{details.rstrip()}\n{failure.message}") if os.environ.get("CMS_DEBUG") else failure
    return Problem("internal", "", 0, line, _write(root, details, redact(" ".join(sys.argv))))


def _write(root: Path | None, details: str, call: str) -> str:
    if root is None or not (root / "site.toml").is_file():
        return _ASK
    path = root / ".cms" / "crash.log"
    heading = [
        datetime.now(UTC).isoformat(timespec="seconds"),
        f"cms_ssg {cms_ssg.__version__}",
        f"Python {sys.version.split()[0]}",
        call,
    ]
    try:
        make_folders(path.parent, 0o700)
        with path.open("a", encoding="utf-8", errors="backslashreplace") as log:
            log.write(f"{' | '.join(heading)}\n{details}\n")
        give(path, find_owner(path.parent))
    except OSError:
        return _ASK
    return f"Details are in {path}; please report them."
