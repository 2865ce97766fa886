"""``cms i18n``: what is to be translated, out to translators and back."""

from __future__ import annotations

from collections import Counter

import click

from cms_ssg.cli.call import Call, site_command
from cms_ssg.cli.entry import open_editor
from cms_ssg.cli.output import make_table
from cms_ssg.errors import UsageError
from cms_ssg.types import Problem


@click.group("i18n")
def i18n() -> None:
    """Show which translations are missing or stale."""


def check_locale(call: Call, locale: str) -> str:
    """A locale of the site, or "" for all. Raises UsageError i18n.no-locale."""
    if locale and locale not in list(call.site.locales)[1:]:
        known = ", ".join(list(call.site.locales)[1:]) or "none"
        raise UsageError(Problem("i18n.no-locale", "", 0, f'"{locale}" is no locale that is translated into', f"Locales: {known}."))
    return locale


@site_command("status", "cms i18n status\ncms i18n status --locale de --json")
@click.option("--locale", default="", metavar="CODE", help="Only this locale.")
def status(call: Call, locale: str) -> None:
    """List translations that are missing or stale.

    One is stale once its original was changed after it.
    Run cms sync or cms build first: what the store knows is compared.
    """
    from cms_ssg.entries.translations import list_translations

    check_locale(call, locale)
    with open_editor(call) as editor:
        found = list(list_translations(editor.connection, editor.site, editor.site_id, locale))
    counts = Counter((one.locale, one.state) for one in found)
    codes = [locale] if locale else list(call.site.locales)[1:]
    summary = {code: {"missing": counts[code, "missing"], "stale": counts[code, "stale"]} for code in codes}
    rows = [[one.locale, one.state, one.original, one.file or "-", one.owner or "-"] for one in found]
    lines = [f"{code}: {value['missing']} missing, {value['stale']} stale" for code, value in summary.items()]
    text = "\n".join([*lines, *([make_table(rows)] if rows else [])]) or "the site has one locale"
    call.output.result({"locales": summary, "translations": [one._asdict() for one in found]}, text)


i18n.add_command(status)
