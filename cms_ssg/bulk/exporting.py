"""Writes entries of a type as CSV or JSON Lines, a batch at a time: imported again, they change nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Final

import msgspec
from psycopg import Connection, sql

from cms_ssg.bulk.guard import guard_cell
from cms_ssg.bulk.mapping import write_cell
from cms_ssg.bulk.records import Form
from cms_ssg.bulk.where import make_where
from cms_ssg.content.schema.content_types import Schema
from cms_ssg.entries.front_matter import make_fields, read_body
from cms_ssg.errors import UsageError
from cms_ssg.site import Site
from cms_ssg.store.texts import StoredEntry, load_entries
from cms_ssg.types import Json, Problem

BATCH: Final = 1000
FIRST: Final = ("file", "external_id", "locale", "status")

SELECT: Final = sql.SQL(
    "SELECT e.id FROM cms.entries e WHERE e.site = %s AND e.type = %s AND e.id > %s"
    " AND NOT (e.source = 'file' AND e.removed_at IS NOT NULL) AND ({}) ORDER BY e.id LIMIT %s"
)
NAMES: Final = sql.SQL("SELECT DISTINCT jsonb_object_keys(e.fields) FROM cms.entries e WHERE e.site = %s AND e.type = %s")


class Selection:
    """The entries of a type for which conditions hold."""

    def __init__(self, connection: Connection, site: Site, site_id: int, type_name: str, conditions: Sequence[str]) -> None:
        """Raises UsageError import.no-type, bulk.where."""
        schema = site.schemas.get(type_name)
        if schema is None:
            raise UsageError(
                Problem("import.no-type", "", 0, f"there is no content type {type_name!r}", f"Types: {', '.join(site.schemas)}.")
            )
        self.connection, self.site, self.site_id, self.schema = connection, site, site_id, schema
        self.where, self.values = make_where(schema, conditions, site.settings.timezone)

    def list_batches(self, size: int = BATCH) -> Iterator[list[int]]:
        """Their numbers, a batch at a time."""
        after, query = 0, SELECT.format(self.where)
        while rows := self.connection.execute(query, (self.site_id, self.schema.name, after, *self.values, size)).fetchall():
            after = rows[-1][0]
            yield [row[0] for row in rows]


def export_rows(selection: Selection, form: Form, stream: BinaryIO) -> int:
    """Write the selected entries; how many. stream: takes UTF-8."""
    return _export_csv(selection, stream) if form == "csv" else _export_json(selection, stream)


def _list_entries(selection: Selection) -> Iterator[StoredEntry]:
    for numbers in selection.list_batches():
        for entry in load_entries(selection.connection, selection.site_id, numbers):
            yield entry._replace(markdown=read_body(selection.site, entry)) if entry.source == "file" else entry


def _export_csv(selection: Selection, stream: BinaryIO) -> int:
    columns = [*FIRST, *_list_names(selection), "translation_key", "body"]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    total = 0
    for entry in _list_entries(selection):
        writer.writerow(_make_cells(selection.site, selection.schema, entry, columns))
        total += 1
        if total % BATCH == 0:
            stream.write(text.getvalue().encode())
            text.seek(0)
            text.truncate()
    stream.write(text.getvalue().encode())
    return total


def _export_json(selection: Selection, stream: BinaryIO) -> int:
    encode, total = msgspec.json.Encoder().encode, 0
    for entry in _list_entries(selection):
        stream.write(encode(make_record(selection.site, entry)) + b"\n")
        total += 1
    return total


def make_record(site: Site, entry: StoredEntry) -> dict[str, Json]:
    """An entry as one object: where it is, its fields, its body."""
    status = "trashed" if entry.removed or entry.status == "trashed" else entry.status
    head = {"file": entry.file, "external_id": entry.external_key or None, "locale": entry.locale, "status": status}
    return {**head, **make_fields(site, entry), "body": entry.markdown}


def _list_names(selection: Selection) -> list[str]:
    """The fields that entries of the type have, in the order of its schema."""
    found = {row[0] for row in selection.connection.execute(NAMES, (selection.site_id, selection.schema.name))}
    order = {name: number for number, name in enumerate(selection.schema.properties)}
    special = {*FIRST, "translation_key", "body"}
    return sorted(found - special, key=lambda name: (name == "metadata", order.get(name, len(order)), name))


def _make_cells(site: Site, schema: Schema, entry: StoredEntry, columns: Sequence[str]) -> list[Any]:
    record = make_record(site, entry)
    return [
        guard_cell(str(record.get(name) or "")) if name in FIRST or name == "body" else write_cell(schema, name, record.get(name))
        for name in columns
    ]
