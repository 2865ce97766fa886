"""Saves the store's content in one file and fills an empty database from it, of any Postgres version.

A dump holds what people wrote, what sync knows about their files, and which previews are to be removed when they expire. Everything else is derived: a
restored store has no outputs, so the next build makes every page again. The file is a zip with
``dump.json`` and one member a table in COPY's text format.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import msgspec
import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from cms_ssg.errors import CmsError, fail
from cms_ssg.files.bundled import folder as bundled_folder
from cms_ssg.kinds.load import list_verticals, load_vertical
from cms_ssg.store.migrate import list_files, list_status, migrate, refuse_locks
from cms_ssg.store.partitions import ensure_post_months

KEPT: Final = (
    "sites", "entries", "bodies", "entry_texts", "files", "sources", "folders", "hits", "imported_logs", "imports", "import_rows", "tokens",
    "empty_searches", "previews", "acts", "revisions", "pending_changes", "comments", "reviews", "review_votes", "discussions", "mails", "payments", "payment_events",
    "payment_refunds", "payment_disputes", "fake_payments", "idempotent_answers", "secrets", "uploads",
)  # fmt: skip
"""Tables that are dumped, each after those it refers to."""
SITE_COLUMNS: Final = ("id", "name", "sync_state", "lease_epoch")
"""The other columns of cms.sites say what the last build did, which a restored store forgets."""

FORMAT: Final = "cms_ssg dump 1"
_CHUNK_BYTES: Final = 1 << 18

_MIGRATIONS: Final = "SELECT set, number, name, checksum FROM cms.migrations ORDER BY set, number"
_MONTHS: Final = "SELECT DISTINCT date_trunc('month', created_at AT TIME ZONE 'UTC')::date FROM cms.entries ORDER BY 1"
_TABLES: Final = "SELECT relname::text FROM pg_class WHERE relnamespace = 'cms'::regnamespace"
_COLUMNS: Final = (
    "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass('cms.' || quote_ident(%s))"
    " AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum"
)
_IDENTITIES: Final = "SELECT attname::text FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND attidentity <> ''"

_SHARED_NUMBERS: Final = """
SELECT a.attname::text FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
WHERE d.adrelid = %s::regclass AND pg_get_expr(d.adbin, d.adrelid) LIKE '%%entries_id_seq%%'"""
"""Columns of verticals' rows, which are numbered with the entries."""

Connection = psycopg.Connection[TupleRow]


@dataclass(frozen=True, slots=True)
class Header:
    """What dump.json says. migrations: (set, number, name, checksum) the tables came from; tables: their columns."""

    format: str
    migrations: list[tuple[str, int, str, str]]
    months: list[date]
    tables: dict[str, list[str]]


def dump_store(conn: Connection, file: Path, verticals: Sequence[str] = ()) -> dict[str, int]:
    """Write the store of conn, which is outside a transaction, to file; return the number of rows by table.

    All of it is one moment's state, builds may go on. The file appears when it is whole; only its
    owner can read it. verticals: names that the site uses, beside those that are installed. Raises CmsError
    db.dump where it cannot be written, and db.no-vertical where the store has the tables of a vertical that is not known.
    """
    making = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        handle = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with (
            os.fdopen(handle, "wb") as raw,
            zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive,
            conn.transaction(),
        ):
            conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            migrations = [tuple(row) for row in conn.execute(_MIGRATIONS)]
            made = {name for name, _, _, _ in migrations}
            _require_known(made, verticals)
            own = [table for name, table in _list_own_tables(verticals) if name in made]
            there = {row[0] for row in conn.execute(_TABLES)}  # a database that is not up to date may lack some
            tables = {table: _list_columns(conn, table) for table in (*(table for table in KEPT if table in there), *own)}
            months = [row[0] for row in conn.execute(_MONTHS)]
            header = Header(FORMAT, migrations, months, tables)
            archive.writestr("dump.json", msgspec.json.encode(header))
            rows = {table: _write_table(conn, archive, table, columns) for table, columns in tables.items()}
        making.replace(file)
    except OSError as error:
        raise fail("db.dump", f"the dump cannot be written: {error.strerror}", place=str(file)) from error
    finally:
        making.unlink(missing_ok=True)
    return rows


def restore_store(conn: Connection, file: Path, *, replace: bool = False, verticals: Sequence[str] = ()) -> dict[str, int]:
    """Fill the database of conn, which is outside a transaction, from file; return the number of rows by table.

    One transaction: it happens as a whole or not at all. The tables are made as they were when the
    dump was written and then brought up to date. replace: what the store holds is dropped. verticals: names that
    the site uses, beside those that are installed. Raises CmsError db.not-empty, db.dump where the file is none or
    is damaged, db.no-vertical where it has tables of a vertical that is not known, db.locks, and those of migrate.
    """
    try:
        with zipfile.ZipFile(file) as archive, conn.transaction():
            header = _read_header(archive, file, verticals)
            if not replace and _has_content(conn):
                raise fail("db.not-empty", "the database already has content", place=str(file), hint="--replace drops it first.")
            _make_tables(conn, header, verticals)
            conn.execute("SET LOCAL cms.restoring = 'on'")  # triggers that keep sums add nothing to those that are read in
            ensure_post_months(conn, header.months)
            rows = {}
            for table, columns in header.tables.items():
                if table == "revisions":  # those that filling the tables has made
                    conn.execute("DELETE FROM cms.revisions")
                rows[table] = _read_table(conn, archive, table, columns)
            migrate(conn, verticals=verticals)
    except (OSError, EOFError, zipfile.BadZipFile) as error:
        raise _unreadable(file, str(error)) from error
    except psycopg.DataError as error:
        raise _unreadable(file, error.diag.message_primary or "") from error
    except psycopg.errors.OutOfMemory as error:
        raise refuse_locks(error) from error
    return rows


def _list_own_tables(verticals: Sequence[str]) -> list[tuple[str, str]]:
    """The tables that verticals want kept, each after those it refers to, with the set of migrations that makes them."""
    return list(dict.fromkeys((one.name, table) for one in map(load_vertical, _list_names(verticals)) for table in one.tables))


def _list_names(verticals: Sequence[str]) -> list[str]:
    """Names of the verticals that are installed, then of those that the site names by a module."""
    return list(dict.fromkeys([*list_verticals(), *verticals]))


def _require_known(sets: Iterable[str], verticals: Sequence[str], place: str = "") -> None:
    """Refuse sets of migrations that belong to no vertical that is known: their rows would be lost in silence."""
    known = {file.set for file in list_files(bundled_folder("sql"), _list_names(verticals))}
    if unknown := sorted(set(sets) - known):
        raise fail(
            "db.no-vertical",
            f"there are tables of a vertical that is not known here: {', '.join(unknown)}",
            place=place,
            hint="Install its package, or name its module in site.toml's verticals.",
        )


def _list_columns(conn: Connection, table: str) -> list[str]:
    if table == "sites":
        return list(SITE_COLUMNS)
    found = [row[0] for row in conn.execute(_COLUMNS, [table]) if row[0] != "made_in"]  # a transaction of that database
    if not found:
        hint = "`tables` of its vertical names tables that its migrations make, without the schema."
        raise fail("vertical.table", f"there is no table cms.{table} to dump", hint=hint)
    return found


def _write_table(conn: Connection, archive: zipfile.ZipFile, table: str, columns: list[str]) -> int:
    query = sql.SQL("COPY cms.{} ({}) TO STDOUT").format(sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns)))
    with archive.open(f"{table}.copy", "w", force_zip64=True) as member, conn.cursor() as cursor:
        with cursor.copy(query) as copy:
            for chunk in copy:
                member.write(chunk)
        return cursor.rowcount


def _read_table(conn: Connection, archive: zipfile.ZipFile, table: str, columns: list[str]) -> int:
    if table not in KEPT:  # of a vertical, whose triggers may have filled it from the entries by now
        conn.execute(sql.SQL("DELETE FROM cms.{}").format(sql.Identifier(table)))
    query = sql.SQL("COPY cms.{} ({}) FROM STDIN").format(sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns)))
    with archive.open(f"{table}.copy") as member, conn.cursor() as cursor:
        with cursor.copy(query) as copy:
            while chunk := member.read(_CHUNK_BYTES):
                copy.write(chunk)
        rows = cursor.rowcount
    for (column,) in conn.execute(_IDENTITIES, [f"cms.{table}"]).fetchall():
        next_value = sql.SQL("SELECT setval(pg_get_serial_sequence({}, {}), coalesce(max({}), 0) + 1, false) FROM cms.{}")
        conn.execute(next_value.format(f"cms.{table}", column, sql.Identifier(column), sql.Identifier(table)))
    for (column,) in conn.execute(_SHARED_NUMBERS, [f"cms.{table}"]).fetchall():
        next_value = sql.SQL(
            "SELECT setval('cms.entries_id_seq', greatest((SELECT last_value FROM cms.entries_id_seq), (SELECT coalesce(max({}), 0) + 1 FROM cms.{})), false)"
        )
        conn.execute(next_value.format(sql.Identifier(column), sql.Identifier(table)))
    return rows


def _read_header(archive: zipfile.ZipFile, file: Path, verticals: Sequence[str]) -> Header:
    try:
        header = msgspec.json.decode(archive.read("dump.json"), type=Header)
    except (KeyError, msgspec.MsgspecError) as error:
        raise _unreadable(file, "no dump.json in it") from error
    _require_known({name for name, _, _, _ in header.migrations}, verticals, str(file))
    if header.format != FORMAT or not set(header.tables) <= {*KEPT, *(table for _, table in _list_own_tables(verticals))}:
        raise fail(
            "db.newer",
            f"the dump was written by a newer cms_ssg ({header.format})",
            place=str(file),
            hint="Upgrade: pip install --upgrade cms-ssg.",
        )
    return header


def _has_content(conn: Connection) -> bool:
    if not (conn.execute("SELECT to_regclass('cms.entries')").fetchone() or (None,))[0]:
        return False
    return any(conn.execute(query).fetchone() for query in ("SELECT 1 FROM cms.entries LIMIT 1", "SELECT 1 FROM cms.files LIMIT 1"))


def _make_tables(conn: Connection, header: Header, verticals: Sequence[str]) -> None:
    """Make the tables that the dump was written from."""
    conn.execute("DROP SCHEMA IF EXISTS cms CASCADE")
    until: dict[str, int] = {}
    for name, number, _, _ in header.migrations:
        until[name] = max(number, until.get(name, 0))
    names = _list_names(verticals)
    migrate(conn, verticals=names, until=until)
    made = {(m.set, m.number): m.checksum for m in list_status(conn, verticals=names)}
    for name, number, _, checksum in header.migrations:
        _check_known(made, name, number, checksum)


def _check_known(made: Mapping[tuple[str, int], str], name: str, number: int, checksum: str) -> None:
    if (name, number) not in made:
        raise fail(
            "db.newer",
            f"the dump was written by a newer cms_ssg: it has {name} {number:04}",
            hint="Upgrade: pip install --upgrade cms-ssg.",
        )
    if made[name, number] != checksum:
        hint = "It was written by another build of cms_ssg, such as a development version. Restore it with that one."
        raise fail("db.changed", f"the dump was written with another migration {name} {number:04} than this cms_ssg has", hint=hint)


def _unreadable(file: Path, reason: str) -> CmsError:
    return fail("db.dump", f"this is no dump of a store, or it is damaged: {reason}", place=str(file), hint="Nothing was changed.")
