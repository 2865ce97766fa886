"""``cms privacy``: what is kept of a person, and erasing it."""

from __future__ import annotations

import click

from cms_ssg.cli.call import Call, site_command


@click.group("privacy")
def privacy() -> None:
    """Export or erase a person's data."""


@site_command("export", "cms privacy export ada@example.org --json")
@click.argument("email")
def export(call: Call, email: str) -> None:
    """Show every row of the store in which an e-mail address is."""
    from cms_ssg.kinds.vertical import OpenSite
    from cms_ssg.privacy.people import find_in_content, find_person
    from cms_ssg.store.open_store import open_store

    with open_store(call.root, call.env) as (site, connection, row):
        opened = OpenSite(site, connection, row.id)
        found, content = find_person(opened, email), find_in_content(opened, email)
    lines = [f"{one.table}: {one.row}" for one in found] + [f"content: {file}" for file in content]
    value = {"email": email, "rows": [one._asdict() for one in found], "content": content}
    call.output.result(value, "\n".join(lines) or "nothing is kept of this address")


@site_command("erase", "cms privacy erase ada@example.org")
@click.argument("email")
def erase(call: Call, email: str) -> None:
    """Erase a person, named by e-mail address, from the store. The next build takes them off pages and out of the search."""
    from cms_ssg.errors import fail
    from cms_ssg.kinds.vertical import OpenSite
    from cms_ssg.privacy.people import erase_person
    from cms_ssg.store.open_store import open_store

    if "@" not in email.strip("@ "):
        raise fail("privacy.no-address", f"{email!r} is no e-mail address", hint="cms privacy erase ada@example.org")
    with open_store(call.root, call.env) as (site, connection, row):
        erased = erase_person(OpenSite(site, connection, row.id), email)
    text = f"{erased.rows} rows were deleted or changed; cms build takes the person off the pages"
    if erased.content:
        text += "\nThe address is still in content, which you have to edit yourself:\n" + "\n".join(f"  {file}" for file in erased.content)
    call.output.result(erased._asdict(), text)


privacy.add_command(export)
privacy.add_command(erase)
