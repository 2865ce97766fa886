"""Finds the stored entry that a person means, and lists entries."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, LiteralString, NamedTuple

from psycopg import Connection, sql

from cms_ssg.entries.conditions import read_wanted
from cms_ssg.errors import UsageError
from cms_ssg.site import Site
from cms_ssg.store.texts import StoredEntry, load_entries
from cms_ssg.types import Problem

MOST_CANDIDATES: Final = 10
VALUES: Final = ("text", "boolean", "numeric")
"""Kinds of columns that conditions can be about."""
LONGEST: Final = 500
"""What the tables of types hold of a text."""

FIND: Final[LiteralString] = """
SELECT e.id, e.source_key FROM cms.entries e LEFT JOIN cms.cards c ON c.entry = e.id
WHERE e.site = %(site)s AND e.source <> 'file'
  AND (e.source_key = %(what)s OR e.external_key = %(what)s OR c.path = %(path)s OR lower(e.fields ->> 'slug') = lower(%(what)s))
ORDER BY e.id LIMIT 11"""

FIND_BY_TITLE: Final[LiteralString] = """
SELECT e.id, e.source_key FROM cms.entries e
WHERE e.site = %(site)s AND e.source <> 'file' AND strpos(lower(e.fields ->> 'title'), lower(%(what)s)) > 0
ORDER BY lower(e.fields ->> 'title') <> lower(%(what)s), e.id LIMIT 11"""

LIST: Final = sql.SQL("""
SELECT e.id, e.source, e.source_key, e.type, e.locale, CASE WHEN e.removed_at IS NULL THEN e.status ELSE 'trashed' END,
  coalesce(c.path, ''), coalesce(e.fields ->> 'title', ''), e.version, e.changed_at
FROM {source} LEFT JOIN cms.cards c ON c.entry = e.id
WHERE {own}.site = %(site)s AND (%(type)s = '' OR e.type = %(type)s)
  AND (%(source)s = '' OR e.source = %(source)s OR %(source)s = 'import' AND e.source LIKE 'import:%%')
  AND (%(status)s = '' AND NOT (e.source = 'file' AND e.removed_at IS NOT NULL)
       OR %(status)s = CASE WHEN e.removed_at IS NULL THEN e.status ELSE 'trashed' END)
  AND (%(words)s = '' OR strpos(lower(e.fields ->> 'title'), lower(%(words)s)) > 0 OR strpos(e.source_key, %(words)s) > 0)
  AND (%(locale)s = '' OR e.locale = %(locale)s) AND (%(before)s = 0 OR {number} < %(before)s){conditions}
ORDER BY {number} DESC LIMIT %(limit)s""")

LIST_PUBLISHED: Final[LiteralString] = """
SELECT e.id, e.source, e.source_key, e.type, e.locale, e.status, coalesce(c.path, ''), p.title, e.version, e.changed_at, p.published_at
FROM (SELECT entry, title, published_at FROM cms.posts
      WHERE site = %(site)s AND status = 'published' AND (%(locale)s = '' OR locale = %(locale)s) AND published_at <= %(at)s::timestamptz
        AND (published_at, entry) < (%(at)s::timestamptz, %(last)s::bigint)
      ORDER BY published_at DESC, entry DESC LIMIT %(limit)s) p
JOIN cms.entries e ON e.id = p.entry LEFT JOIN cms.cards c ON c.entry = e.id ORDER BY p.published_at DESC, p.entry DESC"""

TABLE: Final[LiteralString] = "SELECT name, partition, columns FROM cms.type_tables WHERE type = %s"


class EntryFilter(NamedTuple):
    """Which entries to list; "" and 0 stand for all.

    source: ``file``, ``api``, ``import`` for all imports, ``import:<name>``; words: in the title or the file's name; where: ``section=news``, of
    fields that are columns of the type's table; before: entries with lower numbers than this.
    """

    type: str = ""
    source: str = ""
    status: str = ""
    locale: str = ""
    words: str = ""
    where: Sequence[str] = ()
    before: int = 0
    limit: int = 50


class ListedEntry(NamedTuple):
    """An entry in a list of them. file: that holds it or would; path: of its page as it was last derived, "" for none."""

    number: int
    source: str
    file: str
    type: str
    locale: str
    status: str
    path: str
    title: str
    version: int
    changed_at: datetime


def list_published(
    connection: Connection, site_id: int, *, locale: str, at: datetime, last: int, limit: int
) -> list[tuple[ListedEntry, datetime]]:
    """What ``cms.posts`` holds that is published, with its time, the newest first. at, last: of the last one before."""
    values = {"site": site_id, "locale": locale, "at": at, "last": last, "limit": limit}
    return [(ListedEntry(*row[:-1]), row[-1]) for row in connection.execute(LIST_PUBLISHED, values)]


def list_entries(connection: Connection, site_id: int, wanted: EntryFilter) -> list[ListedEntry]:
    """Entries, the newest first. Raises UsageError entry.where."""
    query, conditions = _read_table(connection, wanted.type, wanted.where)
    return [ListedEntry(*row) for row in connection.execute(query, {**wanted._asdict(), **conditions, "site": site_id})]


def _read_table(connection: Connection, type_name: str, where: Sequence[str]) -> tuple[sql.Composed, dict[str, Any]]:
    """The query for a list, and the values of its conditions.

    The type's own table is read where it has one: entries of a rare type are not looked for among all others. A table in months is only read for conditions,
    since hundreds of them have to be asked for the highest numbers.
    """
    table, partition, columns = (connection.execute(TABLE, (type_name,)).fetchone() if type_name else None) or ("", "", {})
    parts, values = [], {}
    for number, text in enumerate(where):
        field, sign, wanted = text.partition("=")
        kind = columns.get(field.strip())
        try:
            value, said = _read_value(kind, read_wanted(wanted)), ""
        except ValueError as error:
            value, said = None, f": {error}"
        if not sign or value is None:
            known = ", ".join(f"{name} ({kind})" for name, kind in sorted(columns.items()) if kind in VALUES)
            hint = (
                f"Write FIELD=VALUE with a column of {type_name}: {known}."
                if known
                else "Choose a type whose schema declares columns (x-column)."
            )
            raise UsageError(Problem("entry.where", "", 0, f"{text!r} is not a valid condition for the type {type_name!r}{said}", hint))
        parts.append(sql.SQL(" AND t.{} = {}").format(sql.Identifier(field.strip()), sql.Placeholder(f"where{number}")))
        values[f"where{number}"] = value
    if not table or (partition == "month" and not parts):
        return LIST.format(source=sql.SQL("cms.entries e"), own=sql.SQL("e"), number=sql.SQL("e.id"), conditions=sql.SQL("")), {}
    source = sql.SQL("cms.{} t JOIN cms.entries e ON e.id = t.entry").format(sql.Identifier(table))
    return LIST.format(source=source, own=sql.SQL("t"), number=sql.SQL("t.entry"), conditions=sql.SQL("").join(parts)), values


def _read_value(kind: str | None, text: str) -> str | bool | Decimal | None:
    """A value for a column of a kind, None where the text is none."""
    if kind == "text":
        return text[:LONGEST] if "\0" not in text else None
    if kind == "boolean":
        return {"true": True, "false": False}.get(text)
    try:
        value = Decimal(text) if kind == "numeric" else None
    except InvalidOperation:
        return None
    return value if value is None or value.is_finite() else None


def find_entry(connection: Connection, site: Site, site_id: int, what: str) -> StoredEntry | None:
    """The one entry of the store meant by what: a number, the file that would hold it, a URL or its path, a slug, a part of a title.

    A number may be that of a file's entry. None where only a file can be meant. Raises UsageError entry.ambiguous, which lists candidates, and
    entry.not-found for a number that no entry has.
    """
    if what.isdecimal() and what.isascii() and len(what) < 19 and (entries := load_entries(connection, site_id, [int(what)])):
        return entries[0]
    if not what.strip() or "\0" in what:
        return None
    path = re.sub(r"[?#].*", "", what.removeprefix(site.settings.base_url.rstrip("/")))
    values = {"site": site_id, "what": what.strip(), "path": path if path.startswith("/") else ""}
    found = connection.execute(FIND, values).fetchall() or connection.execute(FIND_BY_TITLE, values).fetchall()
    if len(found) > 1:
        listed = "\n  ".join(f"{number}  {file}" for number, file in found[:MOST_CANDIDATES])
        more = "\n  …" if len(found) > MOST_CANDIDATES else ""
        raise UsageError(Problem("entry.ambiguous", "", 0, f'several entries could be "{what}"', f"Give a number:\n  {listed}{more}"))
    if not found and what.isdecimal():
        raise UsageError(Problem("entry.not-found", "", 0, f"there is no entry {what}", "cms entry list shows what there is."))
    return load_entries(connection, site_id, [found[0][0]])[0] if found else None
