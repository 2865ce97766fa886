"""Errors said to a person: a permanent code, a place, a message and a way out. Nothing else may reach the terminal."""

from __future__ import annotations

from cms_ssg.types import Problem


class CmsError(Exception):
    """Something the user can act on. The CLI prints the problems and leaves with exit_code.

    exit_code: 1 the command failed, 2 it was called wrongly.
    """

    exit_code = 1

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(p) for p in problems))
        self.problems = problems


def fail(code: str, message: str, *, place: str = "", line: int = 0, hint: str = "") -> CmsError:
    """Make a CmsError with one problem, to be raised."""
    return CmsError(Problem(code, place, line, message, hint))


class StoppedError(Exception):
    """A build was told to end before it was through. What it recorded stays; the next build goes on."""


class LeaseLostError(CmsError):
    """Another builder took the site over while this one was away."""


def lose_lease() -> LeaseLostError:
    """Make the error of a builder that finds its successor at work, to be raised."""
    return LeaseLostError(
        Problem("build.lease-lost", "", 0, "another builder took over this site", "Nothing is lost: it goes on from here.")
    )


class UsageError(CmsError):
    """The command was called with arguments that cannot work together."""

    exit_code = 2
