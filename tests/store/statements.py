"""What tests of SQL share: the driver's placeholders as the server's."""

from __future__ import annotations

import re

PLACEHOLDER = re.compile(r"%(?:\((\w+)\))?([sbt%])")


def number_placeholders(text: str) -> tuple[str, list[str]]:
    """SQL with $1, $2 …, and the name each stands for, "" where it has none: %s one after the other, %(name)s the same for the same name."""
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        name = match[1] or ""
        if match[2] == "%":
            return "%"
        if not name or name not in names:
            names.append(name)
            return f"${len(names)}"
        return f"${names.index(name) + 1}"

    return PLACEHOLDER.sub(number, text), names
