"""``cms bulk``: one change to many entries."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from cms_ssg.cli.call import CHOOSE_ENTRIES, DONE, PARTIAL, Call, author_option, site_command
from cms_ssg.text.counting import count

if TYPE_CHECKING:
    from cms_ssg.bulk.change import BulkChange

MOST_PAGES = 40
"""Pages that are shown; --json has all."""


@click.group("bulk")
def bulk() -> None:
    """Change or trash all entries of a type that match conditions.

    Entries of the store are changed in the store, entries of content files in their files. --dry-run lists the pages that would be
    rendered again.
    """


def bulk_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which entries, and whether to do it."""
    for option in (
        author_option,
        click.option("--dry-run", is_flag=True, help="Print the changes and the affected pages; save nothing."),
        click.option("--all", "every", is_flag=True, help="Every entry of the type, without a condition."),
        *CHOOSE_ENTRIES,
    ):
        command = option(command)
    return command


def run_bulk(call: Call, change: BulkChange, every: bool, dry_run: bool) -> int:
    """Make a change and say what that did."""
    from cms_ssg.bulk.change import change_many
    from cms_ssg.store.open_store import open_store

    if every == bool(change.conditions):
        raise click.UsageError("give --where, or --all for every entry of the type")
    with open_store(call.root, call.env) as (site, connection, row):
        result = change_many(connection, site, row.id, change, dry_run=dry_run)
    call.output.problems(result.problems)
    word = "would be trashed" if change.trash else "would change"
    done = "trashed" if change.trash else "changed"
    lines = [
        f"{count(result.changed, 'entry', 'entries')} {word if dry_run else done} of {result.matched:,}, {result.failed:,} failed ({result.seconds:.2f} s)"
    ]
    if not result.matched and change.conditions:
        lines.append(f"no {change.type_name} matches {' and '.join(change.conditions)}; = compares upper and lower case, ~ does not")
    if result.files:
        lines.append(f"{count(result.files, 'content file')} among them")
    if result.act:
        lines.append(f"cms undo {result.act} takes it back" + (" (files: with git)" if result.files else ""))
    if dry_run:
        lines.append(f"{count(len(result.pages), 'page')} would be made again or removed:")
        lines += [f"  {path}  {reason}" for path, reason in result.pages[:MOST_PAGES]]
        lines += [f"  … and {len(result.pages) - MOST_PAGES:,} more; --json lists all"] if len(result.pages) > MOST_PAGES else []
    call.output.result(result, "\n".join(lines))
    return PARTIAL if result.failed else DONE


@site_command(
    "update",
    "cms bulk update --type post --where section=polics --set section=politics --dry-run\ncms bulk update --type post --where 'tags=flood' --set is_featured=true",
)
@bulk_options
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="Set a field; may be repeated.")
@click.option("--unset", "gone", multiple=True, metavar="KEY", help="Remove a field; may be repeated.")
def update(
    call: Call,
    type_name: str,
    conditions: tuple[str, ...],
    every: bool,
    pairs: tuple[str, ...],
    gone: tuple[str, ...],
    dry_run: bool,
    author: str,
) -> int:
    """Set or remove fields of many entries. Exit 3 where some failed."""
    from cms_ssg.authoring.change import parse_pair
    from cms_ssg.bulk.change import BulkChange

    if not pairs and not gone:
        raise click.UsageError("give --set KEY=VALUE or --unset KEY")
    return run_bulk(call, BulkChange(type_name, conditions, dict(map(parse_pair, pairs)), gone, False, author), every, dry_run)


@site_command("delete", "cms bulk delete --type post --where 'date<2010-01-01' --dry-run")
@bulk_options
def delete(call: Call, type_name: str, conditions: tuple[str, ...], every: bool, dry_run: bool, author: str) -> int:
    """Put many entries in the trash.

    cms undo brings all of them back, cms entry restore one. Exit 3 where some failed.
    """
    from cms_ssg.bulk.change import BulkChange

    return run_bulk(call, BulkChange(type_name, conditions, {}, (), True, author), every, dry_run)


bulk.add_command(update)
bulk.add_command(delete)
