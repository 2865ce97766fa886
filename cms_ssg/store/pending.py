"""Changes of entries that wait for their time or for an approval."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, LiteralString, NamedTuple

from psycopg import Connection
from psycopg.types.json import Jsonb

from cms_ssg.store.query import Query, fetch
from cms_ssg.types import Json, Status


class PendingRow(NamedTuple):
    """A change that waits. base_version: that it was made from; state: waiting, applied, cancelled or failed; problem: why it failed."""

    id: int
    entry: int
    base_version: int
    made_at: datetime
    author: str
    due_at: datetime | None
    needs_approval: bool
    approved_by: str
    fields: dict[str, Json]
    body: str | None
    status: Status | None
    state: str
    problem: str
    base: dict[str, Any] | None
    file: str
    title: str


_COLUMNS: Final[LiteralString] = """
SELECT p.id, p.entry, p.base_version, p.made_at, p.author, p.due_at, p.needs_approval, p.approved_by, p.fields, p.body, p.status, p.state, p.problem, p.base,
  coalesce(e.source_key, ''), coalesce(e.fields ->> 'title', '')
FROM cms.pending_changes p LEFT JOIN cms.entries e ON e.id = p.entry AND e.site = p.site """

ADD: Final[LiteralString] = """
INSERT INTO cms.pending_changes (site, entry, base_version, author, due_at, needs_approval, fields, body, status, base)
VALUES (%(site)s, %(entry)s, %(base_version)s, %(author)s, %(due_at)s, %(needs_approval)s, %(fields)s, %(body)s, %(status)s, %(base)s) RETURNING id"""
WAITING: Final = Query(
    _COLUMNS + "WHERE p.site = %(site)s AND (p.state IN ('waiting', 'failed') OR %(all)s) ORDER BY p.due_at NULLS LAST, p.id", PendingRow
)
BY_NUMBER: Final = Query(_COLUMNS + "WHERE p.site = %(site)s AND p.id = %(id)s", PendingRow)
NEXT_DUE: Final = Query(
    _COLUMNS
    + """
WHERE p.site = %(site)s AND p.state = 'waiting' AND p.due_at <= %(now)s AND NOT p.needs_approval
ORDER BY p.due_at, p.id LIMIT 1 FOR UPDATE OF p SKIP LOCKED""",
    PendingRow,
)
HAS_DUE: Final[LiteralString] = """
SELECT FROM cms.pending_changes
WHERE site = %s AND state = 'waiting' AND due_at <= %s AND NOT needs_approval LIMIT 1"""
END: Final[LiteralString] = """
UPDATE cms.pending_changes SET state = %s, problem = %s, ended_at = clock_timestamp() WHERE site = %s AND id = %s AND state IN ('waiting', 'failed')"""
APPROVE: Final[LiteralString] = """
UPDATE cms.pending_changes SET approved_by = %s, needs_approval = needs_approval AND NOT %s WHERE site = %s AND id = %s AND state IN ('waiting', 'failed')"""
REBASE: Final[LiteralString] = """
UPDATE cms.pending_changes SET base_version = %s WHERE site = %s AND entry = %s AND state = 'waiting' AND base_version = %s AND id > %s"""


def add_pending(connection: Connection, site: int, **values: Any) -> int:
    """Keep a change until its time. values: entry, base_version, author, due_at, needs_approval, fields, body, status; base: of a file's entry. Returns its number."""
    base = values.get("base")
    row = connection.execute(
        ADD, {**values, "site": site, "fields": Jsonb(values["fields"]), "base": Jsonb(base) if base else None}
    ).fetchone()
    assert row is not None
    return int(row[0])


def list_pending(connection: Connection, site: int, *, ended: bool = False) -> list[PendingRow]:
    """Changes that wait or failed, by their time. ended: those that were applied or cancelled too."""
    return fetch(connection, WAITING, site=site, all=ended)


def find_pending(connection: Connection, site: int, number: int) -> PendingRow | None:
    """A change by its number."""
    return next(iter(fetch(connection, BY_NUMBER, site=site, id=number)), None)


def claim_due(connection: Connection, site: int, now: datetime) -> PendingRow | None:
    """The change that was due first, locked until the transaction ends; None where nothing is due."""
    return next(iter(fetch(connection, NEXT_DUE, site=site, now=now)), None)


def has_due(connection: Connection, site: int, now: datetime) -> bool:
    """Whether the time of a change has come; an entry need not be locked to know it."""
    row = connection.execute(HAS_DUE, (site, now)).fetchone()
    return row is not None


def end_pending(connection: Connection, site: int, number: int, state: str, problem: str = "") -> bool:
    """Say what became of a change: applied, cancelled, failed. Returns whether it still waited."""
    return connection.execute(END, (state, problem[:2000], site, number)).rowcount > 0


def approve_pending(connection: Connection, site: int, number: int, by: str, *, is_enough: bool = False) -> None:
    """Say who approved a change. is_enough: it waits for no other."""
    connection.execute(APPROVE, (by, is_enough, site, number))


def rebase_pending(connection: Connection, site: int, done: PendingRow, before: int, after: int) -> None:
    """Later changes that were made from the same version go on from what this one left. before, after: versions of the entry around it."""
    connection.execute(REBASE, (after, site, done.entry, before, done.id))
