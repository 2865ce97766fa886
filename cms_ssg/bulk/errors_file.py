"""The rows of an import that did not go in, as a CSV file with the line and the reason of each: mended, it can be imported."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from cms_ssg.bulk.guard import guard_cell, unguard_cell
from cms_ssg.bulk.records import ERROR_COLUMNS, Record
from cms_ssg.errors import fail


class ErrorsFile:
    """A file that is made when the first row is wrong. size: of what belongs to the rows that are done; most: bytes, 0 for any; left_out: rows beyond."""

    def __init__(self, path: Path, most: int = 0) -> None:
        self.path, self.size, self.most, self.left_out = path, 0, most, 0
        self._file: BinaryIO | None = None

    @property
    def is_written(self) -> bool:
        return self.size > 0

    def forget_old(self) -> None:
        """Remove the file that an earlier import left, and no other."""
        with suppress(OSError):
            with self.path.open("rb") as file:
                is_ours = file.read(len(ERROR_COLUMNS[0])) == ERROR_COLUMNS[0].encode()
            if is_ours:
                self.path.unlink()

    def resume(self, size: int) -> None:
        """Go on behind what belongs to the rows that are done."""
        self.size = size

    def add(self, columns: Sequence[str], rows: Sequence[tuple[Record, str]]) -> None:
        """Add rows with their reasons. Raises CmsError import.errors-file."""
        if not rows or (self.most and self.size > self.most):
            self.left_out += len(rows)
            return
        names = list(columns) or list(dict.fromkeys(name for record, _ in rows for name in record.cells))
        text = io.StringIO()
        writer = csv.writer(text)
        if not self.size:
            writer.writerow([*ERROR_COLUMNS, *[name for name in names if name and name not in ERROR_COLUMNS]])
        for record, reason in rows:
            cells = [_show(record.cells.get(name)) for name in names if name and name not in ERROR_COLUMNS]
            writer.writerow([record.line, guard_cell(reason), *cells])
        data = text.getvalue().encode("utf-8", "replace")
        try:
            if self._file is None:
                self._file = self.path.open("r+b" if self.size and self.path.exists() else "wb")
                self._file.truncate(self.size)
            self._file.seek(self.size)
            self._file.write(data)
            self._file.flush()
        except OSError as error:
            hint = "--errors FILE names another place."
            raise fail("import.errors-file", f"cannot be written: {error.strerror}", place=str(self.path), hint=hint) from None
        self.size += len(data)

    def close(self) -> None:
        """Nothing more is added."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _show(cell: object) -> str:
    return "" if cell is None else guard_cell(unguard_cell(cell if isinstance(cell, str) else str(cell)))
