"""The pages of lists: which items each archive page holds, and how they are numbered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, LiteralString

from psycopg import Connection

from cms_ssg.store.lists import StaleList

DELETE_PAGES: Final[LiteralString] = """
DELETE FROM cms.list_pages p USING unnest(%s::int[], %s::bytea[]) AS d(list, stale_from) WHERE p.list = d.list AND p.high >= d.stale_from"""

ADD_PAGES: Final[LiteralString] = r"""
WITH stale AS (
  SELECT d.list, d.size, d.most, d.partial, coalesce(p.number, 0) AS number, coalesce(p.high, ''::bytea) AS high
  FROM unnest(%s::int[], %s::int[], %s::int[], %s::boolean[]) AS d(list, size, most, partial)
  LEFT JOIN LATERAL (SELECT number, high FROM cms.list_pages p WHERE p.list = d.list ORDER BY number DESC LIMIT 1) p ON true
)
INSERT INTO cms.list_pages (list, number, high)
SELECT s.list, s.number + (i.n + s.size - 1) / s.size, CASE WHEN i.n %% s.size = 0 THEN i.sort_key ELSE '\xff'::bytea END
FROM stale s CROSS JOIN LATERAL (
  SELECT sort_key, row_number() OVER (ORDER BY sort_key) AS n, lead(sort_key) OVER (ORDER BY sort_key) IS NULL AS last
  FROM cms.list_items i WHERE i.list = s.list AND i.sort_key > s.high) i
WHERE s.number + (i.n + s.size - 1) / s.size <= s.most AND (i.n %% s.size = 0 OR (s.partial AND i.last))"""

DROP_PAGES_ABOVE: Final[LiteralString] = """
DELETE FROM cms.list_pages p USING unnest(%s::int[], %s::int[]) AS d(list, most) WHERE p.list = d.list AND p.number > d.most"""

LASTMODS: Final[LiteralString] = """
SELECT p.list, p.number, coalesce(max(coalesce(c.card ->> 'updated', c.card ->> 'date', '') COLLATE "C"), '')
FROM cms.list_pages p LEFT JOIN cms.list_pages b ON b.list = p.list AND b.number = p.number - 1
JOIN cms.list_items i ON i.list = p.list AND i.sort_key <= p.high AND i.sort_key > coalesce(b.high, ''::bytea)
LEFT JOIN cms.cards c ON c.entry = i.member
WHERE p.list = ANY(%s) GROUP BY p.list, p.number ORDER BY p.list, p.number"""

COUNT_PAGES: Final[LiteralString] = "SELECT list, max(number) FROM cms.list_pages WHERE list = ANY(%s) GROUP BY list"


def cut_pages(connection: Connection, stale: Sequence[StaleList], sizes: Sequence[int], chunks: Sequence[bool]) -> dict[int, int]:
    """Cut these lists into pages again from where they moved.

    sizes: items a page, 0 for a list without pages; chunks: True where every item is on a page and a
    last partial page exists (sitemaps), False where the front covers what no full page holds.
    Returns the number of pages of each list that has any.
    """
    rows = [(s, size, chunk) for s, size, chunk in zip(stale, sizes, chunks, strict=True) if size]
    if not rows:
        return {}
    ids = [s.id for s, _, _ in rows]
    most = [(-(-s.items // size) if chunk else max(0, s.items // size - 1)) for s, size, chunk in rows]
    connection.execute(DELETE_PAGES, (ids, [s.stale_from for s, _, _ in rows]))
    connection.execute(DROP_PAGES_ABOVE, (ids, most))
    connection.execute(ADD_PAGES, (ids, [size for _, size, _ in rows], most, [chunk for _, _, chunk in rows]))
    return dict(connection.execute(COUNT_PAGES, (ids,)).fetchall())


def count_lastmods(connection: Connection, lists: Sequence[int]) -> dict[int, list[tuple[int, str]]]:
    """(page number, newest time as text) of every page of these sitemaps."""
    found: dict[int, list[tuple[int, str]]] = {}
    if lists:
        for number, page, lastmod in connection.execute(LASTMODS, (list(lists),)):
            found.setdefault(number, []).append((page, lastmod))
    return found
