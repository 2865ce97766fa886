"""Text as HTML, and how a link within it is noted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def escape_text(text: str) -> str:
    """Text for HTML, attributes included."""
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    if ">" in text:
        text = text.replace(">", "&gt;")
    if '"' in text:
        text = text.replace('"', "&quot;")
    return text


AddLink = Callable[[str, str, int, dict[str, Any]], str]
"""(kind, target, line, values) -> the placeholder that stands for it."""
