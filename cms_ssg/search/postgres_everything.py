"""Searches for everything in a language: counted from what the database keeps, so that only the documents of the page are read."""

from __future__ import annotations

from typing import Any, Final, LiteralString

from cms_ssg.search.postgres_pages import FACETS, HITS, KEY_VALUES, ORDERS
from cms_ssg.search.questions import Question

EVERYTHING: LiteralString = """
WITH RECURSIVE names AS (
  SELECT min(facet) AS facet FROM cms.document_counts WHERE site = %(site)s AND locale = %(locale)s AND facet > ''
  UNION ALL
  SELECT (SELECT min(c.facet) FROM cms.document_counts c WHERE c.site = %(site)s AND c.locale = %(locale)s AND c.facet > n.facet)
  FROM names n WHERE n.facet IS NOT NULL
), facets AS (
  SELECT n.facet, v.* FROM names n CROSS JOIN LATERAL (
    SELECT c.name AS term, c.documents AS times, row_number() OVER (ORDER BY c.documents DESC, c.name) AS place
    FROM cms.document_counts c WHERE c.site = %(site)s AND c.locale = %(locale)s AND c.facet = n.facet ORDER BY c.documents DESC, c.name LIMIT 50) v
), kept AS (
  SELECT substr(name, 2)::timestamp AS month, documents AS times FROM cms.document_counts
  WHERE site = %(site)s AND locale = %(locale)s AND facet = '' AND name <> '/'
), borders AS (
  SELECT b.month AT TIME ZONE 'UTC' AS utc, b.month AT TIME ZONE %(zone)s AS local
  FROM (SELECT month FROM kept UNION SELECT month + interval '1 month' FROM kept) b
), moved AS MATERIALIZED (
  SELECT date_trunc('month', d.published_at AT TIME ZONE 'UTC') AS utc, date_trunc('month', d.published_at AT TIME ZONE %(zone)s) AS local
  FROM borders b JOIN cms.documents d ON d.site = %(site)s AND d.locale = %(locale)s AND d.shown
    AND d.published_at >= least(b.utc, b.local) - interval '2 hours' AND d.published_at < greatest(b.utc, b.local) + interval '2 hours'
), months AS (
  SELECT month, times FROM kept
  UNION ALL SELECT utc, -1 FROM moved WHERE utc <> local
  UNION ALL SELECT local, 1 FROM moved WHERE utc <> local
), page AS MATERIALIZED (
  SELECT entry, score, distance, json_build_array({key_values}) AS key, row_number() OVER () AS number
  FROM (SELECT * FROM ({rows}) passed {behind} ORDER BY {order} OFFSET %(offset)s LIMIT %(limit)s + 1) p
)
SELECT
  (SELECT coalesce(sum(documents), 0)::bigint FROM cms.document_counts WHERE site = %(site)s AND locale = %(locale)s AND name = '/'),
  {hits},
  {facets},
  (SELECT coalesce(json_object_agg(to_char(month, 'YYYY-MM'), times ORDER BY month DESC), '{{}}')::text FROM (
     SELECT month, sum(times) AS times FROM months GROUP BY 1 HAVING sum(times) > 0 ORDER BY 1 DESC LIMIT 120) m),
  (SELECT count(*) > %(limit)s FROM page),
  false
"""
"""The months of ``cms.document_counts`` are those of UTC: what was published where one ends, in the site's zone or in UTC, is looked at by itself, with
two hours to spare for clocks that are put back then.
"""

ALL: LiteralString = "SELECT {columns} FROM cms.documents d WHERE d.site = %(site)s AND d.locale = %(locale)s AND d.shown"

_MOST: LiteralString = " LIMIT %(offset)s::bigint + %(limit)s::bigint + 1"
_NEWEST: LiteralString = " ORDER BY d.published_at DESC NULLS LAST, d.entry DESC" + _MOST
_OLDEST: LiteralString = " ORDER BY d.published_at ASC NULLS FIRST, d.entry ASC" + _MOST
NEWEST: LiteralString = (
    "(" + ALL + " AND (d.published_at, d.entry) < (%(from)s::text::timestamptz, %(from_entry)s::bigint)" + _NEWEST + ") UNION ALL (" + ALL
    + " AND d.published_at IS NULL AND (%(from)s::text::timestamptz > '-infinity' OR d.entry < %(from_entry)s::bigint)" + _NEWEST + ")"
)  # fmt: skip
OLDEST: LiteralString = (
    "(" + ALL + " AND (d.published_at, d.entry) > (%(from)s::text::timestamptz, %(from_entry)s::bigint)" + _OLDEST + ") UNION ALL (" + ALL
    + " AND d.published_at IS NULL AND (%(from)s::text::timestamptz < 'infinity' OR d.entry > %(from_entry)s::bigint)" + _OLDEST + ")"
)  # fmt: skip
"""Dated documents and undated ones behind them, each by the index of dates, as many as the page may need."""

ROWS: Final[dict[str, LiteralString]] = {"relevance": NEWEST, "newest": NEWEST, "oldest": OLDEST}
"""By other orders all documents are sorted, without their terms being looked at."""

BEGINNING: Final = {"oldest": "-infinity"}
"""Where an order begins, if not at the newest."""

OWN_FACET: LiteralString = """
    (SELECT facet, term, times FROM counted WHERE facet <> %(facet0)s::text)
    UNION ALL (SELECT facet, name, documents FROM cms.document_counts WHERE site = %(site)s AND locale = %(locale)s AND facet = %(facet0)s::text COLLATE "C"
      ORDER BY documents DESC, name LIMIT 50)"""
"""Counts where one facet alone narrows: its own values are counted in everything, those of others in what passes."""


def make_everything(question: Question, parameters: dict[str, Any], columns: LiteralString, behind: LiteralString) -> LiteralString:
    """The statement for a question that nothing narrows. columns: of rows; behind: the condition of its cursor, whose values parameters has."""
    keys = [parameters[name] for name in ("key0", "key1") if name in parameters]
    is_dated = bool(keys) and (question.sort != "relevance" or float(keys[0]) == 0)  # without words every score is 0
    parameters["from"] = keys[-1] if is_dated else BEGINNING.get(question.sort, "infinity")
    parameters["from_entry"] = parameters["last"] if is_dated else 0
    return EVERYTHING.format(
        rows=ROWS.get(question.sort, ALL).format(columns=columns), behind=behind, order=ORDERS[question.sort], key_values=KEY_VALUES[question.sort],
        hits=HITS, facets=FACETS,
    )  # fmt: skip
