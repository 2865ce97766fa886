"""Which names below a content folder are files of the site, which are somebody's leftovers, and which are refused."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Final

from cms_ssg.types import Problem

MAX_NAME_BYTES: Final = 200
"""Longest file name accepted: file systems stop at 255, and outputs add a suffix."""

_KEPT: Final = frozenset({".well-known", ".nojekyll", ".htaccess"})
"""Hidden names that web servers and hosts look for, so they are content all the same."""

_IGNORED: Final = re.compile(
    r"(?:\..*|#.*#|.*~|4913|.*\.(?:swp|swo|tmp)|.*___jb_(?:tmp|old)___|(?:eh)?[Tt]humbs(?:_vista)?\.db|[Dd]esktop\.ini|node_modules)\Z",
    re.DOTALL,
)
_HINTS: Final = (
    "/.",
    "/#",
    "~/",
    "/4913/",
    ".swp/",
    ".swo/",
    ".tmp/",
    "___/",
    "humbs.db/",
    "humbs_vista.db/",
    "esktop.ini/",
    "/node_modules/",
    "\\",
)
# Control characters, line separators and marks that turn the reading direction round (U+200E and U+200F are ordinary in Arabic names).
_FORBIDDEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\\\\\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def is_ignored(name: str) -> bool:
    """Whether one file or folder name is hidden or an editor's temporary file (``x~``, ``#x#``, ``.x.swp``, vim's ``4913``)."""
    return _IGNORED.match(name) is not None and name not in _KEPT


def find_name_problem(path: str) -> Problem | None:
    """Say what is wrong with the last name of a path, or None. The place in the problem is safe to print."""
    name = path.rpartition("/")[2]
    found = _FORBIDDEN.search(name)
    if found is None and len(os.fsencode(name)) <= MAX_NAME_BYTES:
        return None
    place = show_path(path)
    if found is None:
        return Problem("scan.name", place, 0, f"the name is longer than {MAX_NAME_BYTES} bytes; it was left out", "Shorten it.", "warning")
    bad = found.group()
    what = "a backslash" if bad == "\\" else f"the character U+{ord(bad):04X}"
    if "\ud800" <= bad <= "\udfff":
        what = "bytes that are not UTF-8"
    return Problem("scan.name", place, 0, f"the name holds {what}; it was left out", "Rename it.", "warning")


def show_path(path: str) -> str:
    """Make a path printable: forbidden characters become escapes as in Python, and the middle of a very long one is left out."""
    text = _FORBIDDEN.sub(lambda found: _escape(found.group()), path)
    return text if len(text) <= 300 else f"{text[:140]}…{text[-140:]}"


def _escape(char: str) -> str:
    if "\udc80" <= char <= "\udcff":
        return f"\\x{ord(char) - 0xDC00:02x}"
    return "\\\\" if char == "\\" else char.encode("unicode_escape", "backslashreplace").decode()


def needs_name_check(names: Sequence[str]) -> bool:
    """Whether any of these names could be ignored or refused. False costs one pass in C for a whole folder."""
    joined = f"/{'/'.join(names)}/"
    return not joined.isprintable() or any(hint in joined for hint in _HINTS) or len(max(names, key=len, default="")) * 4 > MAX_NAME_BYTES


def find_path_problem(path: str) -> Problem | None:
    """The same for every name of a path from git, outermost first: the problem names the folder that a walk would have left out."""
    end = 0
    while end >= 0:
        end = path.find("/", end + 1)
        problem = find_name_problem(path if end < 0 else path[:end])
        if problem:
            return problem
    return None


def has_ignored_name(path: str) -> bool:
    """Whether any name of a path is ignored."""
    return any(map(is_ignored, path.split("/")))
