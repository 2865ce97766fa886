"""A site's design tokens (colours, fonts, width, radius) as CSS custom properties, checked so that a value stays a value."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from cms_ssg.errors import CmsError
from cms_ssg.site import Site
from cms_ssg.types import Problem

MARK: Final = "/* tokens */"
"""The line of a style sheet that the site's tokens take the place of."""

KNOWN_TOKENS: Final[dict[str, str]] = {
    "accent": "#14597d",
    "accent-dark": "#86c3e6",
    "ink": "#22262a",
    "ink-dark": "#e4e2dd",
    "paper": "#fdfcfa",
    "paper-dark": "#15181b",
    "font-body": "Literata, Charter, Cambria, serif",
    "font-heading": "the same as font-body",
    "font-ui": 'system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif',
    "font-code": 'ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace',
    "text-size": "1.125rem",
    "width": "40rem",
    "wide": "68rem",
    "radius": "6px",
    "logo": "",
    "logo-dark": "",
    "icon": "",
}
"""Tokens of the base theme with the values site.css falls back to."""

MARKUP_TOKENS: Final = frozenset({"logo", "logo-dark", "icon"})
"""Tokens that templates use as addresses; they are not CSS."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_VALUE = re.compile(r"[^;{}<>\\@!\x00-\x1f\x7f]{1,300}")


def render_tokens(tokens: Mapping[str, str]) -> str:
    r"""``:root{--accent:#14597d;--width:40rem;}`` from ``[tokens]`` of site.toml, sorted by name; ``""`` for none.

    Raises CmsError ``tokens.name`` or ``tokens.value`` for what could end the declaration or fetch an
    address: ; { } < > @ ! \ control characters, comments, url() and open quotes or brackets.
    """
    problems = [problem for name, value in sorted(tokens.items()) if (problem := _check(name, value))]
    if problems:
        raise CmsError(*problems)
    rules = "".join(f"--{name}:{value.strip()};" for name, value in sorted(tokens.items()) if name not in MARKUP_TOKENS and value.strip())
    return f":root{{{rules}}}" if rules else ""


@contextmanager
def locate_tokens(site: Site) -> Iterator[None]:
    """Within it, the CmsError of a token names its line in site.toml."""
    try:
        yield
    except CmsError as error:
        from cms_ssg.config.explain import open_origin

        if not all(problem.code.startswith("tokens.") for problem in error.problems):
            raise
        origin = open_origin(site.root, site.settings.env, os.environ)
        found = [(name, problem) for name, value in site.settings.tokens.items() if (problem := _check(name, value))]
        lines = [(origin.locate(("tokens", name))[1], problem) for name, problem in found]
        raise CmsError(*(replace(problem, line=line) for line, problem in lines)) from None


def check_tokens(tokens: Mapping[str, str], known: Mapping[str, str] = KNOWN_TOKENS) -> tuple[Problem, ...]:
    """Warnings ``tokens.unknown`` for names the theme does not use, with the nearest right one."""
    return tuple(
        Problem("tokens.unknown", "site.toml", 0, f'unknown token "{name}"', _suggest(name, known), "warning")
        for name in sorted(tokens)
        if name not in known
    )


def _suggest(name: str, known: Mapping[str, str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f'Did you mean "{near[0]}"?' if near else f"Tokens: {', '.join(sorted(known))}."


def _check(name: str, value: str) -> Problem | None:
    if not _NAME.fullmatch(name):
        hint = "Names are lower case letters, digits and hyphens, such as accent-dark."
        return Problem("tokens.name", "site.toml", 0, f"token name {name!r} is not a CSS name", hint)
    if name in MARKUP_TOKENS or value.strip() == "":
        return None
    if not _VALUE.fullmatch(value) or "/*" in value or "*/" in value or not _is_closed(value):
        hint = (
            'Give one CSS value, such as "#14597d" or "Georgia, serif", without ; { } < > @ ! \\ or comments, quotes and brackets closed.'
        )
        return Problem("tokens.value", "site.toml", 0, f"token {name} is not a plain CSS value: {value[:60]!r}", hint)
    if re.search(r"(?i)\b(?:url|image|image-set|expression|src|attr|element)\s*\(", value):
        hint = "Put the file in static/ and name it in logo, logo-dark or icon, or write a rule in the site's own CSS."
        return Problem("tokens.value", "site.toml", 0, f"token {name} fetches an address: {value[:60]!r}", hint)
    return None


def _is_closed(value: str) -> bool:
    quote, depth = "", 0
    for char in value:
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
            if depth < 0:
                return False
    return not quote and depth == 0
