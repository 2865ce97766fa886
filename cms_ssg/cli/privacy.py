"""``cms privacy``: what is kept of a person, and erasing it."""

from __future__ import annotations

import click

from cms_ssg.cli.call import DONE, PARTIAL, Call, site_command
from cms_ssg.text.counting import count


@click.group("privacy")
def privacy() -> None:
    """Export or erase a person's data."""


@site_command("export", "cms privacy export ada@example.org --json")
@click.argument("email")
def export(call: Call, email: str) -> None:
    """Show every row of the store in which an e-mail address is."""
    from cms_ssg.kinds.vertical import OpenSite
    from cms_ssg.privacy.people import find_in_content, find_person, list_left
    from cms_ssg.store.open_store import open_store

    with open_store(call.root, call.env) as (site, connection, row):
        opened = OpenSite(site, connection, row.id)
        found, content, tables = find_person(opened, email), find_in_content(opened, email), list_left(opened, email)
    named = {one.table for one in found}
    lines = [f"{one.table}: {one.row}" for one in found] + [f"content: {file}" for file in content]
    lines += [f"{table}: {count(rows, 'row mentions', 'rows mention')} the address" for table, rows in tables.items() if table not in named]
    value = {"email": email, "rows": [one._asdict() for one in found], "content": content, "tables": tables}
    call.output.result(value, "\n".join(lines) or "no data is stored about this address")


@site_command("erase", "cms privacy erase ada@example.org")
@click.argument("email")
def erase(call: Call, email: str) -> int:
    """Erase a person, named by an e-mail address.

    Removes the person from the store, pages, kept releases, caches and the search.

    Orders are kept without personal data. Content that names the address is listed, not changed.
    """
    from cms_ssg.errors import fail
    from cms_ssg.kinds.vertical import OpenSite
    from cms_ssg.privacy.everywhere import erase_everywhere, find_redis
    from cms_ssg.store.open_store import open_store

    name, at, host = email.strip().rpartition("@")
    if not (name and at and host):
        raise fail("privacy.no-address", f"{email!r} is not an e-mail address", hint="cms privacy erase ada@example.org")
    with open_store(call.root, call.env) as (site, connection, row):
        opened = OpenSite(site, connection, row.id)
        gone = erase_everywhere(opened, email, find_redis(opened))
    lines = [f"{count(gone.rows, 'row', 'rows')} deleted or changed, {count(gone.pages, 'file', 'files')} of the site written or removed"]
    if gone.releases:
        lines.append("kept releases were deleted, because their pages showed the person")
    if gone.content:
        lines += ["The address is still in these content files, which you have to edit yourself:", *(f"  {file}" for file in gone.content)]
    if gone.left:
        lines += ["The address is still in these tables:", *(f"  {table}: {rows}" for table, rows in gone.left.items())]
    if gone.problems:
        lines += ["Not everything could be erased; run this command again:", *(f"  {problem}" for problem in gone.problems)]
    call.output.result(gone._asdict(), "\n".join(lines))
    return PARTIAL if gone.content or gone.left or gone.problems else DONE


privacy.add_command(export)
privacy.add_command(erase)
