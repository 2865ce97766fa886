"""Brings a database's tables up to date: forward only, one transaction a file, never twice.

A migration is a file ``sql/<set>/NNNN_verb_object.sql``. The set ``core`` comes first; a set whose
folder is gone (a vertical that was taken out) is left alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from cms_ssg.errors import CmsError, fail
from cms_ssg.files.bundled import folder as bundled_folder
from cms_ssg.kinds.load import load_vertical

_LOCK: Final = 0x636D735F6D696772  # "cms_migr": one session migrates at a time
_LOCK_TIMEOUT: Final = "SET LOCAL lock_timeout = '20s'"
_FILE_NAME: Final = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_APPLIED: Final = "SELECT set, number, checksum, applied_at FROM cms.migrations"
_RECORD: Final = "INSERT INTO cms.migrations (set, number, name, checksum) VALUES (%s, %s, %s, %s)"
_CREATE: Final = """
CREATE SCHEMA IF NOT EXISTS cms;
CREATE TABLE IF NOT EXISTS cms.migrations (
  set text COLLATE "C" NOT NULL,
  number int NOT NULL,
  name text COLLATE "C" NOT NULL,
  checksum text COLLATE "C" NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (set, number)
)"""

_OTHER: Final = "The database was made by another build of cms_ssg, such as a development version, and is as it was. "
_MOVE: Final = _OTHER + (
    "cms db dump FILE, then cms db restore FILE --replace brings its content into tables of this one. "
    "In a package of your own, give the migration the next free number."
)
_BEGIN: Final = _OTHER + (
    "Go on with that one; or write the entries of the store into content files with it (cms export content .), and build with this one into "
    "an empty database. In a package of your own, restore the migration and put the change into a new one."
)

Connection = psycopg.Connection[TupleRow]
Applied = dict[tuple[str, int], tuple[str, datetime]]


@dataclass(frozen=True, slots=True)
class Migration:
    """One file. place: of it, to be reported; checksum: of its text; applied_at: None where it is still to come."""

    set: str
    number: int
    name: str
    text: str
    checksum: str
    place: str
    applied_at: datetime | None = None


def migrate(
    conn: Connection, sql_folder: Path | None = None, *, verticals: Sequence[str] = (), until: Mapping[str, int] | None = None
) -> list[Migration]:
    """Apply what is missing and return it, in order; costs one query where nothing is.

    Outside a transaction each file gets one of its own. sql_folder: for tests. verticals: that are switched on, those of other packages bring
    their own files. until: the last number
    of each set to apply, and no other sets; a dump is read into the tables it was written from.
    Raises CmsError db.newer, db.changed, db.locked, db.locks or db.migration; what was applied before stays.
    """
    folder = sql_folder or bundled_folder("sql")
    brought = (load_vertical(name).find_folder("sql") for name in verticals)
    is_bundled = sql_folder is None and all(own is None or own.is_relative_to(folder) for own in brought)
    known = _list_bundled() if is_bundled else list_files(folder, verticals)
    files = [f for f in known if until is None or f.number <= until.get(f.set, 0)]
    applied = _load_applied(conn)
    if applied is None:
        with conn.transaction():
            conn.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            conn.execute(_CREATE)
    return [file for file in _list_missing(files, applied or {}) if _apply(conn, file)]


def list_status(conn: Connection, sql_folder: Path | None = None, *, verticals: Sequence[str] = ()) -> list[Migration]:
    """List every known migration, those of these verticals among them, with the time it was applied. Raises CmsError db.newer or db.changed."""
    files = list_files(sql_folder or bundled_folder("sql"), verticals)
    applied = _load_applied(conn) or {}
    _list_missing(files, applied)
    return [replace(file, applied_at=applied.get((file.set, file.number), ("", None))[1]) for file in files]


@cache
def _list_bundled() -> Sequence[Migration]:
    """The files of this installation, which belong to the code that this process runs and are read once, as that is."""
    return list_files(bundled_folder("sql"))


def list_files(sql_folder: Path, verticals: Sequence[str] = ()) -> list[Migration]:
    """Read the migrations below a folder in the order they are applied, then those of these verticals that have a folder of their own."""
    files: list[Migration] = []
    places = {path.name: path for path in sorted(sql_folder.iterdir(), key=lambda path: (path.name != "core", path.name)) if path.is_dir()}
    for vertical in map(load_vertical, verticals):
        if vertical.name not in places and (own := vertical.find_folder("sql")) is not None:
            places[vertical.name] = own
    for name, place in places.items():
        for path in sorted(place.glob("*.sql")):
            match = _FILE_NAME.fullmatch(path.name)
            if not match or (files and (files[-1].set, files[-1].number) == (name, int(match[1]))):
                raise fail("db.migration", "not named NNNN_verb_object.sql with a number of its own", place=str(path))
            text = path.read_bytes().decode().replace("\r\n", "\n")
            shown = f"sql/{name}/{path.name}" if place.name == name else str(path)
            files.append(Migration(name, int(match[1]), match[2], text, hashlib.sha256(text.encode()).hexdigest(), shown))
    return files


def _load_applied(conn: Connection) -> Applied | None:
    """Load what was applied; None where no migration ever was."""
    try:
        with nullcontext() if conn.autocommit and conn.info.transaction_status == TransactionStatus.IDLE else conn.transaction():
            return {(row[0], row[1]): (row[2], row[3]) for row in conn.execute(_APPLIED)}
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return None


def _list_missing(files: Sequence[Migration], applied: Applied) -> list[Migration]:
    """List the files to apply. Refuses a database whose history is not the beginning of ours."""
    latest = {file.set: file.number for file in files}
    known = {(file.set, file.number) for file in files}
    for name, number in sorted(applied.keys() - known):
        if number > latest.get(name, number):
            message = f"the database was made by a newer cms_ssg: it has {name} {number:04}, this one ends with {latest[name]:04}"
            raise fail("db.newer", message, hint="Upgrade: pip install --upgrade cms-ssg.")
        if name in latest:
            said = f"migration {name} {number:04} was applied on {applied[name, number][1]:%Y-%m-%d}, and this cms_ssg does not have it"
            raise fail("db.changed", said, place="sql", hint=_BEGIN)
    missing = []
    for file in files:
        if (file.set, file.number) not in applied:
            missing.append(file)
        elif missing and missing[-1].set == file.set:
            said = f"this migration was not applied, but {file.set} {file.number:04} after it was, on {applied[file.set, file.number][1]:%Y-%m-%d}"
            raise _refuse(missing[-1], "db.changed", said, _MOVE)
        elif applied[file.set, file.number][0] != file.checksum:
            said = f"this migration is not the one that was applied on {applied[file.set, file.number][1]:%Y-%m-%d}"
            raise _refuse(file, "db.changed", said, _BEGIN)
    return missing


def _apply(conn: Connection, file: Migration) -> bool:
    """Apply one file and record it; False where another process was faster."""
    try:
        with conn.transaction():
            conn.execute(_LOCK_TIMEOUT)
            conn.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            if conn.execute("SELECT 1 FROM cms.migrations WHERE set = %s AND number = %s", [file.set, file.number]).fetchone():
                return False
            conn.execute(file.text.encode())
            conn.execute(_RECORD, [file.set, file.number, file.name, file.checksum])
    except psycopg.errors.LockNotAvailable:
        raise _refuse(file, "db.locked", "the tables are in use, so they cannot be changed now", "Run the command again later.") from None
    except psycopg.errors.OutOfMemory as error:
        raise refuse_locks(error) from error
    except psycopg.Error as error:
        line = file.text.count("\n", 0, int(error.diag.statement_position or 1) - 1) + 1
        raise _refuse(file, "db.migration", error.diag.message_primary or str(error), "The database is as it was before.", line) from error
    return True


def refuse_locks(error: psycopg.Error) -> CmsError:
    """The CmsError db.locks for a transaction that changes more tables than the server can lock."""
    return fail(
        "db.locks",
        f"the server cannot lock all tables at once: {error.diag.message_primary or error}",
        hint="The database is as it was before. Set max_locks_per_transaction = 256 in the server's postgresql.conf and restart it.",
    )


def _refuse(file: Migration, code: str, message: str, hint: str, line: int = 0) -> CmsError:
    return fail(code, message, place=file.place, line=line, hint=hint)
