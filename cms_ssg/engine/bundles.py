"""Bundles: which folder with an index file each plain file belongs to. It follows from the names of the files and the collections alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from psycopg import Connection

from cms_ssg.content.scan.changed_files import folder_of
from cms_ssg.store.entries import list_files_below, set_bundles
from cms_ssg.store.sources import list_index_files

if TYPE_CHECKING:
    from cms_ssg.content.collections.rules import Rules

INDEX_START = "index."
"""How the names of all files begin that may make a bundle."""


def find_bundles(connection: Connection, site_id: int, rules: Rules, files: Collection[str]) -> dict[str, str]:
    """The bundle of each of these files: the nearest folder above it with an index file that is content, "" where there is none.

    An index file counts whether or not it can be read: what lies beside a page that is not out must not be out before it.
    """
    folders = sorted({folder for file in files for folder in _list_folders(file)})
    bundles = {rules.find_bundle(file) for file in list_index_files(connection, site_id, folders)}
    return {file: next((folder for folder in _list_folders(file) if folder in bundles), "") for file in files}


def rebundle(connection: Connection, site_id: int, rules: Rules, changed: Iterable[str]) -> None:
    """Find again the bundles of what lies below the index files among these, which came or went."""
    folders = sorted({folder_of(file) for file in changed if file.rpartition("/")[2].startswith(INDEX_START)} - {""})
    files = list_files_below(connection, site_id, folders)
    set_bundles(connection, site_id, find_bundles(connection, site_id, rules, files) if files else {})


def _list_folders(file: str) -> Iterator[str]:
    """The folders above a file, the nearest first."""
    while file := folder_of(file):
        yield file
