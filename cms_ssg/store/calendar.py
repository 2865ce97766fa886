"""What will happen at a known time: entries that appear and expire, and changes that wait for their time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, LiteralString, NamedTuple

from psycopg import Connection

from cms_ssg.store.query import Query, fetch


class Due(NamedTuple):
    """Something that will happen to an entry. what: publish, expire or change; section: as the entry spells it, '' for none.

    change: number of the change, 0 for none; state: waiting, failed or unapproved; problem: why it failed; author: who made the change;
    status: that it gives the entry, '' for the one it has; fields: that it sets, ``body`` among them; is_live: whether the entry is public now.
    """

    at: datetime
    what: str
    entry: int
    file: str
    title: str
    type: str
    section: str
    locale: str
    is_live: bool
    change: int
    state: str
    problem: str
    author: str
    status: str
    fields: list[str]


_ITEMS: Final[LiteralString] = """
SELECT x.at, x.what, e.id, e.source_key, coalesce(nullif(e.fields ->> 'title', ''), e.source_key), e.type, coalesce(e.fields ->> 'section', ''), e.locale,
  e.status = 'published' AND e.removed_at IS NULL AND coalesce(e.publish_at <= now(), true) AND coalesce(e.expire_at > now(), true),
  coalesce(p.id, 0), coalesce(CASE WHEN p.state = 'failed' THEN 'failed' WHEN p.needs_approval THEN 'unapproved' ELSE 'waiting' END, ''),
  coalesce(p.problem, ''), coalesce(p.author, ''), coalesce(p.status, ''),
  ARRAY(SELECT jsonb_object_keys(p.fields) ORDER BY 1) || CASE WHEN p.body IS NOT NULL THEN ARRAY['body'] ELSE '{}' END
FROM (
  SELECT publish_at AS at, 'publish' AS what, id, 0 AS change FROM cms.entries
  WHERE site = %(site)s AND publish_at > now() AND status = 'published' AND removed_at IS NULL AND (expire_at IS NULL OR expire_at > publish_at)
  UNION ALL SELECT expire_at, 'expire', id, 0 FROM cms.entries
  WHERE site = %(site)s AND expire_at > now() AND status = 'published' AND removed_at IS NULL AND (publish_at IS NULL OR expire_at > publish_at)
  UNION ALL SELECT due_at, 'change', entry, id FROM cms.pending_changes
  WHERE site = %(site)s AND due_at IS NOT NULL AND state IN ('waiting', 'failed')
) x JOIN cms.entries e USING (id) LEFT JOIN cms.pending_changes p ON p.id = x.change """

LIST: Final = Query(
    _ITEMS
    + """
WHERE (%(type)s = '' OR e.type = %(type)s) AND (%(sections)s::text[] IS NULL OR e.fields ->> 'section' = ANY(%(sections)s::text[]))
ORDER BY x.at, e.source_key, x.change LIMIT %(limit)s OFFSET %(skip)s""",
    Due,
)
KINDS: Final[LiteralString] = (
    "SELECT DISTINCT type, section FROM (" + _ITEMS + ") d (at, what, entry, file, title, type, section) ORDER BY 1, 2"
)


def list_calendar(
    connection: Connection, site: int, *, type_name: str = "", sections: Sequence[str] | None = None, skip: int = 0, limit: int | None = None
) -> list[Due]:  # fmt: skip
    """What will happen after now, by its time, and changes that could not be made.

    type_name: of the entries, '' for all; sections: spellings of their section, None for all; skip, limit: a part of the list, None for all of it.
    """
    return fetch(connection, LIST, site=site, type=type_name, sections=None if sections is None else list(sections), skip=skip, limit=limit)


def list_calendar_kinds(connection: Connection, site: int) -> list[tuple[str, str]]:
    """Types and sections, as their entries spell them, of what will happen."""
    return [(str(type_name), str(section)) for type_name, section in connection.execute(KINDS, {"site": site})]
