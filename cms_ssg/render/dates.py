"""Dates in words, by a pattern from the theme's strings that is compiled once, and dates for machines."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Any, Final

ENGLISH_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

_PART = re.compile(r"\{(\w+)\}")

_NUMBERS: Final[dict[str, Callable[[datetime], str]]] = {
    "day": lambda value: str(value.day),
    "day2": lambda value: f"{value.day:02d}",
    "month_number": lambda value: str(value.month),
    "month2": lambda value: f"{value.month:02d}",
    "year": lambda value: f"{value.year:04d}",
    "hour2": lambda value: f"{value.hour:02d}",
    "minute2": lambda value: f"{value.minute:02d}",
}

_NAMES: Final = {
    "month": ("date.months",),
    "month_short": ("date.months_short", "date.months"),
    "month_alone": ("date.months_alone", "date.months"),
}


@dataclass(frozen=True, slots=True)
class DateFormat:
    """A compiled pattern. reads: the string keys it is made of."""

    reads: tuple[str, ...]
    parts: tuple[str | Callable[[datetime], str], ...]

    def render(self, value: datetime) -> str:
        return _fill(self.parts, value, value.tzinfo, value.fold)


@lru_cache(maxsize=32_768)
def _fill(parts: tuple[str | Callable[[datetime], str], ...], value: datetime, zone: tzinfo | None, fold: int) -> str:
    """zone, fold: the same moment is another day elsewhere, though Python holds such times for equal."""
    return "".join([part if isinstance(part, str) else part(value) for part in parts])


def compile_format(texts: Mapping[str, Any], style: str) -> DateFormat:
    """The pattern ``date.<style>`` ready to fill; an unknown style gives the ISO day.

    Names in a pattern: day, day2 (two digits), month_number, month2, month, month_short, month_alone
    (as it stands without a day), year, hour2, minute2. An unknown name stays as written.
    """
    reads = [f"date.{style}"]
    pattern = texts.get(reads[0])
    if not isinstance(pattern, str):
        pattern = "{year}-{month2}-{day2}"
    parts: list[str | Callable[[datetime], str]] = []
    for index, piece in enumerate(_PART.split(pattern)):
        if index % 2 == 0:
            parts.append(piece)
        elif piece in _NUMBERS:
            parts.append(_NUMBERS[piece])
        elif piece in _NAMES:
            names, tried = _month_names(texts, _NAMES[piece])
            reads += tried
            parts.append(lambda value, names=names: names[value.month - 1])  # type: ignore[misc]
        else:
            parts.append(f"{{{piece}}}")
    return DateFormat(tuple(reads), tuple(parts))


def parse_month(text: str) -> datetime | None:
    """The first day of ``2025/03``, ``2025-03`` or ``month/2025/03``, None for anything else."""
    found = re.fullmatch(r"(?:month/)?(\d{4})[-/](\d{2})/?", text)
    if not found or not 1 <= int(found[2]) <= 12 or found[1] == "0000":
        return None
    return datetime(int(found[1]), int(found[2]), 1, tzinfo=UTC)


def format_iso(value: datetime | None) -> str:
    """RFC 3339 for ``<time datetime>``: ``2025-03-01T09:00:00+01:00``, Z for UTC. None gives ``""``.

    Before zones of whole hours, clocks showed each town's own time. RFC 3339 (5.8) writes it with the nearest offset of whole minutes.
    """
    return _format_iso(value, value.tzinfo, value.fold) if value is not None else ""


@lru_cache(maxsize=32_768)
def _format_iso(value: datetime, zone: tzinfo | None, fold: int) -> str:
    offset = value.utcoffset()
    if offset is not None and offset.seconds % 60:
        value = value.astimezone(timezone(timedelta(minutes=round(offset.total_seconds() / 60))))
    text = value.isoformat(timespec="seconds")
    return text[:-6] + "Z" if text.endswith("+00:00") else text


_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def format_rfc822(value: datetime | None) -> str:
    """RFC 822 with a four-digit year, in GMT, as RSS 2.0 wants it: ``Sat, 01 Mar 2025 08:00:00 GMT``. English whatever the locale."""
    if value is None:
        return ""
    value = value.astimezone(UTC)
    return f"{_DAYS[value.weekday()]}, {value.day:02d} {_MONTHS[value.month - 1]} {value.year:04d} {value:%H:%M:%S} GMT"


def _month_names(texts: Mapping[str, Any], keys: tuple[str, ...]) -> tuple[tuple[str, ...], list[str]]:
    tried: list[str] = []
    for key in keys:
        tried.append(key)
        names = texts.get(key)
        if isinstance(names, tuple) and len(names) == 12:
            return names, tried
    return ENGLISH_MONTHS, tried
