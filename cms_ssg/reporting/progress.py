"""How long work tells how far it is: named events that the command line, tests and the dev server can hear."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cms_ssg.types import Problem

if TYPE_CHECKING:
    from cms_ssg.engine.options import BuildResult


class Reporter:
    """Hears nothing. Subclasses override what they want to show."""

    def phase(self, name: str, total: int = 0) -> None:
        """A step begins: ``sync``, ``plan``, ``render``, ``publish``. total: how many things it has, 0 where unknown."""

    def advance(self, count: int = 1) -> None:
        """So many more things of the step are done."""

    def note(self, text: str) -> None:
        """Something worth a line."""

    def problem(self, problem: Problem) -> None:
        """A problem, as soon as it is known."""

    def rest(self) -> None:
        """While watching, nothing more is done until something changes."""

    def built(self, result: BuildResult, changed: Sequence[str]) -> None:
        """While watching, a build has ended. changed: files that set it off, relative to the site; none for the first."""

    def redact(self, text: str) -> str:
        """The text without the secrets that are known here."""
        return text
