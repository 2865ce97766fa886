"""``cms db``: the content store behind a site."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cms_ssg.cli.call import Call, site_command
from cms_ssg.cli.output import make_table
from cms_ssg.text.counting import count

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow


@click.group("db")
def db() -> None:
    """Dump, restore, migrate or stop the database.

    The embedded one in .cms/, or that of CMS_DATABASE_URL.
    """


def open_store(call: Call) -> Connection[TupleRow]:
    """A connection to the site's store; the embedded server is started if it is needed."""
    from cms_ssg.store.connect import connect, database_url

    return connect(database_url(call.root, call.settings.database_url, os.environ), autocommit=True)


def given_url(call: Call) -> str:
    """The address of a database that is not the embedded one, else ""."""
    return os.environ.get("CMS_DATABASE_URL", "") or call.settings.database_url


@site_command("migrate", "cms db migrate")
def migrate(call: Call) -> None:
    """Bring the database's tables up to this version of cms."""
    from cms_ssg.store.migrate import migrate as run_migrations

    with open_store(call) as conn:
        applied = [f"{file.set} {file.number:04} {file.name}" for file in run_migrations(conn, verticals=call.settings.verticals)]
    call.output.result({"applied": applied}, "\n".join(f"applied {name}" for name in applied) or "up to date")


@site_command("status", "cms db status\ncms db status --json")
def status(call: Call) -> None:
    """Show where the database is and what it contains.

    Its address is shown without a password. The embedded one's password is in a separate file, which --json names.
    """
    from cms_ssg.content.frontmatter.dates import load_zone, say_moment
    from cms_ssg.store import embedded
    from cms_ssg.store.connect import describe_url, show_url
    from cms_ssg.store.migrate import list_status

    url = given_url(call)
    place = describe_url(url) if url else f"embedded, in {embedded.data_folder(call.root)}"
    shown = show_url(url or embedded.describe_conninfo(call.root))
    files = {} if url else {"password_file": str(embedded.data_folder(call.root) / embedded.PASSWORD)}
    if not url and not embedded.is_running(call.root):
        call.output.result(
            {"place": place, "url": shown, **files, "running": False, "migrations": []},
            f"{place}\nnot running; the next command that needs it starts it",
        )
        return
    with open_store(call) as conn:
        known = list_status(conn, verticals=call.settings.verticals)
        row = conn.execute("SELECT current_setting('server_version'), pg_database_size(current_database())").fetchone()
    version, size_bytes = row or ("", 0)
    zone = load_zone(call.settings.timezone)
    migrations = [{"set": file.set, "number": file.number, "name": file.name, "applied_at": file.applied_at} for file in known]
    lines = [
        [file.set, f"{file.number:04}", file.name, say_moment(file.applied_at, zone) if file.applied_at else "missing; cms db migrate"]
        for file in known
    ]
    text = f"{place}\n{shown}\nPostgres {version}, {size_bytes / 1e6:,.1f} MB\n{make_table(lines)}"
    call.output.result(
        {"place": place, "url": shown, **files, "running": True, "version": version, "size_bytes": size_bytes, "migrations": migrations},
        text,
    )


@site_command("stop", "cms db stop")
def stop(call: Call) -> None:
    """Stop the embedded server. A command that needs it starts it again."""
    from cms_ssg.store import embedded

    stopped = embedded.stop(call.root)  # settings may be wrong, and name another database by now
    if not stopped and (os.environ.get("CMS_DATABASE_URL") or ((settings := call.load_settings()) is not None and settings.database_url)):
        raise click.UsageError("the site uses a database of its own, which cms does not stop")
    call.output.result({"stopped": stopped}, "the embedded server is stopped" if stopped else "the embedded server was not running")


@site_command("dump", "cms db dump store.cms")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--overwrite", is_flag=True, help="Replace FILE if it exists.")
def dump(call: Call, file: Path, overwrite: bool) -> None:
    """Save the content in FILE.

    Everything that no build can make again.
    """
    from cms_ssg.store.dump import dump_store

    if file.exists() and not overwrite:
        raise click.UsageError(f"{file} is there already; --overwrite replaces it")
    with open_store(call) as conn:
        rows = dump_store(conn, file, call.settings.verticals)
    call.output.result({"file": str(file), "rows": rows}, f"{count(sum(rows.values()), 'row')} saved in {file}")


@site_command("restore", "cms db restore store.cms\ncms db restore store.cms --replace")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--replace", is_flag=True, help="Delete the present content of the database first.")
def restore(call: Call, file: Path, replace: bool) -> None:
    """Fill an empty database from FILE. The next build renders every page again."""
    from cms_ssg.store.dump import restore_store

    with open_store(call) as conn:
        rows = restore_store(conn, file, replace=replace, verticals=call.settings.verticals)
    call.output.result({"file": str(file), "rows": rows}, f"{count(sum(rows.values()), 'row')} restored; the next build renders every page")


for command in (migrate, status, stop, dump, restore):
    db.add_command(command)
