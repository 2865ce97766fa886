"""Writes entries that no file holds as files: a site that is built from these is the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from psycopg import Connection

from cms_ssg.authoring.write import write_file
from cms_ssg.entries.front_matter import make_file
from cms_ssg.errors import CmsError, fail
from cms_ssg.paths import canonical_path
from cms_ssg.site import Site
from cms_ssg.store.texts import StoredEntry, list_born, load_entries
from cms_ssg.types import Problem

BATCH: Final = 500


@dataclass(slots=True)
class Exported:
    """What an export did. files: how many there are now; written: those that were not there with these bytes; problems: of those that are left out."""

    files: int = 0
    written: int = 0
    problems: list[Problem] = field(default_factory=list)


def export_content(connection: Connection, site: Site, site_id: int, folder: Path) -> Exported:
    """Write each entry as the file that would hold it, below folder; what has these bytes already stays as it is.

    An entry in the trash is written too, as trashed. Raises CmsError export.folder where the folder cannot be used.
    """
    result = Exported()
    if folder.exists() and not folder.is_dir():
        raise fail("export.folder", "this is no folder", place=str(folder), hint="Name a folder; it is made if it is not there.")
    after = 0
    while numbers := list_born(connection, site_id, after, BATCH):
        after = numbers[-1]
        for entry in load_entries(connection, site_id, numbers):
            _write(site, entry, folder, result)
    return result


def _write(site: Site, entry: StoredEntry, folder: Path, result: Exported) -> None:
    try:
        canonical_path("/" + entry.file)  # a row may have been written by SQL
        path = folder / entry.file
        data = make_file(site, entry)
        if any(parent.is_symlink() for parent in (path, *path.parents) if parent != folder and parent.is_relative_to(folder)):
            raise ValueError("a symbolic link is on the way to it")
        if not (path.is_file() and path.read_bytes() == data):
            write_file(path, data, entry.file, new=not path.exists())
            result.written += 1
        result.files += 1
    except ValueError as error:
        result.problems.append(Problem("export.left-out", entry.file, 0, f"it is not written: {error}", "Give the entry another name."))
    except OSError as error:
        result.problems.append(
            Problem("export.left-out", entry.file, 0, f"it is not written: {error.strerror}", "Export into another folder.")
        )
    except CmsError as error:
        result.problems += error.problems
