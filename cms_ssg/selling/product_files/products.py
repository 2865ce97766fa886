"""What a file of products holds, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cms_ssg.errors import fail


@dataclass(frozen=True, slots=True)
class FileProduct:
    """A product of a file. line: where it begins, 0 where the file has no lines; key: what the file calls it; body: Markdown or HTML."""

    line: int
    key: str
    fields: dict[str, Any]
    body: str
    is_published: bool


@dataclass
class Imported:
    """What an import did. problems: what was left out, and why."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    failed: int = 0
    variations: int = 0
    problems: list[str] = field(default_factory=list)

    def note(self, line: int, message: str, *, failed: bool = False) -> None:
        """Something that the user should know of a product."""
        self.failed += failed
        self.problems.append(f"line {line}: {message}" if line else message)

    def __str__(self) -> str:
        told = f"{self.added} added, {self.changed} changed, {self.unchanged} unchanged, {self.failed} failed; {self.variations} variations"
        more = [f"and {len(self.problems) - 50} more"] if len(self.problems) > 50 else []
        return "\n".join([told, *self.problems[:50], *more])


def refuse_file(path: Path, error: Exception | str, hint: str) -> Exception:
    """The error for a file that is not what it should be."""
    said = error if isinstance(error, str) else getattr(error, "strerror", None) or error
    return fail("shop.import", f"it cannot be read: {said}", place=str(path), hint=hint)
