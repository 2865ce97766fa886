"""Imports a file of rows: each becomes an entry or changes the one that has its key; what is wrong with a row is written beside it, the others go in."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Final, Literal

from psycopg import Connection

from cms_ssg.bulk.errors_file import ErrorsFile
from cms_ssg.bulk.lines import TextFile, examine_file, find_delimiter
from cms_ssg.bulk.mapping import FILE, MapFile, RowMap, choose_key, encode_json, load_map
from cms_ssg.bulk.records import Form, Record, Records, first_names, open_records
from cms_ssg.entries.save import Entries
from cms_ssg.entries.values import EntryInput, Saved
from cms_ssg.errors import UsageError, fail
from cms_ssg.site import Site
from cms_ssg.store.imports import (
    FINISH,
    NOTE,
    ChangedRow,
    ImportRow,
    find_unfinished,
    note_rows,
    start_import,
    try_lock,
    unlock,
)
from cms_ssg.store.revisions import add_act
from cms_ssg.store.texts import find_by_files, find_external
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Problem

SMALL_BATCH: Final = 100
LARGE_BATCH: Final = 2000
LARGE_LINES: Final = 2000
"""A file of more lines is saved in larger transactions, unless --batch says otherwise."""
MOST_TOLD: Final = 50


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to import. name: of the source, by default the type; batch: rows a transaction, 0 to choose; errors: where wrong rows go, by default
    beside the file; encoding, delimiter: "" to find them out; rules: in place of map_file.
    """

    file: Path
    form: Form
    type_name: str
    map_file: Path | None = None
    key: str = ""
    name: str = ""
    dry_run: bool = False
    on_error: Literal["skip", "stop"] = "skip"
    batch: int = 0
    errors: Path | None = None
    author: str = ""
    encoding: str = ""
    delimiter: str = ""
    rules: MapFile | None = None


@dataclass(slots=True)
class ImportResult:
    """What an import did. number: 0 for a dry run; rows: of the file, those done by an earlier run that was stopped included; fields: how many entries
    change in each field; resumed_at: the row at which it went on, 0 for a new one; stopped_at: the line that ended it, 0 for none; errors_file: "" for none.
    """

    number: int = 0
    source: str = ""
    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    failed: int = 0
    seconds: float = 0.0
    fields: dict[str, int] = field(default_factory=dict)
    resumed_at: int = 0
    stopped_at: int = 0
    errors_file: str = ""
    encoding: str = ""
    delimiter: str = ""
    key: str = ""
    problems: list[Problem] = field(default_factory=list)


class Stop(Exception):
    """A row is wrong, and --on-error is stop."""


def import_file(
    connection: Connection,
    site: Site,
    site_id: int,
    options: ImportOptions,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ImportResult:
    """Import a file over a connection that keeps each statement. progress: told the rows that are done, and about how many there are.

    Raises CmsError import.*; UsageError where no column is a key.
    """
    started = time.monotonic()
    schema = site.schemas.get(options.type_name)
    if schema is None:
        raise UsageError(
            Problem("import.no-type", "", 0, f"there is no content type {options.type_name!r}", f"Types: {', '.join(site.schemas)}.")
        )
    file = examine_file(options.file, options.encoding)
    delimiter = options.delimiter or (find_delimiter(file.sample) if options.form == "csv" else "")
    rules = options.rules or load_map(options.map_file)
    source = source_of(options.name or options.type_name)
    with open_records(file, options.form, delimiter) as records:
        columns = records.columns or first_names(file.sample)
        rows = RowMap(schema, options.form, rules, choose_key(columns, options.key, rules.columns))
        for column in records.columns:
            rows.field_of(column)
        run = _Import(connection, site, site_id, options, file, rows, source)
        run.result.delimiter = delimiter
        if not try_lock(connection, site_id, source):
            raise fail(
                "import.busy",
                f"another import of {source.removeprefix('import:')!r} is running",
                hint="Wait for it, or give this one another --name.",
            )
        try:
            run.run(records, progress)
        finally:
            unlock(connection, site_id, source)
    run.result.seconds = round(time.monotonic() - started, 3)
    return run.result


def source_of(name: str) -> str:
    """The source to which the entries of an import of this name belong."""
    return f"import:{make_slug(name)}"


class _Import:
    """One import."""

    def __init__(
        self, connection: Connection, site: Site, site_id: int, options: ImportOptions, file: TextFile, rows: RowMap, source: str
    ) -> None:
        self.connection, self.site_id, self.options, self.file, self.rows = connection, site_id, options, file, rows
        self.entries = Entries(connection, site, site_id, source, options.author)
        self.digest = blake2b(rows.digest() + site.rules.digest, digest_size=16).digest()
        self.result = ImportResult(source=source, encoding=file.encoding, key=rows.key)
        self.keys: dict[int, int] = {}
        self.warned: set[tuple[str, str]] = set()
        beside = options.file.with_name(f"{options.file.stem}.errors.csv")
        self.errors = ErrorsFile(options.errors or beside)

    def run(self, records: Records, progress: Callable[[int, int], None]) -> None:
        result, options = self.result, self.options
        rows = records.rows
        if not options.dry_run:
            self._begin()
            self.entries.act = add_act(
                self.connection, self.site_id, options.author, result.source, "import", f"import {result.number}: {options.file.name}"
            )
            for record in islice(rows, result.resumed_at):
                self._note_key(record)
        batch = options.batch or (LARGE_BATCH if self.file.lines > LARGE_LINES else SMALL_BATCH)
        total = max(self.file.lines - 1, 0)
        try:
            while found := list(islice(rows, batch)):
                self._import_batch(found, records.columns)
                progress(result.rows, total)
        except Stop:
            pass
        finally:
            self.errors.close()
        for column in sorted(self.rows.unknown):
            said = f"the column {column!r} is no field of a {self.rows.schema.name}; it is kept in metadata"
            hint = 'Map it in --map FILE: [columns], or leave it out there by: "column" = "".'
            result.problems.append(Problem("import.unknown-column", str(self.file.path), 0, said, hint, "warning"))
        if result.failed and self.errors.is_written:
            result.errors_file = str(self.errors.path)
        if not options.dry_run and not result.stopped_at:
            self.connection.execute(FINISH, (result.number,))

    def _begin(self) -> None:
        """Note the import, or go on with one that was ended by force."""
        result, options = self.result, self.options
        identity = blake2b(self.file.digest + self.rows.digest(), digest_size=16).digest()
        left = find_unfinished(self.connection, self.site_id, result.source, identity)
        if left is not None:
            result.number, result.resumed_at, result.rows = left.number, left.position, left.position
            result.added, result.changed, result.unchanged, result.failed = left.added, left.changed, left.unchanged, left.failed
            self.errors.resume(left.errors_bytes)
            return
        self.errors.forget_old()
        now = ImportRow(0, result.source, self.rows.schema.name, str(options.file), str(self.errors.path), 0, options.author, *[None] * 3)  # type: ignore[arg-type]
        result.number = start_import(self.connection, self.site_id, now, identity)

    def _import_batch(self, records: Sequence[Record], columns: Sequence[str]) -> None:
        result = self.result
        before = (result.added, result.changed, result.unchanged, result.failed)
        told = len(result.problems)
        failures: list[tuple[Record, str]] = []
        try:
            with self.connection.transaction():
                failures = self._save(records)
                result.rows += len(records)
                if not self.options.dry_run:
                    self.errors.add(columns, failures)
                    counts = (result.added, result.changed, result.unchanged, result.failed)
                    self.connection.execute(NOTE, (result.rows, *counts, self.errors.size, result.number))
        except Stop:  # nothing of the batch is kept: the file is to be mended and imported again
            result.added, result.changed, result.unchanged, result.failed = before
            result.failed += 1
            raise
        for record, reason in failures[: max(MOST_TOLD - told, 0)]:
            result.problems.append(Problem("import.row", str(self.file.path), record.line, reason, "", "warning"))

    def _save(self, records: Sequence[Record]) -> list[tuple[Record, str]]:
        """Save a batch, counting; the rows that are wrong, with the reason."""
        failures: list[tuple[Record, str]] = []
        made: list[tuple[Record, EntryInput]] = []
        for record in records:
            try:
                made.append((record, self._make(record)))
            except ValueError as error:
                self._fail(record, str(error), failures)
        known = find_external(
            self.connection, self.site_id, self.entries.source, [e.external_key for _, e in made if e.external_key is not None]
        )
        rest = [(r, e) for r, e in made if e.external_key is None or known.get(e.external_key, (0, b""))[1] != e.digest]
        self.result.unchanged += len(made) - len(rest)
        changed: list[ChangedRow] = []
        entries = self._number_files([e for _, e in rest])
        for (record, _), saved in zip(rest, self.entries.save_entries(entries, dry_run=self.options.dry_run), strict=True):
            self._count(record, saved, changed, failures)
        if not self.options.dry_run:
            note_rows(self.connection, self.result.number, changed)
        return sorted(failures, key=lambda failure: failure[0].line)

    def _number_files(self, entries: Sequence[EntryInput]) -> list[EntryInput]:
        """Rows that name a file are those of the entry that has it."""
        if self.rows.key != FILE:
            return list(entries)
        files = [e.file for e in entries if "\0" not in e.file]
        numbers = {file: number for file, number, _ in find_by_files(self.connection, self.site_id, files)}
        return [
            EntryInput(
                e.type, e.fields, e.body, e.status, e.locale, number=numbers.get(e.file, 0), external_key=e.external_key, file=e.file
            )
            for e in entries
        ]

    def _make(self, record: Record) -> EntryInput:
        if record.problem:
            raise ValueError(record.problem)
        digest = blake2b(self.digest + encode_json(record.cells), digest_size=16).digest()
        entry = self.rows.make_entry(record, digest)
        if (line := self._note_key(record)) is not None:
            raise ValueError(f"its key is in line {line} already")
        return entry

    def _note_key(self, record: Record) -> int | None:
        """Remember a row's key; the line of an earlier row that has it."""
        for column, cell in record.cells.items():
            if self.rows.is_key(column):
                number = int.from_bytes(blake2b(str(cell).strip().encode("utf-8", "replace"), digest_size=8).digest(), "big")
                return self.keys.get(number) or self.keys.update({number: record.line})
        return None

    def _count(self, record: Record, saved: Saved, changed: list[ChangedRow], failures: list[tuple[Record, str]]) -> None:
        result = self.result
        if saved.action == "failed":
            self._fail(record, "; ".join(problem.message for problem in saved.problems), failures)
            return
        setattr(result, saved.action, getattr(result, saved.action) + 1)
        for name in saved.changes:
            result.fields[name] = result.fields.get(name, 0) + 1
        if saved.action != "unchanged":
            changed.append(ChangedRow(saved.number, saved.version, saved.changes if saved.action == "changed" else None))
        for problem in saved.problems:
            if (problem.code, problem.message) not in self.warned and len(self.warned) < MOST_TOLD:
                self.warned.add((problem.code, problem.message))
                result.problems.append(Problem(problem.code, str(self.file.path), record.line, problem.message, problem.hint, "warning"))

    def _fail(self, record: Record, reason: str, failures: list[tuple[Record, str]]) -> None:
        self.result.failed += 1
        if self.options.on_error == "stop":
            self.result.stopped_at = record.line
            self.result.problems.append(Problem("import.row", str(self.file.path), record.line, reason, "Mend the row, then import again."))
            raise Stop
        failures.append((record, reason))
