"""What the API and the commands ask of listings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString, NamedTuple

from cms_ssg.store.query import Query


@dataclass(frozen=True, slots=True)
class Listing:
    """One listing of an answer, as the API shows it.

    distance_km: None without a place; score: None where the order is that of the pages; open: None where its hours are not known.
    """

    id: int
    listing_id: str
    title: str
    distance_km: float | None
    score: float | None
    url: str
    summary: str
    image: str | None
    address: str | None
    city: str | None
    state: str | None
    country: str | None
    latitude: float | None
    longitude: float | None
    categories: list[str]
    rating_avg: float
    rating_count: int
    review_count: int
    tier: str
    verified: bool
    open: bool | None
    created_at: datetime


_COLUMNS: LiteralString = """
  f.number, f.listing_id::text, f.title, f.distance_km::float8, f.relevance_score::float8, c.path, coalesce(c.card ->> 'summary', ''), l.featured_image, l.address, l.city,
  l.state, l.country, l.latitude::float8, l.longitude::float8, l.categories, l.rating_avg::float8, l.rating_count, l.review_count,
  CASE WHEN l.featured_until <= clock_timestamp() THEN 'basic' ELSE l.listing_tier END, l.verified,
  CASE WHEN NOT isempty(l.open_minutes) THEN cms.is_open(l, clock_timestamp(), %(zone)s) END, l.created_at"""

MORE: LiteralString = """ AND EXISTS (SELECT FROM cms.cards c WHERE c.entry = l.number AND c.listed AND c.path IS NOT NULL)
 AND ($9 ->> 'locale' IS NULL OR l.locale = $9 ->> 'locale')
 AND ($9 ->> 'country' IS NULL OR l.country = $9 ->> 'country') AND ($9 ->> 'state' IS NULL OR l.state = $9 ->> 'state')
 AND ($9 ->> 'city' IS NULL OR l.city = $9 ->> 'city') AND ($9 -> 'custom' IS NULL OR l.custom_fields @> ($9 -> 'custom'))
 AND ($9 ->> 'open_zone' IS NULL OR cms.is_open(l, statement_timestamp(), $9 ->> 'open_zone'))"""
"""Conditions beside those of cms.search_listings; only what has a page is found, since people are sent there."""

BEHIND: Final[dict[str, LiteralString]] = {
    "rating": " AND (l.rating_avg, -l.number) < (($9 ->> 'behind')::numeric, -($9 ->> 'last')::bigint)",
    "newest": " AND (l.created_at, -l.number) < (($9 ->> 'behind')::timestamptz, -($9 ->> 'last')::bigint)",
}
"""What comes behind the last listing of the page before, by what the order sorts by. The other orders go on after so many."""

FIND: Final = Query(
    "SELECT"
    + _COLUMNS
    + """
FROM cms.find_listings(%(site)s, %(words)s, %(categories)s, %(lat)s::numeric, %(lng)s::numeric, %(radius)s::numeric,
  %(min_rating)s::numeric, %(tier)s, %(sort)s, %(limit)s, %(offset)s,
  false, %(more)s, %(values)s) WITH ORDINALITY f(number, listing_id, title, distance_km, relevance_score, place)
JOIN cms.listings l ON l.number = f.number JOIN cms.cards c ON c.entry = f.number ORDER BY f.place""",
    Listing,
)

# In the order of the pages: as the list type/listing has them, which every list of a category or place follows.
LISTED: Final = Query(
    "WITH found AS MATERIALIZED (SELECT * FROM cms.match_listings(%(site)s, %(words)s, %(categories)s, %(lat)s::numeric, %(lng)s::numeric, %(radius)s::numeric,"
    " %(min_rating)s::numeric, %(tier)s,"
    " false, %(more)s, %(values)s)) SELECT"
    + _COLUMNS
    + """
FROM found f JOIN cms.listings l ON l.number = f.number JOIN cms.cards c ON c.entry = f.number
JOIN cms.lists t ON t.site = l.site AND t.locale = l.locale AND t.name = 'type/listing' JOIN cms.list_items i ON i.list = t.id AND i.member = l.number
ORDER BY i.sort_key DESC LIMIT %(limit)s OFFSET %(offset)s""",
    Listing,
)


class Count(NamedTuple):
    """How many would be found with this value. facet: '' for all."""

    facet: str
    value: str
    listings: int


COUNTS: Final = Query(
    """
WITH found AS MATERIALIZED (SELECT l.* FROM cms.match_listings(%(site)s, %(words)s, %(categories)s, %(lat)s::numeric, %(lng)s::numeric, %(radius)s::numeric,
  %(min_rating)s::numeric, %(tier)s,   false, %(more)s, %(values)s) f JOIN cms.listings l ON l.number = f.number),
counted AS (
  SELECT '' AS facet, '' AS value, count(*)::int AS n FROM found
  UNION ALL SELECT 'category', x, count(*) FROM found, unnest(categories) x GROUP BY x
  UNION ALL SELECT 'country', country, count(*) FROM found WHERE country IS NOT NULL GROUP BY country
  UNION ALL SELECT 'state', state, count(*) FROM found WHERE state IS NOT NULL GROUP BY state
  UNION ALL SELECT 'city', city, count(*) FROM found WHERE city IS NOT NULL GROUP BY city
  UNION ALL SELECT 'tier', CASE WHEN featured_until <= clock_timestamp() THEN 'basic' ELSE listing_tier END, count(*) FROM found GROUP BY 2
  UNION ALL SELECT name, custom_fields ->> name, count(*) FROM found, unnest(%(custom)s::text[]) name WHERE custom_fields ? name GROUP BY 1, 2)
SELECT facet, value, n FROM (SELECT *, row_number() OVER (PARTITION BY facet ORDER BY n DESC, value COLLATE "C") AS place FROM counted) c
WHERE place <= 50 ORDER BY facet, place""",
    Count,
)


class Title(NamedTuple):
    """What a category is called."""

    slug: str
    title: str


TITLES: Final = Query(
    """SELECT substr(l.name, 10), coalesce(l.card ->> 'title', substr(l.name, 10)) FROM unnest(%(slugs)s::text[]) s
JOIN cms.lists l ON l.site = %(site)s AND l.locale = %(locale)s AND l.name = 'category/' || s COLLATE "C" """,
    Title,
)
