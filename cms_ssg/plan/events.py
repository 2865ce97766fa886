"""Notes for hooks, in the transaction that takes a change: an entry was saved, a post went out. Only for sites that have hooks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final, LiteralString

import msgspec
from psycopg import Connection

from cms_ssg.kinds.row_kind import Row
from cms_ssg.plan.derive import Derived, OldCard
from cms_ssg.site import Site
from cms_ssg.store.arrays import int_array, text_array

NOTE: Final[LiteralString] = """
INSERT INTO cms.events (site, kind, entry, detail)
SELECT %s, %s, entry, detail FROM unnest(%s::bigint[], %s::jsonb[]) AS n(entry, detail)
ON CONFLICT (site, kind, entry) WHERE entry IS NOT NULL DO NOTHING"""


def note_entries(
    connection: Connection, site: Site, site_id: int, saved: Collection[int], old: Mapping[int, OldCard], derived: Mapping[int, Derived],
    listed: set[int],
) -> None:  # fmt: skip
    """Note the entries that were saved, and the posts that are listed now and were not before; the caller commits."""
    known = [(number, old.get(number), derived.get(number)) for number in sorted(saved)]
    _note(connection, site_id, "saved", ((n, _describe(site, before, after)) for n, before, after in known if before or after))
    out = sorted(n for n in listed if is_post(site, derived[n].type) and not (n in old and old[n].listed))
    _note(connection, site_id, "published", ((n, {}) for n in out))


def note_rows(connection: Connection, site_id: int, rows: Mapping[int, tuple[str, Row]]) -> None:
    """Note rows that are shown now and were not before, by number with the name of their kind; the caller commits."""
    _note(connection, site_id, "row", ((n, {"kind": kind, "number": n, "fields": row.card}) for n, (kind, row) in sorted(rows.items())))


def is_post(site: Site, type_name: str) -> bool:
    """Whether entries of this type are posts to a hook: pages about a moment, as the type post is and what extends it."""
    schema = site.schemas.get(type_name)
    return schema is not None and schema.pages and schema.dated


def _describe(site: Site, before: OldCard | None, after: Derived | None) -> dict[str, object]:
    """What may be gone when the hook is told."""
    kind = after.type if after is not None else before.type if before is not None else ""
    file = str(after.card["file"]) if after is not None else before.file if before is not None else ""
    return {"action": "added" if before is None else "changed", "file": file, "type": kind, "post": is_post(site, kind)}


def _note(connection: Connection, site_id: int, kind: str, notes: Iterable[tuple[int, dict[str, object]]]) -> None:
    rows = list(notes)
    if rows:
        details = text_array(msgspec.json.encode(detail).decode() for _, detail in rows)
        connection.execute(NOTE, (site_id, kind, int_array(n for n, _ in rows), details))
