"""Opening hours: days with times, or the simple part of the opening_hours syntax of OpenStreetMap. cms.parse_hours reads the same in SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from cms_ssg.types import Json

DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SHORT: Final = tuple(day[:2] for day in DAYS)
_DAY = r"(?:mo|tu|we|th|fr|sa|su)[a-z]*"
RULE: Final = re.compile(rf"({_DAY}(?:\s*[-,]\s*{_DAY})*)?(.*)", re.DOTALL)
HOLIDAYS: Final = re.compile(r"(?:ph|holidays?)\s+")
TIMES: Final = re.compile(r"(\d{1,2})[:.](\d{2})\s*[-–]\s*(\d{1,2})[:.](\d{2})", re.ASCII)


class Hours(NamedTuple):
    """days: times of each day as they are shown, Monday first; spans: (day, opens, closes); holidays: times on public holidays, None where
    nothing is said of them; wrong: what could not be read.
    """

    days: tuple[tuple[str, ...], ...]
    spans: tuple[tuple[int, str, str], ...]
    wrong: tuple[str, ...] = ()
    holidays: tuple[str, ...] | None = None

    @property
    def is_known(self) -> bool:
        return bool(self.spans)


def parse_hours(value: Json) -> Hours:
    """What a listing says of its hours; anything is taken, and what cannot be read is told."""
    days: list[list[tuple[str, str]]] = [[] for _ in DAYS]
    wrong: list[str] = []
    holidays: tuple[str, ...] | None = None
    for rule in _list_rules(value):
        if (found := HOLIDAYS.match(rule)) is not None:
            holidays = tuple(_show(opens, closes) for opens, closes in _read_times(rule[found.end() :], rule, wrong))
            continue
        if rule == "24/7":
            days = [[("00:00", "24:00")] for _ in DAYS]
            continue
        match = RULE.fullmatch(rule)
        assert match is not None
        named, times = match[1] or "", match[2].strip()
        if not named and not times[:1].isdigit():
            wrong.append(rule)
            continue
        chosen = list(_list_days(named)) if named else list(range(7))
        spans = _read_times(times, rule, wrong)
        for day in chosen:
            days[day] = spans
    return Hours(
        tuple(tuple(_show(opens, closes) for opens, closes in day) for day in days),
        tuple((number, opens, closes) for number, day in enumerate(days) for opens, closes in day),
        tuple(wrong),
        holidays,
    )


def _read_times(times: str, rule: str, wrong: list[str]) -> list[tuple[str, str]]:
    """(opens, closes) of a rule's times; a rule that cannot be read is added to wrong."""
    spans = []
    for piece in filter(None, (piece.strip() for piece in times.split(","))):
        found = TIMES.fullmatch(piece)
        if found is None or int(found[1]) > 24 or int(found[3]) > 48 or int(found[2]) > 59 or int(found[4]) > 59:
            if piece not in ("off", "closed"):
                wrong.append(rule)
            continue
        spans.append((f"{int(found[1]):02}:{found[2]}", f"{int(found[3]) % 24 if int(found[3]) > 24 else int(found[3]):02}:{found[4]}"))
    return spans


def _show(opens: str, closes: str) -> str:
    return f"{opens}–{closes}"


def _list_rules(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        for key, times in value.items():
            day = str(key).lower()
            yield f"{day if day in ('ph', 'holiday', 'holidays') else day[:2]} {str(times if times is not None else 'off').lower().strip()}"
    elif isinstance(value, str):
        yield from filter(None, (rule.strip().lower() for rule in value[:2000].split(";")))


def _list_days(text: str) -> Iterator[int]:
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        begin = SHORT.index(first.strip()[:2])
        end = SHORT.index(last.strip()[:2]) if last.strip() else begin
        for day in range(begin, end + 1 if end >= begin else end + 8):
            yield day % 7
