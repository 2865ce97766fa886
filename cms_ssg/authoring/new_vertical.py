"""Writes a vertical to begin with: a package of its own with a content type, a table, a fact, a command, a template and a test."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

from cms_ssg.errors import UsageError, fail
from cms_ssg.kinds.load import list_verticals
from cms_ssg.types import Problem

PATTERN = Path(__file__).parent / "vertical"
NAME = re.compile("[a-z][a-z0-9]{1,29}")


def new_vertical(name: str, folder: Path) -> list[str]:
    """Write the vertical `name` to folder/cms-<name>, which must not be there. Returns the files, relative to folder.

    Raises UsageError cli.vertical-name; CmsError authoring.exists, authoring.unwritable.
    """
    if not NAME.fullmatch(name) or keyword.iskeyword(name) or name in list_verticals():
        hint = "Small letters and digits, such as: cms new vertical recipes"
        raise UsageError(Problem("cli.vertical-name", "", 0, f'"{name}" cannot be the name of a new vertical', hint))
    target = folder / f"cms-{name}"
    if target.exists():
        raise fail("authoring.exists", "is there already", place=str(target), hint="Choose another name, or remove it.")
    written = []
    try:
        for source in sorted(PATTERN.rglob("*.txt")):
            inner = source.relative_to(PATTERN).as_posix().removesuffix(".txt").replace("NAME", name)
            file = target / re.sub("^package/", f"cms_{name}/", inner)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(source.read_text("utf-8").replace("NAME", name), "utf-8")
            written.append(file.relative_to(folder).as_posix())
    except OSError as error:
        raise fail("authoring.unwritable", f"cannot be written: {error.strerror}", place=str(target)) from None
    return sorted(written)
