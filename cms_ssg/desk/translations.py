"""Translations at the desk: which an entry has, and a new one that begins with the text of its original."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final, LiteralString

from psycopg import Connection

from cms_ssg.content.schema.content_types import Schema
from cms_ssg.desk.entry_form import PREFIX
from cms_ssg.desk.writing import find_entry_at_desk, list_entry_texts
from cms_ssg.entries.edit import Editor
from cms_ssg.entries.rights import Subject, Writer, find_refusal
from cms_ssg.entries.translate import name_translation
from cms_ssg.errors import CmsError
from cms_ssg.site import Site
from cms_ssg.store.texts import StoredEntry

OWN: Final = ("aliases", "path", "publish_at", "expire_at", "metadata")
"""Fields that are one entry's, and not copied into its translation."""

LIST: Final[LiteralString] = """
SELECT locale, id, coalesce(fields ->> 'title', source_key) FROM cms.entries
WHERE site = %s AND type = %s AND translation_key = %s AND removed_at IS NULL AND status <> 'trashed' ORDER BY locale, id"""


def begin_translation(editor: Editor, schema: Schema, original: StoredEntry) -> dict[str, str]:
    """The texts that a new translation begins with: those of the original, without what is its own or what translations share."""
    left = {*OWN, *editor.site.shared_fields.get(original.type, ())}
    return {name: text for name, text in list_entry_texts(editor, schema, original).items() if name.removeprefix(PREFIX) not in left}


def place_translation(editor: Editor, number: int, locale: str) -> tuple[str, dict[str, str]]:
    """The file that a translation of an entry is to have, "" to have one chosen, and the fields that say then what it translates."""
    original = find_entry_at_desk(editor, number)
    named = {"translation_key": original.translation_key}
    if original.locale != editor.site.default_locale:  # its file's name has the other locale in it
        return "", named
    try:
        return name_translation(editor.site, original.file, locale), {}
    except CmsError:
        return "", named


def render_translations(connection: Connection, site: Site, site_id: int, entry: StoredEntry, writer: Writer, base: str) -> str:
    """The entry in the other languages, and links that begin what is missing; "" on a site of one language and for types without pages."""
    schema = site.schemas.get(entry.type)
    if len(site.locales) < 2 or schema is None or not schema.pages:
        return ""
    found: dict[str, tuple[int, str]] = {}
    for locale, number, title in connection.execute(LIST, (site_id, entry.type, entry.translation_key)):
        found.setdefault(locale, (number, title))
    section = str(entry.fields.get("section") or "")
    lines = []
    for code, locale in site.locales.items():
        if code == entry.locale:
            continue
        name = escape(locale.name or code)
        if code in found:
            number, title = found[code]
            lines.append(f'<li>{name}: <a href="{base}/desk/entries/{number}" hreflang="{escape(code)}">{escape(title)}</a></li>')
        elif not find_refusal(writer, "create", Subject(section, code, writer.name)):
            address = f"{base}/desk/entries/new?type={escape(entry.type)}&amp;of={entry.id}&amp;locale={escape(code)}"
            lines.append(f'<li>{name}: <a href="{address}">Translate</a></li>')
        else:
            lines.append(f"<li>{name}: missing</li>")
    return f"<h2>Translations</h2><ul>{''.join(lines)}</ul>"


def render_new(types: Sequence[str], locales: Mapping[str, object], base: str) -> str:
    """The way to new entries: a link for each type, on a site of several languages a form that asks for both."""
    if len(locales) < 2:
        links = "".join(f'<li><a href="{base}/desk/entries/new?type={escape(one)}">{escape(one)}</a></li>' for one in types)
        return f'<details class="new"><summary>New entry</summary><ul>{links}</ul></details>'
    type_options, locale_options = ("".join(f"<option>{escape(one)}</option>" for one in names) for names in (types, locales))
    return (
        f'<details class="new"><summary>New entry</summary><form class="filter" action="{base}/desk/entries/new"><label>Type '
        f'<select name="type">{type_options}</select></label><label>Locale <select name="locale">{locale_options}</select></label>'
        "<button>Begin</button></form></details>"
    )
