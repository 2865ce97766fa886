"""``cms i18n``: what is to be translated, out to translators and back."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from cms_ssg.cli.call import DONE, PARTIAL, Call, author_option, site_command
from cms_ssg.cli.entry import open_editor
from cms_ssg.cli.output import make_table
from cms_ssg.errors import UsageError
from cms_ssg.text.counting import count
from cms_ssg.types import Problem


@click.group("i18n")
def i18n() -> None:
    """Show what needs translation; export and import translations."""


def check_locale(call: Call, locale: str) -> str:
    """A locale of the site as the site spells it, or "" for all. Raises UsageError i18n.no-locale."""
    from cms_ssg.content.collections.rules import fold_locale

    known = list(call.site.locales)[1:]
    found = next((code for code in known if fold_locale(code) == fold_locale(locale)), "")
    if locale and not found:
        said = f'"{locale}" is no locale that is translated into'
        raise UsageError(Problem("i18n.no-locale", "", 0, said, f"Locales: {', '.join(known) or 'none'}."))
    return found


@site_command("status", "cms i18n status\ncms i18n status --locale de --json")
@click.option("--locale", default="", metavar="CODE", help="Only this locale.")
def status(call: Call, locale: str) -> None:
    """List translations that are missing or stale.

    A translation is stale if its original was changed after it. Run cms sync or cms build first: this command compares what is in the
    database.
    """
    from cms_ssg.entries.translations import list_translations

    locale = check_locale(call, locale)
    with open_editor(call) as editor:
        found = list(list_translations(editor.connection, editor.site, editor.site_id, locale))
    counts = Counter((one.locale, one.state) for one in found)
    codes = [locale] if locale else list(call.site.locales)[1:]
    summary = {code: {"missing": counts[code, "missing"], "stale": counts[code, "stale"]} for code in codes}
    rows = [[one.locale, one.state, one.original, one.file or "-", one.owner or "-"] for one in found]
    lines = [f"{code}: {value['missing']} missing, {value['stale']} stale" for code, value in summary.items()]
    text = "\n".join([*lines, *([make_table(rows)] if rows else [])]) or "the site has one locale"
    call.output.result({"locales": summary, "translations": [one._asdict() for one in found]}, text)


@site_command("export", "cms i18n export de texts.xlf\ncms i18n export de texts.po --all")
@click.argument("locale")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Also texts that are translated already.")
def export(call: Call, locale: str, file: Path, everything: bool) -> None:
    """Write texts to be translated into LOCALE as XLIFF or PO.

    If FILE ends in .po it is written as PO, otherwise as XLIFF 2.0. It contains missing and stale translations, bodies by paragraph.
    """
    from cms_ssg.entries.translate import list_units, load_originals
    from cms_ssg.entries.translation_files import write_po, write_xliff
    from cms_ssg.entries.translations import list_originals, list_translations

    locale = check_locale(call, locale)
    with open_editor(call) as editor:
        connection, site, number = editor.connection, editor.site, editor.site_id
        files = (
            list_originals(connection, site, number)
            if everything
            else [one.original for one in list_translations(connection, site, number, locale)]
        )
        units = [unit for entry in load_originals(editor.entries, files).values() for unit in list_units(site, entry)]
    data = write_po(units, locale) if file.suffix == ".po" else write_xliff(units, call.site.default_locale, locale)
    try:
        file.write_bytes(data)
    except OSError as error:
        raise UsageError(Problem("i18n.unreadable", str(file), 0, f"cannot be written: {error.strerror}", "Name another file.")) from None
    value = {"file": str(file), "locale": locale, "entries": len(set(files)), "texts": len(units)}
    call.output.result(value, f"{file}: {count(len(units), 'text')} of {count(len(set(files)), 'entry', 'entries')}")


@site_command("import", "cms i18n import texts.xlf")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@author_option
def import_(call: Call, file: Path, author: str) -> int:
    """Save the translations of an XLIFF or PO file.

    A translation of a content file becomes a file, a translation of an entry of the store an entry. Translations that are incomplete, or
    whose original was changed since the export, are left out and reported.
    """
    from cms_ssg.entries.translate import import_units
    from cms_ssg.entries.translation_files import read_units

    try:
        data = file.read_bytes()
    except OSError as error:
        raise UsageError(Problem("i18n.unreadable", str(file), 0, f"cannot be read: {error.strerror}", "Name another file.")) from None
    locale, units = read_units(data, str(file))
    locale = check_locale(call, locale)
    with open_editor(call, author) as editor, editor.act("translate", f"{file.name} into {locale}"):
        result = import_units(editor.entries, locale, units)
    call.output.problems(result.left)
    value = {"locale": locale, "written": result.written, "left": len(result.left)}
    call.output.result(value, f"{count(len(result.written), 'translation')} written, {len(result.left):,} left out")
    return PARTIAL if result.left else DONE


for command in (status, export, import_):
    i18n.add_command(command)
