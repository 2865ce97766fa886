"""Fields that translations share with their original (``x-shared``): where a translation says nothing, what the original says counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, LiteralString

import msgspec
from psycopg import Connection

from cms_ssg.kinds.list_kind import EntryRow
from cms_ssg.site import Site
from cms_ssg.store.arrays import int_array

VARIANTS: Final[LiteralString] = """
SELECT e.id FROM unnest(%s::text[]) k JOIN cms.entries e ON e.site = %s AND e.translation_key = k COLLATE "C"
WHERE e.type = ANY(%s) AND e.locale <> %s"""
ORIGINALS: Final[LiteralString] = """
SELECT e.translation_key, e.type, e.fields FROM unnest(%s::text[]) k JOIN cms.entries e ON e.site = %s AND e.translation_key = k COLLATE "C"
WHERE e.locale = %s AND e.removed_at IS NULL AND e.status = 'published' AND (e.publish_at IS NULL OR e.publish_at <= %s)
  AND (e.expire_at IS NULL OR e.expire_at > %s) ORDER BY e.source_key DESC, e.id DESC"""

_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder().decode


def with_translations(
    connection: Connection, site: Site, site_id: int, ids: set[int], entries: LiteralString, cards: LiteralString
) -> set[int]:
    """These entries, with the translations that have fields of theirs. entries, cards: queries for what they are and what they were."""
    if not site.shared_fields:
        return ids
    keys = {row[5] for row in connection.execute(entries, (int_array(ids),))}
    keys.update(row[2] for row in connection.execute(cards, (int_array(ids),)))
    found = connection.execute(VARIANTS, (sorted(keys), site_id, sorted(site.shared_fields), site.default_locale))
    return ids | {row[0] for row in found}


def fill_shared_fields(connection: Connection, site: Site, site_id: int, rows: Sequence[EntryRow], now: datetime) -> list[EntryRow]:
    """The rows with the fields that their originals have for them, as long as these are public."""
    keys = sorted({row.translation_key for row in rows if row.locale != site.default_locale and row.type in site.shared_fields})
    if not keys:
        return list(rows)
    found = connection.execute(ORIGINALS, (keys, site_id, site.default_locale, now, now))
    originals: dict[tuple[str, str], dict[str, Any]] = {(key, type_name): fields for key, type_name, fields in found}
    return [_fill(site, row, originals.get((row.translation_key, row.type), {})) for row in rows]


def _fill(site: Site, row: EntryRow, original: dict[str, Any]) -> EntryRow:
    names = site.shared_fields.get(row.type, frozenset()) if row.locale != site.default_locale else frozenset()
    if not names or not names & original.keys():
        return row
    fields = _decode(row.fields)
    missing = {name: original[name] for name in names if name in original and fields.get(name) is None}
    return row._replace(fields=_encode({**missing, **fields}).decode()) if missing else row
