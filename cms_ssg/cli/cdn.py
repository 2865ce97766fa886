"""``cms purge``: the CDN told by hand."""

from __future__ import annotations

import click

from cms_ssg.cli.build import status_code
from cms_ssg.cli.call import Call, site_command
from cms_ssg.text.counting import count


@site_command("purge", "cms purge\ncms purge /about/ https://example.org/feed.xml\ncms purge --all")
@click.argument("addresses", nargs=-1, metavar="[URL…]")
@click.option("--all", "everything", is_flag=True, help="Forget every page of this site.")
@click.option("--shows", metavar="FILE", default="", help="Forget every page that shows something of a content file.")
@click.option("--dry-run", is_flag=True, help="Print what would be purged; do not call the CDN.")
def purge(call: Call, addresses: tuple[str, ...], everything: bool, shows: str, dry_run: bool) -> int:
    """Purge pages from the CDN.

    Without a URL: changed pages that could not be purged yet. Exit 3 if some still wait.
    """
    from cms_ssg.engine.freshness import purge as run_purge

    result = run_purge(call.root, addresses, everything, dry_run, call.env, shows)
    call.output.problems(result.problems)
    what = "the whole site" if result.everything else count(len(result.pages) if dry_run or addresses or shows else result.purged, "page")
    lines = [
        f"{what} {'would be purged' if dry_run else 'purged'}" + (f"; {result.waiting:,} still in the queue" if result.waiting else "")
    ]
    call.output.result(result, "\n".join(lines + [f"  {path}" for path in (result.pages if dry_run else [])]))
    return status_code(result.status)
