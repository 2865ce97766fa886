"""``cms export``: entries of the store as files of content, and entries of a type as tables."""

from __future__ import annotations

from pathlib import Path

import click

from cms_ssg.cli.call import DONE, PARTIAL, Call, site_command
from cms_ssg.cli.output import count


@click.group("export")
def export() -> None:
    """Write entries as files of content, CSV or JSON Lines."""


@site_command("content", "cms export content .\ncms export content /tmp/backup")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
def content(call: Call, directory: Path) -> int:
    """Write the entries that no file holds as content files below DIR.

    A site that is built from these files is the same. Exit 3 where an entry could not be written.
    """
    from cms_ssg.entries.export import export_content
    from cms_ssg.open_store import open_store

    with open_store(call.root, call.env) as (site, connection, row):
        result = export_content(connection, site, row.id, directory.absolute())
    call.output.problems(result.problems)
    call.output.result(result, f"{count(result.files, 'file')}, {result.written:,} written")
    return PARTIAL if result.problems else DONE


export.add_command(content)
