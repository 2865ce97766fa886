"""How a file is to be imported, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cms_ssg.bulk.mapping import MapFile
from cms_ssg.bulk.records import Form
from cms_ssg.types import Problem


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to import. name: of the source, by default the type; batch: rows a transaction, 0 to choose; errors: where wrong rows go, by default
    beside the file, and of how many bytes at most, 0 for any; encoding, delimiter: "" to find them out; rules: in place of map_file.
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
    most_errors: int = 0
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
