"""One import: batches of rows are read, planned and written; what is wrong with a row is written beside the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from itertools import islice
from typing import Final

from psycopg import Connection

from cms_ssg.bulk.errors_file import ErrorsFile
from cms_ssg.bulk.lines import TextFile
from cms_ssg.bulk.mapping import FILE, RowMap, encode_json
from cms_ssg.bulk.options import ImportOptions, ImportResult
from cms_ssg.bulk.records import Record, Records, take_records
from cms_ssg.bulk.writer import BatchWriter
from cms_ssg.entries.save import Entries, Plan
from cms_ssg.entries.values import EntryInput, Saved
from cms_ssg.errors import CmsError
from cms_ssg.site import Site
from cms_ssg.store.connect import connect_beside
from cms_ssg.store.imports import (
    FINISH,
    NOTE,
    ChangedRow,
    ImportRow,
    find_unfinished,
    note_rows,
    start_import,
)
from cms_ssg.store.revisions import add_act
from cms_ssg.store.texts import find_by_files, find_external
from cms_ssg.types import Problem

SMALL_BATCH: Final = 100
LARGE_BATCH: Final = 2000
LARGE_LINES: Final = 2000
"""A file of more lines is saved in larger transactions, unless --batch says otherwise."""
MOST_TOLD: Final = 50


@dataclass(slots=True)
class _Batch:
    """Rows that are saved together. rows: those that are not as they were; counts: of the import, once this batch is written."""

    rows: list[Record]
    columns: Sequence[str]
    failures: list[tuple[Record, str]]
    plan: Plan = field(default_factory=lambda: Plan([], []))
    counts: tuple[int, ...] = ()


class Stop(Exception):
    """A row is wrong, and --on-error is stop."""


class ImportRun:
    """One import."""

    def __init__(
        self, connection: Connection, site: Site, site_id: int, options: ImportOptions, file: TextFile, rows: RowMap, source: str
    ) -> None:
        self.connection, self.site_id, self.options, self.file, self.rows = connection, site_id, options, file, rows
        self.entries = Entries(connection, site, site_id, source, options.author)
        self.digest = blake2b(rows.digest() + site.rules.digest, digest_size=16).digest()
        self.owners: dict[str, str] = {}
        self.result = ImportResult(source=source, encoding=file.encoding, key=rows.key)
        self.keys: dict[int, int] = {}
        self.ahead, self.done = False, 0
        self.report: Callable[[], None] = lambda: None
        self.warned: set[tuple[str, str]] = set()
        beside = options.file.with_name(f"{options.file.stem}.errors.csv")
        self.errors = ErrorsFile(options.errors or beside, options.most_errors)

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
        reader = self._connect_reader() if not options.dry_run and self.file.lines > batch and self.rows.key != FILE else None
        self.ahead = reader is not None

        def report() -> None:
            progress(self.done, total)

        self.report = report
        try:
            with reader or nullcontext(), BatchWriter() as writer:
                self.entries.reader = reader or self.connection
                while found := take_records(rows, batch):
                    self._import_batch(found, records.columns, writer)
            self.done = result.rows
            report()
        except Stop:
            pass
        finally:
            self.errors.close()
        for column in sorted(self.rows.unknown):
            said = f"the column {column!r} is no field of a {self.rows.schema.name}; it is kept in metadata"
            hint = 'Map it in --map FILE: [columns], or leave it out there by: "column" = "".'
            result.problems.append(Problem("import.unknown-column", str(self.file.path), 0, said, hint, "warning"))
        if self.errors.left_out:
            said = f"{self.errors.left_out:,} more wrong rows are not in the file of errors, which would be too large"
            result.problems.append(
                Problem("import.errors-left-out", str(self.errors.path), 0, said, "Mend those that are, and import all again.", "warning")
            )
        if result.failed and self.errors.is_written:
            result.errors_file = str(self.errors.path)
        if not options.dry_run and not result.stopped_at:
            self.connection.execute(FINISH, (result.number,))

    def _connect_reader(self) -> Connection | None:
        """A connection to look things up while the other one writes; None where the server has none to spare."""
        try:
            return connect_beside(self.connection)
        except CmsError:
            return None

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

    def _import_batch(self, records: Sequence[Record], columns: Sequence[str], writer: BatchWriter) -> None:
        """Import a batch. One of new rows alone is planned while the batch before is written; others once it is, with a lock on what they change."""
        result = self.result
        before = (result.added, result.changed, result.unchanged, result.failed)
        told = len(result.problems)
        try:
            batch, entries, has_known = self._read(records, columns)
            if has_known or not self.ahead:
                writer.wait()
                with self.connection.transaction():
                    self._plan(batch, self._number_files(entries))
                    if not self.options.dry_run:
                        self._write(batch)
                self.done = result.rows
                self.report()
            else:
                self._plan(batch, entries)
                writer.wait()
                self.done = result.rows - len(records)
                self.report()  # while the connection is free: the report may use it
                writer.start(partial(self._write_alone, batch))
                self.entries.reserved = {row.draft.file for _, row in batch.plan.writes}
        except Stop:  # nothing of the batch is kept: the file is to be mended and imported again
            result.added, result.changed, result.unchanged, result.failed = before
            result.failed += 1
            raise
        for record, reason in batch.failures[: max(MOST_TOLD - told, 0)]:
            result.problems.append(Problem("import.row", str(self.file.path), record.line, reason, "", "warning"))

    def _read(self, records: Sequence[Record], columns: Sequence[str]) -> tuple[_Batch, list[EntryInput], bool]:
        """A batch with the entries of its rows that are not as they were, and whether any of them is stored."""
        failures: list[tuple[Record, str]] = []
        made: list[tuple[Record, EntryInput]] = []
        for record in records:
            try:
                made.append((record, self._make(record)))
            except ValueError as error:
                self._fail(record, str(error), failures)
        keys = [e.external_key for _, e in made if e.external_key is not None]
        known = find_external(self.entries.reader, self.site_id, self.entries.source, keys)
        rest = [(r, e) for r, e in made if e.external_key is None or known.get(e.external_key, (0, b""))[1] != e.digest]
        self.result.unchanged += len(made) - len(rest)
        self.result.rows += len(records)
        return _Batch([r for r, _ in rest], columns, failures), [e for _, e in rest], any(e.external_key in known for _, e in rest)

    def _plan(self, batch: _Batch, entries: Sequence[EntryInput]) -> None:
        """Decide what becomes of a batch, counting."""
        batch.plan = self.entries.plan_entries(entries, lock=not self.options.dry_run)
        for record, saved in zip(batch.rows, batch.plan.results, strict=True):
            self._count(record, saved, batch.failures)
        batch.failures.sort(key=lambda failure: failure[0].line)
        result = self.result
        batch.counts = (result.rows, result.added, result.changed, result.unchanged, result.failed)

    def _write_alone(self, batch: _Batch) -> None:
        with self.connection.transaction():
            self._write(batch)

    def _write(self, batch: _Batch) -> None:
        """Write a batch and how far the import is, in a transaction."""
        saved = self.entries.write_plan(batch.plan)
        changed = [
            ChangedRow(s.number, s.version, s.changes if s.action == "changed" else None) for s in saved if s.action in ("added", "changed")
        ]
        note_rows(self.connection, self.result.number, changed)
        self.errors.add(batch.columns, batch.failures)
        self.connection.execute(NOTE, (*batch.counts, self.errors.size, self.result.number))

    def _number_files(self, entries: Sequence[EntryInput]) -> list[EntryInput]:
        """Rows that name a file are those of the entry that has it."""
        if self.rows.key != FILE:
            return list(entries)
        files = [e.file for e in entries if "\0" not in e.file]
        numbers = {file: number for file, number, _ in find_by_files(self.connection, self.site_id, files)}
        return [
            EntryInput(
                e.type,
                e.fields,
                e.body,
                e.status,
                e.locale,
                number=numbers.get(e.file, 0),
                external_key=self._own_key(e, numbers),
                file=e.file,
            )
            for e in entries
        ]

    def _own_key(self, entry: EntryInput, numbers: Mapping[str, int]) -> str | None:
        """The key of a row that names a file. An export has entries of all sources, so two may have one key: the first new entry gets it."""
        key = entry.external_key
        if key is None or entry.file in numbers:
            return key
        return key if self.owners.setdefault(key, entry.file) == entry.file else None

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

    def _count(self, record: Record, saved: Saved, failures: list[tuple[Record, str]]) -> None:
        result = self.result
        if saved.action == "failed":
            self._fail(record, "; ".join(problem.message for problem in saved.problems), failures)
            return
        setattr(result, saved.action, getattr(result, saved.action) + 1)
        for name in saved.changes:
            result.fields[name] = result.fields.get(name, 0) + 1
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
