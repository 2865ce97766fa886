"""Colours for code: Pygments' class names, which the theme's CSS gives their colours."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from cms_ssg.content.time_limit import limit_cpu

MOST_CPU_S: Final = 5.0
"""Seconds for one block: there are lexers whose time grows with the cube of a run of line ends."""
MAX_CODE: Final = 50_000
"""Longer code stays plain: a lexer may be slow on it, and nobody reads it for its colours."""
OTHER_NAMES: Final = {"mjs": "js", "cjs": "js", "mts": "ts", "cts": "ts"}
"""File suffixes that are written after fences, and that Pygments does not know as names."""


def highlight_code(code: str, language: str) -> str | None:
    """Code as HTML with Pygments' short classes, None for a language it does not know.

    language: any of its names, as written after the fence. Raises TooSlow.
    """
    if len(code) > MAX_CODE or not language.isascii() or len(language) > 30:
        return None
    lexer = _load_lexer(language.lower())
    if lexer is None:
        return None
    from pygments import highlight

    with limit_cpu(MOST_CPU_S):
        html: str = highlight(code, lexer, _load_formatter())
    return html


@cache
def _load_lexer(language: str) -> Any:
    if not language.replace("+", "").replace("#", "").replace("-", "").replace("_", "").replace(".", "").isalnum() or language in (
        "text",
        "plain",
        "txt",
    ):
        return None
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(OTHER_NAMES.get(language, language), stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


@cache
def _load_formatter() -> Any:
    from pygments.formatters.html import HtmlFormatter

    return HtmlFormatter(nowrap=True)
