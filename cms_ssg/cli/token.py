"""``cms token``: who may call which routes of the API."""

from __future__ import annotations

import click

from cms_ssg.cli.call import DONE, FAILED, Call, site_command
from cms_ssg.cli.hooks import open_site_store
from cms_ssg.cli.output import make_table

ROLES = ("admin", "editor", "author", "reviewer")
SCOPES = ("read", "write", "moderate", "live", "shop", "admin")


@click.group("token")
def token() -> None:
    """Create, list and revoke tokens for the API.

    A token belongs to one site. docs/api.md says what each scope allows.
    """


@site_command(
    "create", "cms token create deploy --scope write --days 90\ncms token create ada --scope write --role author --section news --locale it"
)
@click.argument("name")
@click.option("--scope", "scopes", type=click.Choice(SCOPES), multiple=True, required=True, help="A scope of the token; may be repeated.")
@click.option("--days", type=click.IntRange(0, 36_500), default=365, show_default=True, help="Days that it is valid; 0: forever.")
@click.option(
    "--role", type=click.Choice(ROLES), default="editor", show_default=True, help="What it may do with entries; docs/editing.md explains."
)
@click.option("--section", "sections", multiple=True, metavar="SECTION", help="Only entries of this section; may be repeated.")
@click.option("--locale", "locales", multiple=True, metavar="CODE", help="Only entries of this locale; may be repeated.")
def create(
    call: Call, name: str, scopes: tuple[str, ...], days: int, role: str, sections: tuple[str, ...], locales: tuple[str, ...]
) -> None:
    """Make a token and show it, once."""
    from cms_ssg.content.git.person import find_person
    from cms_ssg.store.revisions import add_act
    from cms_ssg.store.tokens import Powers, create_token

    connection, _, site_id = open_site_store(call)
    with connection:
        number, text = create_token(connection, site_id, name, scopes, days, Powers(role, sections, locales))
        add_act(connection, site_id, find_person(call.root), "cli", "token", f"{name}: {', '.join(scopes)}, {role}")
    call.output.result({"id": number, "name": name, "scopes": scopes, "token": text}, text)
    call.output.note("It is not stored and cannot be shown again. Send it as Authorization: Bearer …")


@site_command("list", "cms token list")
def list_all(call: Call) -> None:
    """List the site's tokens, with when each was last used."""
    from cms_ssg.content.frontmatter.dates import say_moment
    from cms_ssg.store.tokens import list_tokens

    connection, _, site_id = open_site_store(call)
    with connection:
        tokens = list_tokens(connection, site_id)
    zone = call.site.zone

    def say(moment: object, otherwise: str) -> str:
        return say_moment(moment, zone) if moment else otherwise  # type: ignore[arg-type]

    rows: list[list[object]] = [
        [t.id, t.name, ", ".join(t.scopes), " ".join([t.role, *t.sections, *t.locales]),
         f"revoked {say(t.revoked_at, '')}" if t.revoked_at else f"until {say(t.expires_at, 'revoked')}", f"used {say(t.last_used_at, 'never')}"]
        for t in tokens
    ]  # fmt: skip
    call.output.result([t._asdict() for t in tokens], make_table(rows) if rows else "no tokens")


@site_command("revoke", "cms token revoke 3")
@click.argument("number", type=int, metavar="ID")
def revoke(call: Call, number: int) -> int:
    """End a token at once."""
    from cms_ssg.content.git.person import find_person
    from cms_ssg.store.revisions import add_act
    from cms_ssg.store.tokens import revoke_token

    connection, _, site_id = open_site_store(call)
    with connection:
        ended = revoke_token(connection, site_id, number)
        add_act(connection, site_id, find_person(call.root), "cli", "revoke", f"token {number}")
    call.output.result(
        {"revoked": ended}, f"token {number} is revoked" if ended else f"there is no token {number} to revoke; cms token list shows them"
    )
    return DONE if ended else FAILED


token.add_command(create)
token.add_command(list_all)
token.add_command(revoke)
