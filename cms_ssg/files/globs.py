"""File name patterns as in .gitignore: ``*`` within a folder, ``**`` across folders, ``{a,b}`` and ``[0-9]``."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=512)
def compile_glob(pattern: str) -> re.Pattern[str]:
    """The pattern for ``fullmatch`` on a path relative to the collection, with ``/``.

    A pattern without ``/``, but for one at its end, matches in any folder; one that begins with ``/`` only at the top; one that ends in ``/``
    stands for all that is in such folders. Raises ValueError for unclosed brackets.
    """
    inner = pattern.strip("/")
    pattern = ("" if "/" in inner or pattern.startswith("/") else "**/") + inner + ("/**" if pattern.endswith("/") else "")
    out, at = [], 0
    depth = 0
    while at < len(pattern):
        char = pattern[at]
        if pattern.startswith("**/", at):
            out.append("(?:[^/]+/)*")
            at += 3
            continue
        if pattern.startswith("**", at):
            out.append(".*")
            at += 2
            continue
        if char == "*":
            out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
        elif char == "[":
            end = pattern.find("]", at + 2)
            if end < 0:
                raise ValueError(f"the bracket in {pattern!r} is not closed")
            inside = pattern[at + 1 : end].replace("\\", "\\\\")
            out.append("[" + ("^" + inside[1:] if inside[0] in "!^" else inside) + "]")
            at = end
        elif char == "{":
            out.append("(?:")
            depth += 1
        elif char == "}" and depth:
            out.append(")")
            depth -= 1
        elif char == "," and depth:
            out.append("|")
        else:
            out.append(re.escape(char))
        at += 1
    if depth:
        raise ValueError(f"the brace in {pattern!r} is not closed")
    try:
        return re.compile("".join(out), re.DOTALL)
    except re.error as error:
        raise ValueError(f"{pattern!r}: {error}") from None


def matches_any(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether one of the patterns matches."""
    return any(compile_glob(pattern).fullmatch(path) for pattern in patterns)
