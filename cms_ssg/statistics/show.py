"""What `cms stats show` tells: the reads of the last days, the pages and terms that are read most."""

from __future__ import annotations

from datetime import date
from typing import Final, LiteralString, NamedTuple

from psycopg import Connection

DAYS: Final[LiteralString] = """
SELECT day, sum(hits)::bigint FROM cms.hits WHERE site = %(site)s AND day > CURRENT_DATE - %(days)s::int GROUP BY day ORDER BY day DESC"""

PAGES: Final[LiteralString] = """
SELECT r.path, r.views, coalesce(k.card ->> 'title', '') FROM (
  SELECT path, sum(hits)::bigint AS views FROM cms.hits WHERE site = %(site)s AND day > CURRENT_DATE - %(days)s::int
  GROUP BY path ORDER BY views DESC, path LIMIT %(top)s) r
LEFT JOIN cms.claims c ON c.site = %(site)s AND c.name = r.path AND c.wins AND c.owner_kind = 'e' LEFT JOIN cms.cards k ON k.entry = c.owner
ORDER BY r.views DESC, r.path"""

POSTS: Final[LiteralString] = """
SELECT publish_date, posts_count, featured_count, total_views, avg_views::float8 FROM cms.daily_post_stats WHERE site_id = %(site)s
ORDER BY publish_date DESC LIMIT %(top)s"""

TERMS: Final[LiteralString] = """
SELECT taxonomy_id, category_name, locale, content_count, total_views FROM cms.category_stats WHERE site_id = %(site)s
ORDER BY total_views DESC, content_count DESC, taxonomy_id, category_name, locale LIMIT %(top)s"""


class Day(NamedTuple):
    """views: of all pages; day: in UTC."""

    day: date
    views: int


class Page(NamedTuple):
    """title: of the entry, "" for a list or a file."""

    path: str
    views: int
    title: str


class PostDay(NamedTuple):
    """The posts that went out on one day, with all their views since."""

    day: date
    posts: int
    featured: int
    views: int
    average_views: float


class Term(NamedTuple):
    """A term with the entries of every type that name it."""

    taxonomy: str
    name: str
    locale: str
    entries: int
    views: int


class Statistics(NamedTuple):
    """views: of the days that were asked for; posts and terms are as they were last refreshed."""

    views: int
    days: list[Day]
    pages: list[Page]
    posts: list[PostDay]
    terms: list[Term]


def load_statistics(connection: Connection, site: int, days: int, top: int) -> Statistics:
    """The site's statistics. days: how many, with today; top: rows of each table."""
    values = {"site": site, "days": days, "top": top}
    by_day = [Day(*row) for row in connection.execute(DAYS, values)]
    return Statistics(
        sum(day.views for day in by_day), by_day, [Page(*row) for row in connection.execute(PAGES, values)],
        [PostDay(*row) for row in connection.execute(POSTS, values)], [Term(*row) for row in connection.execute(TERMS, values)],
    )  # fmt: skip
