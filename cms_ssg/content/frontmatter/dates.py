"""Every way a time may be written in front matter, each with one meaning (docs/content.md, "Dates")."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cms_ssg.types import Json

ISO: Final = re.compile(
    r"(?P<year>\d{4})(?P<sep>[-/.])(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2})"
    r"(?:(?:[Tt]|[ \t]+)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"[ \t]*(?P<zone>[Zz]|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?",
    re.ASCII,
)
UTC_SECONDS: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
WORDS: Final = re.compile(
    r"(?:[A-Za-z]{3,9}\.?,?[ \t]+)?"
    r"(?:(?P<day1>\d{1,2})(?:st|nd|rd|th)?[ \t]+(?P<month1>[A-Za-z]{3,9})\.?,?"
    r"|(?P<month2>[A-Za-z]{3,9})\.?[ \t]+(?P<day2>\d{1,2})(?:st|nd|rd|th)?,?)"
    r"[ \t]+(?P<year>\d{4})"
    r"(?:,?[ \t]+(?:at[ \t]+)?(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?[ \t]*(?P<zone>Z|UTC|UT|GMT|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)
MONTHS: Final = {
    name: number
    for number, names in enumerate(
        ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august", "sep sept september",
         "oct october", "nov november", "dec december"), 1,
    )
    for name in names.split()
}  # fmt: skip
DAYS: Final = {day[:length] for day in "monday tuesday wednesday thursday friday saturday sunday".split() for length in (3, 4, 5, len(day))}

FIRST_MOMENT: Final = datetime(1, 1, 2, tzinfo=UTC)
LAST_MOMENT: Final = datetime(9999, 12, 30, 23, 59, 59, tzinfo=UTC)
"""Times are kept a day within what can be said, so that no later shift between zones overflows."""

HINT: Final = "Write 2025-03-01, 2025-03-01 09:00 or 2025-03-01T09:00:00+01:00."


class DateError(ValueError):
    """A text that is no date; the message says why."""


@lru_cache(maxsize=64)
def load_zone(name: str) -> tzinfo:
    """The time zone called name (``Europe/Rome``). Raises DateError for an unknown one."""
    if name.upper() in ("UTC", "Z", ""):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise DateError(f"unknown time zone {name!r}") from None


def parse_date(value: Json | date, zone: str) -> datetime:
    """The moment that a front matter value means, in UTC.

    value: text, or a date or datetime that TOML made; zone: the site's, for what names none. Raises
    DateError for anything else: numbers too, since 20130715 and 1373846400 cannot be told apart.
    """
    if isinstance(value, str):
        text = value.strip()
        if UTC_SECONDS.fullmatch(text):
            moment = _fast_moment(text)
        else:
            moment = _parse_text(text, zone)
    elif isinstance(value, datetime):
        moment = value if value.tzinfo else _localize(value, zone)
    elif isinstance(value, date):
        moment = _localize(datetime.combine(value, time()), zone)
    else:
        raise DateError(f"{_show(value)} is not a date")
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        moment = FIRST_MOMENT if moment.year < 5000 else LAST_MOMENT
    return min(max(moment, FIRST_MOMENT), LAST_MOMENT)


def format_moment(moment: datetime) -> str:
    """ISO 8601 in UTC as it is stored: ``2025-03-01T09:00:00Z``; fractions of a second are dropped."""
    # strftime does not pad years below 1000 on every platform
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def say_moment(moment: datetime, zone: tzinfo) -> str:
    """For a person, in a zone, whose abbreviation few know: ``2025-03-01 09:00 (Europe/Rome)``, with seconds where there are any.

    Where clocks are put back an hour comes twice: then the abbreviation tells which.
    """
    local = moment.astimezone(zone)
    name = getattr(zone, "key", "") or str(local.tzname())
    if _comes_twice(local):
        name = f"{local.tzname()}, {name}"
    text = local.replace(microsecond=0, tzinfo=None).isoformat(" ").removesuffix(":00")
    return f"{text} UTC" if name == "UTC" else f"{text} ({name})"


def say_time(moment: datetime, zone: tzinfo) -> str:
    """The time of day for a person who knows the day and the zone: ``09:00``, with seconds where there are any, and told apart where it comes twice."""
    local = moment.astimezone(zone)
    text = local.replace(microsecond=0, tzinfo=None).time().isoformat().removesuffix(":00")
    return f"{text} {local.tzname()}" if _comes_twice(local) else text


def _comes_twice(local: datetime) -> bool:
    return local.replace(fold=1).utcoffset() != local.replace(fold=0).utcoffset()


def _fast_moment(text: str) -> datetime:
    if "T24:" in text:  # which newer versions of Python take and others do not
        return _parse_text(text, "UTC")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise DateError(f"{_show(text)} is not a date: {error}") from None


def _parse_text(text: str, zone: str) -> datetime:
    if match := ISO.fullmatch(text):
        parts = match.groupdict()
        year, month, day = int(parts["year"]), int(parts["month"]), int(parts["day"])
    elif match := WORDS.fullmatch(text):
        parts = match.groupdict()
        year, day = int(parts["year"]), int(parts["day1"] or parts["day2"])
        month = MONTHS.get((parts["month1"] or parts["month2"]).lower(), 0)
        weekday = re.match(r"[A-Za-z]+", text)
        if not month or (weekday and weekday[0].lower() not in DAYS and weekday[0].lower() not in MONTHS):
            raise DateError(f"{_show(text)} is not a date")
    else:
        raise DateError(f"{_show(text)} is not a date")
    fraction = (parts.get("fraction") or "")[:6].ljust(6, "0")
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    ends_day = hour == 24 and not (minute or second or int(fraction))  # ISO 8601: the end of the day is the next midnight
    try:
        moment = datetime.combine(date(year, month, day), time(0 if ends_day else hour, minute, second, int(fraction)))
        moment += timedelta(days=ends_day)
    except (ValueError, OverflowError) as error:
        raise DateError(f"{_show(text)} is not a date: {error}") from None
    if not parts["zone"]:
        return _localize(moment, zone)
    return moment.replace(tzinfo=_parse_offset(parts["zone"], text))


def _localize(moment: datetime, zone: str) -> datetime:
    """A time without a zone, in the site's. One the clock skips is read with the offset before the jump."""
    return moment.replace(tzinfo=load_zone(zone))


def _parse_offset(offset: str, text: str) -> tzinfo:
    if offset.upper() in ("Z", "UTC", "UT", "GMT"):
        return UTC
    digits = offset[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if hours > 23 or minutes > 59:
        raise DateError(f"{_show(text)} is not a date: no such offset {offset}")
    shift = timedelta(hours=hours, minutes=minutes)
    return timezone(-shift if offset[0] == "-" else shift)


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
