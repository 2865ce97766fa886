"""Sends a site's engine what changed: one process at a time, as often as it takes, and all documents where the index is new or otherwise laid out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import datetime
from hashlib import blake2b
from typing import Final, LiteralString, NamedTuple

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from cms_ssg.search.engine import EngineDocument, EngineError, SearchEngine
from cms_ssg.search.open_engine import find_url, has_engine, open_engine
from cms_ssg.site import Site
from cms_ssg.store.arrays import int_array
from cms_ssg.store.query import Query, fetch
from cms_ssg.types import Problem

BATCH: Final = 500
BATCH_BYTES: Final = 4 << 20
LEASE_S: Final = 300.0
AGAIN_S: Final = 30.0

REGISTER: Final[LiteralString] = "INSERT INTO cms.search_engines (site) VALUES (%s) ON CONFLICT DO NOTHING"
FORGET: Final[LiteralString] = "DELETE FROM cms.search_engines WHERE site = %s"
TAKE: Final[LiteralString] = """
UPDATE cms.search_engines SET leased_until = clock_timestamp() + %(lease_s)s * interval '1 s'
WHERE site = %(site)s AND leased_until < clock_timestamp() RETURNING layout, filled_at IS NOT NULL"""
RENEW: Final[LiteralString] = "UPDATE cms.search_engines SET leased_until = clock_timestamp() + %s * interval '1 s' WHERE site = %s"
FILLED: Final[LiteralString] = """
UPDATE cms.search_engines SET layout = %s, filled_at = clock_timestamp(), sent_at = clock_timestamp() WHERE site = %s"""
SENT: Final[LiteralString] = """
UPDATE cms.search_engines SET leased_until = '-infinity', again_at = NULL, error = NULL,
  sent_at = CASE WHEN %s::bool THEN clock_timestamp() ELSE sent_at END WHERE site = %s"""
FAILED: Final[LiteralString] = """
UPDATE cms.search_engines SET leased_until = '-infinity', error = %s, again_at = clock_timestamp() + %s * interval '1 s' WHERE site = %s"""
MARK: Final[LiteralString] = """
UPDATE cms.search_changes SET version = -version WHERE version > 0 AND (site, entry, locale) IN (
  SELECT site, entry, locale FROM cms.search_changes WHERE site = %s FOR UPDATE SKIP LOCKED)"""
DELETE_MARKED: Final[LiteralString] = "DELETE FROM cms.search_changes WHERE site = %s AND version < 0"
"""What was marked before everything was sent need not be sent again; another change since then has another version."""

DELETE_SENT: Final[LiteralString] = """
DELETE FROM cms.search_changes WHERE (site, entry, locale, version) IN (
  SELECT c.site, c.entry, c.locale, c.version FROM unnest(%(entries)s::bigint[], %(locales)s::text[], %(versions)s::bigint[]) s (entry, locale, version)
  JOIN cms.search_changes c ON c.site = %(site)s AND c.entry = s.entry AND c.locale = s.locale AND c.version = s.version
  FOR UPDATE OF c SKIP LOCKED)"""


class Change(NamedTuple):
    """A document that came, changed or went."""

    entry: int
    locale: str
    version: int


class EngineState(NamedTuple):
    """How far the engine is. waiting: changes that it has not been sent; oldest_s: for how long the first of them waits."""

    filled_at: datetime | None
    sent_at: datetime | None
    again_at: datetime | None
    error: str | None
    layout: bytes
    waiting: int
    oldest_s: float


CHANGES: Final = Query(
    "SELECT entry, locale, version FROM cms.search_changes WHERE site = %(site)s ORDER BY changed_at LIMIT %(most)s", Change
)
_DOCUMENT: Final[LiteralString] = """
SELECT entry, type, locale, path, title, excerpt, content, extract(epoch FROM published_at)::bigint, extract(epoch FROM updated_at)::bigint,
  to_char(published_at AT TIME ZONE %(zone)s, 'YYYY-MM'), image, terms, location[1], location[0], price, rating::text::float8, popularity::text::float8, stock
FROM cms.documents WHERE site = %(site)s AND shown"""
CHANGED: Final = Query(_DOCUMENT + " AND entry = ANY(%(entries)s::bigint[])", EngineDocument)
EVERY: Final = Query(_DOCUMENT + " AND locale = %(locale)s AND entry > %(after)s ORDER BY entry LIMIT %(most)s", EngineDocument)
STATE: Final = Query("""
SELECT filled_at, sent_at, again_at, error, layout,
  (SELECT count(*) FROM cms.search_changes c WHERE c.site = e.site),
  (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(changed_at)), 0)::float8 FROM cms.search_changes c WHERE c.site = e.site)
FROM cms.search_engines e WHERE site = %(site)s""", EngineState)  # fmt: skip


def register_engine(connection: Connection[TupleRow], site: Site, site_id: int) -> None:
    """Before a build derives anything: from now on changes of documents are noted for the engine, or not any more. Raises CmsError search.no-url."""
    search = site.settings.search
    if search is not None and has_engine(site):
        find_url(search, os.environ)
    connection.execute(REGISTER if has_engine(site) else FORGET, (site_id,))


def digest_layout(engine: SearchEngine) -> bytes:
    """Stands for where the engine's documents are and how they are indexed."""
    return blake2b(msgspec.json.encode(engine.describe_layout(), order="sorted"), digest_size=16).digest()


def load_state(connection: Connection[TupleRow], site_id: int) -> EngineState | None:
    """How far the site's engine is, None before the first build with one."""
    return next(iter(fetch(connection, STATE, site=site_id)), None)


def send_changes(
    connection: Connection[TupleRow], engine: SearchEngine, site: Site, site_id: int, *, fill: bool = False, on_batch: Callable[[int], None] = lambda _: None
) -> int | None:  # fmt: skip
    """Send what changed since the last time; everything, into a new index, where that is needed or fill says so.

    connection: in autocommit mode. Returns how many documents were sent, None where another process is at it. Raises EngineError, and what was
    not sent waits for the next call.
    """
    connection.execute(REGISTER, (site_id,))
    row = connection.execute(TAKE, {"site": site_id, "lease_s": LEASE_S}).fetchone()
    if row is None:
        return None
    layout = digest_layout(engine)
    try:
        done = 0
        if fill or not row[1] or bytes(row[0]) != layout:
            connection.execute(MARK, (site_id,))
            for locale in site.locales:
                done += engine.fill(locale, _list_batches(connection, site, site_id, locale, on_batch))
            connection.execute(DELETE_MARKED, (site_id,))
            connection.execute(FILLED, (layout, site_id))
        while changes := fetch(connection, CHANGES, site=site_id, most=BATCH):
            if not _send(connection, engine, site, site_id, changes):
                break  # a build is writing them again, and sends them when it is over
            done += len(changes)
            on_batch(len(changes))
    except BaseException as error:
        connection.execute(FAILED, (str(error)[:500] if isinstance(error, EngineError) else type(error).__name__, AGAIN_S, site_id))
        raise
    connection.execute(SENT, (done > 0, site_id))
    return done


def _send(connection: Connection[TupleRow], engine: SearchEngine, site: Site, site_id: int, changes: list[Change]) -> bool:
    """Send the documents of these changes as they are now. Returns whether one is done; where a document changed meanwhile it is not."""
    rows = fetch(connection, CHANGED, site=site_id, zone=site.settings.timezone, entries=int_array({change.entry for change in changes}))
    found = {(row.entry, row.locale): row for row in rows}
    for locale in sorted({change.locale for change in changes} & set(site.locales)):
        mine = [change.entry for change in changes if change.locale == locale]
        for batch in _cut([found[(entry, locale)] for entry in mine if (entry, locale) in found]):
            engine.save(locale, batch)
        if gone := [entry for entry in mine if (entry, locale) not in found]:
            engine.delete(locale, gone)
    sent = connection.execute(DELETE_SENT, {
        "site": site_id, "entries": int_array(c.entry for c in changes), "locales": [c.locale for c in changes], "versions": int_array(c.version for c in changes),
    })  # fmt: skip
    connection.execute(RENEW, (LEASE_S, site_id))
    return sent.rowcount > 0


def _list_batches(
    connection: Connection[TupleRow], site: Site, site_id: int, locale: str, on_batch: Callable[[int], None]
) -> Iterator[list[EngineDocument]]:
    after = 0
    while rows := fetch(connection, EVERY, site=site_id, zone=site.settings.timezone, locale=locale, after=after, most=BATCH):
        yield from _cut(rows)
        after = rows[-1].entry
        connection.execute(RENEW, (LEASE_S, site_id))
        on_batch(len(rows))


def _cut(documents: list[EngineDocument]) -> Iterator[list[EngineDocument]]:
    """Pieces that are not too large for one request."""
    piece: list[EngineDocument] = []
    size = 0
    for document in documents:
        piece.append(document)
        size += len(document.content) + 1_000
        if size > BATCH_BYTES:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


def send_after_build(site: Site, url: str, site_id: int) -> list[Problem]:
    """What a build does when it is over: send its changes. An engine that is away is a warning; Postgres answers meanwhile."""
    from cms_ssg.store.connect import connect

    engine = open_engine(site, site_id, os.environ)
    if engine is None:
        return []
    try:
        with connect(url, autocommit=True) as connection:
            send_changes(connection, engine, site, site_id)
    except EngineError as error:
        hint = "Postgres answers searches meanwhile. Sending is tried again by the next build; `cms search status` tells what waits."
        return [Problem("search.not-sent", "", 0, f"the search engine was not sent what changed: {error}", hint, severity="warning")]
    return []
