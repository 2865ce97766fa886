"""Imports a file of rows: each becomes an entry or changes the one that has its key; what is wrong with a row is written beside it, the others go in."""

from __future__ import annotations

import time
from collections.abc import Callable

from psycopg import Connection

from cms_ssg.bulk.import_run import ImportRun
from cms_ssg.bulk.lines import examine_file, find_delimiter
from cms_ssg.bulk.mapping import RowMap, choose_key, load_map
from cms_ssg.bulk.options import ImportOptions, ImportResult
from cms_ssg.bulk.records import first_names, open_records
from cms_ssg.errors import UsageError, fail
from cms_ssg.site import Site
from cms_ssg.store.imports import (
    try_lock,
    unlock,
)
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Problem


def import_file(
    connection: Connection,
    site: Site,
    site_id: int,
    options: ImportOptions,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ImportResult:
    """Import a file over a connection that keeps each statement. progress: told the rows that are done, and about how many there are.

    Raises CmsError import.*; UsageError where no column is a key.
    """
    started = time.monotonic()
    schema = site.schemas.get(options.type_name)
    if schema is None:
        raise UsageError(
            Problem("import.no-type", "", 0, f"there is no content type {options.type_name!r}", f"Types: {', '.join(site.schemas)}.")
        )
    file = examine_file(options.file, options.encoding)
    delimiter = options.delimiter or (find_delimiter(file.sample) if options.form == "csv" else "")
    rules = options.rules or load_map(options.map_file)
    source = source_of(options.name or options.type_name)
    with open_records(file, options.form, delimiter) as records:
        columns = records.columns or first_names(file.sample)
        rows = RowMap(schema, options.form, rules, choose_key(columns, options.key, rules.columns))
        for column in records.columns:
            rows.field_of(column)
        run = ImportRun(connection, site, site_id, options, file, rows, source)
        run.result.delimiter = delimiter
        if not try_lock(connection, site_id, source):
            raise fail(
                "import.busy",
                f"another import of {source.removeprefix('import:')!r} is running",
                hint="Wait for it, or give this one another --name.",
            )
        try:
            run.run(records, progress)
        finally:
            unlock(connection, site_id, source)
    run.result.seconds = round(time.monotonic() - started, 3)
    return run.result


def source_of(name: str) -> str:
    """The source to which the entries of an import of this name belong."""
    return f"import:{make_slug(name)}"
