"""The records of a CSV or JSON Lines file, one after the other; a record that cannot be read is a problem, and the rest goes on."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Any, BinaryIO, Final, Literal, NamedTuple

import msgspec

from cms_ssg.bulk.lines import Line, TextFile, open_lines, read_lines
from cms_ssg.errors import fail
from cms_ssg.text.counting import count
from cms_ssg.types import Json

Form = Literal["csv", "jsonl"]
MOST_LINES: Final = 20_000
"""Of one record: more is a quote that was never closed."""
MOST_CHARACTERS: Final = 33 * 1024 * 1024
"""Of one cell, of a record of several lines, and of the records that are taken at once, but for the last of them."""
ERROR_COLUMNS: Final = ("error_line", "error_reason")
"""Columns that files of errors have before the others. They are not read, so that a mended file can be imported."""

decode_json = msgspec.json.Decoder().decode


class Record(NamedTuple):
    """One row. line: on which it begins; cells: by column, texts of CSV, any value of JSON; problem: why there are none, or not all."""

    line: int
    cells: dict[str, Json]
    problem: str = ""


class Records(NamedTuple):
    """The records of an open file. columns: of CSV, empty for JSON Lines."""

    columns: list[str]
    rows: Iterator[Record]


@contextmanager
def open_records(file: TextFile, form: Form, delimiter: str) -> Iterator[Records]:
    """The records of a file. Raises CmsError import.header."""
    with open_lines(file) as opened:
        if form == "jsonl":
            yield Records([], _read_json(read_lines(opened, file.encoding)))
            return
        before = csv.field_size_limit(MOST_CHARACTERS)
        try:
            rows = iter(_CsvReader(opened, file, delimiter))
            header = next((row for row in rows if row.cells or row.problem), None)
            columns = _check_header(file, header)
            yield Records(columns, _name_cells(columns, rows))
        finally:
            csv.field_size_limit(before)


class _Cells(NamedTuple):
    line: int
    cells: list[str]
    problem: str


class _CsvReader:
    """Rows of cells. After one that cannot be read it goes on behind the line in which that began."""

    def __init__(self, opened: BinaryIO, file: TextFile, delimiter: str) -> None:
        self.opened, self.encoding, self.delimiter = opened, file.encoding, delimiter
        self.first: Line | None = None
        self.last = 0
        self.problem = ""

    def __iter__(self) -> Iterator[_Cells]:
        reader = self._open(0)
        while True:
            self.first, self.problem = None, ""
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                first = self._find_first()
                if first is None:
                    return
                yield _Cells(first.number, [], self.problem or _explain(str(error)))
                self.opened.seek(first.end)
                reader = self._open(first.number)
                continue
            first = self._find_first()
            yield _Cells(first.number if first is not None else self.last, cells, self.problem)

    def _find_first(self) -> Line | None:
        """The line on which the row that was just read begins."""
        return self.first

    def _open(self, number: int) -> Any:
        return csv.reader(self._feed(number), delimiter=self.delimiter, strict=True)

    def _feed(self, number: int) -> Iterator[str]:
        for line in read_lines(self.opened, self.encoding, number):
            if self.first is None:
                self.first = line
            self.problem = self.problem or line.problem
            self.last = line.number
            if line.number - self.first.number > MOST_LINES or line.end - self.first.end > MOST_CHARACTERS:
                raise csv.Error("unexpected end of data")
            yield line.text


def _explain(said: str) -> str:
    if "unexpected end" in said or "field larger" in said:
        return "a quote that opens in this row is not closed"
    if "expected after" in said:
        return "a cell goes on behind its closing quote; a quote inside a cell is written twice"
    return said


def _check_header(file: TextFile, header: _Cells | None) -> list[str]:
    """The names of the columns, "" for those without."""
    if header is None or header.problem or not any(cell.strip() for cell in header.cells):
        said = header.problem if header is not None and header.problem else "the file has no header"
        raise fail("import.header", said, place=str(file.path), line=header.line if header is not None else 0,
                   hint="The first line names the columns.")  # fmt: skip
    columns = [" ".join(cell.split()) for cell in header.cells]
    while columns and not columns[-1]:
        columns.pop()
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        raise fail(
            "import.header", f"the column {twice[0]!r} is there twice", place=str(file.path), line=header.line, hint="Rename one of them."
        )
    return columns


def _name_cells(columns: Sequence[str], rows: Iterator[_Cells]) -> Iterator[Record]:
    width = len(columns)
    for line, cells, problem in rows:
        if not problem and not any(cells):
            continue
        named = {name: cell for name, cell in zip(columns, cells, strict=False) if name and name not in ERROR_COLUMNS}
        if not problem and len(cells) != width and (len(cells) < width or any(cells[width:])):
            problem = f"it has {count(len(cells), 'cell')}, the header has {width}"
        yield Record(line, named, problem)


def take_records(rows: Iterator[Record], most: int) -> list[Record]:
    """The next rows, at most so many, and fewer where they are large."""
    found, characters = list[Record](), 0
    for record in islice(rows, most):
        found.append(record)
        characters += sum(len(cell) if isinstance(cell, str) else 1 for cell in record.cells.values())
        if characters > MOST_CHARACTERS:
            break
    return found


def _read_json(lines: Iterator[Line]) -> Iterator[Record]:
    for line in lines:
        if not line.problem and not line.text.strip():
            continue
        try:
            value = decode_json(line.text.encode("utf-8", "surrogatepass")) if not line.problem else {}
            problem = line.problem or ("" if isinstance(value, dict) else "it is no JSON object")
        except (msgspec.DecodeError, RecursionError) as error:
            value, problem = {}, f"it is no JSON: {error}"
        yield Record(line.number, {} if problem else value, problem)


def first_names(sample: str) -> list[str]:
    """The names in the first object of a file of JSON Lines."""
    for line in sample.split("\n"):
        with suppress(msgspec.DecodeError, RecursionError):
            if line.strip() and isinstance(found := decode_json(line.encode("utf-8", "surrogatepass")), dict):
                return list(found)
    return []
