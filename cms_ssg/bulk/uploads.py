"""Files of rows that came by way of the API: kept in parts, imported by a thread, with progress and wrong rows to be asked for."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, Literal, LiteralString, NamedTuple

import msgspec
from psycopg import Connection
from psycopg.types.json import Jsonb

from cms_ssg.bulk.importing import import_file, source_of
from cms_ssg.bulk.mapping import MapFile
from cms_ssg.bulk.options import ImportOptions, ImportResult
from cms_ssg.errors import CmsError
from cms_ssg.site import Site

MOST_PARTS: Final = 4096
MOST_ERRORS: Final = 16 * 1024 * 1024
"""Bytes of wrong rows that are kept, but for the batch that goes beyond: they are one value of a row."""


ADD: Final[LiteralString] = """
INSERT INTO cms.import_uploads (site, options, author) VALUES (%(site)s, %(options)s, %(author)s) RETURNING id"""
ADD_PART: Final[LiteralString] = """
INSERT INTO cms.import_upload_parts (upload, number, data) SELECT id, %(number)s, %(data)s FROM cms.import_uploads WHERE site = %(site)s AND id = %(id)s AND state = 'open'
ON CONFLICT (upload, number) DO UPDATE SET data = excluded.data"""
# Whoever imports holds the lock: where nobody does, the process that did is dead.
SHOW: Final[LiteralString] = """
SELECT id, CASE WHEN state = 'running' AND pg_try_advisory_xact_lock(hashtextextended('cms upload ' || id, 0)) THEN 'stopped' ELSE state END, rows, total, result,
  errors IS NOT NULL, created_at, ended_at, (SELECT count(*) FROM cms.import_upload_parts p WHERE p.upload = u.id)
FROM cms.import_uploads u WHERE site = %(site)s AND (%(id)s = 0 OR id = %(id)s) ORDER BY id DESC LIMIT 50"""
MISSING: Final[LiteralString] = """
SELECT p.number - 1 FROM cms.import_upload_parts p WHERE upload = %(id)s AND number > 1
  AND NOT EXISTS (SELECT FROM cms.import_upload_parts o WHERE o.upload = p.upload AND o.number = p.number - 1) ORDER BY 1 LIMIT 1"""
"""A part that others follow and that was not sent: without it two lines would become one."""

ERRORS: Final[LiteralString] = "SELECT errors FROM cms.import_uploads WHERE site = %s AND id = %s"

_LOCK: Final[LiteralString] = "SELECT pg_try_advisory_lock(hashtextextended('cms upload ' || %s, 0))"
_BEGIN: Final[LiteralString] = """
UPDATE cms.import_uploads u SET state = 'running', rows = 0, result = NULL, ended_at = NULL FROM cms.import_uploads o WHERE u.site = %s AND u.id = %s AND o.id = u.id
RETURNING o.state = 'running', u.options, u.author"""
# An import that was killed is begun anew: rows that went in are unchanged, and all that are wrong are told again.
_END_KILLED: Final[LiteralString] = (
    "UPDATE cms.imports SET finished_at = clock_timestamp() WHERE site = %s AND source = %s AND finished_at IS NULL"
)
_PROGRESS: Final[LiteralString] = "UPDATE cms.import_uploads SET rows = %s, total = %s WHERE id = %s"
_NUMBERS: Final[LiteralString] = "SELECT number FROM cms.import_upload_parts WHERE upload = %s ORDER BY number"
_PART: Final[LiteralString] = "SELECT data FROM cms.import_upload_parts WHERE upload = %s AND number = %s"
_END: Final[LiteralString] = (
    "UPDATE cms.import_uploads SET state = %s, result = %s, errors = %s, ended_at = clock_timestamp() WHERE id = %s"
)


class UploadOptions(msgspec.Struct, forbid_unknown_fields=True):
    """How a file is to be imported: as the options of ``cms import``. map: as --map has it."""

    type: str
    form: Literal["csv", "jsonl"] = "csv"
    key: str = ""
    name: str = ""
    dry_run: bool = False
    on_error: Literal["skip", "stop"] = "skip"
    encoding: str = ""
    delimiter: str = ""
    map: MapFile | None = None


class _Begun(NamedTuple):
    """An upload that is being imported. was_killed: the process that imported it before is dead."""

    was_killed: bool
    options: dict[str, object]
    author: str


def run_upload(
    open_connection: Callable[[], AbstractContextManager[Connection]],
    site: Site,
    site_id: int,
    upload: int,
    on_begun: Callable[[], None] = lambda: None,
) -> None:
    """Import an upload over a connection of its own that keeps each statement. What becomes of it, errors too, is in its row.

    on_begun: called once its row says that it is running.
    """
    with open_connection() as connection, tempfile.TemporaryDirectory(prefix="cms-upload-") as name:
        if not connection.execute(_LOCK, (upload,)).fetchone()[0]:  # type: ignore[index]
            return
        row = connection.execute(_BEGIN, (site_id, upload)).fetchone()
        if row is None:
            return
        on_begun()
        folder = Path(name)
        try:
            result = _import(connection, site, site_id, upload, _Begun(*row), folder)
            state, value = "done", {**msgspec.to_builtins(result), "errors_file": ""}
        except CmsError as error:
            state, value = "failed", {"problems": [msgspec.to_builtins(one) for one in error.problems]}
        except Exception as error:  # noqa: BLE001 - whoever asks is to be told that it ended
            state, value = "failed", {"problems": [{"code": "internal", "message": f"{type(error).__name__}: {error}".splitlines()[0]}]}
        for problem in value["problems"]:
            problem["place"] = ""  # a temporary file
        errors = folder / "errors.csv"
        connection.execute(_END, (state, Jsonb(value), errors.read_bytes() if errors.exists() else None, upload))


def _import(connection: Connection, site: Site, site_id: int, upload: int, begun: _Begun, folder: Path) -> ImportResult:
    options = msgspec.convert(begun.options, UploadOptions)
    file = folder / f"upload.{options.form}"
    with file.open("wb") as opened:
        for (number,) in connection.execute(_NUMBERS, (upload,)).fetchall():
            opened.write(connection.execute(_PART, (upload, number)).fetchone()[0])  # type: ignore[index]
    wanted = ImportOptions(
        file, options.form, options.type, key=options.key, name=options.name, dry_run=options.dry_run, on_error=options.on_error, errors=folder / "errors.csv",
        most_errors=MOST_ERRORS, author=begun.author, encoding=options.encoding, delimiter=options.delimiter, rules=options.map,
    )  # fmt: skip
    if begun.was_killed:
        connection.execute(_END_KILLED, (site_id, source_of(options.name or options.type)))

    def note(rows: int, total: int) -> None:
        connection.execute(_PROGRESS, (rows, total, upload))

    return import_file(connection, site, site_id, wanted, note)
