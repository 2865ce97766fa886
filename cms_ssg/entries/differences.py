"""What differs between an entry as it is stored and as it is to be saved, and how that is said."""

from __future__ import annotations

import msgspec

from cms_ssg.entries.values import Changes
from cms_ssg.store.entries import DraftRow, encode_json
from cms_ssg.store.texts import StoredEntry
from cms_ssg.types import Json, Problem

decode_json = msgspec.json.Decoder().decode


def compare(old: StoredEntry, new: DraftRow, markdown: str, removed: bool) -> Changes:
    """Each field that differs, before and after."""
    before: dict[str, Json] = dict(old.fields)
    after: dict[str, Json] = decode_json(new.fields)
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    changes = {name: [before.get(name), after.get(name)] for name in names}
    was_removed = old.removed or old.status == "trashed"
    for name, one, other in (
        ("body", old.markdown, markdown), ("status", "trashed" if was_removed else old.status, "trashed" if removed else new.status),
        ("locale", old.locale, new.locale), ("translation_key", old.translation_key, new.translation_key),
        ("collection", old.collection, new.collection),
    ):  # fmt: skip
        if one != other:
            changes[name] = [one, other]
    return changes


def say_changed(old: StoredEntry, expected: int, changes: Changes) -> list[Problem]:
    """Both values of each field in which what is stored differs from what was to be saved."""
    by = f" by {old.author}" if old.author else ""
    said = f"it was changed{by} since version {expected} was read: it has version {old.version}"
    hint = "Read it again, then make the change in what is there now."
    differing = [
        Problem("entry.changed", old.file, 0, f"{name}: stored is {_show(stored)}, given was {_show(given)}", "")
        for name, (stored, given) in changes.items()
    ]
    return [Problem("entry.changed", old.file, 0, said, hint), *differing]


def _show(value: Json) -> str:
    text = encode_json(value).decode()
    return text if len(text) <= 200 else text[:199] + "…"
