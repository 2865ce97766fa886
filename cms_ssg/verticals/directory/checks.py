"""What `cms check` says of listings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, LiteralString
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.types import Problem
from cms_ssg.verticals.directory.hours import parse_hours
from cms_ssg.verticals.directory.upkeep import list_holidays

LISTINGS: Final[LiteralString] = """
SELECT e.source_key, e.fields -> 'hours', e.fields ->> 'timezone' FROM cms.entries e
WHERE e.site = %s AND e.type = 'listing' AND e.removed_at IS NULL AND (e.fields ? 'hours' OR e.fields ? 'timezone') ORDER BY e.source_key, e.id"""


def check_hours(opened: OpenSite) -> Iterator[Problem]:
    """Warnings for hours that cannot be read and time zones that do not exist."""
    for file, hours, zone in opened.connection.execute(LISTINGS, (opened.number,)):
        for rule in parse_hours(hours).wrong:
            hint = 'Days with times: {"monday": "9:00-17:00"}, or text: Mo-Fr 09:00-17:00; Sa 10:00-14:00; Su off.'
            yield Problem("directory.hours", file, 0, f"these opening hours cannot be read: {rule[:80]!r}", hint, "warning")
        try:
            ZoneInfo(zone or "UTC")
        except (ZoneInfoNotFoundError, ValueError, OSError):
            yield Problem("directory.timezone", file, 0, f"there is no time zone {str(zone)[:80]!r}", "Such as Europe/Rome.", "warning")


def check_holidays(opened: OpenSite) -> Iterator[Problem]:
    """Warnings for countries whose public holidays are not known."""
    for country, code in opened.site.settings.vertical["directory"].holidays.items():
        if not any(True for _ in list_holidays({country: code}, 2026)):
            said = f"[directory] holidays: no public holidays are known for {code!r}"
            yield Problem(
                "directory.holidays",
                "site.toml",
                0,
                said,
                "Codes are those of ISO 3166, such as IT, or US-CA for a part of a country.",
                "warning",
            )


CHECKS: Final = (check_hours, check_holidays)
