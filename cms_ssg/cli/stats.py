"""``cms stats``: how often pages are read."""

from __future__ import annotations

from pathlib import Path

import click

from cms_ssg.cli.call import Call, site_command
from cms_ssg.cli.output import make_table
from cms_ssg.text.counting import count


@click.group("stats")
def stats() -> None:
    """Import and show page views."""


@site_command("show", "cms stats show\ncms stats show --days 7 --top 5")
@click.option("--days", type=click.IntRange(1, 3660), default=28, show_default=True, help="How many days, with today.")
@click.option("--top", type=click.IntRange(1, 1000), default=10, show_default=True, help="Rows of each table.")
def show(call: Call, days: int, top: int) -> None:
    """Show the reads of the last days.

    And the pages and terms that are read most.

    The posts by day of publication and the terms are counted every hour by cms watch, serve, api or a worker, or by cms stats refresh.
    """
    from cms_ssg.statistics.show import load_statistics
    from cms_ssg.store.open_store import open_store

    with open_store(call.root, call.env) as (_, connection, row):
        found = load_statistics(connection, row.id, days, top)
    parts = [f"{count(found.views, 'read')} in {count(days, 'day')}"]
    parts += (
        [make_table([["page", "reads", "title"], *([page.path, page.views, page.title] for page in found.pages)])] if found.pages else []
    )
    posts = [[one.day, one.posts, one.featured, one.views, one.average_views] for one in found.posts]
    parts += [make_table([["published", "posts", "featured", "reads", "on average"], *posts])] if posts else []
    terms = [[one.taxonomy, one.name, one.entries, one.views] for one in found.terms]
    parts += [make_table([["taxonomy", "term", "entries", "reads"], *terms])] if terms else []
    value = {name: [one._asdict() for one in rows] for name, rows in found._asdict().items() if name != "views"}
    call.output.result({"views": found.views, **value}, "\n\n".join(parts))


@site_command("refresh", "cms stats refresh")
def refresh(call: Call) -> None:
    """Count posts by day, terms, and the most read again.

    Lists of the most read change with the next build.
    """
    from cms_ssg.statistics.refresh import refresh as run_refresh
    from cms_ssg.store.open_store import open_store

    with open_store(call.root, call.env) as (site, connection, row):
        run_refresh(connection, site, row.id)
    call.output.result({"refreshed": True}, "refreshed")


@site_command("import-log", "cms stats import-log /var/log/nginx/access.log.1.gz")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
def import_log(call: Call, files: tuple[str, ...]) -> None:
    """Count the reads of pages in access logs.

    Takes logs of nginx, Apache, CloudFront and Cloudflare, also as .gz; of each read only the page and the day are kept. A file that was
    counted before counts nothing, so give those that are written no longer.
    """
    from cms_ssg.statistics.import_logs import import_logs

    result = import_logs(call.root, [Path(file) for file in files], call.env)
    known = f"; {count(result.known, 'file')} had been counted before" if result.known else ""
    call.output.result(result, f"{count(result.reads, 'read')} counted in {count(result.files, 'file')}{known}")


for command in (show, refresh, import_log):
    stats.add_command(command)
