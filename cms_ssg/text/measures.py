"""Weights and lengths as people of a language read them: ``0,45 kg``, ``12 × 9 × 10 cm``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache


def format_measure(values: Sequence[float], unit: str, locale: str) -> str:
    """Values of one unit with ``×`` between them. unit: as CLDR names it, ``kilogram``; see https://unicode.org/reports/tr35/tr35-general.html#Unit_Elements."""
    numbers = [_format(locale, "").format({"value": value}) for value in values[:-1]]
    return " × ".join(
        [*numbers, *(_format(locale, f"::unit/{unit} unit-width-short .###").format({"value": value}) for value in values[-1:])]
    )


@lru_cache(maxsize=64)
def _format(locale: str, style: str):  # type: ignore[no-untyped-def]
    from icu4py.messageformat import MessageFormat  # pages without measures do not need it

    return MessageFormat(f"{{value, number{f', {style}' if style else ''}}}", locale)
