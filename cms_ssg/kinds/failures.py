"""Says which code of a vertical failed, so that its author reads a file and a line and not that cms has an internal error."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cms_ssg.errors import CmsError, fail
from cms_ssg.files.bundled import PACKAGE
from cms_ssg.types import Problem

FOLDERS: Final[dict[Path, str]] = {}
"""Folders of the verticals of other packages that were loaded, and their names."""

SEE_TRACEBACK: Final = "CMS_DEBUG=1 shows the whole traceback."


def find_failed_code(error: BaseException) -> tuple[str, str, int] | None:
    """The vertical of another package in whose code an exception arose, the file and the line; None where none of its code was running."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        for folder, name in FOLDERS.items():
            if Path(frame.filename).is_relative_to(folder):
                return name, frame.filename, frame.lineno or 0
    return None


def describe_failure(error: BaseException, text: str) -> Problem | None:
    """The problem to report where an exception arose in the code of a vertical of another package, else None. text: the exception's own, without secrets."""
    found = find_failed_code(error)
    if found is None:
        return None
    name, place, line = found
    return Problem("vertical.failed", place, line, f"the vertical {name} failed: {name_exception(error, text)}", SEE_TRACEBACK)


def name_exception(error: BaseException, text: str) -> str:
    """``KeyError: 'slug'``."""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def refuse_import(name: str, error: Exception) -> CmsError:
    """The error for a vertical that cannot be imported: it names the line of the vertical's own code, or that of the syntax error."""
    if isinstance(error, SyntaxError) and error.filename:
        place, line, text = error.filename, error.lineno or 0, error.msg
    else:
        own = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_foreign(frame.filename)]
        place, line = (own[-1].filename, own[-1].lineno or 0) if own else ("", 0)
        text = " ".join(str(error).split())
    message = f"the vertical {name} cannot be imported: {name_exception(error, text)}"
    return fail("vertical.import", message, place=place, line=line, hint="Correct it, or uninstall the package.")


def _is_foreign(file: str) -> bool:
    return not file.startswith("<") and not Path(file).is_relative_to(PACKAGE)


@contextmanager
def naming_query(vertical: str, what: str) -> Iterator[None]:
    """A query of a vertical runs in the body: where the database refuses it, the error says whose it is. Raises CmsError vertical.query."""
    from psycopg import DataError, ProgrammingError

    try:
        yield
    except (DataError, ProgrammingError) as error:
        said = error.diag.message_primary or str(error)
        message = f"the query of the {what} of the vertical {vertical} failed: {said}"
        raise fail("vertical.query", message, hint="docs/extending.md says what it is given and what it returns.") from error
