"""An entry as it was at an earlier version: what is stored, with the revisions since then taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from cms_ssg.store.revisions import RevisionRow, list_since
from cms_ssg.store.texts import StoredEntry
from cms_ssg.types import Json


def load_version(connection: Connection, site_id: int, entry: StoredEntry, version: int) -> StoredEntry | None:
    """An entry of the store at a version; None where that is not known."""
    if version < 1 or version > entry.version:
        return None
    return take_back(entry, list_since(connection, site_id, entry.id, version), version)


def take_back(entry: StoredEntry, revisions: Sequence[RevisionRow], version: int) -> StoredEntry:
    """The entry without these revisions, which are the newest first."""
    fields: dict[str, Json] = dict(entry.fields)
    values: dict[str, Json] = {"status": "trashed" if entry.removed or entry.status == "trashed" else entry.status}
    markdown = entry.markdown
    for revision in revisions:
        for name, (before, _) in revision.changes.items():
            if name in ("status", "file", "type", "collection", "locale", "translation_key"):
                values[name] = before
            elif name != "body":
                if before is None:
                    fields.pop(name, None)
                else:
                    fields[name] = before
        if revision.body is not None:
            markdown = revision.body
    status = str(values.pop("status"))
    named: dict[str, Any] = values
    return entry._replace(
        fields=fields,
        markdown=markdown,
        version=version,
        status="published" if status == "trashed" else status,
        removed=status == "trashed",
        **named,
    )
