"""All documents of a site from what is stored of its entries, without a build; and how many there are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, LiteralString, NamedTuple

from psycopg import Connection
from psycopg.rows import TupleRow

from cms_ssg.search.documents import DELETE, save_documents
from cms_ssg.search.values import save_values
from cms_ssg.site import Site
from cms_ssg.store.arrays import int_array
from cms_ssg.store.query import Query, fetch

BATCH: Final = 500


class CardRow(NamedTuple):
    """A listed entry as derived: what a document is made of beside its body."""

    entry: int
    type: str
    locale: str
    path: str | None
    card: dict[str, Any]
    full_digest: bytes


CARDS: Final = Query("""
SELECT entry, type, locale, path, card, full_digest FROM cms.cards WHERE site = %(site)s AND listed AND entry > %(after)s ORDER BY entry LIMIT %(most)s""", CardRow)  # fmt: skip
UNLISTED: Final[LiteralString] = """
SELECT d.entry FROM cms.documents d WHERE d.site = %s AND NOT EXISTS (SELECT FROM cms.cards c WHERE c.entry = d.entry AND c.listed)"""
FORGET_DIGESTS: Final[LiteralString] = "UPDATE cms.documents SET digest = '' WHERE entry = ANY(%s::bigint[])"


class StatusRow(NamedTuple):
    """The documents of one language. waiting: their pages are still to be published."""

    locale: str
    documents: int
    waiting: int
    size_bytes: int


STATUS: Final = Query("""
SELECT locale, count(*) FILTER (WHERE shown), count(*) FILTER (WHERE NOT shown), sum(pg_column_size(vector) + pg_column_size(content))::bigint
FROM cms.documents WHERE site = %(site)s GROUP BY locale ORDER BY locale""", StatusRow)  # fmt: skip


def reindex(connection: Connection[TupleRow], site: Site, site_id: int, on_batch: Callable[[int], None] = lambda _: None) -> int:
    """Write every document anew, a batch at a time, while searches go on. Returns how many entries were looked at."""
    after, done = 0, 0
    while rows := fetch(connection, CARDS, site=site_id, after=after, most=BATCH):
        entries = {row.entry: row for row in rows}
        with connection.transaction():
            connection.execute(FORGET_DIGESTS, (int_array(entries),))
            save_documents(connection, site, site_id, entries, set(entries), set())
            save_values(connection, site, site_id, entries, datetime.now(UTC))
        after, done = rows[-1].entry, done + len(rows)
        on_batch(len(rows))
    gone = [row[0] for row in connection.execute(UNLISTED, (site_id,))]
    connection.execute(DELETE, (int_array(gone),))
    return done


def count_documents(connection: Connection[TupleRow], site_id: int) -> list[StatusRow]:
    """How many documents a site has in each language."""
    return fetch(connection, STATUS, site=site_id)
