"""What time changes in a directory: listings that expire, public holidays, and how often pages were read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime
from typing import Any, Final, LiteralString

from cms_ssg.kinds.vertical import OpenSite, Task
from cms_ssg.verticals.directory.facts import NEAREST, WITHIN_KM

EXPIRE: Final[LiteralString] = """
UPDATE cms.listings SET status = CASE WHEN number = ANY(%(listed)s) THEN 'approved' ELSE 'expired' END
WHERE number = ANY(%(entries)s) AND expire_at IS NOT NULL AND CASE status WHEN 'expired' THEN number = ANY(%(listed)s)
  WHEN 'approved' THEN NOT number = ANY(%(listed)s) AND expire_at <= clock_timestamp() END"""

SAVE_HOLIDAYS: Final[LiteralString] = """
WITH wanted AS (SELECT * FROM unnest(%(countries)s::text[], %(days)s::date[]) w(country, day)),
gone AS (DELETE FROM cms.holidays h WHERE site = %(site)s AND NOT EXISTS (SELECT FROM wanted w WHERE w.country = h.country AND w.day = h.day))
INSERT INTO cms.holidays (site, country, day) SELECT %(site)s, country, day FROM wanted ON CONFLICT DO NOTHING"""

# A page that moved keeps what was counted before.
COUNT_VIEWS: Final[LiteralString] = """
UPDATE cms.listings l SET view_count = v.views FROM cms.entry_views v
WHERE l.site = %(site)s AND v.site = l.site AND v.entry = l.number AND v.views > l.view_count"""


TOUCH_NEARBY: Final[LiteralString] = "SELECT cms.touch_nearby(%(site)s, %(entries)s::bigint[], %(listed)s::bigint[], %(most)s, %(km)s)"

# The API finds what is listed, which is decided only now and not where the listing was saved.
RAISE: Final[LiteralString] = """
SELECT cms.raise_tags(%(site)s, ARRAY['listings']) WHERE EXISTS (SELECT FROM cms.listings WHERE number = ANY(%(entries)s::bigint[]))"""


def settle_listings(opened: OpenSite, entries: Sequence[int], listed: AbstractSet[int] = frozenset()) -> None:
    """Give listings whose time is over the status expired, and those that are shown again the status approved; note who has other neighbours now."""
    values = {"entries": list(entries), "listed": sorted(listed), "site": opened.number, "most": NEAREST, "km": WITHIN_KM}
    opened.connection.execute(EXPIRE, values)
    opened.connection.execute(TOUCH_NEARBY, values)
    opened.connection.execute(RAISE, values)


def save_holidays(opened: OpenSite) -> int:
    """Note the public holidays of this year and the next for the countries of the settings. Returns how many there are."""
    found = list(list_holidays(opened.site.settings.vertical["directory"].holidays, datetime.now(UTC).year))
    values: dict[str, Any] = {"site": opened.number, "countries": [country for country, _ in found], "days": [day for _, day in found]}
    opened.connection.execute(SAVE_HOLIDAYS, values)
    return len(found)


def list_holidays(countries: Mapping[str, str], year: int) -> Iterator[tuple[str, date]]:
    """(country, day) of two years, as the library ``holidays`` knows them; a code that it does not know has none, which `cms check` tells of."""
    if not countries:
        return
    import holidays

    known = holidays.list_supported_countries()
    for country, code in countries.items():
        nation, _, part = code.partition("-")
        if nation in known and part in ("", *known[nation]):
            yield from ((country, day) for day in holidays.country_holidays(nation, subdiv=part or None, years=(year, year + 1)))


def count_views(opened: OpenSite) -> None:
    """Note how often each listing's page was read."""
    opened.connection.execute(COUNT_VIEWS, {"site": opened.number})


TASKS: Final = (Task("directory.holidays", 12 * 3600, save_holidays), Task("directory.views", 3600, count_views))
