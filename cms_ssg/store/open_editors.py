"""Who has an entry open at the desk, whose turn it is, and what they typed and did not save yet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, LiteralString, NamedTuple

from psycopg import Connection
from psycopg.types.json import Jsonb

from cms_ssg.store.query import Query, fetch

SEEN_S: Final = 45
"""Somebody whose browser was silent for so many seconds has gone."""


class OpenEditor(NamedTuple):
    """Somebody who has an entry open. holds: whether it is their turn; since: when that began, or when they were last seen."""

    person: str
    holds: bool
    since: datetime


class KeptText(NamedTuple):
    """What somebody typed and did not save. base_version: that it was made from; texts: by the name of the form's input."""

    base_version: int
    texts: dict[str, str]
    kept_at: datetime


SEE: Final[LiteralString] = """
INSERT INTO cms.open_editors AS o (site, entry, person) VALUES (%(site)s, %(entry)s, %(person)s)
ON CONFLICT (entry, person) DO UPDATE SET seen_at = clock_timestamp()"""
HOLD: Final[LiteralString] = """
UPDATE cms.open_editors o SET holds_since = clock_timestamp() WHERE entry = %(entry)s AND site = %(site)s AND person = %(person)s AND holds_since IS NULL
  AND (%(takes)s OR NOT EXISTS (SELECT FROM cms.open_editors p WHERE p.entry = o.entry AND p.person <> o.person AND p.holds_since IS NOT NULL
    AND p.seen_at > clock_timestamp() - %(seen)s * interval '1 second'))"""
LET_GO: Final[LiteralString] = """
UPDATE cms.open_editors o SET holds_since = NULL WHERE entry = %(entry)s AND site = %(site)s AND holds_since < (
  SELECT max(p.holds_since) FROM cms.open_editors p WHERE p.entry = o.entry)"""
FORGET_OLD: Final[LiteralString] = """
DELETE FROM cms.open_editors WHERE site = %(site)s AND texts IS NULL AND seen_at < clock_timestamp() - interval '1 day'"""
OPEN: Final = Query(
    """
SELECT person, holds_since IS NOT NULL, coalesce(holds_since, seen_at) FROM cms.open_editors
WHERE site = %(site)s AND entry = %(entry)s AND seen_at > clock_timestamp() - %(seen)s * interval '1 second' ORDER BY person""",
    OpenEditor,
)
KEEP: Final[LiteralString] = """
UPDATE cms.open_editors SET texts = %(texts)s, base_version = %(version)s, kept_at = clock_timestamp(), seen_at = clock_timestamp()
WHERE site = %(site)s AND entry = %(entry)s AND person = %(person)s"""
KEPT: Final = Query(
    """
SELECT base_version, texts, kept_at FROM cms.open_editors WHERE site = %(site)s AND entry = %(entry)s AND person = %(person)s AND texts IS NOT NULL""",
    KeptText,
)
FORGET: Final[LiteralString] = """
UPDATE cms.open_editors SET texts = NULL, kept_at = NULL WHERE site = %(site)s AND entry = %(entry)s AND person = %(person)s"""


def see_editor(
    connection: Connection, site: int, entry: int, person: str, *, takes: bool = False, only_reads: bool = False
) -> list[OpenEditor]:
    """Note that somebody has an entry open. It is their turn where it is nobody's, or where they take it, unless they only read it.

    Returns all who have it open.
    """
    values = {"site": site, "entry": entry, "person": person, "takes": takes, "seen": SEEN_S}
    with connection.transaction():
        connection.execute(FORGET_OLD, values)
        connection.execute(SEE, values)
        if not only_reads and connection.execute(HOLD, values).rowcount:
            connection.execute(LET_GO, values)
    return fetch(connection, OPEN, site=site, entry=entry, seen=SEEN_S)


def keep_texts(connection: Connection, site: int, entry: int, person: str, version: int, texts: Mapping[str, str]) -> None:
    """Keep what somebody typed. version: of the entry that it was made from; texts: by the name of the input."""
    connection.execute(KEEP, {"site": site, "entry": entry, "person": person, "version": version, "texts": Jsonb(dict(texts))})


def find_kept(connection: Connection, site: int, entry: int, person: str) -> KeptText | None:
    """What somebody typed and did not save."""
    return next(iter(fetch(connection, KEPT, site=site, entry=entry, person=person)), None)


def forget_texts(connection: Connection, site: int, entry: int, person: str) -> None:
    """What somebody typed was saved, or is not wanted."""
    connection.execute(FORGET, {"site": site, "entry": entry, "person": person})
