"""``cms export``: entries of the store as files of content, and entries of a type as tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cms_ssg.cli.call import CHOOSE_ENTRIES, DONE, PARTIAL, Call, site_command
from cms_ssg.text.counting import count

if TYPE_CHECKING:
    from cms_ssg.bulk.records import Form


@click.group("export")
def export() -> None:
    """Write entries as files of content, CSV or JSON Lines."""


@site_command("content", "cms export content .\ncms export content /tmp/backup")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
def content(call: Call, directory: Path) -> int:
    """Write entries without files as content files below DIR.

    A site that is built from these files is the same. Exit 3 where an entry could not be written.
    """
    from cms_ssg.entries.export import export_content
    from cms_ssg.store.open_store import open_store

    with open_store(call.root, call.env) as (site, connection, row):
        result = export_content(connection, site, row.id, directory.absolute())
    call.output.problems(result.problems)
    call.output.result(result, f"{count(result.files, 'file')}, {result.written:,} written")
    return PARTIAL if result.problems else DONE


export.add_command(content)


def run_export(call: Call, type_name: str, conditions: tuple[str, ...], out: Path | None, form: Form) -> None:
    """Write entries as rows, to a file or to standard output."""
    from cms_ssg.bulk.exporting import Selection, export_rows
    from cms_ssg.errors import fail
    from cms_ssg.store.open_store import open_store

    with open_store(call.root, call.env) as (site, connection, row):
        selection = Selection(connection, site, row.id, type_name, conditions)
        try:
            if out is None:
                total = export_rows(selection, form, call.output.open_bytes())
            else:
                with out.open("wb") as stream:
                    total = export_rows(selection, form, stream)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise fail(
                "export.file", f"cannot be written: {error.strerror}", place=str(out or ""), hint="--out FILE names another place."
            ) from None
    if out is not None:
        call.output.result({"entries": total, "file": str(out)}, f"{count(total, 'entry', 'entries')} written to {out}")


def row_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which entries, and where to."""
    for option in (
        click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=None, help="A file; standard output by default."),
        *CHOOSE_ENTRIES,
    ):
        command = option(command)
    return command


@site_command("csv", "cms export csv --type post --where status=draft --out drafts.csv")
@row_options
def csv_(call: Call, type_name: str, conditions: tuple[str, ...], out: Path | None) -> None:
    """Write entries of a type as CSV.

    cms import csv can read the file again without changing anything. A cell that a spreadsheet would run as a formula begins with an
    apostrophe, which the import removes.
    """
    run_export(call, type_name, conditions, out, "csv")


@site_command("jsonl", "cms export jsonl --type post > posts.jsonl")
@row_options
def jsonl(call: Call, type_name: str, conditions: tuple[str, ...], out: Path | None) -> None:
    """Write entries of a type as one JSON object a line."""
    run_export(call, type_name, conditions, out, "jsonl")


export.add_command(csv_)
export.add_command(jsonl)
