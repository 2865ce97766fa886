"""Keeps spreadsheets from running what a cell says: https://owasp.org/www-community/attacks/CSV_Injection."""

from __future__ import annotations

import re
from typing import Final

ACTIVE: Final = re.compile(r"'*[=+\-@\t\r]")
NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def guard_cell(text: str) -> str:
    """The text with an apostrophe before it if a spreadsheet would take it for a formula. Plain numbers stay."""
    return "'" + text if ACTIVE.match(text) and not NUMBER.fullmatch(text) else text


def unguard_cell(text: str) -> str:
    """What guard_cell was given."""
    return text[1:] if text.startswith("'") and ACTIVE.match(text) else text
