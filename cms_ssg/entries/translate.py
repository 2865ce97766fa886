"""Entries out to translators and back: their texts as units, and translations as files or entries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cms_ssg.content.collections.rules import below, find_collection
from cms_ssg.entries.front_matter import make_file, read_body
from cms_ssg.entries.merge import split_paragraphs
from cms_ssg.entries.save import Entries
from cms_ssg.entries.translation_files import Unit
from cms_ssg.entries.values import EntryInput
from cms_ssg.errors import CmsError, fail
from cms_ssg.files.ownership import find_owner, give
from cms_ssg.site import Site
from cms_ssg.store.entries import FILE, OF_FILES
from cms_ssg.store.texts import StoredEntry, find_by_files, load_entries
from cms_ssg.types import Json, Problem, Status

TEXTS: Final = ("title", "excerpt", "description", "subtitle", "summary", "image_alt", "caption")
"""Fields that are translated; the others are the same in all languages."""


@dataclass(slots=True)
class Imported:
    """written: files or entries of translations; left: why others were not, a problem each."""

    written: list[str] = field(default_factory=list)
    left: list[Problem] = field(default_factory=list)


def list_units(site: Site, entry: StoredEntry) -> list[Unit]:
    """The texts of an entry: fields, then its body by paragraph."""
    shared = site.shared_fields.get(entry.type, frozenset())
    units = [
        Unit(entry.file, f"field:{name}", str(entry.fields[name]))
        for name in TEXTS
        if name not in shared and isinstance(entry.fields.get(name), str) and entry.fields[name]
    ]
    body = read_body(site, entry) if entry.source in OF_FILES else entry.markdown
    paragraphs = [part.strip("\n") for part in split_paragraphs(body) if part.strip()]
    return units + [Unit(entry.file, f"body:{number}", text) for number, text in enumerate(paragraphs, 1)]


def load_originals(entries: Entries, files: Iterable[str]) -> dict[str, StoredEntry]:
    """Entries by the files that hold them or would."""
    rows = find_by_files(entries.connection, entries.site_id, sorted(set(files)))
    return {entry.file: entry for entry in load_entries(entries.connection, entries.site_id, sorted({row[1] for row in rows}))}


def import_units(entries: Entries, locale: str, units: Sequence[Unit]) -> Imported:
    """Write translations. One that is not complete, or whose original was changed since it went out, is left and named."""
    result = Imported()
    by_file: dict[str, list[Unit]] = {}
    for unit in units:
        by_file.setdefault(unit.file, []).append(unit)
    originals = load_originals(entries, by_file)
    for file, found in by_file.items():
        try:
            result.written.append(_import_one(entries, locale, file, originals.get(file), found))
        except CmsError as error:
            result.left += error.problems
    return result


def _import_one(entries: Entries, locale: str, file: str, original: StoredEntry | None, units: Sequence[Unit]) -> str:
    if original is None:
        raise fail("i18n.changed", "there is no such entry any more", place=file, hint="Export again.")
    wanted = list_units(entries.site, original)
    texts = {unit.name: unit for unit in units}
    if changed := [unit.name for unit in wanted if unit.name not in texts or texts[unit.name].source.strip() != unit.source.strip()]:
        raise fail(
            "i18n.changed", f"the original was changed since it was exported: {', '.join(changed[:5])}", place=file, hint="Export again."
        )
    if empty := [unit.name for unit in wanted if not texts[unit.name].target.strip()]:
        raise fail("i18n.incomplete", f"not translated: {', '.join(empty[:5])}", place=file, hint="Translate these too; then import again.")
    target = name_translation(entries.site, file, locale)
    body = "\n\n".join(texts[unit.name].target.strip("\n") for unit in wanted if unit.name.startswith("body:")) + "\n"
    given: dict[str, Json] = {unit.name[6:]: texts[unit.name].target.strip() for unit in wanted if unit.name.startswith("field:")}
    existing = load_originals(entries, [target]).get(target)
    base, shared = existing or original, entries.site.shared_fields.get(original.type, frozenset())
    fields = {
        name: value for name, value in base.fields.items() if existing is not None or (name != "aliases" and name not in shared)
    } | given
    entry = base._replace(
        file=target, locale=locale, translation_key=original.translation_key, fields=fields, markdown=body, status=original.status
    )
    if original.source in OF_FILES:
        root = entries.site.root if original.source == FILE else _find_root(entries.site, file)
        _write(root / target, make_file(entries.site, entry))
        return target
    if existing is not None:
        change = EntryInput("", fields, body, number=existing.id)
    else:
        status: Status = "draft" if original.status == "draft" else "published"
        change = EntryInput(original.type, fields, body, status, locale, file=target)
    entries.save_entry(change)
    return target


def name_translation(site: Site, file: str, locale: str) -> str:
    """The file of a translation, by the rule of its collection. Raises CmsError i18n.no-place."""
    rule = find_collection(file, site.rules.collections)
    if rule is not None and rule.locale == "suffix":
        stem, dot, ending = file.rpartition(".")
        return f"{stem}.{locale}{dot}{ending}"
    if rule is not None and rule.locale == "folder":
        inner = below(file, rule.path)
        head = file[: len(file) - len(inner)]
        first, slash, rest = inner.partition("/")
        return f"{head}{locale}/{rest if slash and first.lower() in site.rules.locale_codes else inner}"
    hint = 'Its collection needs locale = "suffix" or "folder".'
    raise fail("i18n.no-place", "nothing says where its translations lie", place=file, hint=hint)


def _find_root(site: Site, file: str) -> Path:
    folders = [site.root / folder for folder in site.settings.shared]
    return next((folder for folder in folders if (folder / file).is_file()), site.root)


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        owner = find_owner(path.parent)
        path.write_bytes(data)
        if owner:
            give(path, owner)
    except OSError as error:
        raise fail("authoring.unwritable", f"cannot be written: {error.strerror}", place=str(path)) from None
