"""What a move could not keep: noted by file and line, written as a table and a summary."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Iterable
from typing import Final

SHOWN: Final = 10
"""Lines of each kind that the summary shows; the table has all."""

TABLE: Final = "migration-report.csv"
SUMMARY: Final = "migration-report.txt"


class Report:
    """Notes of a move, kept in the move's own database so that one that was interrupted loses none."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute(
            "CREATE TABLE IF NOT EXISTS notes (place TEXT, line INT, kind TEXT, detail TEXT, fate TEXT, UNIQUE (place, line, kind, detail))"
        )

    def note(self, place: str, line: int, kind: str, detail: str, fate: str = "left out") -> None:
        """Note one thing. kind: what it is, in the plural for the summary ("comments"); fate: what became of it."""
        row = (place, line, kind, " ".join(detail.split())[:300], fate)
        self._connection.execute("INSERT OR REPLACE INTO notes VALUES (?, ?, ?, ?, ?)", row)

    def clear(self) -> None:
        """Forget everything: the move begins anew."""
        self._connection.execute("DELETE FROM notes")

    def forget(self, place: str, first: int, last: int) -> None:
        """Forget what was noted of these lines."""
        self._connection.execute("DELETE FROM notes WHERE place = ? AND line BETWEEN ? AND ?", (place, first, last))

    def rename(self, old: str, new: str) -> None:
        """The file that notes are about has another name now."""
        self._connection.execute("UPDATE OR REPLACE notes SET place = ? WHERE place = ?", (new, old))

    def count(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM notes").fetchone()[0])

    def count_kinds(self) -> dict[str, int]:
        """How many notes there are of each kind, the most first."""
        rows = self._connection.execute("SELECT kind || ' ' || fate, count(*) FROM notes GROUP BY 1 ORDER BY 2 DESC, 1")
        return dict(rows.fetchall())

    def make_table(self) -> str:
        """All notes as CSV."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["file", "line", "what", "detail", "fate"])
        for row in self.list_notes():
            writer.writerow([_defuse(str(cell)) if isinstance(cell, str) else cell for cell in row])
        return out.getvalue()

    def make_summary(self, counts: Iterable[tuple[str, int]], source: str) -> str:
        """The report for people: what there is now, then each kind of note with its first lines."""
        lines = [f"# Moved from {source}", "", *(f"- {number:,} {name}" for name, number in counts if number), ""]
        lines += [f"What could not be moved as it was. `{TABLE}` lists all of it by file and line.", ""]
        rows: dict[str, list[str]] = {}
        for place, line, kind, detail, fate in self.list_notes():
            shown = f"- {place}:{line}: {detail}" if line else f"- {place}: {detail}"
            rows.setdefault(f"{kind} {fate}", []).append(shown)
        for kind, found in sorted(rows.items(), key=lambda row: (-len(row[1]), row[0])):
            lines += [f"## {len(found):,} {kind}", "", *found[:SHOWN]]
            lines += [f"- … and {len(found) - SHOWN:,} more"] if len(found) > SHOWN else []
            lines.append("")
        return "\n".join([*lines, "Nothing."] if not rows else lines).rstrip("\n") + "\n"

    def list_notes(self) -> list[tuple[str, int, str, str, str]]:
        """(file, line, kind, detail, fate) of each note."""
        return self._connection.execute("SELECT place, line, kind, detail, fate FROM notes ORDER BY place, line, kind, detail").fetchall()


def _defuse(cell: str) -> str:
    """A cell that no spreadsheet runs as a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
