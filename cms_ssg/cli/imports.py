"""``cms import``: rows of CSV and JSON Lines as entries, and how to take that back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cms_ssg.cli.call import DONE, PARTIAL, Call, author_option, site_command
from cms_ssg.cli.output import make_table
from cms_ssg.text.counting import count


@click.group("import")
def import_() -> None:
    """Import entries from CSV or JSON Lines; undo an import.

    Each row adds an entry, or changes the entry with its key. Invalid rows are written to a file beside the original with the reason; the
    others are imported. If an import was interrupted, the same command continues it.
    """


def import_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What importing takes, whatever the form of the file."""
    for option in (
        author_option,
        click.option("--encoding", default="", help="Encoding of the file, such as cp1252 (default: detected)."),
        click.option(
            "--errors",
            type=click.Path(path_type=Path, dir_okay=False),
            default=None,
            help="File for rows with errors (default: FILE.errors.csv).",
        ),
        click.option(
            "--batch", type=click.IntRange(1, 10_000), default=None, help="Rows per transaction (default: 100, for large files 2,000)."
        ),
        click.option(
            "--on-error", type=click.Choice(["skip", "stop"]), default="skip", show_default=True, help="What to do if a row has an error."
        ),
        click.option("--dry-run", is_flag=True, help="Count what would be added and changed; save nothing."),
        click.option("--name", default="", help="Name of the source that the entries belong to; the type by default."),
        click.option(
            "--key",
            default="",
            metavar="COLUMN",
            help="The column that identifies a row's entry (default: file, external_id, id or slug).",
        ),
        click.option(
            "--map",
            "map_file",
            type=click.Path(path_type=Path, dir_okay=False),
            default=None,
            help="TOML file that maps columns to fields.",
        ),
        click.option("--type", "type_name", required=True, metavar="TYPE", help="The content type of the entries."),
        click.argument("file", type=click.Path(path_type=Path, dir_okay=False)),
    ):
        command = option(command)
    return command


def run_import(call: Call, file: Path, values: dict[str, Any], form: Any) -> int:
    """Import a file and say what that did."""
    from cms_ssg.bulk.importing import import_file
    from cms_ssg.bulk.options import ImportOptions
    from cms_ssg.store.open_store import open_store

    values["batch"] = values["batch"] or 0
    options = ImportOptions(file, form, **values)

    def progress(rows: int, total: int) -> None:
        call.output.phase("import", total)
        call.output.advance(rows)

    call.output.phase("import")
    with open_store(call.root, call.env) as (site, connection, row):
        result = import_file(connection, site, row.id, options, progress)
    call.output.rest()
    call.output.problems(result.problems)
    would = "would be " if options.dry_run else ""
    lines = [
        f"{would}{result.added:,} added, {result.changed:,} changed, {result.unchanged:,} unchanged, {result.failed:,} failed ({result.seconds:.2f} s)"
    ]
    lines += [f"  {name}: {count(number, 'entry', 'entries')}" for name, number in sorted(result.fields.items())]
    if result.resumed_at:
        lines.append(f"went on behind row {result.resumed_at:,} of an import that was stopped")
    if result.errors_file:
        lines.append(f"rows that are wrong: {result.errors_file}")
    if result.number and (result.added or result.changed):
        lines.append(f"cms import undo {result.number} takes it back")
    call.output.result(result, "\n".join(lines))
    return PARTIAL if result.failed else DONE


@site_command(
    "csv",
    "cms import csv breweries.csv --type brewery --key id --dry-run\ncms import csv breweries.csv --type brewery --key id --map map.toml",
)
@import_options
@click.option("--delimiter", default="", help="Separator between cells (default: detected).")
def csv_(call: Call, file: Path, delimiter: str, **values: Any) -> int:
    """Import a CSV file. Exit 3 where rows failed."""
    delimiter = "\t" if delimiter in ("\\t", "tab") else delimiter
    if len(delimiter) > 1:
        raise click.UsageError("--delimiter is one sign, or tab")
    return run_import(call, file, {**values, "delimiter": delimiter}, "csv")


@site_command("jsonl", "cms import jsonl events.jsonl --type event --key id")
@import_options
def jsonl(call: Call, file: Path, **values: Any) -> int:
    """Import one JSON object a line. Exit 3 where rows failed."""
    return run_import(call, file, values, "jsonl")


@site_command("list", "cms import list")
def list_(call: Call) -> None:
    """List imports, the newest first."""
    from cms_ssg.content.frontmatter.dates import say_moment
    from cms_ssg.store.imports import list_imports
    from cms_ssg.store.open_store import open_store

    with open_store(call.root, call.env) as (site, connection, row):
        found = list_imports(connection, row.id)
    rows = [
        [one.number, say_moment(one.started_at, site.zone), one.source, Path(one.file).name, f"{one.added:,} added", f"{one.changed:,} changed",
         f"{one.failed:,} failed", "undone" if one.undone_at else "" if one.finished_at else "not finished"]
        for one in found
    ]  # fmt: skip
    call.output.result({"imports": [one._asdict() for one in found]}, make_table(rows) if rows else "nothing was imported")


@site_command("show", "cms import show 3")
@click.argument("number", type=click.IntRange(1))
def show(call: Call, number: int) -> None:
    """Show what an import did."""
    from cms_ssg.bulk.undo import find_import
    from cms_ssg.store.imports import list_rows
    from cms_ssg.store.open_store import open_store

    with open_store(call.root, call.env) as (_, connection, row):
        found = find_import(connection, row.id, number)
        rows = list_rows(connection, number, 0, 50)
    lines = [f"import {number} of {found.file} as {found.type}: {found.added:,} added, {found.changed:,} changed, {found.failed:,} failed"]
    lines += [f"  entry {one.entry}: " + ("added" if one.changes is None else f"changed {', '.join(one.changes)}") for one in rows]
    value = {**found._asdict(), "entries": [{"entry": one.entry, "version": one.version, "changes": one.changes} for one in rows]}
    call.output.result(value, "\n".join(lines))


@site_command("undo", "cms import undo 3")
@click.argument("number", type=click.IntRange(1))
@author_option
def undo(call: Call, number: int, author: str) -> None:
    """Undo an import, except for later edits.

    Entries that it added are deleted, and values that it changed are restored. Later changes by others stay.
    """
    from cms_ssg.bulk.undo import undo_import
    from cms_ssg.store.open_store import open_store

    with open_store(call.root, call.env) as (site, connection, row):
        result = undo_import(connection, site, row.id, number, author)
    call.output.result(result, f"{result.removed:,} deleted, {result.restored:,} as before, {result.kept:,} kept with later edits")


for command in (csv_, jsonl, list_, show, undo):
    import_.add_command(command)
